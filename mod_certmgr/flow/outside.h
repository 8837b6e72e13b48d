/* SPDX-License-Identifier: Apache-2.0
 *
 * Authorities of ours whose certificate comes from elsewhere: a request for a parent outside, and
 * the signed answer.
 */
#ifndef CERTMGR_FLOW_OUTSIDE_H
#define CERTMGR_FLOW_OUTSIDE_H

#include "base/context.h"

typedef struct {
    const char *name;      /* of the authority to be */
    const char *key;       /* RFC 7512 URI with token= and object= */
    const char *algorithm; /* of the key, should it have to be made */
    const char *subject;   /* RFC 4514 */
    int path_len;          /* asked for; -1: none */
} cm_outside_request_t;

/* Make the key if it is not there, and a request for a certificate, which is stored until the
 * answer comes: a request under the same name takes its place. CM_E_CONFLICT when the authority is
 * there already. *csr: DER. */
cm_error_t *cm_outside_request(cm_bytes_t *csr, cm_ctx_t *ctx, const cm_outside_request_t *plan);

typedef struct {
    const char *name;
    cm_bytes_t certificate;   /* PEM or DER; in PEM, certificates above it may follow */
    cm_bytes_t chain;         /* PEM: certificates above it; or empty */
    const char *parent;       /* name of the authority of ours that signed it, or NULL */
    const char *key;          /* URI of its key; NULL: that of the request under this name */
    const char *ocsp_key;     /* URI of the responder's key, made when it is not there; or NULL */
    const char *crl_validity; /* cm_text_duration, or NULL: CertMgrCRLValidity */
} cm_outside_answer_t;

/* Store the authority, with the certificates of others above it, the certificate of its responder
 * and its first CRL. Before that all of this is checked, and all violations are joined,
 * CM_E_REFUSED or CM_E_VALUE with a rule: authority.key        the key in the token is not the one
 * in the certificate authority.ca         no cA TRUE authority.key-usage  keyCertSign and cRLSign
 * are not both there authority.key-id     no subjectKeyIdentifier authority.dates      not valid
 * now authority.parent     the parent did not issue it, by our own records path.verify          and
 * the others of pki/path.h CM_E_CONFLICT when there is an authority of this name, CM_E_NOT_FOUND
 * when neither a request nor a key is. */
cm_error_t *cm_outside_import(cm_ctx_t *ctx, const cm_outside_answer_t *answer);

#endif
