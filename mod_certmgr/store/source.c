/* SPDX-License-Identifier: Apache-2.0 */
#include "store/source.h"

#include <apr_reslist.h>
#include <apr_strings.h>

typedef struct {
    const apr_dbd_driver_t *driver;
    const char *params;
    apr_reslist_t *connections;
} source_t;

typedef struct {
    apr_dbd_t *conn;     /* NULL: could not be opened */
    const char *failure; /* why */
    apr_pool_t *pool;
} connection_t;

/* A failure is a resource as well, since reslist would tell its status code only, without the
 * driver's text. */
static apr_status_t connection_open(void **resource, void *params, apr_pool_t *parent)
{
    const source_t *self = params;
    apr_pool_t *pool;
    connection_t *connection;

    (void)parent;
    /* a pool of its own: connections are opened and closed by any thread */
    apr_pool_create(&pool, NULL);
    connection = apr_pcalloc(pool, sizeof *connection);
    connection->pool = pool;
    connection->failure = "the connection could not be opened";
    if (apr_dbd_open_ex(self->driver, pool, self->params, &connection->conn,
                        &connection->failure) != APR_SUCCESS) {
        connection->conn = NULL;
    }
    *resource = connection;
    return APR_SUCCESS;
}

static apr_status_t connection_close(void *resource, void *params, apr_pool_t *parent)
{
    const source_t *self = params;
    connection_t *connection = resource;

    (void)parent;
    if (connection->conn) {
        apr_dbd_close(self->driver, connection->conn);
    }
    apr_pool_destroy(connection->pool);
    return APR_SUCCESS;
}

static cm_error_t *source_lease(cm_db_handle_t *handle, const cm_db_source_t *source,
                                apr_pool_t *pool)
{
    const source_t *self = source->self;
    connection_t *connection;
    void *resource;
    cm_error_t *error;

    do {
        if (apr_reslist_acquire(self->connections, &resource) != APR_SUCCESS) {
            return cm_error_make(pool, CM_E_BUSY, "no database connection became free in time");
        }
        connection = resource;
        if (!connection->conn) {
            error = cm_error_explain(
                pool, cm_error_make(pool, CM_E_DATABASE, "the database can't be reached"), "%s",
                connection->failure);
            apr_reslist_invalidate(self->connections, connection);
            return error;
        }
        if (apr_dbd_check_conn(self->driver, connection->pool, connection->conn) != APR_SUCCESS) {
            apr_reslist_invalidate(self->connections, connection);
            connection = NULL;
        }
    } while (!connection);
    *handle = (cm_db_handle_t){self->driver, connection->conn, connection->pool, connection};
    return NULL;
}

static void source_release(cm_db_handle_t *handle, const cm_db_source_t *source)
{
    const source_t *self = source->self;

    apr_reslist_release(self->connections, handle->token);
}

cm_error_t *cm_source_make(const cm_db_source_t **source, const cm_store_config_t *config,
                           int connections, apr_pool_t *pool)
{
    source_t *self = apr_pcalloc(pool, sizeof *self);
    cm_db_source_t *made = apr_pcalloc(pool, sizeof *made);
    apr_status_t status = apr_dbd_init(pool);

    self->params = apr_pstrdup(pool, config->params);
    if (status == APR_SUCCESS) {
        status = apr_dbd_get_driver(pool, config->driver, &self->driver);
    }
    if (status != APR_SUCCESS) {
        return cm_error_apr(
            pool, CM_E_CONFIG,
            apr_psprintf(pool, "there is no database driver \"%s\"", config->driver), status);
    }
    status = apr_reslist_create(&self->connections, 0, connections, connections, 0, connection_open,
                                connection_close, self, pool);
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "no pool of database connections", status);
    }
    apr_reslist_timeout_set(self->connections,
                            config->deadline ? config->deadline : apr_time_from_sec(5));
    apr_reslist_cleanup_order_set(self->connections, APR_RESLIST_CLEANUP_FIRST);
    *made = (cm_db_source_t){.lease = source_lease, .release = source_release, .self = self};
    *source = made;
    return NULL;
}
