/* SPDX-License-Identifier: Apache-2.0 */
#include "store/events.h"

#include "store/read.h"

enum { LEAVES = 8 }; /* in one statement */

cm_error_t *cm_event_insert(cm_txn_t *txn, const cm_audit_event_t *event)
{
    const cm_value_t args[] = {cm_value_text(event->id),       cm_value_time(event->time),
                               cm_value_text(event->action),   cm_value_text(event->outcome),
                               cm_value_text(event->actor),    cm_value_text(event->object),
                               cm_value_text(event->trace),    cm_value_text(event->detail),
                               cm_value_text(event->personal), cm_value_blob(event->salt)};

    return cm_txn_insert(txn, cm_statement(CM_SQL_EVENT_INSERT), args);
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

static cm_error_t *insert_leaves(cm_txn_t *txn, const cm_audit_leaf_t *leaves, int count)
{
    enum { WIDTH = 3 };
    cm_value_t args[WIDTH * LEAVES];
    cm_statement_id_t id = count == LEAVES ? CM_SQL_LEAVES_INSERT : CM_SQL_LEAF_INSERT;

    for (int i = 0; i < count; i++) {
        args[WIDTH * i] = cm_value_integer(leaves[i].position);
        args[WIDTH * i + 1] = cm_value_text(leaves[i].event);
        args[WIDTH * i + 2] = cm_value_blob(leaves[i].hash);
    }
    return cm_txn_execute(NULL, txn, cm_statement(id), args);
}

cm_error_t *cm_events_seal(cm_txn_t *txn, const apr_array_header_t *leaves)
{
    const cm_audit_leaf_t *first = &APR_ARRAY_IDX(leaves, 0, cm_audit_leaf_t);
    const cm_value_t from[] = {cm_value_integer(first->position)};
    cm_error_t *error = NULL;
    int affected = 0;

    for (int i = 0; !error && i < leaves->nelts;) {
        int count = leaves->nelts - i < LEAVES ? 1 : LEAVES;

        error = insert_leaves(txn, first + i, count);
        i += count;
    }
    if (!error) {
        error = cm_txn_execute(&affected, txn, cm_statement(CM_SQL_EVENTS_SEAL), from);
    }
    if (!error && affected != leaves->nelts) {
        error = cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "an event is sealed already");
    }
    return error;
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
