/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of every new authority, wherever its certificate comes from.
 */
#ifndef CERTMGR_FLOW_AUTHORITY_H
#define CERTMGR_FLOW_AUTHORITY_H

#include "base/context.h"

/* NULL: not given. */
typedef struct {
    const char *name;
    const char *key;                     /* RFC 7512 URI of a key that may have to be made */
    const char *algorithm;               /* of a key that is made */
    const char *subject;                 /* RFC 4514 */
    const char *ocsp_key;                /* as key, for the responder */
    const char *validity, *crl_validity; /* cm_text_duration */
} cm_authority_words_t;

/* Whether there could be such an authority, without asking a token. All violations are joined, at
 * the members of the change: CM_E_VALUE with the rules authority.name (1 to 64 of a-z, 0-9, -),
 * key.uri, authority.algorithm, authority.subject and those of cm_text_duration; CM_E_CONFLICT
 * (authority.there) when there is one of this name. */
cm_error_t *cm_authority_check(const cm_ctx_t *ctx, const cm_authority_words_t *words);

/* CM_E_REFUSED at `field` when an authority can't have this key: authority.key-used when another
 * authority here has it (OCSP tells authorities by name and key, and of two with one key only the
 * first would answer), or a responder, or the audit log; and the rules of flow/keycheck.h. */
cm_error_t *cm_authority_key_is_free(const cm_ctx_t *ctx, cm_bytes_t spki, const char *field);

/* Whether the key that is there signs, by a signature: a certificate for one that does not would be
 * for nothing. What the token has to say against the key itself is CM_E_REFUSED (authority.key) at
 * `field`: the same call would fail again. */
cm_error_t *cm_authority_key_signs(const cm_ctx_t *ctx, const char *uri, const char *field);

/* The same, after it was made if it was not there. */
cm_error_t *cm_authority_key(const cm_ctx_t *ctx, const char *uri, const char *algorithm,
                             const char *field);

/* The same for the key of a responder, at /ocsp_key. It may answer for several authorities, but is
 * neither the key of one (authority.key-used; `own`: the SubjectPublicKeyInfo of one that is not
 * stored yet) nor that of the audit log. */
cm_error_t *cm_authority_responder_key(const cm_ctx_t *ctx, const char *uri, cm_bytes_t own);

#endif
