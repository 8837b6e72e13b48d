/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of the audit log: their parameters, pages and files.
 */
#include "proto/rest/audit.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit_read.h"
#include "proto/eventfile.h"
#include "proto/query.h"
#include "proto/reply.h"
#include "proto/rest/page.h"
#include "store/strangers.h"

enum { CURSOR_MAX = 128, WORD_MAX = 128 };

typedef struct {
    apr_int64_t limit;
    const char *before;
    const char *action, *outcome, *actor, *object, *trace;
    apr_time_t since, until;
} search_t;

const cm_json_member_t cm_audit_members[] = {
    CM_LIST_MEMBERS(search_t, CURSOR_MAX),
    {"action", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(search_t, action), WORD_MAX,
     "Only events of this action."},
    {"outcome", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(search_t, outcome), WORD_MAX,
     "Only what was `done`, or what was `refused`."},
    {"actor", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(search_t, actor), WORD_MAX,
     "Only what the person with this id did."},
    {"object", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(search_t, object), WORD_MAX,
     "Only what was done to the object with this id or name."},
    {"trace", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(search_t, trace), WORD_MAX,
     "Only events of the call with this X-Request-Id."},
    {"happened_after", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(search_t, since), 0,
     "Only what happened at this time or later."},
    {"happened_before", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(search_t, until), 0,
     "Only what happened before this time."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

const cm_json_member_t cm_stranger_members[] = {CM_LIST_MEMBERS(search_t, CURSOR_MAX),
                                                {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_field_t event_list_fields[] = {
    CM_LIST_FIELDS(cm_schema_event, "Events, newest first.")};
const cm_schema_t cm_schema_events = {"AuditEventList", "A page of events.", event_list_fields};

static const cm_field_t stranger_fields[] = {
    {"hour", CM_FIELD_TIME, 0, offsetof(cm_stranger_count_t, hour), NULL, NULL,
     "When the hour began."},
    {"rule", CM_FIELD_TEXT, 0, offsetof(cm_stranger_count_t, rule), NULL, NULL,
     "The rule that refused them, as in the problem they were told."},
    {"count", CM_FIELD_INTEGER, 0, offsetof(cm_stranger_count_t, refused), NULL, NULL,
     "How many calls."},
    {.name = NULL}};
const cm_schema_t cm_schema_stranger = {
    "RefusalCount", "How many calls of strangers a rule refused in an hour.", stranger_fields};

static const cm_field_t stranger_list_fields[] = {
    CM_LIST_FIELDS(cm_schema_stranger, "Counts, newest hour first.")};
const cm_schema_t cm_schema_strangers = {"RefusalCountList", "A page of counts.",
                                         stranger_list_fields};

/* A place in a list that goes by time, then by a word: "MICROSECONDS-WORD". */
static const char *cursor_of(apr_time_t time, const char *word, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%" APR_TIME_T_FMT "-%s", time, word);
}

static cm_error_t *read_cursor(apr_time_t *time, const char **word, const char *cursor,
                               apr_pool_t *pool)
{
    const char *dash = strchr(cursor, '-');

    if (!dash || cm_text_integer(time, apr_pstrmemdup(pool, cursor, (apr_size_t)(dash - cursor)), 0,
                                 APR_INT64_MAX, pool)) {
        return cm_error_locate(
            cm_error_make(pool, CM_E_VALUE, "a page begins only where a `next` says"), "/before",
            "query.cursor");
    }
    *word = dash + 1;
    return NULL;
}

static cm_error_t *read_search(search_t *search, const cm_json_member_t *members, const char *text,
                               apr_pool_t *pool)
{
    cm_error_t *error;

    *search = (search_t){.limit = CM_LIST_LIMIT_DEFAULT, .until = APR_INT64_MAX};
    error = cm_query_read(search, members, text, pool);
    if (!error) {
        error = cm_list_check_limit(search->limit, pool);
    }
    return error;
}

static cm_error_t *make_query(cm_event_query_t *query, const search_t *search, apr_pool_t *pool)
{
    apr_time_t until = APR_INT64_MAX;
    const char *until_id = NULL;
    cm_error_t *error =
        search->before ? read_cursor(&until, &until_id, search->before, pool) : NULL;

    *query = (cm_event_query_t){.action = search->action,
                                .outcome = search->outcome,
                                .actor = search->actor,
                                .object = search->object,
                                .trace = search->trace,
                                .since = search->since,
                                .until = until,
                                .until_id = until_id,
                                .limit = (int)search->limit};
    if (search->until <= until) {
        query->until = search->until;
        query->until_id = NULL;
    }
    return error;
}

cm_error_t *cm_audit_query_read(cm_event_query_t *query, const cm_json_member_t *members,
                                const char *text, apr_pool_t *pool)
{
    search_t search;
    cm_error_t *error = read_search(&search, members, text, pool);

    return error ? error : make_query(query, &search, pool);
}

cm_error_t *cm_rest_events(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    apr_array_header_t *items;
    cm_event_page_t page;
    cm_event_query_t query;
    cm_list_t list = {0};
    search_t search;
    cm_error_t *error = read_search(&search, cm_audit_members, call->query, ctx->pool);

    if (!error) {
        error = make_query(&query, &search, ctx->pool);
    }
    if (!error) {
        error = cm_audit_page(&page, ctx, &query);
    }
    if (error) {
        return error;
    }
    items = apr_array_make(ctx->pool, page.items->nelts, sizeof(const void *));
    for (int i = 0; i < page.items->nelts; i++) {
        APR_ARRAY_PUSH(items, const void *) =
            cm_answer_of_event(APR_ARRAY_IDX(page.items, i, cm_audit_event_t *), ctx->pool);
    }
    list.items = items;
    if (page.until_id) {
        list.next =
            cm_list_next(call, &search, cursor_of(page.until, page.until_id, ctx->pool), ctx->pool);
    }
    cm_reply_json(reply, 200, cm_schema_render(&cm_schema_events, &list, ctx->pool), ctx->pool);
    return NULL;
}

static cm_error_t *more_events(cm_bytes_t *run, const cm_reply_t *reply, apr_pool_t *pool)
{
    return cm_eventfile_read(run, reply->self, pool);
}

/* The first page is read before the answer begins, so that what is wrong can still be told. */
cm_error_t *cm_rest_events_csv(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_eventfile_t *file;
    cm_event_query_t query;
    cm_bytes_t first = cm_bytes_make("", 0);
    cm_error_t *error =
        cm_audit_query_read(&query, cm_audit_members + CM_AUDIT_FILTERS, call->query, ctx->pool);

    if (!error && strcmp(call->method, "HEAD") != 0) {
        error = cm_eventfile_open(&file, ctx, &query, "csv");
        error = error ? error : cm_eventfile_read(&first, file, ctx->pool);
        reply->more = more_events;
        reply->self = file;
    }
    if (error) {
        reply->more = NULL;
        return error;
    }
    cm_reply_bytes(reply, 200, "text/csv; charset=utf-8", first);
    cm_reply_header(reply, "Content-Disposition", "attachment; filename=\"audit.csv\"");
    return NULL;
}

cm_error_t *cm_rest_strangers(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    apr_array_header_t *counts, *items;
    cm_stranger_query_t query = {.until = APR_INT64_MAX};
    cm_list_t list = {0};
    search_t search;
    cm_error_t *error = read_search(&search, cm_stranger_members, call->query, ctx->pool);

    if (!error && search.before) {
        error = read_cursor(&query.until, &query.until_rule, search.before, ctx->pool);
    }
    if (!error) {
        query.limit = (int)search.limit + 1;
        error = cm_strangers_page(&counts, ctx->store, &query, ctx->pool);
    }
    if (error) {
        return error;
    }
    items = apr_array_make(ctx->pool, counts->nelts, sizeof(const void *));
    for (int i = 0; i < counts->nelts && i < search.limit; i++) {
        const cm_stranger_count_t *count = APR_ARRAY_IDX(counts, i, cm_stranger_count_t *);

        APR_ARRAY_PUSH(items, const void *) = count;
        if (i + 1 == search.limit && counts->nelts > search.limit) {
            list.next = cm_list_next(call, &search, cursor_of(count->hour, count->rule, ctx->pool),
                                     ctx->pool);
        }
    }
    list.items = items;
    cm_reply_json(reply, 200, cm_schema_render(&cm_schema_strangers, &list, ctx->pool), ctx->pool);
    return NULL;
}
