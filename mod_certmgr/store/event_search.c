/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching the audit log. Each criterion has an index of its own; of several that are given the
 * one that is likely to leave the fewest events leads, and the others are compared on its way.
 */
#include "store/events.h"
#include "store/read.h"

typedef struct {
    cm_statement_id_t statement;
    const char *value; /* first parameter, or NULL: the statement has it in its text */
} lead_t;

static lead_t lead_of(const cm_event_query_t *query)
{
    const lead_t leads[] = {{CM_SQL_EVENT_FIND_TRACE, query->trace},
                            {CM_SQL_EVENT_FIND_OBJECT, query->object},
                            {CM_SQL_EVENT_FIND_ACTOR, query->actor}};

    for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
        if (leads[i].value) {
            return leads[i];
        }
    }
    if (query->outcome && strcmp(query->outcome, "refused") == 0) {
        return (lead_t){CM_SQL_EVENT_FIND_REFUSED, NULL};
    }
    return query->action ? (lead_t){CM_SQL_EVENT_FIND_ACTION, query->action}
                         : (lead_t){CM_SQL_EVENT_FIND, NULL};
}

const cm_statement_t *cm_events_statement(cm_value_t *args, const cm_event_query_t *query)
{
    const char *const criteria[] = {query->action, query->outcome, query->actor, query->object,
                                    query->trace};
    const lead_t lead = lead_of(query);

    if (lead.value) {
        *args++ = cm_value_text(lead.value);
    }
    *args++ = cm_value_integer(query->since);
    *args++ = cm_value_integer(query->until);
    *args++ = cm_value_text(query->until_id ? query->until_id : CM_ID_FIRST);
    *args++ = cm_value_integer(APR_INT64_MAX);
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        *args++ = cm_value_text(criteria[i]);
        *args++ = cm_value_text(criteria[i]);
    }
    *args = cm_value_integer(query->limit);
    return cm_statement(lead.statement);
}

cm_error_t *cm_events_find(apr_array_header_t **events, cm_store_t *store,
                           const cm_event_query_t *query, apr_pool_t *pool)
{
    cm_value_t args[CM_EVENT_ARGS];
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_events_statement(args, query), args, pool);

    if (!error) {
        *events = cm_events_of(rows, pool);
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
