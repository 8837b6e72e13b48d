/* SPDX-License-Identifier: Apache-2.0
 *
 * An authority and what stands above it, up to the root, ours or not.
 */
#ifndef CERTMGR_FLOW_LINEAGE_H
#define CERTMGR_FLOW_LINEAGE_H

#include "base/context.h"
#include "model/authority.h"
#include "pki/cert.h"

typedef struct {
    const cm_authority_t *record;
    const cm_cert_t *cert;
    const apr_array_header_t *above; /* of const cm_cert_t *, its issuer first; may be empty */
    const cm_authority_t *ended;     /* the first of ours in the line that is not active, or NULL */
} cm_lineage_t;

/* CM_E_NOT_FOUND when there is no such authority. */
cm_error_t *cm_lineage_read(cm_lineage_t *lineage, const cm_ctx_t *ctx, const char *ca);

/* Certificates that stand one after the other, DER, into an array of const cm_cert_t *. */
cm_error_t *cm_lineage_split(apr_array_header_t *certs, cm_bytes_t ders, apr_pool_t *pool);

/* Whether the authority is the root itself: nobody stands above it. */
int cm_authority_is_root(const cm_authority_t *authority);

#endif
