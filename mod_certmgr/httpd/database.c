/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of mod_dbd as the store wants them.
 */
#include "httpd/module.h"

#include <apr_optional.h>
#include <mod_dbd.h>
#include <unistd.h>

typedef struct {
    server_rec *server;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) * open;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) * close;
    const char *params;
} self_t;

/* mod_dbd resets or replaces a broken connection when it hands it out. */
static cm_error_t *lease(cm_db_handle_t *handle, const cm_db_source_t *source, apr_pool_t *pool)
{
    const self_t *self = source->self;
    ap_dbd_t *dbd = self->open ? self->open(pool, self->server) : NULL;

    if (!dbd) {
        return cm_error_explain(pool,
                                cm_error_make(pool, CM_E_DATABASE, "the database can't be reached"),
                                self->open ? "mod_dbd has no connection" : "mod_dbd is not loaded");
    }
    handle->driver = dbd->driver;
    handle->conn = dbd->handle;
    handle->pool = dbd->pool;
    handle->token = dbd;
    return NULL;
}

static void give_back(cm_db_handle_t *handle, const cm_db_source_t *source)
{
    const self_t *self = source->self;

    self->close(self->server, handle->token);
}

/* mod_dbd keeps its connections and takes one that can only read for a good one. Not before the
 * file can be written: what is opened lasts as long as mod_dbd's pool. */
static void reopen(cm_db_handle_t *handle, const cm_db_source_t *source)
{
    const self_t *self = source->self;
    ap_dbd_t *dbd = handle->token;
    apr_dbd_t *fresh = NULL;

    if (access(self->params, W_OK) != 0 ||
        apr_dbd_open(dbd->driver, dbd->pool, self->params, &fresh) != APR_SUCCESS) {
        return;
    }
    apr_dbd_close(dbd->driver, dbd->handle);
    dbd->handle = handle->conn = fresh;
}

const cm_db_source_t *cm_database_source(server_rec *server, const char *params, apr_pool_t *pool)
{
    cm_db_source_t *source = apr_pcalloc(pool, sizeof *source);
    self_t *self = apr_pcalloc(pool, sizeof *self);

    self->server = server;
    self->params = params;
    self->open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    self->close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    source->lease = lease;
    source->release = give_back;
    source->self = self;
    source->reopen = reopen;
    return source;
}
