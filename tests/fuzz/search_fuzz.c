/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters of a search, as the query of a URL: whatever they are, what is accepted has a meaning,
 * and patterns made of it match what they were made of.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "flow/search.h"
#include "fuzz/target.h"
#include "proto/query.h"
#include "proto/rest/answers.h"
#include "store/search_filter.h"

/* A pattern of LIKE read back: the escapes gone, what is left is the text between the wildcards. */
static void check_pattern(const char *text, cm_match_t match, apr_pool_t *pool)
{
    const char *pattern = cm_search_pattern(text, match, pool);
    const char *in = match == CM_MATCH_CONTAINS ? pattern + 1 : pattern;

    for (; *text; text++) {
        require(!strchr("%_", *in));
        in += *in == '!';
        require(*in++ == *text);
    }
    require(strcmp(in, match == CM_MATCH_EQUAL ? "" : "%") == 0);
}

static void check_text(const char *text, const cm_search_t *search, apr_pool_t *pool)
{
    const char *parts;

    if (!text) {
        return;
    }
    require(*text && cm_text_is_utf8(cm_bytes_of_text(text)));
    check_pattern(text, search->match, pool);
    parts = cm_search_parts(text, pool);
    require(strlen(parts) == strlen(text) + 2 && !strchr(parts, '\\'));
    require(cm_search_matches(text, cm_text_lower(text, pool), search->match, pool));
}

/* What flow/search.c adds. */
static void add_lists(cm_search_t *search, const cm_search_words_t *words, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 2, sizeof(const char *));
    apr_array_header_t *bounds = apr_array_make(pool, 2, sizeof(cm_bound_t));

    APR_ARRAY_PUSH(names, const char *) = words->issuer;
    APR_ARRAY_PUSH(names, const char *) = "issuing";
    APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){words->issuer, NULL};
    APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){NULL, words->issuer};
    search->authorities = names;
    search->bounds = bounds;
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_value_t args[CM_SEARCH_ARGS];
    cm_search_words_t words = {.limit = 1};
    cm_search_t search = {.now = 1};
    apr_time_t from, to;
    cm_error_t *error;

    error = cm_query_read(&words, cm_certificate_list_members,
                          apr_pstrmemdup(pool, (const char *)data, len), pool);
    error = cm_error_join(error, cm_search_parse(&search, &words, pool));
    if (error) {
        cm_error_text(error, pool);
    } else {
        check_text(search.serial, &search, pool);
        check_text(search.cn, &search, pool);
        check_text(search.subscriber, &search, pool);
        check_text(search.san, &search, pool);
        check_text(search.sha256, &search, pool);
        if (words.issuer) {
            add_lists(&search, &words, pool);
        }
        cm_search_filter(args, &search, pool);
        cm_search_window(&from, &to, &search);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
