/* SPDX-License-Identifier: Apache-2.0
 *
 * The server, or the way to it, lost while it is at COMMIT: stored exactly once, whatever happened.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <signal.h>

#include "unit/store/proxy.h"
#include "unit/store/suite.h"

/* Checks of items wait for COMMIT and then take as long as the item "sleep" says. */
static void make_commit_slow(const db_t *db, const char *seconds)
{
    db_sql(db, "CREATE FUNCTION take_long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
               " PERFORM pg_sleep((SELECT amount / 10.0 FROM item WHERE id = 'sleep'));"
               " RETURN NULL; END $$");
    db_sql(db,
           apr_psprintf(pool, "INSERT INTO item (id, amount) VALUES ('sleep', %s * 10)", seconds));
    db_sql(db, "CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON item"
               " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION take_long()");
}

static void *APR_THREAD_FUNC kill_in_commit(apr_thread_t *thread, void *data)
{
    const db_t *db = data;
    const char *pid = NULL;

    (void)thread;
    for (int i = 0; !pid && i < 500; i++) {
        apr_sleep(10000);
        pid = db_sql(db, "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                         " AND query LIKE '%COMMIT'");
    }
    if (pid) {
        db_sql(db, "UPDATE item SET amount = 0 WHERE id = 'sleep'");
        kill((pid_t)strtol(pid, NULL, 10), SIGKILL);
    }
    return NULL;
}

START_TEST(a_server_killed_in_mid_commit)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    item_baton_t item = {.id = "a"};
    apr_thread_t *thread;
    apr_status_t status;

    make_commit_slow(db, "20");
    apr_thread_create(&thread, NULL, kill_in_commit, db, pool);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    apr_thread_join(&status, thread);
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 2);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

static void through_a_proxy(db_t *db, const proxy_t *proxy)
{
    db->config.params =
        apr_psprintf(pool, "host=%s user=postgres dbname=%s", proxy_folder(proxy), db->name);
    db->store = db_another_store(db);
    db->config.params = apr_psprintf(pool, "host=%s user=postgres dbname=%s", db_server, db->name);
}

START_TEST(a_commit_whose_answer_is_lost_was_done_once)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    proxy_t *proxy = proxy_make(CUT_ANSWER);
    item_baton_t item = {.id = "a"};

    through_a_proxy(db, proxy);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    ck_assert_int_eq(proxy_cuts(proxy), 1);
    ck_assert_int_eq(item.runs, 1);
    ck_assert_int_eq(db_items(db), 1);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

/* Nothing says that it was not stored while the old session is still at it. */
START_TEST(a_commit_that_goes_on_without_us_is_waited_for)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    proxy_t *proxy = proxy_make(CUT_AT_ONCE);
    item_baton_t item = {.id = "a"};

    make_commit_slow(db, "1");
    through_a_proxy(db, proxy);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    ck_assert_int_eq(proxy_cuts(proxy), 1);
    ck_assert_int_eq(item.runs, 1);
    ck_assert_int_eq(db_items(db), 2);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

START_TEST(a_commit_that_never_arrived_is_run_again)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    proxy_t *proxy = proxy_make(CUT_REQUEST);
    item_baton_t item = {.id = "a"};

    through_a_proxy(db, proxy);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    ck_assert_int_eq(proxy_cuts(proxy), 1);
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 1);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

/* The database goes away for good with the answer. */
START_TEST(an_outcome_that_can_not_be_learnt_is_said_so)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    proxy_t *proxy = proxy_make(CUT_AT_ONCE);
    item_baton_t item = {.id = "a"};

    make_commit_slow(db, "3");
    db->config.deadline = apr_time_from_msec(500);
    through_a_proxy(db, proxy);
    assert_refused(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool),
                   CM_E_DATABASE, "store.outcome");
    ck_assert_int_eq(item.runs, 1);
}
END_TEST

/* A deferred constraint speaks up at COMMIT: an answer, and a refusal. */
START_TEST(a_commit_that_is_refused_is_not_done)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    item_baton_t item = {.id = "a"};

    db_sql(db, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
               " RAISE EXCEPTION 'no'; END $$");
    db_sql(db, "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON item"
               " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()");
    assert_refused(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool),
                   CM_E_INTERNAL, NULL);
    ck_assert_int_eq(db_items(db), 0);
    ck_assert_int_eq(db_events(db), 0);
}
END_TEST

TCase *commit_case(void)
{
    TCase *tcase = db_case("commit");

    tcase_add_test(tcase, a_server_killed_in_mid_commit);
    tcase_add_test(tcase, a_commit_whose_answer_is_lost_was_done_once);
    tcase_add_test(tcase, a_commit_that_goes_on_without_us_is_waited_for);
    tcase_add_test(tcase, a_commit_that_never_arrived_is_run_again);
    tcase_add_test(tcase, an_outcome_that_can_not_be_learnt_is_said_so);
    tcase_add_test(tcase, a_commit_that_is_refused_is_not_done);
    return tcase;
}
