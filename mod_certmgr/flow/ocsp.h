/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP (RFC 6960): answers signed by the delegated responder of each authority.
 */
#ifndef CERTMGR_FLOW_OCSP_H
#define CERTMGR_FLOW_OCSP_H

#include "base/context.h"

/* A whole OCSPResponse for a DER OCSPRequest. Every problem becomes an OCSP error response:
 * malformed requests, authorities that are not ours (unauthorized), a lost token or database
 * (tryLater), so there is always an answer; *error tells the caller what to log, or is NULL.
 * `expires` is the nextUpdate of the answer, 0 when it must not be cached (errors, nonces). */
typedef struct {
    cm_bytes_t der;
    apr_time_t produced, expires;
    cm_error_t *error;
} cm_ocsp_answer_t;
void cm_ocsp_answer(cm_ocsp_answer_t *answer, cm_ctx_t *ctx, cm_bytes_t request);

/* Issue a new responder certificate for this authority now. */
cm_error_t *cm_ocsp_renew(const cm_ctx_t *ctx, const char *ca);

/* Whether the job has anything to do. */
cm_error_t *cm_ocsp_is_due(int *due, cm_ctx_t *ctx);

/* Job: a new responder certificate for each authority whose own has lived half of its time. */
cm_error_t *cm_ocsp_job(cm_ctx_t *ctx);

#endif
