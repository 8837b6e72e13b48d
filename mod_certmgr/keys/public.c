/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "base/ossl.h"
#include "keys/object.h"

static cm_bytes_t encode(EVP_PKEY *pkey, apr_pool_t *pool)
{
    unsigned char *der = NULL;
    int len = pkey ? i2d_PUBKEY(pkey, &der) : 0;

    return len > 0 ? cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len)
                   : cm_bytes_make(NULL, 0);
}

static EVP_PKEY *make(const char *type, OSSL_PARAM *params, apr_pool_t *pool)
{
    EVP_PKEY_CTX *ctx = cm_ossl_pkey_ctx(EVP_PKEY_CTX_new_from_name(NULL, type, NULL), pool);
    EVP_PKEY *pkey = NULL;

    if (ctx && params && EVP_PKEY_fromdata_init(ctx) == 1) {
        EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params);
    }
    return cm_ossl_pkey(pkey, pool);
}

static void rsa_spki(cm_public_t *public, cm_bytes_t modulus, cm_bytes_t exponent, apr_pool_t *pool)
{
    BIGNUM *n = BN_bin2bn(modulus.data, (int)modulus.len, NULL);
    BIGNUM *e = BN_bin2bn(exponent.data, (int)exponent.len, NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;

    public->algorithm = n ? cm_algorithm_of_bits(BN_num_bits(n)) : NULL;
    if (n && e && build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1) {
        params = OSSL_PARAM_BLD_to_param(build);
    }
    public->spki = encode(make("RSA", params, pool), pool);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(n);
    BN_free(e);
}

/* CKA_EC_POINT is a DER OCTET STRING around the point (PKCS#11 2.40, 2.3.3), but some modules give
 * the bare point. Their lengths tell them apart. */
static cm_bytes_t bare_point(const cm_algorithm_t *algorithm, cm_bytes_t value, apr_pool_t *pool)
{
    const unsigned char *at = value.data;
    apr_size_t field = ((apr_size_t)algorithm->bits + 7) / 8;
    ASN1_OCTET_STRING *wrapped;
    cm_bytes_t point = {NULL, 0};

    if (value.len == 1 + 2 * field || value.len == 1 + field) {
        return value;
    }
    wrapped = d2i_ASN1_OCTET_STRING(NULL, &at, (long)value.len);
    if (wrapped && at == value.data + value.len) {
        point = cm_bytes_copy(
            cm_bytes_make(ASN1_STRING_get0_data(wrapped), (apr_size_t)ASN1_STRING_length(wrapped)),
            pool);
    }
    ASN1_OCTET_STRING_free(wrapped);
    return point;
}

static void ec_spki(cm_public_t *public, cm_bytes_t value, apr_pool_t *pool)
{
    cm_bytes_t point = bare_point(public->algorithm, value, pool);
    char *group = apr_pstrdup(pool, public->algorithm->group);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point.data, point.len),
        OSSL_PARAM_construct_end()};

    if (point.data) {
        public->spki = encode(make("EC", params, pool), pool);
    }
}

/* The key of a certificate, when it is one of the same algorithm. */
static void certificate_spki(cm_public_t *public, cm_bytes_t der, apr_pool_t *pool)
{
    const unsigned char *at = der.data;
    X509 *cert = cm_ossl_x509(d2i_X509(NULL, &at, (long)der.len), pool);
    EVP_PKEY *pkey = cert ? X509_get0_pubkey(cert) : NULL;
    char group[32];

    if (pkey && EVP_PKEY_is_a(pkey, "EC") &&
        EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
        strcmp(group, public->algorithm->group) == 0) {
        public->spki = encode(pkey, pool);
    }
}

/* The one object of `class` that belongs to the private key: by its CKA_ID, else by its label.
 * CK_INVALID_HANDLE when there is none. */
