/* SPDX-License-Identifier: Apache-2.0 */
#include "store/events.h"

#include "store/read.h"

cm_error_t *cm_event_insert(cm_txn_t *txn, const cm_audit_event_t *event)
{
    const cm_value_t args[] = {cm_value_text(event->id),       cm_value_time(event->time),
                               cm_value_text(event->action),   cm_value_text(event->outcome),
                               cm_value_text(event->actor),    cm_value_text(event->object),
                               cm_value_text(event->trace),    cm_value_text(event->detail),
                               cm_value_text(event->personal), cm_value_blob(event->salt)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_EVENT_INSERT), args);
}

static cm_audit_event_t *event_of(const cm_rows_t *rows, int row, apr_pool_t *pool)
{
    enum { ID, TIME, ACTION, OUTCOME, ACTOR, OBJECT, TRACE, DETAIL, PERSONAL, SALT, LEAF };
    cm_audit_event_t *event = apr_pcalloc(pool, sizeof *event);

    event->id = cm_row_text(rows, row, ID);
    event->time = cm_row_time(rows, row, TIME);
    event->action = cm_row_text(rows, row, ACTION);
    event->outcome = cm_row_text(rows, row, OUTCOME);
    event->actor = cm_row_text(rows, row, ACTOR);
    event->object = cm_row_text(rows, row, OBJECT);
    event->trace = cm_row_text(rows, row, TRACE);
    event->detail = cm_row_text(rows, row, DETAIL);
    event->personal = cm_row_text(rows, row, PERSONAL);
    event->salt = cm_row_blob(rows, row, SALT);
    event->position = cm_row_is_null(rows, row, LEAF) ? -1 : cm_row_integer(rows, row, LEAF);
    return event;
}

apr_array_header_t *cm_events_of(const cm_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *events =
        apr_array_make(pool, cm_rows_count(rows), sizeof(cm_audit_event_t *));

    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(events, cm_audit_event_t *) = event_of(rows, i, pool);
    }
    return events;
}

cm_error_t *cm_events_unsealed(apr_array_header_t **events, cm_store_t *store, int limit,
                               apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_EVENT_UNSEALED), args, pool);

    if (!error) {
        *events = cm_events_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_events_waiting(apr_int64_t *count, apr_time_t *oldest, cm_store_t *store,
                              apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_EVENT_WAITING), NULL, pool);

    if (!error) {
        *count = cm_row_integer(rows, 0, 0);
        *oldest = cm_row_time(rows, 0, 1);
    }
    return error;
}

cm_error_t *cm_event_seal(cm_txn_t *txn, const cm_audit_leaf_t *leaf)
{
    const cm_value_t place[] = {cm_value_integer(leaf->position), cm_value_text(leaf->event)};
    const cm_value_t row[] = {place[0], place[1], cm_value_blob(leaf->hash)};
    cm_error_t *error = cm_write_one(txn, cm_statement(CM_SQL_EVENT_SEAL), place,
                                     (cm_miss_t){CM_E_CONFLICT, "the event is sealed already"});

    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_LEAF_INSERT), row);
}

cm_error_t *cm_events_page(apr_array_header_t **events, cm_store_t *store, apr_int64_t from,
                           int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(from), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_EVENT_PAGE), args, pool);

    if (!error) {
        *events = cm_events_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_leaves_page(apr_array_header_t **leaves, cm_store_t *store, apr_int64_t from,
                           int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(from), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_LEAF_PAGE), args, pool);

    if (error) {
        return error;
    }
    *leaves = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_audit_leaf_t *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        cm_audit_leaf_t *leaf = apr_pcalloc(pool, sizeof *leaf);

        leaf->position = cm_row_integer(rows, i, 0);
        leaf->event = cm_row_text(rows, i, 1);
        leaf->hash = cm_row_blob(rows, i, 2);
        APR_ARRAY_PUSH(*leaves, cm_audit_leaf_t *) = leaf;
    }
    return NULL;
}

static cm_audit_head_t *head_of(const cm_rows_t *rows, int row, apr_pool_t *pool)
{
    enum { SIZE, ROOT, PEAKS, TIME, SIGNATURE };
    cm_audit_head_t *head = apr_pcalloc(pool, sizeof *head);

    head->size = cm_row_integer(rows, row, SIZE);
    head->root = cm_row_blob(rows, row, ROOT);
    head->peaks = cm_row_blob(rows, row, PEAKS);
    head->time = cm_row_time(rows, row, TIME);
    head->signature = cm_row_blob(rows, row, SIGNATURE);
    return head;
}

cm_error_t *cm_heads_page(apr_array_header_t **heads, cm_store_t *store, apr_int64_t after,
                          int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(after), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_HEAD_PAGE), args, pool);

    if (error) {
        return error;
    }
    *heads = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_audit_head_t *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*heads, cm_audit_head_t *) = head_of(rows, i, pool);
    }
    return NULL;
}

cm_error_t *cm_head_newest(cm_audit_head_t **head, cm_store_t *store, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_HEAD_NEWEST), NULL, pool);

    *head = !error && cm_rows_count(rows) > 0 ? head_of(rows, 0, pool) : NULL;
    return error;
}

cm_error_t *cm_head_within(cm_audit_head_t **head, cm_store_t *store, apr_int64_t size,
                           apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(size)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_HEAD_WITHIN), args, pool);

    *head = !error && cm_rows_count(rows) > 0 ? head_of(rows, 0, pool) : NULL;
    return error;
}

cm_error_t *cm_head_insert(cm_txn_t *txn, const cm_audit_head_t *head)
{
    const cm_value_t args[] = {cm_value_integer(head->size), cm_value_blob(head->root),
                               cm_value_blob(head->peaks), cm_value_time(head->time),
                               cm_value_blob(head->signature)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_HEAD_INSERT), args);
}
