/* SPDX-License-Identifier: Apache-2.0 */
#include "store/keys.h"

static cm_error_t *exists(int *found, cm_store_t *store, cm_statement_id_t id,
                          const cm_value_t *args, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(id), args, pool);

    *found = !error && cm_rows_count(rows) > 0;
    return error;
}

cm_error_t *cm_key_state(cm_key_state_t *state, cm_store_t *store, const char *spki_sha256,
                         const char *person, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(spki_sha256), cm_value_text(person)};
    cm_error_t *error =
        exists(&state->is_compromised, store, CM_SQL_COMPROMISED_KEY_READ, args, pool);

    return error ? error : exists(&state->is_taken, store, CM_SQL_KEY_TAKEN, args, pool);
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
