/* SPDX-License-Identifier: Apache-2.0
 *
 * A private key in a token. The key itself never comes out; what is here is its name, its public
 * half, and signing. Keys come from a keyring (keys/keyring.h), belong to it, live as long as it
 * does, and may be used by all threads at once.
 */
#ifndef CERTMGR_KEYS_KEY_H
#define CERTMGR_KEYS_KEY_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

typedef struct cm_key_t cm_key_t;

/* The URI it was found by. */
const char *cm_key_uri(const cm_key_t *key);

/* "RSA-2048", "RSA-3072", "RSA-4096", "P-256", "P-384" or "P-521". */
const char *cm_key_algorithm(const cm_key_t *key);

/* DER SubjectPublicKeyInfo (RFC 5280 4.1); EC keys with a named curve, the point uncompressed or as
 * the token gave it. */
cm_bytes_t cm_key_spki(const cm_key_t *key);

/* Sign `data`; it is hashed here. The signature is what a certificate holds: RSA PKCS#1 v1.5
 * (RFC 8017 8.2), or the DER of ECDSA-Sig-Value (RFC 3279 2.2.3).
 * CM_E_TOKEN (503, retry_after) when the token can't be had within its deadline or fails;
 * CM_E_CONFIG when the key may not sign, is ambiguous or is no longer the key it was;
 * CM_E_NOT_FOUND when it has gone. */
cm_error_t *cm_key_sign(cm_bytes_t *signature, cm_key_t *key, cm_digest_t digest, cm_bytes_t data,
                        apr_pool_t *pool);

/* As cm_key_sign for data whose hash is known: exactly as many bytes as `digest` has, else
 * CM_E_INTERNAL. */
cm_error_t *cm_key_sign_digest(cm_bytes_t *signature, cm_key_t *key, cm_digest_t digest,
                               cm_bytes_t hash, apr_pool_t *pool);

#endif
