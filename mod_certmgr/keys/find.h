/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding the private key that a URI names, and the key made of it. Inside of keys/ only.
 */
#ifndef CERTMGR_KEYS_FIND_H
#define CERTMGR_KEYS_FIND_H

#include "keys/key.h"
#include "keys/object.h"

typedef struct {
    CK_OBJECT_HANDLE handle;
    unsigned generation; /* of the session it was found in */
    cm_public_t public;
    int count;     /* usable private keys that match */
    int foreign;   /* of other types, sizes or curves */
    int elsewhere; /* the URI speaks of another token */
} cm_found_t;

/* Look for it in the session's token. CKR_OK also when there is none or more than one. */
CK_RV cm_private_find(cm_found_t *found, cm_session_t *session, cm_token_t *token,
                      const cm_uri_t *uri, apr_pool_t *pool);

/* NULL when exactly one key with a public half was found; else CM_E_NOT_FOUND, or CM_E_CONFIG and
 * what to do. */
cm_error_t *cm_found_check(const cm_found_t *found, const cm_uri_t *uri, apr_pool_t *pool);

/* Copies all it needs into the pool; the token must live as long. */
cm_error_t *cm_key_make(cm_key_t **key, cm_token_t *token, const cm_uri_t *uri,
                        const cm_found_t *found, apr_pool_t *pool);

#endif
