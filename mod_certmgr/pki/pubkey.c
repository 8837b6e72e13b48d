/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/pubkey.h"

#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/sha.h>

#include "base/ossl.h"
#include "pki/der.h"

#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_EC  "1.2.840.10045.2.1"

enum { RSA_LEAST = 2048, RSA_MOST = 8192, EXPONENT_MOST = 256 }; /* bits */

static const struct {
    const char *oid;
    const char *name; /* as NIST and OpenSSL call it */
    int bits;
} curves[] = {{"1.2.840.10045.3.1.7", "P-256", 256},
              {"1.3.132.0.34", "P-384", 384},
              {"1.3.132.0.35", "P-521", 521}};

enum { CURVES = sizeof curves / sizeof *curves };

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "%s", message), NULL, rule);
}

/* NULL when the numbers make no key. */
static EVP_PKEY *from_data(const char *type, OSSL_PARAM *params, apr_pool_t *pool)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;

    if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return cm_ossl_pkey(pkey, pool);
}

static cm_error_t *make_ec(cm_pubkey_t *key, cm_der_t *parameters, apr_pool_t *pool)
{
    OSSL_PARAM params[3];
    const char *oid = NULL;
    apr_size_t field;
    int i = 0;

    if (cm_der_peek(parameters) == CM_DER_OID) {
        cm_error_t *error = cm_der_expect_oid(&oid, parameters);

        if (error) {
            return error;
        }
    }
    while (i < CURVES && (!oid || strcmp(curves[i].oid, oid) != 0)) {
        i++;
    }
    if (i == CURVES) {
        return cm_error_advise(refuse("the key's curve is not accepted", "key.curve", pool),
                               "use P-256, P-384 or P-521");
    }
    key->algorithm = curves[i].name;
    key->bits = curves[i].bits;
    field = (apr_size_t)(key->bits + 7) / 8;
    if (key->octets.len != 1 + 2 * field || key->octets.data[0] != 0x04) {
        return refuse("the key's point is not in uncompressed form", "key.point", pool);
    }
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 apr_pstrdup(pool, curves[i].name), 0);
    params[1] = OSSL_PARAM_construct_octet_string(
        OSSL_PKEY_PARAM_PUB_KEY, apr_pmemdup(pool, key->octets.data, key->octets.len),
        key->octets.len);
    params[2] = OSSL_PARAM_construct_end();
    key->pkey = from_data("EC", params, pool);
    if (!key->pkey) {
        return cm_error_wrap(refuse("the key's point is not on its curve", "key.point", pool),
                             cm_error_openssl(pool, CM_E_REFUSED, "no EC key"));
    }
    return cm_der_close(parameters);
}

static int bit_length(cm_bytes_t magnitude)
{
    int bits = (int)magnitude.len * 8;

    for (int bit = 0x80; bits && !(magnitude.data[0] & bit); bit >>= 1) {
        bits--;
    }
    return bits;
}

/* A positive INTEGER without its leading zero; empty for 0 and below. */
static cm_error_t *read_magnitude(cm_bytes_t *magnitude, cm_der_t *reader)
{
    cm_error_t *error = cm_der_expect(magnitude, reader, CM_DER_INTEGER);

    if (error || magnitude->len == 0 || magnitude->data[0] >= 0x80) {
        magnitude->len = 0;
    } else if (magnitude->data[0] == 0) {
        *magnitude = cm_bytes_make(magnitude->data + 1, magnitude->len - 1);
    }
    return error;
}

static int is_odd(cm_bytes_t magnitude)
{
    return magnitude.len && (magnitude.data[magnitude.len - 1] & 1);
}

