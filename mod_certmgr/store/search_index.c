/* SPDX-License-Identifier: Apache-2.0 */
#include "store/read.h"
#include "store/search.h"
#include "store/walk.h"

/* A batch is one turn of the writer: some 100 us for each certificate. */
enum { BATCH = 100 };

typedef struct {
    int count;
} batch_t;

static cm_error_t *index_batch(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    static const cm_statement_id_t steps[] = {CM_SQL_QUEUE_CN, CM_SQL_QUEUE_NAMES,
                                              CM_SQL_QUEUE_INDEX, CM_SQL_QUEUE_DELETE};
    const cm_value_t limit[] = {cm_value_integer(BATCH)};
    batch_t *batch = baton;
    apr_array_header_t *ids = apr_array_make(cm_txn_pool(txn), BATCH, sizeof(const char *));
    cm_value_t list[1];
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_QUEUE_PAGE), limit);

    (void)event;
    if (error) {
        return error;
    }
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(ids, const char *) = cm_row_text(rows, i, 0);
    }
    list[0] = cm_value_text(cm_walk_ids(ids, cm_txn_pool(txn)));
    for (size_t i = 0; !error && i < sizeof steps / sizeof *steps; i++) {
        error = cm_txn_execute(NULL, txn, cm_statement(steps[i]), list);
    }
    batch->count = ids->nelts;
    return error;
}

cm_error_t *cm_search_waits(int *waits, cm_store_t *store, apr_pool_t *pool)
{
    const cm_value_t limit[] = {cm_value_integer(1)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_QUEUE_PAGE), limit, pool);

    *waits = !error && cm_rows_count(rows) > 0;
    return error;
}

cm_error_t *cm_search_index(int *count, cm_store_t *store, apr_pool_t *pool)
{
    batch_t batch = {0};
    cm_error_t *error = cm_store_maintain(store, index_batch, &batch, pool);

    *count = batch.count;
    return error;
}
