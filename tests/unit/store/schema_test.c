/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <apr_strings.h>

#include "unit/store/suite.h"

START_TEST(an_empty_database_says_which_command_to_run)
{
    db_t *db = db_make(_i, 0);
    cm_error_t *error = cm_store_check(db->store, pool);
    int version = -1;
    int applied;

    assert_refused(error, CM_E_CONFIG, NULL);
    ck_assert_ptr_nonnull(strstr(error->hint, "certmgrctl db upgrade"));
    assert_done(cm_store_schema(&version, db->store, pool));
    ck_assert_int_eq(version, 0);

    assert_done(cm_store_upgrade(&applied, db->store, pool));
    ck_assert_int_ge(applied, 1);
    assert_done(cm_store_schema(&version, db->store, pool));
    ck_assert_int_ge(version, applied); /* numbers may have gaps */
    assert_done(cm_store_check(db->store, pool));
    assert_done(cm_store_upgrade(&applied, db->store, pool));
    ck_assert_int_eq(applied, 0);
    if (_i == ON_SQLITE) {
        ck_assert_str_eq(db_sql(db, "PRAGMA journal_mode"), "wal");
    }
}
END_TEST

START_TEST(a_migration_that_is_not_ours_is_noticed)
{
    db_t *db = db_make(_i, 1);
    int applied;

    db_sql(db, "UPDATE schema_migration SET digest = 'ab' WHERE number = 1");
    assert_refused(cm_store_check(db->store, pool), CM_E_INTEGRITY, "store.migration");
    assert_refused(cm_store_upgrade(&applied, db->store, pool), CM_E_INTEGRITY, "store.migration");
}
END_TEST

START_TEST(a_newer_schema_is_served_on_as_long_as_it_says_so)
{
    db_t *db = db_make(_i, 1);
    int version;

    db_sql(db, "INSERT INTO schema_migration (number, name, compatible, digest, applied)"
               " VALUES (900, 'later', 1, '-', 1)");
    assert_done(cm_store_check(db->store, pool));
    assert_done(cm_store_schema(&version, db->store, pool));
    ck_assert_int_eq(version, 900);
    db_sql(db, "UPDATE schema_migration SET compatible = 900 WHERE number = 900");
    assert_refused(cm_store_check(db->store, pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(migrations_are_numbered_from_one)
{
    for (int i = 0; cm_migrations[i].name; i++) {
        ck_assert_int_ge(cm_migrations[i].number, i ? cm_migrations[i - 1].number + 1 : 1);
        ck_assert_int_le(cm_migrations[i].compatible, cm_migrations[i].number);
        ck_assert_int_ge(cm_migrations[i].compatible, 1);
    }
}
END_TEST

/* The kinds of the parameters in the SQL, as the letters of the list. */
static const char *kinds_in(const char *sql)
{
    char *kinds = apr_pstrdup(pool, sql);
    char *next = kinds;

    for (; *sql; sql++) {
        if (sql[0] == '%' && sql[1] == '%') {
            sql++;
        } else if (*sql == '%') {
            *next++ = strncmp(sql, "%s", 2) == 0     ? 't'
                      : strncmp(sql, "%lld", 4) == 0 ? 'i'
                      : strncmp(sql, "%pDb", 4) == 0 ? 'b'
                                                     : '?';
        }
    }
    *next = '\0';
    return kinds;
}

START_TEST(each_statement_is_well_described_and_can_be_prepared)
{
    db_t *db = db_make(_i, 1);
    const apr_dbd_driver_t *driver;
    apr_dbd_t *conn;

    ck_assert(apr_dbd_get_driver(pool, db->config.driver, &driver) == APR_SUCCESS);
    ck_assert(apr_dbd_open(driver, pool, db->config.params, &conn) == APR_SUCCESS);
    for (int i = 0; i < CM_SQL_COUNT; i++) {
        const cm_statement_t *statement = cm_statement((cm_statement_id_t)i);
        const char *sql = _i == ON_POSTGRES && statement->pgsql ? statement->pgsql : statement->sql;
        apr_dbd_prepared_t *prepared = NULL;

        ck_assert_msg(strcmp(kinds_in(sql), statement->params) == 0, "%s", statement->name);
        ck_assert_int_eq((int)strspn(statement->columns, "tib"), (int)strlen(statement->columns));
        for (int j = 0; j < i; j++) {
            ck_assert_str_ne(statement->name, cm_statement((cm_statement_id_t)j)->name);
        }
        if (_i == ON_SQLITE || strncmp(statement->name, "sqlite_", 7) != 0) {
            ck_assert_msg(apr_dbd_prepare(driver, pool, conn, sql, statement->name, &prepared) == 0,
                          "%s: %s", statement->name, apr_dbd_error(driver, conn, 0));
        }
    }
    apr_dbd_close(driver, conn);
}
END_TEST

TCase *schema_case(void)
{
    TCase *tcase = db_case("schema");

    tcase_add_loop_test(tcase, an_empty_database_says_which_command_to_run, 0, 2);
    tcase_add_loop_test(tcase, a_migration_that_is_not_ours_is_noticed, 0, 2);
    tcase_add_loop_test(tcase, a_newer_schema_is_served_on_as_long_as_it_says_so, 0, 2);
    tcase_add_test(tcase, migrations_are_numbered_from_one);
    tcase_add_loop_test(tcase, each_statement_is_well_described_and_can_be_prepared, 0, 2);
    return tcase;
}
