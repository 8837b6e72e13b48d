/* SPDX-License-Identifier: Apache-2.0 */
#include "store/keys.h"

cm_error_t *cm_key_state(cm_key_state_t *state, cm_store_t *store, const char *spki_sha256,
                         const char *person, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(spki_sha256), cm_value_text(spki_sha256),
                               cm_value_text(person)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_KEY_STATE), args, pool);

    if (!error) {
        state->is_compromised = (int)cm_row_integer(rows, 0, 0);
        state->is_taken = (int)cm_row_integer(rows, 0, 1);
    }
    return error;
}

cm_error_t *cm_key_report(int *is_new, cm_txn_t *txn, const char *spki_sha256, apr_time_t when)
{
    const cm_value_t args[] = {cm_value_text(spki_sha256), cm_value_time(when)};

    return cm_txn_execute(is_new, txn, cm_statement(CM_SQL_COMPROMISED_KEY_INSERT), args);
}

cm_error_t *cm_key_certificates(apr_array_header_t **ids, cm_store_t *store,
                                const char *spki_sha256, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(spki_sha256)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_KEY_CERTIFICATES), args, pool);

    *ids = apr_array_make(pool, 1, sizeof(const char *));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*ids, const char *) = cm_row_text(rows, i, 0);
    }
    return error;
}
