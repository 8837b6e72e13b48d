/* SPDX-License-Identifier: Apache-2.0
 *
 * All tokens of the configuration, and the keys in them. One keyring a process, shared by its
 * threads. Making one calls no PKCS#11 module (modules are not fork-safe): the first use does,
 * which in httpd happens in the child. Keys are chosen by RFC 7512 URIs, see keys/uri.h.
 *
 *     error = cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=issuing", pool);
 *     if (!error)
 *         error = cm_key_sign(&signature, key, CM_DIGEST_SHA256, tbs, pool);
 */
#ifndef CERTMGR_KEYS_KEYRING_H
#define CERTMGR_KEYS_KEYRING_H

#include <apr_tables.h>

#include "keys/key.h"
#include "keys/token.h"

typedef struct cm_keyring_t cm_keyring_t;

enum { CM_KEY_SIGN = 1, CM_KEY_DECRYPT = 2, CM_KEY_DERIVE = 4 };

typedef struct {
    const char *uri;       /* "token" and "object" wanted; "id" made up at random when absent */
    const char *algorithm; /* "RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384", "P-521" */
    int uses;              /* CM_KEY_SIGN, CM_KEY_DECRYPT (RSA), CM_KEY_DERIVE (EC) */
} cm_key_request_t;

/* One configured token, for people. */
typedef struct {
    const char *name;   /* as configured */
    const char *module; /* path */
    const char *label;  /* what the token says of itself; "" when it can't be reached */
    const char *manufacturer;
    const char *model;
    const char *serial;
    const char *state;       /* "ready" or "unreachable" */
    const cm_error_t *error; /* why it is unreachable, or NULL */
} cm_token_info_t;

/* Copies the configurations save for the PINs, which must live as long as the pool. CM_E_CONFIG
 * when there is none or a URI is wrong. At the end of the pool sessions are closed and the modules
 * finalised; no thread may use the ring any more. */
cm_error_t *cm_keyring_make(cm_keyring_t **ring, const cm_token_config_t *tokens, int count,
                            apr_pool_t *pool);

/* Every token reachable and logged in, each within its deadline; the errors of those that are not
 * are joined. */
cm_error_t *cm_keyring_check(cm_keyring_t *ring, apr_pool_t *pool);

/* The private key that `uri` names. Found once, then kept in the ring: later calls do not touch the
 * token. CM_E_NOT_FOUND; CM_E_TOKEN when a token where it may be is unreachable; CM_E_CONFIG when
 * the URI is wrong or names neither object nor id, several keys match, the key's type is not
 * supported, or its public half is nowhere in the token. */
cm_error_t *cm_keyring_find(cm_key_t **key, cm_keyring_t *ring, const char *uri, apr_pool_t *pool);

/* Make a key pair in the token: CKA_SENSITIVE, not CKA_EXTRACTABLE. Afterwards the token must say
 * CKA_SENSITIVE, CKA_ALWAYS_SENSITIVE, CKA_NEVER_EXTRACTABLE and not CKA_EXTRACTABLE, else the pair
 * is destroyed and the error is CM_E_CONFIG. CM_E_CONFLICT when an object (of any class) with this
 * label or id is there; CM_E_VALUE for an unknown algorithm or uses that do not fit it. */
cm_error_t *cm_keyring_generate(cm_key_t **key, cm_keyring_t *ring, const cm_key_request_t *request,
                                apr_pool_t *pool);

/* Whether keys of this algorithm can be made ("P-256", ...); not every token can make all. */
int cm_key_can_be_made(const char *algorithm);

/* Array of cm_token_info_t *, one for each configured token, in order. Unreachable tokens are no
 * error. */
cm_error_t *cm_keyring_tokens(apr_array_header_t **infos, cm_keyring_t *ring, apr_pool_t *pool);

/* The one token that `uri`, which names a token, speaks of: CM_E_CONFIG when none or several of the
 * configuration do. */
cm_error_t *cm_keyring_token(cm_token_t **token, cm_keyring_t *ring, const cm_uri_t *uri,
                             apr_pool_t *pool);

#endif
