/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates as people and programs see them. What the caller may not see is CM_E_NOT_FOUND.
 */
#ifndef CERTMGR_FLOW_CERTIFICATES_H
#define CERTMGR_FLOW_CERTIFICATES_H

#include "base/context.h"
#include "model/authority.h"
#include "model/certificate.h"

cm_error_t *cm_certificate_show(cm_certificate_t **certificate, cm_ctx_t *ctx, const char *id);

/* DER of the authority and of those above it, up to the root; array of cm_bytes_t. For everybody.
 */
cm_error_t *cm_authority_chain(apr_array_header_t **chain, const cm_ctx_t *ctx, const char *name);

#endif
