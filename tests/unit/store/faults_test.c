/* SPDX-License-Identifier: Apache-2.0
 *
 * PostgreSQL going away at every point before COMMIT, and forgetting what was prepared.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <unistd.h>

#include "store/schema.h"
#include "unit/store/suite.h"

static const cm_statement_t backend = {"backend", "", "i", "SELECT pg_backend_pid()", NULL};

/* Sleeps as long as the item "sleep" says. */
static const cm_statement_t slow = {
    "slow", "", "t", "SELECT CAST(pg_sleep((SELECT amount FROM item WHERE id = 'sleep')) AS TEXT)",
    NULL};

typedef struct {
    const db_t *db;
    int killed;
} killer_t;

/* Waits until a session sleeps, makes sure that nobody sleeps again, and kills its server. */
static void *APR_THREAD_FUNC kill_the_sleeper(apr_thread_t *thread, void *data)
{
    killer_t *killer = data;
    const char *pid = NULL;

    (void)thread;
    for (int i = 0; !pid && i < 500; i++) {
        apr_sleep(10000);
        pid = db_sql(killer->db, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    }
    if (pid) {
        db_sql(killer->db, "UPDATE item SET amount = 0 WHERE id = 'sleep'");
        killer->killed = kill((pid_t)strtol(pid, NULL, 10), SIGKILL) == 0;
    }
    return NULL;
}

static db_t *db_with_a_sleeper(void)
{
    db_t *db = db_make(ON_POSTGRES, 1);

    db_sql(db, "INSERT INTO item (id, amount) VALUES ('sleep', 20)");
    return db;
}

START_TEST(a_server_killed_in_mid_select_is_asked_again)
{
    db_t *db = db_with_a_sleeper();
    killer_t killer = {.db = db};
    apr_thread_t *thread;
    apr_status_t status;
    cm_rows_t *rows;

    apr_thread_create(&thread, NULL, kill_the_sleeper, &killer, pool);
    assert_done(cm_store_select(&rows, db->store, &slow, NULL, pool));
    apr_thread_join(&status, thread);
    ck_assert(killer.killed);
    ck_assert_int_eq(cm_rows_count(rows), 1);
}
END_TEST

static cm_error_t *insert_and_sleep(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    cm_error_t *error = insert_item(txn, event, baton);
    cm_rows_t *rows;

    return error ? error : cm_txn_select(&rows, txn, &slow, NULL);
}

START_TEST(a_server_killed_in_mid_statement_of_a_transaction)
{
    db_t *db = db_with_a_sleeper();
    killer_t killer = {.db = db};
    item_baton_t item = {.id = "a"};
    apr_thread_t *thread;
    apr_status_t status;

    apr_thread_create(&thread, NULL, kill_the_sleeper, &killer, pool);
    assert_done(cm_store_transact(db->store, insert_and_sleep, &item, db_event("e"), pool));
    apr_thread_join(&status, thread);
    ck_assert(killer.killed);
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 2);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

/* Kills its own session between two statements, in its first run. */
static cm_error_t *insert_and_kill(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    item_baton_t *item = baton;
    item_baton_t second = {.id = "second"};
    cm_error_t *error = insert_item(txn, event, item);
    cm_rows_t *rows;

    if (!error) {
        error = cm_txn_select(&rows, txn, &backend, NULL);
    }
    if (!error && item->runs == 1) {
        kill((pid_t)cm_row_integer(rows, 0, 0), SIGKILL);
        apr_sleep(apr_time_from_msec(50));
    }
    return error ? error : insert_item(txn, event, &second);
}

START_TEST(a_server_killed_between_statements)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    item_baton_t item = {.id = "a"};

    assert_done(cm_store_transact(db->store, insert_and_kill, &item, db_event("e"), pool));
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 2);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

START_TEST(a_server_restarted_while_idle_is_not_noticed)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    const cm_value_t id[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    ck_assert_int_eq(run_script("restart", db_server, NULL, 0), 0);
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_eq(cm_rows_count(rows), 1);
    ck_assert_int_eq(run_script("restart", db_server, NULL, 0), 0);
    item.id = "b";
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e2"), pool));
    ck_assert_int_eq(db_items(db), 2);
}
END_TEST

