/* SPDX-License-Identifier: Apache-2.0 */
#include "store/retries.h"

#include "store/read.h"

cm_error_t *cm_retry_read(cm_retry_record_t *record, cm_store_t *store, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(record->person), cm_value_text(record->key)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_RETRY_READ), args, pool);

    if (!error) {
        record->digest = cm_row_text(rows, 0, 0);
        record->request = cm_row_text(rows, 0, 1);
    }
    return error;
}

cm_error_t *cm_retry_insert(cm_txn_t *txn, const cm_retry_record_t *record, apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(record->person), cm_value_text(record->key),
                               cm_value_text(record->digest), cm_value_text(record->request),
                               cm_value_time(now)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_RETRY_INSERT), args);
}

cm_error_t *cm_retries_are_old(int *old, cm_store_t *store, apr_time_t before, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_time(before)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_RETRY_OLD), args, pool);

    *old = !error && cm_rows_count(rows) > 0;
    return error;
}

cm_error_t *cm_retries_prune(cm_txn_t *txn, apr_time_t before)
{
    const cm_value_t args[] = {cm_value_time(before)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_RETRY_PRUNE), args);
}
