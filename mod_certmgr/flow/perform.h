/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting requests: claim, sign, store. Three steps, of which each leaves the request where another
 * process can take it up: approved -> issuing (a lease) -> completed. So two racing last approvals
 * sign once, and a process that dies in between costs the time of the lease.
 */
#ifndef CERTMGR_FLOW_PERFORM_H
#define CERTMGR_FLOW_PERFORM_H

#include "base/context.h"

/* Perform one approved request. CM_E_CONFLICT when another process has it. */
cm_error_t *cm_request_perform(cm_ctx_t *ctx, const char *id);

/* Whether there is such a request. */
cm_error_t *cm_perform_is_due(int *due, cm_ctx_t *ctx);

/* Job: perform what is approved and unclaimed, or whose claim ran out. */
cm_error_t *cm_perform_job(cm_ctx_t *ctx);

#endif