/* The connection is reset in place, as mod_dbd does, and nobody tells the store. */
START_TEST(statements_the_server_forgot_are_prepared_anew)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    const cm_value_t id[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_ne(db_sql_behind(db, "SELECT pg_terminate_backend(pg_backend_pid())"), 0);
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_eq(cm_rows_count(rows), 1);

    item.id = "b";
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e2"), pool));
    ck_assert_int_eq(db_sql_behind(db, "DEALLOCATE ALL"), 0);
    item = (item_baton_t){.id = "c"};
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e3"), pool));
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 3);
    ck_assert_int_eq(db_events(db), 3);
}
END_TEST

/* SQLite's older interface, which apr_dbd uses, does not prepare anew by itself either. */
START_TEST(statements_survive_a_change_of_the_schema)
{
    db_t *db = db_make(_i, 1);
    const cm_value_t id[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    db_sql(db, "ALTER TABLE item ADD COLUMN extra TEXT");
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_eq(cm_rows_count(rows), 1);
    db_sql(db, "ALTER TABLE item DROP COLUMN extra");
    if (_i == ON_POSTGRES) { /* which minds only when the result is of another type */
        db_sql(db, "ALTER TABLE item ALTER COLUMN note TYPE VARCHAR(50)");
        assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    }
    item.id = "b";
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e2"), pool));
    ck_assert_int_eq(db_items(db), 2);
}
END_TEST

START_TEST(a_database_that_is_not_there_is_told_at_once)
{
    db_t *db = db_make(_i, 1);
    db_t absent = *db;
    const cm_value_t id[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;
    cm_store_t *store;

    absent.config.deadline = apr_time_from_sec(3600); /* who waited for it would not end in time */
    absent.config.params =
        _i == ON_SQLITE ? "/nonexistent/db" : "host=/nonexistent user=postgres dbname=x";
    store = db_another_store(&absent);
    assert_refused(cm_store_select(&rows, store, &item_read, id, pool), CM_E_DATABASE, NULL);
    assert_refused(cm_store_transact(store, insert_item, &item, db_event("e"), pool), CM_E_DATABASE,
                   NULL);
    assert_refused(cm_store_check(store, pool), CM_E_DATABASE, NULL);
    ck_assert_int_eq(item.runs, 0);
}
END_TEST

/* Its first connection is one whose server has just gone. */
typedef struct {
    cm_db_source_t source;
    const cm_db_source_t *inner;
    int leased;
} doomed_t;

static cm_error_t *doomed_lease(cm_db_handle_t *handle, const cm_db_source_t *source,
                                apr_pool_t *of_call)
{
    doomed_t *doomed = source->self;
    cm_error_t *error = doomed->inner->lease(handle, doomed->inner, of_call);
    int affected;

    if (!error && doomed->leased++ == 0) {
        apr_dbd_query(handle->driver, handle->conn, &affected,
                      "SELECT pg_terminate_backend(pg_backend_pid())");
    }
    return error;
}

static void doomed_release(cm_db_handle_t *handle, const cm_db_source_t *source)
{
    const doomed_t *doomed = source->self;

    doomed->inner->release(handle, doomed->inner);
}

START_TEST(a_server_killed_before_the_first_call)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    doomed_t doomed = {{doomed_lease, doomed_release, &doomed, NULL}, NULL, 0};
    const cm_value_t id[] = {cm_value_text("a")};
    const cm_db_source_t *fresh;
    cm_store_t *store;
    cm_rows_t *rows;

    assert_done(cm_source_make(&fresh, &db->config, 4, pool));
    doomed.inner = fresh;
    assert_done(cm_store_make(&store, &doomed.source, &db->config, pool));
    assert_done(cm_store_select(&rows, store, &item_read, id, pool));
    ck_assert_int_eq(doomed.leased, 2);
}
END_TEST

/* Has one connection to give, and then none. */
static cm_error_t *lease_once(cm_db_handle_t *handle, const cm_db_source_t *source,
                              apr_pool_t *of_call)
{
    doomed_t *doomed = source->self;

    return doomed->leased++ == 0 ? doomed->inner->lease(handle, doomed->inner, of_call)
                                 : cm_error_make(of_call, CM_E_DATABASE, "gone");
}

static cm_error_t *lose_and_ignore(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)insert_and_kill(txn, event, baton);
    return NULL;
}

