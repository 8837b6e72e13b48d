/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/clientcert.h"

#include <apr_strings.h>

enum { MAX_BASE64 = 32768 };

static cm_error_t *refuse(const char *why, apr_pool_t *pool)
{
    cm_error_t *error = cm_error_make(pool, CM_E_SYNTAX, "Client-Cert: %s", why);

    return cm_error_locate(error, NULL, "header.client-cert");
}

cm_error_t *cm_client_cert_parse(cm_bytes_t *der, const char *value, apr_pool_t *pool)
{
    const char *start = value + strspn(value, " ");
    apr_size_t len = strlen(start);

    *der = cm_bytes_make(NULL, 0);
    while (len > 0 && start[len - 1] == ' ') {
        len--;
    }
    if (len < 2 || start[0] != ':' || start[len - 1] != ':') {
        return refuse("base64 between two colons is expected", pool);
    }
    if (len > MAX_BASE64) {
        return refuse("longer than any certificate", pool);
    }
    start = apr_pstrmemdup(pool, start + 1, len - 2);
    /* the decoder passes over white space, which a Byte Sequence has not */
    if (!*start || strpbrk(start, " \t\r\n:") || cm_bytes_unbase64(der, start, pool)) {
        *der = cm_bytes_make(NULL, 0);
        return refuse("base64 is expected between the colons", pool);
    }
    return NULL;
}
