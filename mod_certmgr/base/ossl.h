/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenSSL objects that belong to a pool from birth. Each function returns its argument, or NULL
 * when that is NULL (out of memory, a parse error), so that a call can be wrapped where it stands:
 *
 *     X509 *cert = cm_ossl_x509(d2i_X509(NULL, &p, len), pool);
 */
#ifndef CERTMGR_BASE_OSSL_H
#define CERTMGR_BASE_OSSL_H

#include <apr_pools.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "base/digest.h"

X509 *cm_ossl_x509(X509 *object, apr_pool_t *pool);
X509_CRL *cm_ossl_crl(X509_CRL *object, apr_pool_t *pool);
X509_NAME *cm_ossl_name(X509_NAME *object, apr_pool_t *pool);
X509_EXTENSIONS *cm_ossl_extensions(X509_EXTENSIONS *object, apr_pool_t *pool);
GENERAL_NAMES *cm_ossl_general_names(GENERAL_NAMES *object, apr_pool_t *pool);
EVP_PKEY *cm_ossl_pkey(EVP_PKEY *object, apr_pool_t *pool);
EVP_PKEY_CTX *cm_ossl_pkey_ctx(EVP_PKEY_CTX *object, apr_pool_t *pool);
EVP_MD_CTX *cm_ossl_md_ctx(EVP_MD_CTX *object, apr_pool_t *pool);
OCSP_REQUEST *cm_ossl_ocsp_request(OCSP_REQUEST *object, apr_pool_t *pool);
OCSP_RESPONSE *cm_ossl_ocsp_response(OCSP_RESPONSE *object, apr_pool_t *pool);
BIO *cm_ossl_bio(BIO *object, apr_pool_t *pool);

/* That of OpenSSL for the name of ours. */
const EVP_MD *cm_ossl_md(cm_digest_t digest);

/* Memory from OPENSSL_malloc, as i2d functions make it. */
unsigned char *cm_ossl_memory(unsigned char *memory, apr_pool_t *pool);

#endif
