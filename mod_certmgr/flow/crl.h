/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate revocation lists: made by a job, off the request path, and read by everybody.
 */
#ifndef CERTMGR_FLOW_CRL_H
#define CERTMGR_FLOW_CRL_H

#include "base/context.h"
#include "store/authorities.h"

/* Make and store a CRL of this authority now; where somebody else publishes one meanwhile, the next
 * after it. */
cm_error_t *cm_crl_publish(const cm_ctx_t *ctx, const char *ca);

/* The newest CRL; CM_E_NOT_FOUND when the authority is unknown or has none yet. */
cm_error_t *cm_crl_fetch(cm_crl_record_t **crl, cm_bytes_t *der, const cm_ctx_t *ctx,
                         const char *ca);

/* Whether the job has anything to do. */
cm_error_t *cm_crl_is_due(int *due, cm_ctx_t *ctx);

/* Job: a new CRL for each authority whose newest one misses a revocation, or has lived half of its
 * time. */
cm_error_t *cm_crl_job(cm_ctx_t *ctx);

#endif