/* No COMMIT was sent, whatever the work made of it: so nothing was stored, for certain. */
START_TEST(a_loss_that_was_ignored_is_no_doubt)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    doomed_t doomed = {{lease_once, doomed_release, &doomed, NULL}, db->source, 0};
    item_baton_t item = {.id = "a"};
    cm_store_t *store;
    cm_error_t *error;

    db->config.deadline = apr_time_from_msec(300);
    assert_done(cm_store_make(&store, &doomed.source, &db->config, pool));
    error = cm_store_transact(store, lose_and_ignore, &item, db_event("e"), pool);
    assert_refused(error, CM_E_DATABASE, NULL);
    ck_assert_ptr_null(error->rule);
    ck_assert_int_eq(item.runs, 1);
    ck_assert_int_eq(db_events(db), 0);
}
END_TEST

START_TEST(a_database_that_comes_later_is_found)
{
    db_t *db = db_make(ON_SQLITE, 1);
    db_t later = *db;
    const char *there = apr_pstrcat(pool, db->folder, "/later", NULL);
    cm_store_t *store;
    int version;

    later.config.params = apr_pstrcat(pool, there, "/db", NULL);
    store = db_another_store(&later);
    assert_refused(cm_store_schema(&version, store, pool), CM_E_DATABASE, NULL);
    ck_assert_int_eq(symlink(db->folder, there), 0);
    assert_done(cm_store_schema(&version, store, pool));
    ck_assert_int_gt(version, 0);
    ck_assert_int_eq(unlink(there), 0);
}
END_TEST

/* What looks forgotten each time is not asked for ever. */
START_TEST(a_statement_that_stays_stale_is_given_up)
{
    static const cm_statement_t stale = {"stale", "", "i", "SELECT x FROM cm_absent", NULL};
    db_t *db = db_make(_i, 1);
    cm_rows_t *rows;

    assert_refused(cm_store_select(&rows, db->store, &stale, NULL, pool), CM_E_DATABASE, NULL);
}
END_TEST

START_TEST(settings_survive_a_reset_in_place)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    const cm_value_t id[] = {cm_value_text("a")};
    cm_rows_t *rows;

    db_sql(db,
           apr_pstrcat(pool, "ALTER DATABASE ", db->name, " SET bytea_output TO 'escape'", NULL));
    db_sql(db, "INSERT INTO item (id, data) VALUES ('a', 'plain')");
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_ne(db_sql_behind(db, "SELECT pg_terminate_backend(pg_backend_pid())"), 0);
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert(cm_bytes_equal(cm_row_blob(rows, 0, 2), cm_bytes_of_text("plain")));
    ck_assert_int_eq(db_sql_behind(db, "RESET bytea_output"), 0);
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert(cm_bytes_equal(cm_row_blob(rows, 0, 2), cm_bytes_of_text("plain")));
}
END_TEST

typedef struct {
    const db_t *db;
    int runs;
    const char *synchronous;
} promise_t;

/* Its session is ended before it has prepared a statement, which would tell. */
static cm_error_t *lose_and_look(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    static const cm_statement_t setting = {"setting", "", "t",
                                           "SELECT current_setting('synchronous_commit')", NULL};
    promise_t *promise = baton;
    cm_rows_t *rows;
    cm_error_t *error;

    (void)event;
    if (promise->runs++ == 0) {
        /* not killed: the server would start anew, and the connection with it */
        ck_assert_ptr_nonnull(db_sql(promise->db, "SELECT pg_terminate_backend(pid) FROM"
                                                  " pg_stat_activity WHERE state = 'idle in"
                                                  " transaction' AND datname ="
                                                  " current_database()"));
        apr_sleep(apr_time_from_msec(50));
    }
    error = cm_txn_select(&rows, txn, &setting, NULL);
    if (!error) {
        promise->synchronous = cm_row_text(rows, 0, 0);
    }
    return error;
}

/* Else what is answered might not be on disk. */
START_TEST(settings_survive_a_loss)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    promise_t promise = {.db = db};

    db_sql(db,
           apr_pstrcat(pool, "ALTER DATABASE ", db->name, " SET synchronous_commit TO off", NULL));
    assert_done(
        cm_store_transact(db_another_store(db), lose_and_look, &promise, db_event("e"), pool));
    ck_assert_int_eq(promise.runs, 2);
    ck_assert_str_eq(promise.synchronous, "on");
}
END_TEST

static cm_error_t *add_to_a(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const cm_value_t args[] = {cm_value_integer(1), cm_value_text("a")};

    (void)event;
    (void)baton;
    return cm_txn_execute(NULL, txn, &item_add, args);
}