static cm_error_t *check_rsa(cm_bytes_t modulus, cm_bytes_t exponent, apr_pool_t *pool)
{
    int bits = bit_length(modulus);
    int exponent_bits = bit_length(exponent);

    if (!is_odd(modulus)) {
        return refuse("the RSA modulus is not odd and positive", "key.rsa-modulus", pool);
    }
    if (bits < RSA_LEAST || bits > RSA_MOST) {
        return cm_error_advise(
            refuse(apr_psprintf(pool, "an RSA key of %d bits is not accepted", bits),
                   "key.rsa-length", pool),
            "use 2048 to 8192 bits, 3072 for new keys");
    }
    /* the least odd number of 17 bits is 65537 */
    if (!is_odd(exponent) || exponent_bits < 17 || exponent_bits > EXPONENT_MOST) {
        return cm_error_advise(
            refuse("the RSA public exponent is not accepted", "key.rsa-exponent", pool),
            "use 65537");
    }
    return NULL;
}

static EVP_PKEY *make_rsa_pkey(cm_bytes_t modulus, cm_bytes_t exponent, apr_pool_t *pool)
{
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *pkey = NULL;

    if (n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    if (params) {
        pkey = from_data("RSA", params, pool);
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(e);
    BN_free(n);
    return pkey;
}

static cm_error_t *make_rsa(cm_pubkey_t *key, cm_der_t *parameters, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(key->octets, "key.syntax", pool), inner;
    cm_bytes_t null, modulus = {NULL, 0}, exponent = {NULL, 0};
    cm_error_t *error = cm_der_expect(&null, parameters, CM_DER_NULL);

    if (!error) {
        error = cm_der_close(parameters);
    }
    if (!error) {
        error = cm_der_check(key->octets, pool);
    }
    if (!error) {
        error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);
    }
    if (!error) {
        error = read_magnitude(&modulus, &inner);
    }
    if (!error) {
        error = read_magnitude(&exponent, &inner);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    if (!error) {
        error = check_rsa(modulus, exponent, pool);
    }
    if (error) {
        return error;
    }
    key->modulus = modulus;
    key->bits = bit_length(modulus);
    key->algorithm = apr_psprintf(pool, "RSA-%d", key->bits);
    key->pkey = make_rsa_pkey(modulus, exponent, pool);
    return key->pkey ? NULL : cm_error_openssl(pool, CM_E_INTERNAL, "no RSA key can be made");
}

/* SubjectPublicKeyInfo ::= SEQUENCE { AlgorithmIdentifier { oid, parameters }, BIT STRING } */
static cm_error_t *read_spki(cm_pubkey_t *key, const char **oid, cm_der_t *parameters,
                             apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(key->spki, "key.syntax", pool), inner;
    cm_error_t *error = cm_der_check(key->spki, pool);

    if (!error) {
        error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);
    }
    if (!error) {
        error = cm_der_enter(parameters, &inner, CM_DER_SEQUENCE);
    }
    if (!error) {
        error = cm_der_expect_oid(oid, parameters);
    }
    if (!error) {
        error = cm_der_expect_octets(&key->octets, &inner);
    }
    return error ? error : cm_der_close(&inner);
}

cm_error_t *cm_pubkey_parse(cm_pubkey_t **key, cm_bytes_t spki, apr_pool_t *pool)
{
    cm_pubkey_t *made = apr_pcalloc(pool, sizeof *made);
    unsigned char *id = apr_palloc(pool, SHA_DIGEST_LENGTH);
    cm_der_t parameters;
    const char *oid = "";
    cm_error_t *error;

    made->spki = spki;
    error = read_spki(made, &oid, &parameters, pool);
    if (error) {
        return error;
    }
    if (strcmp(oid, OID_EC) == 0) {
        error = make_ec(made, &parameters, pool);
    } else if (strcmp(oid, OID_RSA) == 0) {
        error = make_rsa(made, &parameters, pool);
    } else {
        error = cm_error_advise(refuse("this type of key is not accepted", "key.type", pool),
                                "use RSA, P-256, P-384 or P-521");
    }
    if (error) {
        return error;
    }
    SHA1(made->octets.data, made->octets.len, id);
    made->id = cm_bytes_make(id, SHA_DIGEST_LENGTH);
    made->spki_sha256 = cm_bytes_sha256(spki, pool);
    *key = made;
    return NULL;
}
