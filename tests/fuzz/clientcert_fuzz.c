/* SPDX-License-Identifier: Apache-2.0
 *
 * The Client-Cert header (pki/clientcert.h): what is accepted says the same when written again.
 */
#include <apr_strings.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "pki/clientcert.h"

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    char *text;
    cm_bytes_t der;

    text = apr_pstrmemdup(pool, (const char *)data, len);
    if (!cm_client_cert_parse(&der, text, pool)) {
        const char *again = apr_pstrcat(pool, ":", cm_bytes_base64(der, pool), ":", NULL);

        if (der.len == 0 || !strstr(text, again)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
