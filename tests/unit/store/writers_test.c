/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/store/suite.h"

enum { THREADS = 2, PROCESSES = 2, ROUNDS = 50 };

typedef struct {
    const db_t *db;
    cm_store_t *store;
    int number;
    int runs;
    int failures;
    apr_interval_time_t slowest;
} writer_t;

/* Read, then write what was read: a lost update shows in the sum. */
static cm_error_t *increment(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    writer_t *writer = baton;
    const cm_value_t id[] = {cm_value_text("sum")};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, &item_read, id);

    (void)event;
    writer->runs++;
    if (!error) {
        const cm_value_t args[] = {cm_value_integer(cm_row_integer(rows, 0, 0) + 1), id[0]};

        error = cm_txn_execute(NULL, txn, &item_set, args);
    }
    return error;
}

static void *APR_THREAD_FUNC write_rounds(apr_thread_t *thread, void *data)
{
    writer_t *writer = data;

    for (int i = 0; i < ROUNDS; i++) {
        apr_pool_t *round;
        cm_audit_event_t event = {.action = "test", .outcome = "done", .time = 1, .position = -1};
        apr_time_t start = apr_time_now();

        apr_pool_create(&round, NULL);
        event.id = apr_psprintf(round, "%d-%d-%d", (int)getpid(), writer->number, i);
        if (cm_store_transact(writer->store, increment, writer, &event, round)) {
            writer->failures++;
        }
        start = apr_time_now() - start;
        writer->slowest = start > writer->slowest ? start : writer->slowest;
        apr_pool_destroy(round);
    }
    (void)thread;
    return NULL;
}

/* The threads of one process; 0 when each transaction ran once and none failed. */
static int write_in_threads(const db_t *db)
{
    writer_t writers[THREADS];
    apr_thread_t *threads[THREADS];
    cm_store_t *store = db_another_store(db);
    apr_status_t status;
    int failures = 0;

    for (int i = 0; i < THREADS; i++) {
        writers[i] = (writer_t){.db = db, .store = store, .number = i};
        ck_assert(apr_thread_create(&threads[i], NULL, write_rounds, &writers[i], pool) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        failures += writers[i].failures + (writers[i].runs != ROUNDS);
    }
    return failures;
}

START_TEST(two_writers_lose_nothing_and_are_never_busy)
{
    db_t *db = db_make(ON_SQLITE, 1);
    pid_t children[PROCESSES];
    int status;

    db_sql(db, "INSERT INTO item (id, amount) VALUES ('sum', 0)");
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(write_in_threads(db) ? 1 : 0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        ck_assert(waitpid(children[i], &status, 0) == children[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    }
    ck_assert_str_eq(db_sql(db, "SELECT amount FROM item WHERE id = 'sum'"),
                     apr_itoa(pool, THREADS * PROCESSES * ROUNDS));
    ck_assert_int_eq(db_events(db), THREADS * PROCESSES * ROUNDS);
}
END_TEST

typedef struct {
    cm_store_t *store;
    apr_interval_time_t nap;
    volatile int inside;
} napper_t;

static cm_error_t *nap(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    napper_t *napper = baton;

    (void)txn;
    (void)event;
    napper->inside = 1;
    apr_sleep(napper->nap);
    return NULL;
}

static void *APR_THREAD_FUNC nap_inside(apr_thread_t *thread, void *data)
{
    napper_t *napper = data;
    apr_pool_t *mine;

    (void)thread;
    apr_pool_create(&mine, NULL);
    cm_store_maintain(napper->store, nap, napper, mine);
    apr_pool_destroy(mine);
    return NULL;
}

/* Neither sleeps in steps of 0.1 s, which is what SQLite and apr_dbd would do: the second writer
 * goes as soon as the first is done, and a reader does not wait at all. */
START_TEST(the_next_writer_goes_at_once_and_readers_do_not_wait)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t napper = {.store = db->store, .nap = apr_time_from_msec(250)};
    const cm_value_t id[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;
    apr_thread_t *thread;
    apr_status_t status;
    apr_time_t start;

    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    apr_thread_create(&thread, NULL, nap_inside, &napper, pool);
    while (!napper.inside) {
        apr_sleep(1000);
    }
    start = apr_time_now();
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    ck_assert_int_lt(apr_time_now() - start, apr_time_from_msec(90));
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    ck_assert_int_eq(item.runs, 1);
    apr_thread_join(&status, thread);
}
END_TEST

START_TEST(a_writer_gives_up_at_the_deadline)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t napper = {.store = db->store, .nap = apr_time_from_sec(1)};
    db_t hurried = *db;
    cm_store_t *other;
    item_baton_t item = {.id = "a"};
    apr_thread_t *thread;
    apr_status_t status;
    pid_t child;
    int result;

    apr_thread_create(&thread, NULL, nap_inside, &napper, pool);
    while (!napper.inside) {
        apr_sleep(1000);
    }
    hurried.config.deadline = apr_time_from_msec(100);
    child = fork(); /* the lock between processes */
    if (child == 0) {
        other = db_another_store(&hurried);
        cm_error_t *error = cm_store_transact(other, insert_item, &item, db_event("e"), pool);

        _exit(error && error->code == CM_E_BUSY && item.runs == 0 ? 0 : 1);
    }
    ck_assert(waitpid(child, &result, 0) == child);
    ck_assert(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    apr_thread_join(&status, thread);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
}
END_TEST

TCase *writers_case(void)
{
    TCase *tcase = db_case("writers");

    tcase_add_test(tcase, two_writers_lose_nothing_and_are_never_busy);
    tcase_add_test(tcase, the_next_writer_goes_at_once_and_readers_do_not_wait);
    tcase_add_test(tcase, a_writer_gives_up_at_the_deadline);
    return tcase;
}
