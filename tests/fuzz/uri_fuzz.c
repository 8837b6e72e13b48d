/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS#11 URIs (keys/uri.h): what is accepted must be text, bounded, and parse again to the same.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "keys/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
    if (!holds) {
        abort();
    }
}

static int same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    cm_uri_t *uri;
    cm_uri_t *again;

    apr_initialize(); /* counted: only the first does something */
    apr_pool_create(&pool, NULL);
    if (!cm_uri_parse(&uri, apr_pstrmemdup(pool, (const char *)data, size), pool)) {
        check(strlen(uri->text) <= CM_URI_MAX);
        check(!uri->token || cm_text_is_utf8(cm_bytes_of_text(uri->token)));
        check(!uri->label || cm_text_is_utf8(cm_bytes_of_text(uri->label)));
        check(!cm_uri_parse(&again, uri->text, pool));
        check(same(uri->token, again->token) && same(uri->label, again->label));
        check(cm_bytes_equal(uri->id, again->id));
    }
    apr_pool_destroy(pool);
    return 0;
}
