/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/sigalg.h"

#include <apr_strings.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base/ossl.h"
#include "pki/der.h"

static const cm_sigalg_t algorithms[] = {
    {"ECDSA-SHA256", "1.2.840.10045.4.3.2", "EC", CM_DIGEST_SHA256, 0},
    {"ECDSA-SHA384", "1.2.840.10045.4.3.3", "EC", CM_DIGEST_SHA384, 0},
    {"ECDSA-SHA512", "1.2.840.10045.4.3.4", "EC", CM_DIGEST_SHA512, 0},
    {"RSA-SHA256", "1.2.840.113549.1.1.11", "RSA", CM_DIGEST_SHA256, 1},
    {"RSA-SHA384", "1.2.840.113549.1.1.12", "RSA", CM_DIGEST_SHA384, 1},
    {"RSA-SHA512", "1.2.840.113549.1.1.13", "RSA", CM_DIGEST_SHA512, 1}};

enum { ALGORITHMS = sizeof algorithms / sizeof *algorithms };

static const struct {
    const char *key; /* a prefix */
    const char *algorithm;
} choices[] = {{"P-256", "ECDSA-SHA256"},
               {"P-384", "ECDSA-SHA384"},
               {"P-521", "ECDSA-SHA512"},
               {"RSA-", "RSA-SHA256"}};

const cm_sigalg_t *cm_sigalg_for_key(const char *algorithm)
{
    for (apr_size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (strncmp(algorithm, choices[i].key, strlen(choices[i].key)) != 0) {
            continue;
        }
        for (int k = 0; k < ALGORITHMS; k++) {
            if (strcmp(algorithms[k].name, choices[i].algorithm) == 0) {
                return &algorithms[k];
            }
        }
    }
    return NULL;
}

const cm_sigalg_t *cm_sigalg_with(const char *algorithm, const char *hash)
{
    static const char *const hashes[] = {[CM_DIGEST_SHA256] = "SHA-256",
                                         [CM_DIGEST_SHA384] = "SHA-384",
                                         [CM_DIGEST_SHA512] = "SHA-512"};
    const cm_sigalg_t *least = cm_sigalg_for_key(algorithm);

    for (int i = 0; least && hash && i < ALGORITHMS; i++) {
        if (strcmp(algorithms[i].key, least->key) == 0 && algorithms[i].digest >= least->digest &&
            strcmp(hashes[algorithms[i].digest], hash) == 0) {
            return &algorithms[i];
        }
    }
    return hash ? NULL : least;
}

const cm_sigalg_t *cm_sigalg_find(cm_bytes_t identifier, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(identifier, "signature.algorithm", pool), inner;
    cm_bytes_t null;
    const char *oid;

    if (cm_der_enter(&inner, &outer, CM_DER_SEQUENCE) || cm_der_expect_oid(&oid, &inner)) {
        return NULL;
    }
    for (int i = 0; i < ALGORITHMS; i++) {
        if (strcmp(algorithms[i].oid, oid) != 0) {
            continue;
        }
        if (algorithms[i].null_parameters && cm_der_maybe(&null, &inner, CM_DER_NULL)) {
            return NULL;
        }
        return cm_der_close(&inner) ? NULL : &algorithms[i];
    }
    return NULL;
}

static void put_identifier(cm_der_writer_t *writer, const cm_sigalg_t *alg)
{
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, alg->oid);
    if (alg->null_parameters) {
        cm_der_put_null(writer);
    }
    cm_der_end(writer);
}

cm_bytes_t cm_sigalg_identifier(const cm_sigalg_t *alg, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    put_identifier(writer, alg);
    return cm_der_written(writer);
}

