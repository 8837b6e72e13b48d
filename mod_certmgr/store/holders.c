/* SPDX-License-Identifier: Apache-2.0 */
#include "store/holders.h"

#include "store/read.h"

cm_error_t *cm_role_holders(apr_int64_t *count, cm_store_t *store, const char *role,
                            apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(role)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_ROLE_HOLDERS), args, pool);

    if (!error) {
        *count = cm_row_integer(rows, 0, 0);
    }
    return error;
}

cm_error_t *cm_role_holders_in(apr_int64_t *count, cm_txn_t *txn, const char *role)
{
    const cm_value_t args[] = {cm_value_text(role)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_RIGHTS_LOCK), NULL);

    if (!error) {
        error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_ROLE_HOLDERS), args);
    }
    if (!error) {
        *count = cm_row_integer(rows, 0, 0);
    }
    return error;
}

cm_error_t *cm_rights_hold(cm_txn_t *txn)
{
    cm_rows_t *rows;

    return cm_txn_select(&rows, txn, cm_statement(CM_SQL_RIGHTS_SHARE), NULL);
}

cm_error_t *cm_person_set_state(cm_txn_t *txn, const char *person, const char *state)
{
    const cm_value_t args[] = {cm_value_text(state), cm_value_text(person), cm_value_text(state)};

    return cm_write_one(txn, cm_statement(CM_SQL_PERSON_STATE), args,
                        (cm_miss_t){CM_E_CONFLICT, "the person is in this state already"});
}
