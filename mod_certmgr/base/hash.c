/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include "base/ossl.h"

struct cm_hash_t {
    EVP_MD_CTX *ctx;
    apr_pool_t *pool;
};

static cm_error_t *failed(apr_pool_t *pool)
{
    return cm_error_openssl(pool, CM_E_INTERNAL, "can't hash");
}

cm_error_t *cm_hash_make(cm_hash_t **hash, cm_digest_t digest, apr_pool_t *pool)
{
    cm_hash_t *made = apr_pcalloc(pool, sizeof *made);

    made->pool = pool;
    made->ctx = cm_ossl_md_ctx(EVP_MD_CTX_new(), pool);
    if (!made->ctx || EVP_DigestInit_ex(made->ctx, cm_ossl_md(digest), NULL) != 1) {
        return failed(pool);
    }
    *hash = made;
    return NULL;
}

cm_error_t *cm_hash_add(cm_hash_t *hash, cm_bytes_t bytes)
{
    return EVP_DigestUpdate(hash->ctx, bytes.data, bytes.len) == 1 ? NULL : failed(hash->pool);
}

cm_error_t *cm_hash_end(cm_bytes_t *bytes, cm_hash_t *hash, apr_pool_t *pool)
{
    unsigned char *out = apr_palloc(pool, EVP_MAX_MD_SIZE);
    unsigned int len;

    if (EVP_DigestFinal_ex(hash->ctx, out, &len) != 1) {
        return failed(pool);
    }
    *bytes = cm_bytes_make(out, len);
    return NULL;
}
