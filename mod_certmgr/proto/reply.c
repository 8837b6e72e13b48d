/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/reply.h"

#include <apr_date.h>
#include <apr_strings.h>

void cm_reply_clear(cm_reply_t *reply, apr_pool_t *pool)
{
    memset(reply, 0, sizeof *reply);
    reply->headers = apr_table_make(pool, 8);
}

void cm_reply_bytes(cm_reply_t *reply, int status, const char *media_type, cm_bytes_t body)
{
    reply->status = status;
    reply->media_type = media_type;
    reply->body = body;
}

void cm_reply_json(cm_reply_t *reply, int status, const json_t *value, apr_pool_t *pool)
{
    cm_reply_bytes(reply, status, "application/json", cm_json_dump(value, pool));
}

void cm_reply_header(cm_reply_t *reply, const char *name, const char *value)
{
    apr_table_set(reply->headers, name, value);
}

const char *cm_reply_date(apr_time_t time, apr_pool_t *pool)
{
    char *date = apr_palloc(pool, APR_RFC822_DATE_LEN);

    apr_rfc822_date(date, time);
    return date;
}

/* The weak comparison of RFC 9110 8.8.3.2: W/ does not count. */
static int lists_tag(const char *header, const char *quoted)
{
    apr_size_t len = strlen(quoted);

    while (*header) {
        header += strspn(header, " \t,");
        header += strncmp(header, "W/", 2) == 0 ? 2 : 0;
        if (strncmp(header, quoted, len) == 0 &&
            (header[len] == '\0' || strchr(" \t,", header[len]))) {
            return 1;
        }
        header += strcspn(header, ",");
    }
    return 0;
}

static int is_current(const cm_call_t *call, const char *quoted, apr_time_t modified)
{
    const char *match = call->header(call, "If-None-Match");
    const char *since = call->header(call, "If-Modified-Since");

    if (match) {
        return strcmp(match, "*") == 0 || lists_tag(match, quoted);
    }
    return since && modified && apr_date_parse_http(since) >= modified;
}

void cm_reply_validate(cm_reply_t *reply, const cm_call_t *call, const char *tag,
                       apr_time_t modified)
{
    apr_pool_t *pool = apr_table_elts(reply->headers)->pool;
    const char *quoted = apr_pstrcat(pool, "\"", tag, "\"", NULL);

    cm_reply_header(reply, "ETag", quoted);
    if (modified) {
        cm_reply_header(reply, "Last-Modified", cm_reply_date(modified, pool));
    }
    if (is_current(call, quoted, modified)) {
        cm_reply_bytes(reply, 304, NULL, cm_bytes_make(NULL, 0));
    }
}
