/* SPDX-License-Identifier: Apache-2.0
 *
 * Authorities of ours whose certificate comes from elsewhere: a request for a parent outside, and
 * the signed answer. Both are governed changes (flow/change_outside.c), so each is checked, made
 * ready outside of any transaction, and stored in one.
 */
#ifndef CERTMGR_FLOW_OUTSIDE_H
#define CERTMGR_FLOW_OUTSIDE_H

#include "base/context.h"
#include "model/authority.h"
#include "pki/cert.h"
#include "store/store.h"

typedef struct {
    const char *name;      /* of the authority to be */
    const char *key;       /* RFC 7512 URI with token= and object= */
    const char *algorithm; /* of the key, should it have to be made */
    const char *subject;   /* RFC 4514 */
    int path_len;          /* asked for; -1: none */
} cm_outside_request_t;

/* cm_authority_check (flow/authority.h). */
cm_error_t *cm_outside_request_check(const cm_ctx_t *ctx, const cm_outside_request_t *plan);

/* Make the key if it is not there, and sign a request for it. *csr: DER. */
cm_error_t *cm_outside_request_sign(cm_bytes_t *csr, cm_ctx_t *ctx,
                                    const cm_outside_request_t *plan);

/* Keep it until the answer comes: it takes the place of one under the same name. */
cm_error_t *cm_outside_request_store(cm_txn_t *txn, const cm_outside_request_t *plan,
                                     cm_bytes_t csr, apr_time_t now);

typedef struct {
    const char *name;
    cm_bytes_t certificate;   /* PEM or DER; in PEM, certificates above it may follow */
    cm_bytes_t chain;         /* PEM: certificates above it; or empty */
    const char *parent;       /* name of the authority of ours that signed it, or NULL */
    const char *key;          /* URI of its key; NULL: that of the request under this name */
    const char *ocsp_key;     /* URI of the responder's key, made when it is not there; or NULL */
    const char *crl_validity; /* cm_text_duration, or NULL: CertMgrCRLValidity */
} cm_outside_answer_t;

/* An answer that was found good. */
typedef struct cm_outside_import_t {
    const cm_outside_answer_t *answer;
    cm_authority_t authority;
    const cm_cert_t *cert;
    const cm_ctx_t *ctx;
} cm_outside_import_t;

/* All violations are joined, CM_E_REFUSED or CM_E_VALUE at the members of the change:
 *   authority.key        the key in the token is not the one in the certificate, or not there
 *   authority.key-used   another authority here has this key
 *   authority.request    neither a request waits under this name, nor is a key named
 *   authority.ca         no cA TRUE
 *   authority.key-usage  keyCertSign and cRLSign are not both there
 *   authority.key-id     no subjectKeyIdentifier
 *   authority.dates      not valid now
 *   authority.parent     the parent did not issue it, by our own records, or has ended
 *   path.verify          and the others of pki/path.h
 * and those of cm_authority_check. */
cm_error_t *cm_outside_import_check(cm_outside_import_t **import, const cm_ctx_t *ctx,
                                    const cm_outside_answer_t *answer);

/* See that its key signs, and make that of the responder if it is not there. */
cm_error_t *cm_outside_import_prepare(const cm_outside_import_t *import);

/* Store the authority with the certificates of others above it; the request is gone then. What else
 * it needs, cm_authority_provide (flow/setup.h) makes, or else the jobs. */
cm_error_t *cm_outside_import_store(cm_txn_t *txn, const cm_outside_import_t *import);

#endif
