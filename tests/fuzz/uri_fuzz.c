/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS#11 URIs (keys/uri.h): what is accepted must be text, bounded, and parse again to the same.
 */
#include <apr_strings.h>
#include <stddef.h>
#include <stdlib.h>

#include "fuzz/target.h"
#include "base/text.h"
#include "keys/uri.h"

static int same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_uri_t *uri;
    cm_uri_t *again;

    if (!cm_uri_parse(&uri, apr_pstrmemdup(pool, (const char *)data, len), pool)) {
        require(strlen(uri->text) <= CM_URI_MAX);
        require(!uri->token || cm_text_is_utf8(cm_bytes_of_text(uri->token)));
        require(!uri->label || cm_text_is_utf8(cm_bytes_of_text(uri->label)));
        require(!cm_uri_parse(&again, uri->text, pool));
        require(same(uri->token, again->token) && same(uri->label, again->label));
        require(cm_bytes_equal(uri->id, again->id));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
