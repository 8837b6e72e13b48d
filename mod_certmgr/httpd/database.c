/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections of mod_dbd as the store wants them.
 */
#include "httpd/module.h"

#include <apr_optional.h>
#include <mod_dbd.h>

typedef struct {
    server_rec *server;
    APR_OPTIONAL_FN_TYPE(ap_dbd_open) * open;
    APR_OPTIONAL_FN_TYPE(ap_dbd_close) * close;
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

const cm_db_source_t *cm_database_source(server_rec *server, apr_pool_t *pool)
{
    cm_db_source_t *source = apr_pcalloc(pool, sizeof *source);
    self_t *self = apr_pcalloc(pool, sizeof *self);

    self->server = server;
    self->open = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_open);
    self->close = APR_RETRIEVE_OPTIONAL_FN(ap_dbd_close);
    source->lease = lease;
    source->release = give_back;
    source->self = self;
    return source;
}
