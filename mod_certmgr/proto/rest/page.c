/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rest/page.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "base/text.h"

const char cm_list_limit_about[] =
    "Most items of a page, at least 1; 50 unless given. A page may be "
    "shorter: only a `next` that is null ends the list.";
const char cm_list_before_about[] = "Where the page begins: only as found in `next`.";

cm_error_t *cm_list_check_limit(apr_int64_t limit, apr_pool_t *pool)
{
    return limit >= 1
               ? NULL
               : cm_error_locate(cm_error_make(pool, CM_E_VALUE, "a page has at least 1 item"),
                                 "/limit", "value.limit");
}

/* RFC 3339 down to the microsecond: the next page must not begin elsewhere. */
static const char *exact_time(apr_time_t time, apr_pool_t *pool)
{
    return time && time != APR_INT64_MAX
               ? apr_psprintf(pool, "%.19s.%06dZ", cm_text_time(time, pool),
                              (int)apr_time_usec(time))
               : NULL;
}

static const char *word_of(const cm_json_member_t *member, const void *words, apr_pool_t *pool)
{
    const void *place = (const char *)words + member->offset;

    switch (member->kind) {
    case CM_JSON_TEXT:
        return *(const char *const *)place;
    case CM_JSON_TIME:
        return exact_time(*(const apr_time_t *)place, pool);
    case CM_JSON_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, *(const apr_int64_t *)place);
    default:
        return NULL;
    }
}

const char *cm_list_next(const cm_call_t *call, const void *words, const char *before,
                         apr_pool_t *pool)
{
    const char *next = apr_pstrcat(pool, call->mount, call->path, NULL);
    const char *sign = "?";

    for (const cm_json_member_t *member = call->route->query; member->name; member++) {
        int is_place = strcmp(member->name, "before") == 0;
        const char *word = is_place ? before : word_of(member, words, pool);

        if (word) {
            next = apr_pstrcat(pool, next, sign, member->name, "=",
                               apr_pescape_urlencoded(pool, word), NULL);
            sign = "&";
        }
    }
    return before ? next : NULL;
}
