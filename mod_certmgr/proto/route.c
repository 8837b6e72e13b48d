/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route.h"

#include <apr_strings.h>

/* One "{name}tail" of a pattern against one segment of a path; both move on to their next slash. */
static int match_segment(apr_table_t *words, const char **pattern, const char **path)
{
    const char *close = strchr(*pattern, '}');
    apr_pool_t *pool = apr_table_elts(words)->pool;
    apr_size_t tail, whole;

    if (!close) {
        return 0;
    }
    tail = strcspn(close + 1, "/");
    whole = strcspn(*path, "/");
    if (whole <= tail || memcmp(*path + whole - tail, close + 1, tail) != 0) {
        return 0;
    }
    apr_table_setn(words, apr_pstrmemdup(pool, *pattern + 1, (apr_size_t)(close - *pattern - 1)),
                   apr_pstrmemdup(pool, *path, whole - tail));
    *pattern = close + 1 + tail;
    *path += whole;
    return 1;
}

int cm_route_match(apr_table_t *words, const char *pattern, const char *path)
{
    while (*pattern) {
        if (*pattern == '{') {
            if (!match_segment(words, &pattern, &path)) {
                return 0;
            }
        } else if (*pattern == '*') {
            apr_table_set(words, "*", path);
            return *path != '\0';
        } else if (*pattern++ != *path++) {
            return 0;
        }
    }
    return *path == '\0';
}

static void note_method(cm_route_found_t *found, const char *method, apr_pool_t *pool)
{
    if (!found->allow) {
        found->allow = "OPTIONS";
    }
    if (!strstr(found->allow, method)) {
        found->allow = apr_pstrcat(pool, method, strcmp(method, "GET") == 0 ? ", HEAD" : "", ", ",
                                   found->allow, NULL);
    }
}

void cm_route_find(cm_route_found_t *found, const cm_protocol_t *protocols, cm_call_t *call,
                   apr_pool_t *pool)
{
    const char *method = strcmp(call->method, "HEAD") == 0 ? "GET" : call->method;
    apr_table_t *words = apr_table_make(pool, 2);

    memset(found, 0, sizeof *found);
    for (const cm_protocol_t *protocol = protocols; protocol->name; protocol++) {
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            apr_table_clear(words);
            if (!cm_route_match(words, route->path, call->path)) {
                continue;
            }
            note_method(found, route->method, pool);
            found->protocol = found->protocol ? found->protocol : protocol;
            if (strcmp(route->method, method) == 0) {
                found->protocol = protocol;
                found->route = route;
                call->route = route;
                call->words = words;
                return;
            }
        }
    }
}
