/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching the audit log. Each criterion has an index of its own; of several that are given the
 * one that is likely to leave the fewest events leads, and its events are held against the others.
 */
#include <apr_strings.h>

#include "store/events.h"
#include "store/read.h"
#include "store/walk.h"

enum { CRITERIA = 5 };

typedef struct {
    cm_statement_id_t statement;
    const char *value; /* first parameter, or NULL: the statement has it in its text */
} lead_t;

typedef struct {
    cm_store_t *store;
    const cm_event_query_t *query;
    cm_value_t args[1 + 2 * CRITERIA]; /* of the fetch */
} finder_t;

static lead_t lead_of(const cm_event_query_t *query)
{
    const lead_t leads[] = {{CM_SQL_EVENT_KEYS_TRACE, query->trace},
                            {CM_SQL_EVENT_KEYS_OBJECT, query->object},
                            {CM_SQL_EVENT_KEYS_ACTOR, query->actor}};

    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
        if (leads[i].value) {
            return leads[i];
        }
    }
    if (query->outcome && strcmp(query->outcome, "refused") == 0) {
        return (lead_t){CM_SQL_EVENT_KEYS_REFUSED, NULL};
    }
    return query->action ? (lead_t){CM_SQL_EVENT_KEYS_ACTION, query->action}
                         : (lead_t){CM_SQL_EVENT_KEYS, NULL};
}

const cm_statement_t *cm_events_statement(cm_value_t *args, const cm_event_query_t *query)
{
    const lead_t lead = lead_of(query);

    if (lead.value) {
        *args++ = cm_value_text(lead.value);
    }
    *args++ = cm_value_integer(query->since);
    *args++ = cm_value_integer(query->until);
    *args++ = cm_value_text(query->until_id ? query->until_id : CM_ID_FIRST);
    *args = cm_value_integer(query->limit);
    return cm_statement(lead.statement);
}

static cm_error_t *walk_keys(apr_array_header_t **keys, void *baton, const cm_key_t *after,
                             int most, apr_pool_t *pool)
{
    const finder_t *finder = baton;
    cm_event_query_t query = *finder->query;
    cm_value_t args[CM_EVENT_ARGS];
    cm_rows_t *rows;
    cm_error_t *error;

    if (after) {
        query.until = apr_strtoi64(after->value, NULL, 10);
        query.until_id = after->id;
    }
    query.limit = most;
    error = cm_store_select(&rows, finder->store, cm_events_statement(args, &query), args, pool);
    *keys = apr_array_make(pool, most, sizeof(cm_key_t));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*keys, cm_key_t) =
            (cm_key_t){cm_row_text(rows, i, 0),
                       apr_psprintf(pool, "%" APR_TIME_T_FMT, cm_row_time(rows, i, 1))};
    }
    return error;
}

static cm_error_t *walk_fetch(apr_hash_t *records, void *baton, const apr_array_header_t *ids,
                              apr_pool_t *pool)
{
    finder_t *finder = baton;
    apr_array_header_t *events;
    cm_rows_t *rows;
    cm_error_t *error;

    finder->args[0] = cm_value_text(cm_walk_ids(ids, pool));
    error =
        cm_store_select(&rows, finder->store, cm_statement(CM_SQL_EVENT_FETCH), finder->args, pool);
    if (error) {
        return error;
    }
    events = cm_events_of(rows, pool);
    for (int i = 0; i < events->nelts; i++) {
        cm_audit_event_t *event = APR_ARRAY_IDX(events, i, cm_audit_event_t *);

        apr_hash_set(records, event->id, APR_HASH_KEY_STRING, event);
    }
    return NULL;
}

cm_error_t *cm_events_find(cm_event_page_t *page, cm_store_t *store, const cm_event_query_t *query,
                           apr_pool_t *pool)
{
    const char *const criteria[CRITERIA] = {query->action, query->outcome, query->actor,
                                            query->object, query->trace};
    finder_t finder = {.store = store, .query = query};
    cm_walk_t walk = {
        .keys = walk_keys, .fetch = walk_fetch, .baton = &finder, .limit = query->limit};
    cm_walked_t walked = {apr_array_make(pool, query->limit, sizeof(void *)), NULL};
    int beside = lead_of(query).statement == CM_SQL_EVENT_KEYS ? 0 : -1;
    cm_error_t *error;

    for (int i = 0; i < CRITERIA; i++) {
        finder.args[1 + 2 * i] = finder.args[2 + 2 * i] = cm_value_text(criteria[i]);
        beside += criteria[i] != NULL;
    }
    walk.passing = beside == 0;
    error = cm_walk(&walked, &walk, NULL, CM_WALK_MOST, pool);
    *page = (cm_event_page_t){.items = walked.items};
    if (walked.next) {
        page->until = apr_strtoi64(walked.next->value, NULL, 10);
        page->until_id = walked.next->id;
    }
    return error;
}

cm_error_t *cm_event_read(cm_audit_event_t **event, cm_store_t *store, const char *id,
                          apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(id)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_EVENT_READ), args, pool);

    if (!error) {
        *event = APR_ARRAY_IDX(cm_events_of(rows, pool), 0, cm_audit_event_t *);
    }
    return error;
}
