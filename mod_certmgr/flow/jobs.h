/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs: work off the request path. Each holds a lease, so that at most one process among the nodes
 * does it, but for those that are about the node itself; each may be cut at any instruction and is
 * taken up again.
 */
#ifndef CERTMGR_FLOW_JOBS_H
#define CERTMGR_FLOW_JOBS_H

#include "base/context.h"

typedef struct {
    const char *name; /* NULL ends the table */
    /* Whether there is anything to do: reads only, so that an idle server writes nothing. */
    cm_error_t *(*is_due)(int *due, cm_ctx_t *ctx);
    cm_error_t *(*run)(cm_ctx_t *ctx);
    apr_int64_t interval; /* seconds between two runs of one process */
    const char *about;
    int everywhere; /* each node does it for itself, without a lease */
} cm_job_t;

const cm_job_t *cm_jobs(void);

/* Run one job if it is due and its lease can be had. *ran is 0 when not. */
cm_error_t *cm_job_run(int *ran, cm_ctx_t *ctx, const cm_job_t *job, const char *holder);

#endif
