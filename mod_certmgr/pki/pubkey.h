/* SPDX-License-Identifier: Apache-2.0
 *
 * Public keys, from the bytes of a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279, RFC 5480).
 * The key is made with EVP_PKEY_fromdata from the raw numbers: OpenSSL's decoders cost several
 * times as much as the signature they are needed for.
 */
#ifndef CERTMGR_PKI_PUBKEY_H
#define CERTMGR_PKI_PUBKEY_H

#include <apr_pools.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/error.h"

typedef struct cm_pubkey_t {
    cm_bytes_t spki;        /* DER, as it came */
    const char *algorithm;  /* "P-256", "P-384", "P-521", "RSA-2048", ... */
    int bits;               /* of the curve or the modulus */
    EVP_PKEY *pkey;         /* lives as long as the pool */
    cm_bytes_t octets;      /* content of the BIT STRING subjectPublicKey, without unused bits */
    cm_bytes_t id;          /* SHA-1 of `octets` (RFC 5280 4.2.1.2 (1)) */
    cm_bytes_t spki_sha256; /* of `spki` */
    cm_bytes_t modulus;     /* of an RSA key, big-endian without a leading zero; else empty */
} cm_pubkey_t;

/* RSA of 2048 to 8192 bits and the curves P-256, P-384, P-521, named and uncompressed. DER errors
 * are CM_E_VALUE with rules of der.h or "key.syntax"; the rest is CM_E_REFUSED with a rule:
 *   key.type          no RSA or EC key
 *   key.rsa-length    modulus shorter than 2048 or longer than 8192 bits
 *   key.rsa-modulus   even or negative modulus
 *   key.rsa-exponent  even, below 65537, or 2^256 and more (NIST SP 800-56B)
 *   key.curve         another curve, or explicit parameters
 *   key.point         compressed, at infinity, of the wrong length, or not on the curve */
cm_error_t *cm_pubkey_parse(cm_pubkey_t **key, cm_bytes_t spki, apr_pool_t *pool);

#endif
