/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/jobs.h"

#include "flow/audit.h"
#include "flow/crl.h"
#include "flow/crl_file.h"
#include "flow/expire.h"
#include "flow/ocsp.h"
#include "flow/perform.h"
#include "flow/retry.h"
#include "flow/search.h"
#include "flow/strangers.h"
#include "store/leases.h"

enum { LEASE_SECONDS = 30 };

static const cm_job_t jobs[] = {
    {"seal", cm_audit_is_due, cm_audit_seal, 1,
     "Seal new audit events into the tree and sign its head", 0},
    {"crl", cm_crl_is_due, cm_crl_job, 1,
     "Publish CRLs that miss a revocation or have lived half of their time", 0},
    {"crl-files", cm_crl_files_are_due, cm_crl_files_job, 1,
     "Write the files of new CRLs on this node", 1},
    {"perform", cm_perform_is_due, cm_perform_job, 5,
     "Take up requests whose signing was interrupted", 0},
    {"expire", cm_expire_is_due, cm_expire_job, 60, "End requests that waited too long", 0},
    {"retries", cm_retry_is_due, cm_retry_job, 3600,
     "Forget old keys of calls that may be sent again", 0},
    {"search", cm_search_is_due, cm_search_job, 1,
     "Put new certificates into the index that searches for a part of a name use", 0},
    {"strangers", cm_strangers_is_due, cm_strangers_job, 60,
     "Record how many strangers were refused in the hours that are over", 0},
    {"ocsp", cm_ocsp_is_due, cm_ocsp_job, 60, "Renew the certificates of the OCSP responders", 0},
    {NULL, NULL, NULL, 0, NULL, 0},
};

const cm_job_t *cm_jobs(void)
{
    return jobs;
}

cm_error_t *cm_job_run(int *ran, cm_ctx_t *ctx, const cm_job_t *job, const char *holder)
{
    const cm_lease_t lease = {job->name, holder, ctx->now,
                              ctx->now + apr_time_from_sec(LEASE_SECONDS)};
    cm_error_t *dropped;
    cm_error_t *error = job->is_due(ran, ctx);

    if (!error && *ran && !job->everywhere) {
        error = cm_lease_take(ran, ctx->store, &lease, ctx->pool);
    }
    if (error || !*ran) {
        return error;
    }
    if (job->everywhere) {
        return job->run(ctx);
    }
    error = job->run(ctx);
    /* else nobody could take over from a process that was stopped before the lease runs out */
    dropped = cm_lease_drop(ctx->store, &lease, ctx->pool);
    return error ? error : dropped;
}
