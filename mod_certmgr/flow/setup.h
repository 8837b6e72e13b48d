/* SPDX-License-Identifier: Apache-2.0
 *
 * The ceremony: what `certmgrctl init` does once tokens and schema are there. Every step is passed
 * over when it has been done before, so that a ceremony that was cut can be run again.
 */
#ifndef CERTMGR_FLOW_SETUP_H
#define CERTMGR_FLOW_SETUP_H

#include "base/context.h"
#include "keys/keyring.h"
#include "model/authority.h"
#include "model/certificate.h"
#include "store/store.h"

typedef struct {
    const char *name;
    const char *parent;       /* or NULL: self-signed */
    const char *key;          /* RFC 7512 URI with token= and object= */
    const char *algorithm;    /* of a key that is made: "P-256", "RSA-3072" */
    const char *subject;      /* RFC 4514: "CN=Example Root CA,O=Example" */
    const char *validity;     /* cm_text_duration, capped at the parent's end */
    int pathlen;              /* -1: none */
    const char *crl_validity; /* cm_text_duration, or NULL: CertMgrCRLValidity */
    const char *crl_delta; /* cm_text_duration: delta CRLs, and full ones no more often; or NULL */
    const char *ocsp_key;  /* RFC 7512 URI of the responder's key, or NULL */
} cm_authority_plan_t;

/* Of a responder's key that is made. */
#define CM_RESPONDER_KEY "P-256"

/* Whether there could be such an authority, without asking a token: cm_authority_check
 * (flow/authority.h), and at /parent authority.unknown, authority.parent (not active) and
 * authority.path-length. */
cm_error_t *cm_authority_plan_check(const cm_ctx_t *ctx, const cm_authority_plan_t *plan);

/* A new authority, signed and not stored yet. */
typedef struct {
    cm_authority_t *authority;
    cm_certificate_t *certificate;
} cm_authority_made_t;

/* Make the keys that are not there and sign the certificate, outside of any transaction. */
cm_error_t *cm_authority_make(cm_authority_made_t *made, const cm_ctx_t *ctx,
                              const cm_authority_plan_t *plan);

cm_error_t *cm_authority_store(cm_txn_t *txn, const cm_authority_made_t *made);

/* cm_authority_make and cm_authority_store if it is not there (`made` tells), then
 * cm_authority_provide. */
cm_error_t *cm_authority_create(int *made, cm_ctx_t *ctx, const cm_authority_plan_t *plan);

/* What an authority needs besides its certificate, each if it is not there: the key and the
 * certificate of its responder, where it has one, and the first CRL. */
cm_error_t *cm_authority_provide(cm_ctx_t *ctx, const char *name);

/* Make a key if it is not there. */
cm_error_t *cm_key_provide(int *made, const cm_ctx_t *ctx, const cm_key_request_t *request);

/* Store a profile: a new version when the text differs from the newest. *version is what is in
 * force afterwards. */
cm_error_t *cm_profile_store(apr_int64_t *version, cm_ctx_t *ctx, const char *name,
                             const char *text);

#endif
