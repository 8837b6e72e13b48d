/* SPDX-License-Identifier: Apache-2.0 */
#include "store/groups.h"

#include "store/read.h"

static const char *const kinds[] = {[CM_GROUP_PROFILE] = "profile", [CM_GROUP_DOMAIN] = "domain"};

/* Rows of one group stand together, one an entry. */
static apr_array_header_t *groups_of(const cm_rows_t *rows, apr_pool_t *pool)
{
    enum { NAME, CREATED, KIND, VALUE };
    apr_array_header_t *groups = apr_array_make(pool, 1, sizeof(cm_group_t *));
    apr_array_header_t *profiles = NULL, *domains = NULL;
    cm_group_t *group = NULL;

    for (int i = 0; i < cm_rows_count(rows); i++) {
        const char *name = cm_row_text(rows, i, NAME);
        const char *kind = cm_row_text(rows, i, KIND);

        if (!group || strcmp(group->name, name) != 0) {
            profiles = apr_array_make(pool, 2, sizeof(const char *));
            domains = apr_array_make(pool, 2, sizeof(const char *));
            group = apr_palloc(pool, sizeof *group);
            *group = (cm_group_t){name, cm_row_time(rows, i, CREATED), profiles, domains};
            APR_ARRAY_PUSH(groups, cm_group_t *) = group;
        }
        if (kind) {
            APR_ARRAY_PUSH(strcmp(kind, kinds[CM_GROUP_PROFILE]) == 0 ? profiles : domains,
                           const char *) = cm_row_text(rows, i, VALUE);
        }
    }
    return groups;
}

cm_error_t *cm_group_read(cm_group_t **group, cm_store_t *store, const char *name, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(name)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_GROUP_READ), args, pool);

    if (!error && cm_rows_count(rows) == 0) {
        return cm_error_make(pool, CM_E_NOT_FOUND, "there is no such group");
    }
    if (!error) {
        *group = APR_ARRAY_IDX(groups_of(rows, pool), 0, cm_group_t *);
    }
    return error;
}

cm_error_t *cm_groups_list(apr_array_header_t **groups, cm_store_t *store, const char *after,
                           int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(after ? after : CM_ID_FIRST), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_GROUP_LIST), args, pool);

    if (!error) {
        *groups = groups_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_group_people(apr_array_header_t **seats, cm_store_t *store,
                            const cm_group_seat_t *after, int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(after->group), cm_value_text(after->person),
                               cm_value_text(after->role), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_GROUP_PEOPLE), args, pool);

    *seats = apr_array_make(pool, 8, sizeof(cm_group_seat_t));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*seats, cm_group_seat_t) =
            (cm_group_seat_t){after->group, cm_row_text(rows, i, 0), cm_row_text(rows, i, 1)};
    }
    return error;
}

cm_error_t *cm_groups_of_profile(apr_array_header_t **names, cm_store_t *store, const char *profile,
                                 apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(profile)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_GROUP_OF_PROFILE), args, pool);

    *names = apr_array_make(pool, 2, sizeof(const char *));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*names, const char *) = cm_row_text(rows, i, 0);
    }
    return error;
}

cm_error_t *cm_group_insert(cm_txn_t *txn, const cm_group_t *group)
{
    const cm_value_t args[] = {cm_value_text(group->name), cm_value_time(group->created)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_GROUP_INSERT), args);
}

cm_error_t *cm_group_delete(cm_txn_t *txn, const char *name)
{
    const cm_value_t args[] = {cm_value_text(name), cm_value_text(name)};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_GROUP_DOMAINS_DELETE), args);

    if (!error) {
        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_GROUP_ROLES_DELETE), args);
    }
    return error ? error
                 : cm_write_one(txn, cm_statement(CM_SQL_GROUP_DELETE), args,
                                (cm_miss_t){CM_E_CONFLICT, "the group is not there, or it lists "
                                                           "profiles, which would then be open to "
                                                           "everybody"});
}

static cm_error_t *change(cm_txn_t *txn, cm_statement_id_t id, const char *const words[3],
                          const char *missing)
{
    const cm_value_t args[] = {cm_value_text(words[0]), cm_value_text(words[1]),
                               cm_value_text(words[2])};

    return cm_write_one(txn, cm_statement(id), args, (cm_miss_t){CM_E_NOT_FOUND, missing});
}

cm_error_t *cm_group_add_entry(cm_txn_t *txn, const cm_group_entry_t *entry)
{
    const char *const words[] = {kinds[entry->kind], entry->value, entry->group};

    return change(txn, CM_SQL_GROUP_ENTRY_INSERT, words, "there is no such group");
}

cm_error_t *cm_group_remove_entry(cm_txn_t *txn, const cm_group_entry_t *entry)
{
    const char *const words[] = {kinds[entry->kind], entry->value, entry->group};

    return change(txn, CM_SQL_GROUP_ENTRY_DELETE, words, "the group does not have this");
}

cm_error_t *cm_group_add_seat(cm_txn_t *txn, const cm_group_seat_t *seat)
{
    const char *const words[] = {seat->person, seat->role, seat->group};

    return change(txn, CM_SQL_GROUP_ROLE_INSERT, words, "there is no such group");
}

cm_error_t *cm_group_remove_seat(cm_txn_t *txn, const cm_group_seat_t *seat)
{
    const char *const words[] = {seat->person, seat->role, seat->group};

    return change(txn, CM_SQL_GROUP_ROLE_DELETE, words, "this person is not that in this group");
}
