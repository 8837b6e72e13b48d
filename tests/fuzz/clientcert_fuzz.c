/* SPDX-License-Identifier: Apache-2.0
 *
 * The Client-Cert header (pki/clientcert.h): what is accepted says the same when written again.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "pki/clientcert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    apr_pool_t *pool;
    char *text;
    cm_bytes_t der;

    apr_initialize(); /* counted: only the first does something */
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, len);
    if (!cm_client_cert_parse(&der, text, pool)) {
        const char *again = apr_pstrcat(pool, ":", cm_bytes_base64(der, pool), ":", NULL);

        if (der.len == 0 || !strstr(text, again)) {
            abort();
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
