/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/path.h"

#include <apr_strings.h>
#include <openssl/x509_vfy.h>

#include "base/ossl.h"
#include "pki/cert.h"

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

/* Decode one block, or a whole file that is none. */
static cm_error_t *add(apr_array_header_t *ders, cm_bytes_t text, apr_pool_t *pool)
{
    cm_bytes_t der;
    cm_error_t *error;

    if (ders->nelts == CM_PATH_CERTS) {
        return refuse("too many certificates", "path.count", pool);
    }
    error = cm_cert_decode(&der, text, pool);
    if (!error) {
        APR_ARRAY_PUSH(ders, cm_bytes_t) = der;
    }
    return error;
}

cm_error_t *cm_path_read(apr_array_header_t **ders, cm_bytes_t text, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, 4, sizeof(cm_bytes_t));
    const char *at = apr_pstrmemdup(pool, (const char *)text.data, text.len);
    const char *start = strstr(at, begin_line);
    cm_error_t *error = start ? NULL : add(list, text, pool);

    while (!error && start) {
        const char *end = strstr(start, end_line);
        apr_size_t len = end ? (apr_size_t)(end + strlen(end_line) - start) : strlen(start);

        error = add(list, cm_bytes_make((const unsigned char *)start, len), pool);
        start = strstr(start + len, begin_line);
    }
    *ders = list;
    return error;
}

static apr_status_t free_stack(void *stack)
{
    sk_X509_free(stack);
    return APR_SUCCESS;
}

static apr_status_t free_store(void *store)
{
    X509_STORE_free(store);
    return APR_SUCCESS;
}

static apr_status_t free_ctx(void *ctx)
{
    X509_STORE_CTX_free(ctx);
    return APR_SUCCESS;
}

static X509 *parse(cm_bytes_t der, apr_pool_t *pool)
{
    const unsigned char *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);

    return cert ? cm_ossl_x509(cert, pool) : NULL;
}

/* Whoever signed itself is trusted: it is the caller who chose the files. */
static cm_error_t *load(X509 **first, X509_STORE *store, STACK_OF(X509) * others,
                        const apr_array_header_t *ders, apr_pool_t *pool)
{
    for (int i = 0; i < ders->nelts; i++) {
        X509 *cert = parse(APR_ARRAY_IDX(ders, i, cm_bytes_t), pool);

        if (!cert) {
            return cm_error_openssl(pool, CM_E_VALUE, "a certificate can't be read");
        }
        if (i == 0) {
            *first = cert;
        }
        if (X509_check_issued(cert, cert) == X509_V_OK) {
            X509_STORE_add_cert(store, cert);
        } else {
            sk_X509_push(others, cert);
        }
    }
    return NULL;
}

static cm_error_t *copy_path(apr_array_header_t *path, X509_STORE_CTX *ctx, apr_pool_t *pool)
{
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);

    for (int i = 0; i < sk_X509_num(chain); i++) {
        unsigned char *der = NULL;
        int len = i2d_X509(sk_X509_value(chain, i), &der);

        if (len <= 0) {
            return cm_error_openssl(pool, CM_E_INTERNAL, "a certificate can't be written");
        }
        APR_ARRAY_PUSH(path, cm_bytes_t) =
            cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len);
    }
    return NULL;
}

cm_error_t *cm_path_verify(apr_array_header_t **path, const apr_array_header_t *ders,
                           apr_time_t now, apr_pool_t *pool)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *others = sk_X509_new_null();
    X509 *first = NULL;
    cm_error_t *error;

    apr_pool_cleanup_register(pool, store, free_store, apr_pool_cleanup_null);
    apr_pool_cleanup_register(pool, others, free_stack, apr_pool_cleanup_null);
    apr_pool_cleanup_register(pool, ctx, free_ctx, apr_pool_cleanup_null);
    *path = apr_array_make(pool, 4, sizeof(cm_bytes_t));
    error = load(&first, store, others, ders, pool);
    if (error || X509_STORE_CTX_init(ctx, store, first, others) != 1) {
        return error ? error : cm_error_openssl(pool, CM_E_INTERNAL, "the path can't be checked");
    }
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    /* 112 bits: no SHA-1, no RSA below 2048 */
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(ctx), 2);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)apr_time_sec(now));
    if (X509_verify_cert(ctx) == 1) {
        return copy_path(*path, ctx, pool);
    }
    error = cm_error_make(pool, CM_E_REFUSED, "the certificate does not verify: %s, at number %d",
                          X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)),
                          X509_STORE_CTX_get_error_depth(ctx));
    return cm_error_advise(cm_error_locate(error, NULL, "path.verify"),
                           "give all certificates up to the root, with --chain");
}
