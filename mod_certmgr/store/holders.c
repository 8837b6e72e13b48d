/* SPDX-License-Identifier: Apache-2.0 */
#include "store/holders.h"

#include <apr_strings.h>

#include "store/read.h"

/* That of administrators is the first there was. */
static const char *milestone_of(const char *role, apr_pool_t *pool)
{
    return strcmp(role, "administrator") == 0 ? "set-up"
                                              : apr_pstrcat(pool, "set-up by ", role, NULL);
}

static void holders_of(cm_holders_t *holders, const cm_rows_t *rows)
{
    holders->known = cm_row_integer(rows, 0, 0);
    holders->able = cm_row_integer(rows, 0, 1);
    holders->is_kept = cm_row_integer(rows, 0, 2) != 0;
}

cm_error_t *cm_role_holders(cm_holders_t *holders, cm_store_t *store, const char *role,
                            apr_time_t now, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(milestone_of(role, pool)), cm_value_integer(now),
                               cm_value_integer(now), cm_value_text(role)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_ROLE_HOLDERS), args, pool);

    if (!error) {
        holders_of(holders, rows);
    }
    return error;
}

cm_error_t *cm_role_holders_in(cm_holders_t *holders, cm_txn_t *txn, const char *role,
                               apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(milestone_of(role, cm_txn_pool(txn))),
                               cm_value_integer(now), cm_value_integer(now), cm_value_text(role)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_RIGHTS_LOCK), NULL);

    if (!error) {
        error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_ROLE_HOLDERS), args);
    }
    if (!error) {
        holders_of(holders, rows);
    }
    return error;
}

cm_error_t *cm_set_up_keep(cm_txn_t *txn, const char *role, apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(milestone_of(role, cm_txn_pool(txn))),
                               cm_value_integer(now)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_SET_UP_KEEP), args);
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
