/* SPDX-License-Identifier: Apache-2.0 */
#include "store/search_filter.h"

#include <apr_strings.h>

const char *cm_search_pattern(const char *text, cm_match_t match, apr_pool_t *pool)
{
    char *pattern, *out;

    if (!text) {
        return "%";
    }
    out = pattern = apr_palloc(pool, 2 * strlen(text) + 3);
    if (match == CM_MATCH_CONTAINS) {
        *out++ = '%';
    }
    for (; *text; text++) {
        if (strchr("!%_", *text)) {
            *out++ = '!';
        }
        *out++ = *text;
    }
    if (match != CM_MATCH_EQUAL) {
        *out++ = '%';
    }
    *out = '\0';
    return pattern;
}

const char *cm_search_parts(const char *text, apr_pool_t *pool)
{
    char *pattern = apr_pstrcat(pool, "%", text, "%", NULL);
    apr_size_t len = strlen(pattern);

    for (apr_size_t i = 1; i + 1 < len; i++) {
        if (strchr("%\\", pattern[i])) {
            pattern[i] = '_';
        }
    }
    return pattern;
}

void cm_search_window(apr_time_t *from, apr_time_t *to, const cm_search_t *search)
{
    *from = search->expires_after ? search->expires_after + 1 : APR_INT64_MIN;
    *to = search->expires_before ? search->expires_before - 1 : APR_INT64_MAX;
    if (search->status == CM_CERT_EXPIRED && *to > search->now - 1) {
        *to = search->now - 1;
    } else if ((search->status == CM_CERT_ACTIVE || search->status == CM_CERT_SUSPENDED) &&
               *from < search->now) {
        *from = search->now;
    }
}

/* With a separator around each name, so that replacing one shows whether it was there. */
static const char *list_text(const apr_array_header_t *names, apr_pool_t *pool)
{
    const char *text = names ? "\x1f" : "";

    for (int i = 0; names && i < names->nelts; i++) {
        text = apr_pstrcat(pool, text, APR_ARRAY_IDX(names, i, const char *), "\x1f", NULL);
    }
    return text;
}

void cm_search_bounds(cm_value_t *args, const apr_array_header_t *bounds, apr_pool_t *pool)
{
    apr_array_header_t *groups = apr_array_make(pool, 2, sizeof(const char *));
    const char *owner = "", *list;

    for (int i = 0; bounds && i < bounds->nelts; i++) {
        const cm_bound_t *bound = &APR_ARRAY_IDX(bounds, i, cm_bound_t);

        if (bound->group) {
            APR_ARRAY_PUSH(groups, const char *) = bound->group;
        } else {
            owner = bound->owner;
        }
    }
    list = list_text(groups, pool);
    *args++ = cm_value_text(bounds ? "bound" : "");
    *args++ = cm_value_text(owner);
    *args++ = cm_value_text(list);
    *args = cm_value_text(list);
}

void cm_search_filter(cm_value_t *args, const cm_search_t *search, apr_pool_t *pool)
{
    const char *const texts[] = {search->cn, search->serial, search->sha256, search->subscriber};
    const char *const lists[] = {list_text(search->authorities, pool),
                                 list_text(search->profiles, pool)};
    int stored = search->status >= 0 && search->status != CM_CERT_EXPIRED;
    apr_time_t from, to;

    for (int i = 0; i < 4; i++) {
        *args++ = cm_value_text(cm_search_pattern(texts[i], search->match, pool));
    }
    *args++ = cm_value_text(search->san ? "named" : "");
    *args++ = cm_value_text(cm_search_pattern(search->san, search->match, pool));
    *args++ = cm_value_text(cm_search_pattern(search->san_kind, CM_MATCH_BEGINS, pool));
    for (int i = 0; i < 6; i++) {
        *args++ = cm_value_text(lists[i / 3]);
    }
    *args++ = cm_value_text(stored ? cm_status_name((cm_status_t)search->status) : "%");
    *args++ =
        cm_value_text(search->status == CM_CERT_EXPIRED ? cm_status_name(CM_CERT_REVOKED) : "");
    cm_search_window(&from, &to, search);
    *args++ = cm_value_integer(from);
    *args++ = cm_value_integer(to);
    cm_search_bounds(args, search->bounds, pool);
}
