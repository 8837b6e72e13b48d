/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/pem.h"

#include <apr_lib.h>
#include <apr_strings.h>

static const char begin_mark[] = "-----BEGIN ";
static const char dashes[] = "-----";

const char *cm_pem_encode(const char *label, cm_bytes_t der, apr_pool_t *pool)
{
    const char *base64 = cm_bytes_base64(der, pool);
    apr_size_t left = strlen(base64);
    char *body = apr_palloc(pool, left + left / 64 + 2), *at = body;

    while (left) {
        apr_size_t line = left < 64 ? left : 64;

        memcpy(at, base64, line);
        at += line;
        *at++ = '\n';
        base64 += line;
        left -= line;
    }
    *at = '\0';
    return apr_pstrcat(pool, begin_mark, label, "-----\n", body, "-----END ", label, "-----\n",
                       NULL);
}

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

/* The label of the line that starts at `at` with begin_mark, if it is one of `labels`. */
static const char *find_label(const char *at, const char *const *labels)
{
    at += sizeof begin_mark - 1;
    for (; *labels; labels++) {
        apr_size_t len = strlen(*labels);

        if (strncmp(at, *labels, len) == 0 && strncmp(at + len, dashes, 5) == 0) {
            return *labels;
        }
    }
    return NULL;
}

cm_error_t *cm_pem_decode(cm_bytes_t *der, cm_bytes_t text, const char *const *labels,
                          apr_pool_t *pool)
{
    const char *copy = apr_pstrmemdup(pool, (const char *)text.data, text.len);
    const char *begin = strstr(copy, begin_mark), *label, *body, *end, *after;
    cm_error_t *error;

    if (strlen(copy) != text.len || !begin || (begin != copy && begin[-1] != '\n')) {
        return refuse("no PEM block", "pem.block", pool);
    }
    label = find_label(begin, labels);
    if (!label) {
        return refuse("a PEM block with another label", "pem.label", pool);
    }
    body = begin + sizeof begin_mark - 1 + strlen(label) + sizeof dashes - 1;
    end = strstr(body, dashes);
    after = apr_pstrcat(pool, "-----END ", label, dashes, NULL);
    if (!end || !apr_isspace(*body) || strncmp(end, after, strlen(after)) != 0) {
        return refuse("a PEM block that does not end as it begins", "pem.block", pool);
    }
    error = cm_bytes_unbase64(der, apr_pstrmemdup(pool, body, (apr_size_t)(end - body)), pool);
    if (error) {
        return cm_error_locate(error, NULL, "pem.base64");
    }
    after = end + strlen(after);
    if (after[strspn(after, " \t\r\n")]) {
        return refuse("something follows the PEM block", "pem.trailing", pool);
    }
    return NULL;
}

cm_error_t *cm_pem_or_der(cm_bytes_t *der, cm_bytes_t text, const cm_pem_kind_t *kind,
                          apr_pool_t *pool)
{
    const char *copy = apr_pstrmemdup(pool, (const char *)text.data, text.len);
    cm_error_t *error = NULL;

    /* base64 and as much again for line ends and explanatory text */
    if (text.len > 3 * kind->limit) {
        return refuse("too large", apr_pstrcat(pool, kind->rule, ".size", NULL), pool);
    }
    /* a DER SEQUENCE begins with "0", and no base64 of one does */
    if (text.len && text.data[0] == 0x30) {
        *der = text;
    } else if (strstr(copy, dashes)) {
        error = cm_pem_decode(der, text, kind->labels, pool);
    } else if (strlen(copy) != text.len || cm_bytes_unbase64(der, copy, pool) || !der->len) {
        error = refuse("neither PEM, base64 nor DER",
                       apr_pstrcat(pool, kind->rule, ".encoding", NULL), pool);
    }
    if (!error && der->len > kind->limit) {
        error = refuse("too large", apr_pstrcat(pool, kind->rule, ".size", NULL), pool);
    }
    return error;
}
