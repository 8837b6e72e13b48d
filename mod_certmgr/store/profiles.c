/* SPDX-License-Identifier: Apache-2.0 */
#include "store/profiles.h"

#include "store/read.h"

static cm_profile_record_t *profile_of(const cm_rows_t *rows, int row, apr_pool_t *pool)
{
    enum { NAME, VERSION, CONTENT, CREATED };
    cm_profile_record_t *profile = apr_pcalloc(pool, sizeof *profile);

    profile->name = cm_row_text(rows, row, NAME);
    profile->version = cm_row_integer(rows, row, VERSION);
    profile->text = cm_row_text(rows, row, CONTENT);
    profile->created = cm_row_time(rows, row, CREATED);
    return profile;
}

cm_error_t *cm_profile_read(cm_profile_record_t **profile, cm_store_t *store, const char *name,
                            apr_int64_t version, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(name), cm_value_integer(version)};
    cm_statement_id_t id = version ? CM_SQL_PROFILE_READ : CM_SQL_PROFILE_NEWEST;
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(id), args, pool);

    if (!error) {
        *profile = profile_of(rows, 0, pool);
    }
    return error;
}

cm_error_t *cm_profiles_list(apr_array_header_t **profiles, cm_store_t *store, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_PROFILE_LIST), NULL, pool);

    if (error) {
        return error;
    }
    *profiles = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_profile_record_t *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*profiles, cm_profile_record_t *) = profile_of(rows, i, pool);
    }
    return NULL;
}

cm_error_t *cm_profile_insert(cm_txn_t *txn, const cm_profile_record_t *profile)
{
    const cm_value_t args[] = {cm_value_text(profile->name), cm_value_integer(profile->version),
                               cm_value_text(profile->text), cm_value_time(profile->created)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_PROFILE_INSERT), args);
}
