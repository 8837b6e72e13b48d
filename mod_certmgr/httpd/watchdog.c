/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs on mod_watchdog: each a thread in one child of this httpd, so that a long CRL keeps no event
 * from being sealed in time. That no other node does the same is seen to by the jobs' leases.
 */
#include "httpd/module.h"

#include <ap_mpm.h>
#include <apr_optional.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <mod_watchdog.h>
#include <openssl/crypto.h>

#include "flow/jobs.h"
#include "flow/ocsp.h"

/* What keeps failing is said once, then once a minute: a database that is away for an hour must not
 * fill the log. */
enum { QUIET = 60 };

/* mod_watchdog ends its threads only when the pools of the child are gone already. So no job starts
 * after the gate was closed, and the pools wait for those inside, as long as httpd waits for a
 * child (ten seconds). The gate itself lives with the configuration. */
enum { PATIENCE = 10 };
typedef struct {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *left;
    int inside;
    int closed;
} gate_t;

typedef struct self_t self_t;
struct self_t {
    cm_service_t *service;
    gate_t *gate;
    const char *name;
    cm_error_t *(*work)(cm_ctx_t *ctx, const self_t *self);
    const cm_job_t *job; /* of run_job */
    int code;            /* of the error that was said last */
    apr_int64_t failures, unsaid;
    apr_time_t said;
};

static int is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state == AP_MPMQ_STOPPING;
}

static void report(self_t *self, const cm_ctx_t *ctx, const cm_error_t *error)
{
    if (!error) {
        if (self->failures) {
            cm_ctx_log(ctx, CM_LOG_NOTICE,
                       "job %s: works again, after %" APR_INT64_T_FMT " failed runs", self->name,
                       self->failures);
        }
        self->failures = self->unsaid = 0;
        return;
    }
    if (self->failures++ && self->code == (int)error->code &&
        ctx->now < self->said + apr_time_from_sec(QUIET)) {
        self->unsaid++;
        return;
    }
    cm_ctx_log(ctx, CM_LOG_ERROR, "job %s: %s%s", self->name, cm_error_text(error, ctx->pool),
               self->unsaid ? apr_psprintf(ctx->pool, " (and %" APR_INT64_T_FMT " times before)",
                                           self->unsaid)
                            : "");
    self->code = (int)error->code;
    self->said = ctx->now;
    self->unsaid = 0;
}

static cm_error_t *run_job(cm_ctx_t *ctx, const self_t *self)
{
    int ran;

    return cm_job_run(&ran, ctx, self->job, self->service->holder);
}

static cm_error_t *write_counts(cm_ctx_t *ctx, const self_t *self)
{
    return cm_strangers_flush(self->service->strangers, ctx);
}

static cm_error_t *sweep(cm_ctx_t *ctx, const self_t *self)
{
    (void)self;
    return cm_ocsp_sweep(ctx);
}

static cm_error_t *refresh(cm_ctx_t *ctx, const self_t *self)
{
    (void)self;
    return cm_ocsp_refresh(ctx);
}

static void run(self_t *self, apr_pool_t *pool)
{
    const cm_service_t *service = self->service;
    cm_ctx_t ctx = {.pool = pool,
                    .config = service->config,
                    .store = service->store,
                    .keys = service->keys,
                    .ready = service->ready,
                    .host = cm_host_of_server(service->server, pool)};

    ctx.now = ctx.host->now(ctx.host);
    ctx.trace_id = apr_pstrcat(pool, "job-", cm_ctx_id(&ctx), NULL);
    report(self, &ctx, self->work(&ctx, self));
}

/* All that a run took goes back with it. mod_watchdog's pool has an allocator that keeps what was
 * freed as long as the process lives, and a block that held a shorter CRL is of no use to the next
 * one. */
static void run_apart(self_t *self)
{
    apr_allocator_t *allocator;
    apr_pool_t *own;

    if (self->service->error || !self->service->store ||
        apr_allocator_create(&allocator) != APR_SUCCESS) {
        return;
    }
    apr_pool_create_ex(&own, NULL, NULL, allocator);
    apr_allocator_owner_set(allocator, own);
    run(self, own);
    apr_pool_destroy(own);
}

static int enter(gate_t *gate)
{
    int open;

    apr_thread_mutex_lock(gate->mutex);
    open = !gate->closed;
    gate->inside += open;
    apr_thread_mutex_unlock(gate->mutex);
    return open;
}

