/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs on mod_watchdog: each a thread in one child of this httpd, so that a long CRL keeps no event
 * from being sealed in time. That no other node does the same is seen to by the jobs' leases.
 */
#include "httpd/module.h"

#include <ap_mpm.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <mod_watchdog.h>
#include <openssl/crypto.h>

#include "flow/jobs.h"

typedef struct {
    cm_service_t *service;
    const cm_job_t *job;
} self_t;

static int is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

static void run(const self_t *self, apr_pool_t *pool)
{
    const cm_service_t *service = self->service;
    cm_ctx_t ctx = {.pool = pool,
                    .config = service->config,
                    .store = service->store,
                    .keys = service->keys,
                    .host = cm_host_of_server(service->server, pool)};
    cm_error_t *error;
    int ran;

    ctx.now = ctx.host->now(ctx.host);
    ctx.trace_id = apr_pstrcat(pool, "job-", cm_ctx_id(&ctx), NULL);
    error = cm_job_run(&ran, &ctx, self->job, service->holder);
    if (error) {
        cm_ctx_log(&ctx, CM_LOG_ERROR, "job %s: %s", self->job->name, cm_error_text(error, pool));
    }
}

/* The pool that mod_watchdog gives may live for long. */
static apr_status_t wake(int state, void *data, apr_pool_t *pool)
{
    const self_t *self = data;
    apr_pool_t *own;

    if (state == AP_WATCHDOG_STATE_RUNNING && !self->service->error && self->service->store &&
        !is_stopping()) {
        apr_pool_create(&own, pool);
        run(self, own);
        apr_pool_destroy(own);
        /* the thread is httpd's and may end without OpenSSL being told: leave nothing in it */
        OPENSSL_thread_stop();
    }
    return APR_SUCCESS;
}

cm_error_t *cm_watchdog_register(cm_service_t *service, apr_pool_t *pool)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t status = APR_SUCCESS;

    if (!get || !add) {
        return cm_error_make(pool, CM_E_CONFIG, "mod_watchdog is not loaded: it runs the jobs");
    }
    for (const cm_job_t *job = cm_jobs(); status == APR_SUCCESS && job->name; job++) {
        self_t *self = apr_pcalloc(pool, sizeof *self);
        const char *name = apr_pstrcat(pool, "certmgr-", job->name, NULL);

        self->service = service;
        self->job = job;
        status = get(&watchdog, name, 0, 1, pool);
        if (status == APR_SUCCESS) {
            status = add(watchdog, apr_time_from_sec(job->interval), self, wake);
        }
    }
    return status == APR_SUCCESS ? NULL
                                 : cm_error_apr(pool, CM_E_CONFIG, "the jobs can't be run", status);
}
