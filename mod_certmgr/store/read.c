/* SPDX-License-Identifier: Apache-2.0 */
#include "store/read.h"

cm_error_t *cm_read_one(cm_rows_t **rows, cm_store_t *store, const cm_statement_t *statement,
                        const cm_value_t *args, apr_pool_t *pool)
{
    cm_error_t *error = cm_store_select(rows, store, statement, args, pool);

    if (!error && cm_rows_count(*rows) == 0) {
        error = cm_error_make(pool, CM_E_NOT_FOUND, "there is no such object");
    }
    return error;
}

cm_error_t *cm_write_one(cm_txn_t *txn, const cm_statement_t *statement, const cm_value_t *args,
                         cm_miss_t miss)
{
    int affected;
    cm_error_t *error = cm_txn_execute(&affected, txn, statement, args);

    if (!error && affected == 0) {
        error = cm_error_make(cm_txn_pool(txn), miss.code, "%s", miss.message);
    }
    return error;
}

cm_error_t *cm_read_word(int *number, int code, const char *word, apr_pool_t *pool)
{
    if (code < 0) {
        return cm_error_explain(
            pool, cm_error_make(pool, CM_E_INTEGRITY, "a stored record has an unknown word"), "%s",
            word ? word : "NULL");
    }
    *number = code;
    return NULL;
}
