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
 *
 * A request for one certificate without a nonce is answered from what ctx->ready keeps. When the
 * database or the token is away, that goes on until the nextUpdate of what is kept, then tryLater
 * is all that can be said. */
typedef struct {
    cm_bytes_t der;
    cm_bytes_t sha256;   /* of it; empty when it must not be cached */
    apr_time_t expires;  /* its nextUpdate; 0 when it must not be cached (errors, nonces) */
    apr_time_t modified; /* for Last-Modified (RFC 5019 6.2) and cm_reply_validate */
    cm_error_t *error;
} cm_ocsp_answer_t;
void cm_ocsp_answer(cm_ocsp_answer_t *answer, cm_ctx_t *ctx, cm_bytes_t request);

/* Make and keep a new answer about this CertID (DER), whatever is kept. */
cm_error_t *cm_ocsp_remake(cm_ctx_t *ctx, cm_bytes_t id);

/* Every second in one process of each server, and by a request where that is late: drop kept
 * answers about certificates whose status was changed elsewhere (by other nodes, by commands), and
 * those of a former responder. Nothing without ctx->ready. */
cm_error_t *cm_ocsp_sweep(cm_ctx_t *ctx);

/* Likewise, and apart from it, since a token may be slow: make anew the kept answers that somebody
 * asked for and that have lived three quarters of their time. Ends when the database or the token
 * is away. */
cm_error_t *cm_ocsp_refresh(cm_ctx_t *ctx);

/* Issue a new responder certificate for this authority now. */
cm_error_t *cm_ocsp_renew(const cm_ctx_t *ctx, const char *ca);

/* Whether the job has anything to do. */
cm_error_t *cm_ocsp_is_due(int *due, cm_ctx_t *ctx);

/* Job: a new responder certificate for each authority whose own has lived half of its time. */
cm_error_t *cm_ocsp_job(cm_ctx_t *ctx);

#endif
