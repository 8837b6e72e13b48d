/* SPDX-License-Identifier: Apache-2.0 */
#include "store/approvals.h"

#include "store/read.h"

static apr_array_header_t *approvals_of(const cm_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *approvals =
        apr_array_make(pool, cm_rows_count(rows) + 1, sizeof(cm_approval_t));

    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(approvals, cm_approval_t) =
            (cm_approval_t){.place = (int)cm_row_integer(rows, i, 0),
                            .person = cm_row_text(rows, i, 1),
                            .given = cm_row_time(rows, i, 2),
                            .by_claim = cm_row_integer(rows, i, 3) != 0};
    }
    return approvals;
}

cm_error_t *cm_approvals_list(apr_array_header_t **approvals, cm_store_t *store,
                              const char *request, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(request)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_APPROVAL_LIST), args, pool);

    if (!error) {
        *approvals = approvals_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_approvals_list_in(apr_array_header_t **approvals, cm_txn_t *txn, const char *request)
{
    const cm_value_t args[] = {cm_value_text(request)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_APPROVAL_LIST), args);

    if (!error) {
        *approvals = approvals_of(rows, cm_txn_pool(txn));
    }
    return error;
}

cm_error_t *cm_approval_insert(cm_txn_t *txn, const char *request, const cm_approval_t *approval)
{
    const cm_value_t args[] = {cm_value_text(request), cm_value_integer(approval->place),
                               cm_value_text(approval->person), cm_value_time(approval->given),
                               cm_value_integer(approval->by_claim)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_APPROVAL_INSERT), args);
}

cm_error_t *cm_approval_delete(cm_txn_t *txn, const char *request, const char *person)
{
    const cm_value_t args[] = {cm_value_text(request), cm_value_text(person)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_APPROVAL_DELETE), args);
}

cm_error_t *cm_approvals_clear(cm_txn_t *txn, const char *request)
{
    const cm_value_t args[] = {cm_value_text(request)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_APPROVAL_CLEAR), args);
}
