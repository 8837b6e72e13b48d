/* SPDX-License-Identifier: Apache-2.0
 *
 * Signature algorithms, and the shape that certificates, CRLs, requests and OCSP responses share:
 * SEQUENCE { to be signed, AlgorithmIdentifier, BIT STRING }. Whoever holds the key signs the bytes
 * to be signed; this folder never sees a private key.
 */
#ifndef CERTMGR_PKI_SIGALG_H
#define CERTMGR_PKI_SIGALG_H

#include <apr_pools.h>

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include "pki/pubkey.h"

typedef struct {
    const char *name;    /* "ECDSA-SHA256", "RSA-SHA256", ... */
    const char *oid;     /* dotted */
    const char *key;     /* "EC" or "RSA": the kind of key */
    cm_digest_t digest;  /* of the bytes to be signed */
    int null_parameters; /* AlgorithmIdentifier carries NULL (RFC 4055 section 5) or nothing */
} cm_sigalg_t;

/* What a key of this algorithm ("P-256", "RSA-3072") signs with: SHA-384 for P-384, SHA-512 for
 * P-521, SHA-256 for the others; RSA means PKCS#1 v1.5. NULL for an unknown algorithm. */
const cm_sigalg_t *cm_sigalg_for_key(const char *algorithm);

/* As above with a hash of choice: "SHA-256", "SHA-384" or "SHA-512", NULL for the one above. NULL
 * also for a hash that is weaker than the key: P-384 wants SHA-384, P-521 SHA-512 (RFC 5480 section
 * 4). A longer one than the key's is cut by ECDSA, which every reader knows (FIPS 186-5 6.4.1). */
const cm_sigalg_t *cm_sigalg_with(const char *algorithm, const char *hash);

/* By a whole AlgorithmIdentifier. NULL for all that is not in the table, MD5 and SHA-1 first of
 * all. For RSA absent parameters count as NULL (RFC 4055 section 5). */
const cm_sigalg_t *cm_sigalg_find(cm_bytes_t identifier, apr_pool_t *pool);

/* The AlgorithmIdentifier, DER. */
cm_bytes_t cm_sigalg_identifier(const cm_sigalg_t *alg, apr_pool_t *pool);

/* Digest of `bytes` in new memory. */
cm_bytes_t cm_sigalg_digest(cm_digest_t digest, cm_bytes_t bytes, apr_pool_t *pool);

typedef struct {
    cm_bytes_t tbs;        /* whole DER of the part that is signed */
    cm_bytes_t identifier; /* whole DER of the AlgorithmIdentifier */
    cm_bytes_t signature;  /* octets */
} cm_signed_t;

/* Take the outer SEQUENCE apart; `rule` is for its errors (der.h). Run cm_der_check before. */
cm_error_t *cm_signed_parse(cm_signed_t *parts, cm_bytes_t der, const char *rule, apr_pool_t *pool);

/* CM_E_REFUSED with rule "signature.algorithm" (not in the table, or for another kind of key) or
 * "signature.wrong". */
cm_error_t *cm_signed_verify(const cm_signed_t *parts, const cm_pubkey_t *key, apr_pool_t *pool);

/* The final structure. `signature`: ECDSA as DER (ECDSA-Sig-Value), RSA as octets. */
cm_error_t *cm_signed_wrap(cm_bytes_t *der, cm_bytes_t tbs, const cm_sigalg_t *alg,
                           cm_bytes_t signature, apr_pool_t *pool);

/* What comes before and after `tbs_len` bytes to be signed, for lists too large to be copied. */
void cm_signed_frame(cm_bytes_t frame[2], apr_size_t tbs_len, const cm_sigalg_t *alg,
                     cm_bytes_t signature, apr_pool_t *pool);

#endif
