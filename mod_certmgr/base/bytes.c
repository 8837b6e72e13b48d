/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <apr_encode.h>
#include <apr_strings.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

cm_bytes_t cm_bytes_make(const void *data, apr_size_t len)
{
    return (cm_bytes_t){data, len};
}

cm_bytes_t cm_bytes_of_text(const char *text)
{
    return cm_bytes_make(text, strlen(text));
}

cm_bytes_t cm_bytes_copy(cm_bytes_t bytes, apr_pool_t *pool)
{
    return cm_bytes_make(apr_pmemdup(pool, bytes.data, bytes.len), bytes.len);
}

cm_bytes_t cm_bytes_concat(const cm_bytes_t *parts, int count, apr_pool_t *pool)
{
    apr_size_t len = 0;
    unsigned char *data;

    for (int i = 0; i < count; i++) {
        len += parts[i].len;
    }
    data = apr_palloc(pool, len ? len : 1);
    len = 0;
    for (int i = 0; i < count; i++) {
        if (parts[i].len) {
            memcpy(data + len, parts[i].data, parts[i].len);
            len += parts[i].len;
        }
    }
    return cm_bytes_make(data, len);
}

int cm_bytes_equal(cm_bytes_t a, cm_bytes_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int cm_bytes_equal_secret(cm_bytes_t a, cm_bytes_t b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

const char *cm_bytes_hex(cm_bytes_t bytes, apr_pool_t *pool)
{
    const char *hex = NULL;

    if (bytes.len) {
        hex = apr_pencode_base16_binary(pool, bytes.data, (apr_ssize_t)bytes.len, APR_ENCODE_LOWER,
                                        NULL);
    }
    return hex ? hex : "";
}

static cm_error_t *not_encoded(const char *encoding, apr_pool_t *pool)
{
    return cm_error_make(pool, CM_E_VALUE, "not valid %s", encoding);
}

cm_error_t *cm_bytes_unhex(cm_bytes_t *bytes, const char *hex, apr_pool_t *pool)
{
    apr_size_t len = strlen(hex);

    if (len % 2 || strspn(hex, "0123456789abcdefABCDEF") != len) {
        return not_encoded("hexadecimal", pool);
    }
    bytes->data = apr_pdecode_base16_binary(pool, hex, (apr_ssize_t)len, APR_ENCODE_NONE, NULL);
    bytes->len = len / 2;
    return len && !bytes->data ? not_encoded("hexadecimal", pool) : NULL;
}

const char *cm_bytes_base64(cm_bytes_t bytes, apr_pool_t *pool)
{
    const char *text = NULL;

    if (bytes.len) {
        text = apr_pencode_base64_binary(pool, bytes.data, (apr_ssize_t)bytes.len, APR_ENCODE_NONE,
                                         NULL);
    }
    return text ? text : "";
}

cm_error_t *cm_bytes_unbase64(cm_bytes_t *bytes, const char *text, apr_pool_t *pool)
{
    char *compact = apr_palloc(pool, strlen(text) + 1);
    apr_size_t len = 0;

    for (const char *c = text; *c; c++) {
        if (!strchr(" \t\r\n", *c)) {
            compact[len++] = *c;
        }
    }
    compact[len] = '\0';
    *bytes = cm_bytes_make(NULL, 0);
    if (len) {
        bytes->data = apr_pdecode_base64_binary(pool, compact, (apr_ssize_t)len, APR_ENCODE_NONE,
                                                &bytes->len);
    }
    /* what does not encode back to the same text was no canonical base64 */
    if (strcmp(cm_bytes_base64(*bytes, pool), compact) != 0) {
        return not_encoded("base64", pool);
    }
    return NULL;
}

cm_bytes_t cm_bytes_sha256(cm_bytes_t bytes, apr_pool_t *pool)
{
    unsigned char *digest = apr_palloc(pool, SHA256_DIGEST_LENGTH);

    SHA256(bytes.data, bytes.len, digest);
    return cm_bytes_make(digest, SHA256_DIGEST_LENGTH);
}
