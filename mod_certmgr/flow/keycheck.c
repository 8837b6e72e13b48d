/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/keycheck.h"

#include <apr_file_io.h>
#include <apr_mmap.h>

#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/pem.h"
#include "policy/config.h"
#include "policy/weakkey.h"
#include "store/keys.h"

enum { FILE_BYTES = 65536 };

static cm_error_t *refuse(const char *rule, const char *message, const char *hint, apr_pool_t *pool)
{
    cm_error_t *error = cm_error_make(pool, CM_E_REFUSED, "%s", message);

    return cm_error_advise(cm_error_locate(error, NULL, rule), hint);
}

/* The list is searched where it lies: it is read for RSA keys only, and need not be in any order.
 */
static cm_error_t *is_listed(int *found, const char *path, const char *entry, apr_pool_t *pool)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_mmap_t *map;
    apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);

    *found = 0;
    if (status == APR_SUCCESS) {
        status = apr_file_info_get(&info, APR_FINFO_SIZE, file);
    }
    if (status == APR_SUCCESS && info.size > 0) {
        status = apr_mmap_create(&map, file, 0, (apr_size_t)info.size, APR_MMAP_READ, pool);
        *found = status == APR_SUCCESS && memmem(map->mm, map->size, entry, strlen(entry)) != NULL;
    } else if (status == APR_SUCCESS) {
        status = APR_EOF;
    }
    return status == APR_SUCCESS
               ? NULL
               : cm_error_apr(pool, CM_E_CONFIG, "the list of weak keys can't be read", status);
}

static cm_error_t *check_list(const cm_ctx_t *ctx, const cm_pubkey_t *key)
{
    const char *entry = cm_weakkey_debian(key, ctx->pool);
    cm_error_t *error = NULL;
    int found = 0;

    if (entry && ctx->config->weak_keys) {
        error = is_listed(&found, ctx->config->weak_keys, entry, ctx->pool);
    }
    if (error || !found) {
        return error;
    }
    return refuse("key.debian", "the key is one of those of CVE-2008-0166, which are all known",
                  "it was made on a Debian system of 2006 to 2008; make a new one", ctx->pool);
}

static cm_error_t *check_records(const cm_ctx_t *ctx, const cm_pubkey_t *key, const char *person)
{
    cm_key_state_t state;
    cm_error_t *error = cm_key_state(&state, ctx->store, cm_bytes_hex(key->spki_sha256, ctx->pool),
                                     person, ctx->pool);

    if (error) {
        return error;
    }
    if (state.is_compromised) {
        error = refuse("key.compromised", "the key was reported as compromised",
                       "make a new key, and find out where the old one is used", ctx->pool);
    }
    /* says no more than that: who has it is nobody else's business */
    if (person && state.is_taken) {
        error = cm_error_join(error, refuse("key.taken",
                                            "the key is already in a certificate of somebody else",
                                            "make a key of your own", ctx->pool));
    }
    return error;
}

cm_error_t *cm_key_check(const cm_ctx_t *ctx, const cm_pubkey_t *key, const char *person)
{
    cm_error_t *error = cm_weakkey_check(key, ctx->pool);

    error = cm_error_join(error, check_list(ctx, key));
    return cm_error_join(error, check_records(ctx, key, person));
}

cm_error_t *cm_key_of_file(cm_pubkey_t **key, cm_bytes_t content, apr_pool_t *pool)
{
    static const char *const public[] = {"PUBLIC KEY", NULL};
    cm_bytes_t der;
    cm_cert_t *cert;
    cm_csr_t *csr;

    if (content.len <= FILE_BYTES && !cm_pem_decode(&der, content, public, pool)) {
        return cm_pubkey_parse(key, der, pool);
    }
    if (!cm_cert_decode(&der, content, pool) && !cm_cert_parse(&cert, der, pool)) {
        return cm_pubkey_parse(key, cert->spki, pool);
    }
    if (!cm_csr_decode(&der, content, pool) && !cm_csr_parse(&csr, der, pool)) {
        return cm_pubkey_parse(key, csr->key->spki, pool);
    }
    return cm_error_locate(
        cm_error_make(pool, CM_E_VALUE,
                      "this is no certificate, no certification request and no public key"),
        NULL, "key.file");
}
