/* SPDX-License-Identifier: Apache-2.0
 *
 * Signing with the keys of authorities. Never called inside a database transaction.
 */
#ifndef CERTMGR_FLOW_SIGN_H
#define CERTMGR_FLOW_SIGN_H

#include "base/context.h"
#include "model/authority.h"
#include "model/certificate.h"
#include "pki/cert.h"

/* An authority with its certificate parsed and its key at hand. */
typedef struct {
    const cm_authority_t *record;
    const cm_cert_t *cert;
    const apr_array_header_t *above; /* of const cm_cert_t *: its issuer and so on; NULL: nobody */
    struct cm_key_t *key;
    const struct cm_profile_t *profile; /* what it signs is checked against it; NULL: no profile */
} cm_issuer_t;

/* To issue with it. CM_E_REFUSED (issuer.ended) when its certificate, or that of one of ours above
 * it, is revoked or on hold: nobody would trust what it issues. CM_E_CONFIG when the token's key is
 * not the one in the certificate. */
cm_error_t *cm_issuer_open(cm_issuer_t **issuer, const cm_ctx_t *ctx, const char *ca);

/* To say what became of its certificates (CRL, OCSP), whatever became of its own. */
cm_error_t *cm_issuer_open_for_status(cm_issuer_t **issuer, const cm_ctx_t *ctx, const char *ca);

/* For what is issued under no profile: let it begin CM_BACKDATE before now, and neither begin
 * before the issuer nor end after it; give it the policies that are valid below the issuer where
 * the line of authorities asks for one. spec->not_after and spec->is_ca are set. */
void cm_issuer_bound(cm_cert_spec_t *spec, const cm_issuer_t *issuer, const cm_ctx_t *ctx);

/* Fill in serial, issuer and algorithm, check what is to be signed (policy/lint.h), sign it, and
 * describe the result as an active certificate with a new id. `spec` is complete but for these
 * members. CM_E_REFUSED names the rules that the certificate would break; then nothing is signed.
 */
cm_error_t *cm_issuer_sign(cm_certificate_t **made, const cm_issuer_t *issuer, cm_cert_spec_t *spec,
                           const cm_ctx_t *ctx);

/* A certificate's record from its DER: new id, status active. */
cm_error_t *cm_certificate_describe(cm_certificate_t **record, cm_bytes_t der, const char *ca,
                                    const cm_ctx_t *ctx);

/* Where everybody can fetch what certificates point at: CertMgrPublicURL, or CertMgrURL. */
const char *cm_public_url(const cm_ctx_t *ctx);

/* URLs that certificates and CRLs carry, below cm_public_url. */
const char *cm_crl_url(const cm_ctx_t *ctx, const char *list);
const char *cm_ocsp_url(const cm_ctx_t *ctx);
const char *cm_issuer_url(const cm_ctx_t *ctx, const char *ca);

#endif