static CK_RV find_sibling(CK_OBJECT_HANDLE *sibling, cm_session_t *session,
                          CK_OBJECT_HANDLE private, CK_OBJECT_CLASS class, apr_pool_t *pool)
{
    CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, NULL, 0}};
    cm_objects_t objects = {.count = 0};
    cm_bytes_t name;
    CK_RV rv = cm_object_read(&name, session, private, CKA_ID, pool);

    *sibling = CK_INVALID_HANDLE;
    if (rv == CKR_OK && !name.data) {
        template[1].type = CKA_LABEL;
        rv = cm_object_read(&name, session, private, CKA_LABEL, pool);
    }
    if (rv != CKR_OK || !name.data) {
        return rv;
    }
    template[1].pValue = (void *)name.data;
    template[1].ulValueLen = name.len;
    rv = cm_objects_find(&objects, session, template, 2);
    if (rv == CKR_OK && objects.count > 0) {
        *sibling = objects.handles[0];
    }
    return rv;
}

static CK_RV read_rsa(cm_public_t *public, cm_session_t *session, CK_OBJECT_HANDLE private,
                      apr_pool_t *pool)
{
    CK_OBJECT_HANDLE object = private;
    cm_bytes_t modulus;
    cm_bytes_t exponent = {NULL, 0};
    CK_RV rv = cm_object_read(&modulus, session, object, CKA_MODULUS, pool);

    if (rv == CKR_OK) {
        rv = cm_object_read(&exponent, session, object, CKA_PUBLIC_EXPONENT, pool);
    }
    if (rv == CKR_OK && !(modulus.data && exponent.data)) {
        rv = find_sibling(&object, session, private, CKO_PUBLIC_KEY, pool);
        if (rv != CKR_OK || object == CK_INVALID_HANDLE) {
            return rv;
        }
        rv = cm_object_read(&modulus, session, object, CKA_MODULUS, pool);
        if (rv == CKR_OK) {
            rv = cm_object_read(&exponent, session, object, CKA_PUBLIC_EXPONENT, pool);
        }
    }
    if (rv == CKR_OK && modulus.data && exponent.data) {
        rsa_spki(public, modulus, exponent, pool);
    }
    return rv;
}

static CK_RV read_ec(cm_public_t *public, cm_session_t *session, CK_OBJECT_HANDLE private,
                     apr_pool_t *pool)
{
    CK_OBJECT_HANDLE object;
    cm_bytes_t value;
    CK_RV rv = cm_object_read(&value, session, private, CKA_EC_PARAMS, pool);

    public->algorithm = rv == CKR_OK && value.data ? cm_algorithm_of_curve(value) : NULL;
    if (!public->algorithm) {
        return rv;
    }
    rv = find_sibling(&object, session, private, CKO_PUBLIC_KEY, pool);
    if (rv == CKR_OK && object != CK_INVALID_HANDLE) {
        rv = cm_object_read(&value, session, object, CKA_EC_POINT, pool);
        if (rv == CKR_OK && value.data) {
            ec_spki(public, value, pool);
        }
    }
    if (rv != CKR_OK || public->spki.data) {
        return rv;
    }
    rv = find_sibling(&object, session, private, CKO_CERTIFICATE, pool);
    if (rv == CKR_OK && object != CK_INVALID_HANDLE) {
        rv = cm_object_read(&value, session, object, CKA_VALUE, pool);
        if (rv == CKR_OK && value.data) {
            certificate_spki(public, value, pool);
        }
    }
    return rv;
}

CK_RV cm_public_read(cm_public_t *public, cm_session_t *session, CK_OBJECT_HANDLE private,
                     apr_pool_t *pool)
{
    CK_ULONG type = CK_UNAVAILABLE_INFORMATION;
    CK_RV rv = cm_object_number(&type, session, private, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);

    memset(public, 0, sizeof *public);
    /* what OpenSSL says about an odd object must not turn up in somebody else's error */
    ERR_set_mark();
    if (rv == CKR_OK && type == CKK_RSA) {
        rv = read_rsa(public, session, private, pool);
    } else if (rv == CKR_OK && type == CKK_EC) {
        rv = read_ec(public, session, private, pool);
    }
    ERR_pop_to_mark();
    return rv;
}