static void leave(gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->inside--;
    apr_thread_cond_signal(gate->left);
    apr_thread_mutex_unlock(gate->mutex);
}

static void close_gate(gate_t *gate)
{
    apr_time_t end = apr_time_now() + apr_time_from_sec(PATIENCE), now;

    apr_thread_mutex_lock(gate->mutex);
    gate->closed = 1;
    while (gate->inside && (now = apr_time_now()) < end) {
        apr_thread_cond_timedwait(gate->left, gate->mutex, end - now);
    }
    apr_thread_mutex_unlock(gate->mutex);
}

static apr_status_t wake(int state, void *data, apr_pool_t *pool)
{
    self_t *self = data;

    (void)pool;
    if (state == AP_WATCHDOG_STATE_RUNNING && !is_stopping() && enter(self->gate)) {
        run_apart(self);
        /* the thread is httpd's and may end without OpenSSL being told: leave nothing in it */
        OPENSSL_thread_stop();
        leave(self->gate);
    }
    return APR_SUCCESS;
}

/* Before anything of the child is taken down. */
static apr_status_t end(void *data)
{
    self_t *self = data;

    close_gate(self->gate);
    run_apart(self);
    return APR_SUCCESS;
}

void cm_watchdog_start(cm_service_t *service, apr_pool_t *pchild)
{
    apr_pool_pre_cleanup_register(pchild, service->counts, end);
}

/* What is run beside the jobs; of a job: run_job, in one process of each server. */
typedef struct {
    const char *name;
    int singleton; /* else in every process */
    apr_int64_t seconds;
    cm_error_t *(*work)(cm_ctx_t *ctx, const self_t *self);
} plan_t;

static const plan_t counts = {"counts", 0, CM_STRANGERS_FLUSH, write_counts};
static const plan_t plans[] = {{"answers", 1, 1, sweep}, {"refresh", 1, 1, refresh}};

static self_t *make_self(const plan_t *plan, cm_service_t *service, gate_t *gate, apr_pool_t *pool)
{
    self_t *self = apr_pcalloc(pool, sizeof *self);

    self->service = service;
    self->gate = gate;
    self->name = plan->name;
    self->work = plan->work;
    return self;
}

static apr_status_t add_watchdog(const plan_t *plan, self_t *self, apr_pool_t *pool)
{
    APR_OPTIONAL_FN_TYPE(ap_watchdog_get_instance) *get =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance);
    APR_OPTIONAL_FN_TYPE(ap_watchdog_register_callback) *add =
        APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback);
    ap_watchdog_t *watchdog;
    apr_status_t status =
        get(&watchdog, apr_pstrcat(pool, "certmgr-", plan->name, NULL), 0, plan->singleton, pool);

    return status == APR_SUCCESS ? add(watchdog, apr_time_from_sec(plan->seconds), self, wake)
                                 : status;
}

static apr_status_t add_all(cm_service_t *service, gate_t *gate, apr_pool_t *pool)
{
    self_t *own = make_self(&counts, service, gate, pool);
    apr_status_t status = add_watchdog(&counts, own, pool);

    service->counts = own;
    for (apr_size_t i = 0; status == APR_SUCCESS && i < sizeof plans / sizeof *plans; i++) {
        status = add_watchdog(&plans[i], make_self(&plans[i], service, gate, pool), pool);
    }
    for (const cm_job_t *job = cm_jobs(); status == APR_SUCCESS && job->name; job++) {
        const plan_t plan = {job->name, 1, job->interval, run_job};
        self_t *self = make_self(&plan, service, gate, pool);

        self->job = job;
        status = add_watchdog(&plan, self, pool);
    }
    return status;
}

cm_error_t *cm_watchdog_register(cm_service_t *service, apr_pool_t *pool)
{
    gate_t *gate = apr_pcalloc(pool, sizeof *gate);
    apr_status_t status;

    if (!APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_get_instance) ||
        !APR_RETRIEVE_OPTIONAL_FN(ap_watchdog_register_callback)) {
        return cm_error_make(pool, CM_E_CONFIG, "mod_watchdog is not loaded: it runs the jobs");
    }
    status = apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    if (status == APR_SUCCESS) {
        status = apr_thread_cond_create(&gate->left, pool);
    }
    if (status == APR_SUCCESS) {
        status = add_all(service, gate, pool);
    }
    return status == APR_SUCCESS ? NULL
                                 : cm_error_apr(pool, CM_E_CONFIG, "the jobs can't be run", status);
}