START_TEST(a_lock_is_not_waited_for_for_ever)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    cm_db_handle_t holder;
    cm_store_t *store;
    int affected;

    db_sql(db, "INSERT INTO item (id, amount) VALUES ('a', 0)");
    db->config.deadline = apr_time_from_msec(300);
    store = db_another_store(db);
    assert_done(db->source->lease(&holder, db->source, pool));
    ck_assert_int_eq(apr_dbd_query(holder.driver, holder.conn, &affected,
                                   "BEGIN; UPDATE item SET amount = 5 WHERE id = 'a'"),
                     0);
    assert_refused(cm_store_transact(store, add_to_a, NULL, db_event("e"), pool), CM_E_BUSY, NULL);
    ck_assert_int_eq(apr_dbd_query(holder.driver, holder.conn, &affected, "ROLLBACK"), 0);
    db->source->release(&holder, db->source);
    assert_done(cm_store_transact(store, add_to_a, NULL, db_event("e"), pool));
}
END_TEST

typedef struct {
    cm_store_t *store;
    const char *first, *second;
    int runs;
    cm_error_t *error;
} crossing_t;

static cm_error_t *cross(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    crossing_t *crossing = baton;
    const cm_value_t first[] = {cm_value_integer(1), cm_value_text(crossing->first)};
    const cm_value_t second[] = {cm_value_integer(1), cm_value_text(crossing->second)};
    cm_error_t *error = cm_txn_execute(NULL, txn, &item_add, first);

    (void)event;
    if (crossing->runs++ == 0) {
        apr_sleep(apr_time_from_msec(200));
    }
    return error ? error : cm_txn_execute(NULL, txn, &item_add, second);
}

static void *APR_THREAD_FUNC cross_over(apr_thread_t *thread, void *data)
{
    crossing_t *crossing = data;
    cm_audit_event_t event = {.action = "test", .outcome = "done", .time = 1, .position = -1};
    apr_pool_t *mine;

    (void)thread;
    event.id = crossing->first;
    apr_pool_create(&mine, NULL);
    crossing->error = cm_store_transact(crossing->store, cross, crossing, &event, mine);
    return NULL;
}

START_TEST(a_deadlock_is_run_again)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    crossing_t one = {.store = db->store, .first = "x", .second = "y"};
    crossing_t two = {.store = db->store, .first = "y", .second = "x"};
    apr_thread_t *threads[2];
    apr_status_t status;

    db_sql(db, "INSERT INTO item (id, amount) VALUES ('x', 0), ('y', 0)");
    apr_thread_create(&threads[0], NULL, cross_over, &one, pool);
    apr_thread_create(&threads[1], NULL, cross_over, &two, pool);
    apr_thread_join(&status, threads[0]);
    apr_thread_join(&status, threads[1]);
    assert_done(one.error);
    assert_done(two.error);
    ck_assert_int_eq(one.runs + two.runs, 3);
    ck_assert_str_eq(db_sql(db, "SELECT SUM(amount) FROM item"), "4");
}
END_TEST

TCase *faults_case(void)
{
    TCase *tcase = db_case("faults");

    tcase_add_test(tcase, a_server_killed_in_mid_select_is_asked_again);
    tcase_add_test(tcase, a_server_killed_in_mid_statement_of_a_transaction);
    tcase_add_test(tcase, a_server_killed_between_statements);
    tcase_add_test(tcase, a_server_restarted_while_idle_is_not_noticed);
    tcase_add_test(tcase, statements_the_server_forgot_are_prepared_anew);
    tcase_add_loop_test(tcase, statements_survive_a_change_of_the_schema, 0, 2);
    tcase_add_loop_test(tcase, a_database_that_is_not_there_is_told_at_once, 0, 2);
    tcase_add_test(tcase, a_server_killed_before_the_first_call);
    tcase_add_test(tcase, a_loss_that_was_ignored_is_no_doubt);
    tcase_add_test(tcase, a_database_that_comes_later_is_found);
    tcase_add_loop_test(tcase, a_statement_that_stays_stale_is_given_up, 0, 2);
    tcase_add_test(tcase, settings_survive_a_reset_in_place);
    tcase_add_test(tcase, settings_survive_a_loss);
    tcase_add_test(tcase, a_lock_is_not_waited_for_for_ever);
    tcase_add_test(tcase, a_deadlock_is_run_again);
    return tcase;
}