cm_bytes_t cm_sigalg_digest(cm_digest_t digest, cm_bytes_t bytes, apr_pool_t *pool)
{
    unsigned char *out = apr_palloc(pool, SHA512_DIGEST_LENGTH);

    switch (digest) {
    case CM_DIGEST_SHA384:
        SHA384(bytes.data, bytes.len, out);
        return cm_bytes_make(out, SHA384_DIGEST_LENGTH);
    case CM_DIGEST_SHA512:
        SHA512(bytes.data, bytes.len, out);
        return cm_bytes_make(out, SHA512_DIGEST_LENGTH);
    case CM_DIGEST_SHA256:
    default:
        SHA256(bytes.data, bytes.len, out);
        return cm_bytes_make(out, SHA256_DIGEST_LENGTH);
    }
}

cm_error_t *cm_signed_parse(cm_signed_t *parts, cm_bytes_t der, const char *rule, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(der, rule, pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_close(&outer);
    }
    if (!error) {
        error = cm_der_next(&parts->tbs, NULL, &inner);
    }
    if (!error) {
        error = cm_der_next(&parts->identifier, NULL, &inner);
    }
    if (!error) {
        error = cm_der_expect_octets(&parts->signature, &inner);
    }
    return error ? error : cm_der_close(&inner);
}

/* ECDSA needs no digest by name: the hash is made here, the key only compares it. */
static int is_signature(const cm_signed_t *parts, const cm_pubkey_t *key, const cm_sigalg_t *alg,
                        apr_pool_t *pool)
{
    cm_bytes_t hash = cm_sigalg_digest(alg->digest, parts->tbs, pool);
    EVP_PKEY_CTX *ctx = cm_ossl_pkey_ctx(EVP_PKEY_CTX_new(key->pkey, NULL), pool);

    if (!ctx || EVP_PKEY_verify_init(ctx) != 1) {
        return 0;
    }
    if (alg->null_parameters &&
        (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
         EVP_PKEY_CTX_set_signature_md(ctx, cm_ossl_md(alg->digest)) != 1)) {
        return 0;
    }
    return EVP_PKEY_verify(ctx, parts->signature.data, parts->signature.len, hash.data, hash.len) ==
           1;
}

cm_error_t *cm_signed_verify(const cm_signed_t *parts, const cm_pubkey_t *key, apr_pool_t *pool)
{
    const cm_sigalg_t *alg = cm_sigalg_find(parts->identifier, pool);
    int is_ec = key->algorithm[0] == 'P';
    cm_error_t *error;

    if (!alg || is_ec != (strcmp(alg->key, "EC") == 0)) {
        error = cm_error_make(pool, CM_E_REFUSED, "the signature algorithm is not accepted");
        cm_error_advise(error, "sign with SHA-256, SHA-384 or SHA-512 and the key that is sent");
        return cm_error_locate(error, NULL, "signature.algorithm");
    }
    if (!is_signature(parts, key, alg, pool)) {
        error = cm_error_openssl(pool, CM_E_REFUSED, "the signature does not verify");
        return cm_error_locate(error, NULL, "signature.wrong");
    }
    return NULL;
}

void cm_signed_frame(cm_bytes_t frame[2], apr_size_t tbs_len, const cm_sigalg_t *alg,
                     cm_bytes_t signature, apr_pool_t *pool)
{
    cm_der_writer_t *tail = cm_der_writer(pool);

    put_identifier(tail, alg);
    cm_der_put_octets(tail, signature);
    frame[1] = cm_der_written(tail);
    frame[0] = cm_der_header(CM_DER_SEQUENCE, tbs_len + frame[1].len, pool);
}

cm_error_t *cm_signed_wrap(cm_bytes_t *der, cm_bytes_t tbs, const cm_sigalg_t *alg,
                           cm_bytes_t signature, apr_pool_t *pool)
{
    cm_bytes_t parts[3], frame[2];

    if (!tbs.len || !signature.len) {
        return cm_error_make(pool, CM_E_INTERNAL, "nothing to wrap, or no signature");
    }
    cm_signed_frame(frame, tbs.len, alg, signature, pool);
    parts[0] = frame[0];
    parts[1] = tbs;
    parts[2] = frame[1];
    *der = cm_bytes_concat(parts, 3, pool);
    return NULL;
}
