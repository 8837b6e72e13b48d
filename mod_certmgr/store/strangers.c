/* SPDX-License-Identifier: Apache-2.0 */
#include "store/strangers.h"

#include "store/read.h"

enum { OPEN_MAX = 1000 };

static cm_error_t *write_count(int *affected, cm_txn_t *txn, cm_statement_id_t statement,
                               const cm_stranger_count_t *count)
{
    const cm_value_t args[] = {cm_value_integer(count->hour), cm_value_text(count->rule),
                               cm_value_text(count->holder), cm_value_integer(count->refused)};

    return cm_txn_execute(affected, txn, cm_statement(statement), args);
}

cm_error_t *cm_stranger_set(cm_txn_t *txn, const cm_stranger_count_t *count)
{
    return write_count(NULL, txn, CM_SQL_STRANGER_SET, count);
}

cm_error_t *cm_strangers_oldest(apr_time_t *hour, cm_store_t *store, apr_time_t before,
                                apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(before)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_STRANGER_OLDEST), args, pool);

    *hour = !error && cm_rows_count(rows) > 0 ? cm_row_time(rows, 0, 0) : 0;
    return error;
}

cm_error_t *cm_strangers_open(apr_array_header_t **counts, cm_txn_t *txn, apr_time_t hour)
{
    const cm_value_t args[] = {cm_value_integer(hour), cm_value_integer(OPEN_MAX)};
    apr_pool_t *pool = cm_txn_pool(txn);
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_STRANGER_OPEN), args);

    if (error) {
        return error;
    }
    *counts = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_stranger_count_t *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        cm_stranger_count_t *count = apr_pcalloc(pool, sizeof *count);

        *count = (cm_stranger_count_t){cm_row_time(rows, i, 0), cm_row_text(rows, i, 1),
                                       cm_row_text(rows, i, 2), cm_row_integer(rows, i, 3)};
        APR_ARRAY_PUSH(*counts, cm_stranger_count_t *) = count;
    }
    return NULL;
}

cm_error_t *cm_stranger_close(cm_txn_t *txn, const cm_stranger_count_t *count)
{
    const cm_stranger_count_t total = {count->hour, count->rule, "", count->refused};
    int affected = 0;
    cm_error_t *error = write_count(&affected, txn, CM_SQL_STRANGER_DELETE, count);

    if (!error && affected == 0) {
        error = cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "the count has changed meanwhile");
    }
    return error ? error : write_count(NULL, txn, CM_SQL_STRANGER_ADD, &total);
}

cm_error_t *cm_strangers_page(apr_array_header_t **counts, cm_store_t *store,
                              const cm_stranger_query_t *query, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(query->until),
                               cm_value_text(query->until_rule ? query->until_rule : CM_ID_FIRST),
                               cm_value_integer(query->limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_STRANGER_PAGE), args, pool);

    if (error) {
        return error;
    }
    *counts = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_stranger_count_t *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        cm_stranger_count_t *count = apr_pcalloc(pool, sizeof *count);

        *count = (cm_stranger_count_t){cm_row_time(rows, i, 0), cm_row_text(rows, i, 1), NULL,
                                       cm_row_integer(rows, i, 2)};
        APR_ARRAY_PUSH(*counts, cm_stranger_count_t *) = count;
    }
    return NULL;
}
