/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ossl.h"

#include <openssl/x509v3.h>

static apr_status_t free_x509(void *object)
{
    X509_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_crl(void *object)
{
    X509_CRL_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_name(void *object)
{
    X509_NAME_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_extensions(void *object)
{
    sk_X509_EXTENSION_pop_free(object, X509_EXTENSION_free);
    return APR_SUCCESS;
}

static apr_status_t free_general_names(void *object)
{
    GENERAL_NAMES_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_pkey(void *object)
{
    EVP_PKEY_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_pkey_ctx(void *object)
{
    EVP_PKEY_CTX_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_md_ctx(void *object)
{
    EVP_MD_CTX_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_ocsp_request(void *object)
{
    OCSP_REQUEST_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_ocsp_response(void *object)
{
    OCSP_RESPONSE_free(object);
    return APR_SUCCESS;
}

static apr_status_t free_bio(void *object)
{
    BIO_free_all(object);
    return APR_SUCCESS;
}

static apr_status_t free_memory(void *object)
{
    OPENSSL_free(object);
    return APR_SUCCESS;
}

static void *own(void *object, apr_status_t (*release)(void *), apr_pool_t *pool)
{
    if (object) {
        apr_pool_cleanup_register(pool, object, release, apr_pool_cleanup_null);
    }
    return object;
}

X509 *cm_ossl_x509(X509 *object, apr_pool_t *pool)
{
    return own(object, free_x509, pool);
}

X509_CRL *cm_ossl_crl(X509_CRL *object, apr_pool_t *pool)
{
    return own(object, free_crl, pool);
}

X509_NAME *cm_ossl_name(X509_NAME *object, apr_pool_t *pool)
{
    return own(object, free_name, pool);
}

X509_EXTENSIONS *cm_ossl_extensions(X509_EXTENSIONS *object, apr_pool_t *pool)
{
    return own(object, free_extensions, pool);
}

GENERAL_NAMES *cm_ossl_general_names(GENERAL_NAMES *object, apr_pool_t *pool)
{
    return own(object, free_general_names, pool);
}

EVP_PKEY *cm_ossl_pkey(EVP_PKEY *object, apr_pool_t *pool)
{
    return own(object, free_pkey, pool);
}

EVP_PKEY_CTX *cm_ossl_pkey_ctx(EVP_PKEY_CTX *object, apr_pool_t *pool)
{
    return own(object, free_pkey_ctx, pool);
}

EVP_MD_CTX *cm_ossl_md_ctx(EVP_MD_CTX *object, apr_pool_t *pool)
{
    return own(object, free_md_ctx, pool);
}

OCSP_REQUEST *cm_ossl_ocsp_request(OCSP_REQUEST *object, apr_pool_t *pool)
{
    return own(object, free_ocsp_request, pool);
}

OCSP_RESPONSE *cm_ossl_ocsp_response(OCSP_RESPONSE *object, apr_pool_t *pool)
{
    return own(object, free_ocsp_response, pool);
}

BIO *cm_ossl_bio(BIO *object, apr_pool_t *pool)
{
    return own(object, free_bio, pool);
}

unsigned char *cm_ossl_memory(unsigned char *memory, apr_pool_t *pool)
{
    return own(memory, free_memory, pool);
}

const EVP_MD *cm_ossl_md(cm_digest_t digest)
{
    switch (digest) {
    case CM_DIGEST_SHA384:
        return EVP_sha384();
    case CM_DIGEST_SHA512:
        return EVP_sha512();
    case CM_DIGEST_SHA256:
    default:
        return EVP_sha256();
    }
}
