/* SPDX-License-Identifier: Apache-2.0 */
#include "store/people.h"

#include "store/read.h"

/* Rows of one person stand together, one a role; those of roles in groups name the group. */
static apr_array_header_t *people_of(const cm_rows_t *rows, apr_pool_t *pool)
{
    enum { ID, NAME, MAIL, STATE, CREATED, ROLE, GROUP };
    apr_array_header_t *people = apr_array_make(pool, 1, sizeof(cm_person_t *));
    apr_array_header_t *roles = NULL, *group_roles = NULL;
    cm_person_t *person = NULL;

    for (int i = 0; i < cm_rows_count(rows); i++) {
        const char *id = cm_row_text(rows, i, ID);
        const char *role = cm_row_text(rows, i, ROLE);
        const char *group = cm_row_text(rows, i, GROUP);

        if (!person || strcmp(person->id, id) != 0) {
            roles = apr_array_make(pool, 2, sizeof(const char *));
            group_roles = apr_array_make(pool, 1, sizeof(cm_group_role_t));
            person = apr_pcalloc(pool, sizeof *person);
            *person = (cm_person_t){.id = id,
                                    .name = cm_row_text(rows, i, NAME),
                                    .mail = cm_row_text(rows, i, MAIL),
                                    .state = cm_row_text(rows, i, STATE),
                                    .created = cm_row_time(rows, i, CREATED),
                                    .roles = roles,
                                    .group_roles = group_roles};
            APR_ARRAY_PUSH(people, cm_person_t *) = person;
        }
        if (*group) {
            APR_ARRAY_PUSH(group_roles, cm_group_role_t) = (cm_group_role_t){group, role};
        } else if (role) {
            APR_ARRAY_PUSH(roles, const char *) = role;
        }
    }
    return people;
}

cm_error_t *cm_person_read(cm_person_t **person, cm_store_t *store, const char *id,
                           apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(id), cm_value_text(id)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_PERSON_READ), args, pool);

    if (!error) {
        *person = APR_ARRAY_IDX(people_of(rows, pool), 0, cm_person_t *);
    }
    return error;
}

cm_error_t *cm_person_read_in(cm_person_t **person, cm_txn_t *txn, const char *id)
{
    const cm_value_t args[] = {cm_value_text(id), cm_value_text(id)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_PERSON_READ), args);

    if (!error && cm_rows_count(rows) == 0) {
        error = cm_error_make(cm_txn_pool(txn), CM_E_NOT_FOUND, "there is no such person");
    }
    if (!error) {
        *person = APR_ARRAY_IDX(people_of(rows, cm_txn_pool(txn)), 0, cm_person_t *);
    }
    return error;
}

cm_error_t *cm_person_has_mail(int *has, cm_store_t *store, const char *mail, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(mail)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_PERSON_HAS_MAIL), args, pool);

    *has = !error && cm_rows_count(rows) > 0;
    return error;
}

cm_error_t *cm_person_by_login(cm_person_t **person, cm_store_t *store, const cm_login_t *login,
                               apr_pool_t *pool)
{
    const cm_value_t method = cm_value_text(login->method);
    const cm_value_t issuer = cm_value_text(login->issuer);
    const cm_value_t subject = cm_value_text(login->subject);
    const cm_value_t args[] = {method, issuer, subject, method, issuer, subject};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_PERSON_BY_LOGIN), args, pool);

    if (!error) {
        *person = APR_ARRAY_IDX(people_of(rows, pool), 0, cm_person_t *);
    }
    return error;
}

cm_error_t *cm_people_list(apr_array_header_t **people, cm_store_t *store, const char *after,
                           int limit, apr_pool_t *pool)
{
    const cm_value_t first = cm_value_text(after ? after : CM_ID_FIRST);
    const cm_value_t count = cm_value_integer(limit);
    const cm_value_t args[] = {first, count, first, count};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_PEOPLE_LIST), args, pool);

    if (!error) {
        *people = people_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_person_insert(cm_txn_t *txn, const cm_person_t *person)
{
    const cm_value_t args[] = {cm_value_text(person->id), cm_value_text(person->name),
                               cm_value_text(person->mail), cm_value_text(person->state),
                               cm_value_time(person->created)};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_PERSON_INSERT), args);

    for (int i = 0; !error && person->roles && i < person->roles->nelts; i++) {
        error = cm_person_add_role(txn, person->id, APR_ARRAY_IDX(person->roles, i, const char *));
    }
    return error;
}

cm_error_t *cm_person_add_login(cm_txn_t *txn, const char *person, const cm_login_t *login)
{
    const cm_value_t args[] = {cm_value_text(login->method), cm_value_text(login->issuer),
                               cm_value_text(login->subject), cm_value_text(person)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_LOGIN_INSERT), args);
}

cm_error_t *cm_person_add_role(cm_txn_t *txn, const char *person, const char *role)
{
    const cm_value_t args[] = {cm_value_text(person), cm_value_text(role)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_ROLE_INSERT), args);
}

cm_error_t *cm_person_remove_role(cm_txn_t *txn, const char *person, const char *role)
{
    const cm_value_t args[] = {cm_value_text(person), cm_value_text(role)};

    return cm_write_one(txn, cm_statement(CM_SQL_ROLE_DELETE), args,
                        (cm_miss_t){CM_E_NOT_FOUND, "this person does not have this role"});
}

cm_error_t *cm_person_remove_login(cm_txn_t *txn, const char *person, const cm_login_t *login)
{
    const cm_value_t args[] = {cm_value_text(login->method), cm_value_text(login->issuer),
                               cm_value_text(login->subject), cm_value_text(person)};

    return cm_write_one(txn, cm_statement(CM_SQL_LOGIN_DELETE), args,
                        (cm_miss_t){CM_E_NOT_FOUND, "this person does not have this log-in"});
}

cm_error_t *cm_person_logins(apr_array_header_t **logins, cm_store_t *store, const char *person,
                             apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(person)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_LOGIN_LIST), args, pool);

    *logins = apr_array_make(pool, 2, sizeof(cm_login_t));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*logins, cm_login_t) =
            (cm_login_t){cm_row_text(rows, i, 0), cm_row_text(rows, i, 1), cm_row_text(rows, i, 2)};
    }
    return error;
}
