/* SPDX-License-Identifier: Apache-2.0
 *
 * httpd as the host of our work: its error log, its clock.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <http_log.h>

APLOG_USE_MODULE(certmgr);

static int level_of(cm_log_t level)
{
    static const int levels[] = {
        [CM_LOG_ERROR] = APLOG_ERR,     [CM_LOG_WARNING] = APLOG_WARNING,
        [CM_LOG_NOTICE] = APLOG_NOTICE, [CM_LOG_INFO] = APLOG_INFO,
        [CM_LOG_DEBUG] = APLOG_DEBUG,
    };

    return levels[level];
}

static void log_for_request(const cm_host_t *host, cm_log_t level, const char *line)
{
    ap_log_rerror(APLOG_MARK, level_of(level), 0, (const request_rec *)host->self, "%s", line);
}

static void log_for_server(const cm_host_t *host, cm_log_t level, const char *line)
{
    ap_log_error(APLOG_MARK, level_of(level), 0, (const server_rec *)host->self, "%s", line);
}

static const cm_host_t *make(const cm_host_t *model, void *self, apr_pool_t *pool)
{
    cm_host_t *host = apr_pmemdup(pool, model, sizeof *model);

    host->self = self;
    return host;
}

const cm_host_t *cm_host_of_request(request_rec *r)
{
    cm_host_t model = *cm_host_plain();

    model.log = log_for_request;
    return make(&model, r, r->pool);
}

const cm_host_t *cm_host_of_server(const server_rec *s, apr_pool_t *pool)
{
    cm_host_t model = *cm_host_plain();

    model.log = log_for_server;
    return make(&model, (void *)(apr_uintptr_t)s, pool);
}
