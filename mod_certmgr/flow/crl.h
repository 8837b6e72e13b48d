/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate revocation lists: made by a job, off the request path. What is made is a record in
 * the database of what was signed; files follow from it (flow/crl_file.h).
 *
 * Where an authority has deltas (crl_delta), each publication makes a delta CRL (RFC 5280 5.2.4),
 * and a full list beside it when the last one is at least that old. Deltas build on a full list of
 * the past that moves on when half of its life is over, so that whoever has fetched any full list
 * since then gets along with the delta alone.
 */
#ifndef CERTMGR_FLOW_CRL_H
#define CERTMGR_FLOW_CRL_H

#include "base/context.h"

/* Make all lists of this authority now; where somebody else publishes one meanwhile, the next after
 * it. */
cm_error_t *cm_crl_publish(const cm_ctx_t *ctx, const char *ca);

/* Whether the job has anything to do. */
cm_error_t *cm_crl_is_due(int *due, cm_ctx_t *ctx);

/* Job: new lists where the newest misses a revocation, or has lived half of its time. */
cm_error_t *cm_crl_job(cm_ctx_t *ctx);

#endif
