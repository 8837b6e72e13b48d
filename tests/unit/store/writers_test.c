/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/work.h"
#include "unit/store/suite.h"

enum { THREADS = 2, PROCESSES = 2, ROUNDS = 50 };

typedef struct {
    const db_t *db;
    cm_store_t *store;
    int number;
    int runs;
    int failures;
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

        apr_pool_create(&round, NULL);
        event.id = apr_psprintf(round, "%d-%d-%d", (int)getpid(), writer->number, i);
        if (cm_store_transact(writer->store, increment, writer, &event, round)) {
            writer->failures++;
        }
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
    db_close(db);
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

/* Whoever may write in the folder could else have a command of root's hand it any file. */
START_TEST(a_lock_file_is_no_link)
{
    db_t *db = db_make(ON_SQLITE, 1);
    const char *path = apr_pstrcat(pool, db->config.params, "-writer", NULL);
    const char *target = apr_pstrcat(pool, db->config.params, "-target", NULL);
    item_baton_t item = {.id = "a"};

    db_close(db);
    ck_assert_int_eq(apr_file_remove(path, pool), APR_SUCCESS);
    ck_assert_int_eq(symlink(target, path), 0);
    assert_refused(cm_store_transact(db_another_store(db), insert_item, &item, db_event("a"), pool),
                   CM_E_DATABASE, NULL);
    ck_assert_int_ne(access(target, F_OK), 0);
    ck_assert_int_eq(apr_file_remove(path, pool), APR_SUCCESS);
    ck_assert_int_eq(link(db->config.params, path), 0); /* a file with two names */
    assert_refused(cm_store_transact(db_another_store(db), insert_item, &item, db_event("a"), pool),
                   CM_E_DATABASE, NULL);
}
END_TEST

typedef struct {
    cm_store_t *store;
    volatile int is_inside;
    volatile int awake; /* set by the test: the nap is over */
} napper_t;

static cm_error_t *nap(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    napper_t *napper = baton;

    (void)txn;
    (void)event;
    napper->is_inside = 1;
    while (!napper->awake) {
        apr_sleep(500);
    }
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

static void await_nap(const napper_t *napper)
{
    while (!napper->is_inside) {
        apr_sleep(500);
    }
}

static apr_thread_t *start_napping(napper_t *napper)
{
    apr_thread_t *thread;

    apr_thread_create(&thread, NULL, nap_inside, napper, pool);
    await_nap(napper);
    return thread;
}

/* A process that naps inside a transaction. */
static pid_t fork_napper(db_t *db, napper_t **shared)
{
    napper_t *napper =
        mmap(NULL, sizeof *napper, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child;

    ck_assert(napper != MAP_FAILED);
    *shared = napper;
    db_close(db);
    child = fork();
    if (child == 0) {
        napper->store = db_another_store(db);
        nap_inside(NULL, napper);
        _exit(0);
    }
    db->store = db_another_store(db);
    await_nap(napper);
    return child;
}

/* SQLite and apr_dbd would sleep in steps of 0.1 s: who writes waits for the turn, not for them. */
static void assert_turn(int is_free, const db_t *db)
{
    cm_turn_t *turn = db->store->turn;
    cm_error_t *error = cm_turn_take(turn, apr_time_now() + apr_time_from_msec(20), pool);

    if (is_free) {
        assert_done(error);
        cm_turn_give(turn);
    } else {
        assert_refused(error, CM_E_BUSY, NULL);
    }
}

START_TEST(a_writer_has_the_turn)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t napper = {.store = db->store};
    apr_thread_t *thread = start_napping(&napper);
    apr_status_t status;

    assert_turn(0, db);
    napper.awake = 1;
    apr_thread_join(&status, thread);
    assert_turn(1, db);
}
END_TEST

START_TEST(a_writer_of_another_process_has_the_turn)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t *napper;
    pid_t child = fork_napper(db, &napper);
    int status;

    assert_turn(0, db);
    napper->awake = 1;
    ck_assert(waitpid(child, &status, 0) == child);
    assert_turn(1, db);
}
END_TEST

START_TEST(readers_do_not_wait_for_a_writer)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t napper = {.store = db->store};
    const cm_value_t id[] = {cm_value_text("a")};
    apr_thread_t *thread;
    apr_status_t status;
    cm_rows_t *rows;

    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    thread = start_napping(&napper);
    assert_done(cm_store_select(&rows, db->store, &item_read, id, pool));
    napper.awake = 1;
    apr_thread_join(&status, thread);
}
END_TEST

START_TEST(a_writer_gives_up_at_the_deadline)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t *napper;
    item_baton_t item = {.id = "a"};
    pid_t child;
    int status;

    db->config.deadline = apr_time_from_msec(100);
    child = fork_napper(db, &napper);
    assert_refused(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool), CM_E_BUSY,
                   NULL);
    ck_assert_int_eq(item.runs, 0);
    napper->awake = 1;
    ck_assert(waitpid(child, &status, 0) == child);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
}
END_TEST

START_TEST(a_thread_gives_up_at_the_deadline)
{
    db_t *db = db_make(ON_SQLITE, 1);
    napper_t napper = {0};
    item_baton_t item = {.id = "a"};
    apr_thread_t *thread;
    apr_status_t status;

    db->config.deadline = apr_time_from_msec(100);
    db->store = napper.store = db_another_store(db);
    thread = start_napping(&napper);
    assert_refused(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool), CM_E_BUSY,
                   NULL);
    ck_assert_int_eq(item.runs, 0);
    napper.awake = 1;
    apr_thread_join(&status, thread);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
}
END_TEST

/* Reads, and has somebody who takes no turns try to write. */
static cm_error_t *read_and_be_disturbed(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    writer_t *writer = baton;
    const cm_value_t id[] = {cm_value_text("sum")};
    const cm_value_t args[] = {cm_value_integer(1), id[0]};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, &item_read, id);

    (void)event;
    writer->runs++;
    if (!error && db_sql_behind(writer->db, "UPDATE item SET amount = 7") == 0) {
        writer->failures++;
    }
    return error ? error : cm_txn_execute(NULL, txn, &item_add, args);
}

/* Else what was read might be old when it is written. */
START_TEST(a_reader_does_not_become_a_writer)
{
    db_t *db = db_make(ON_SQLITE, 1);
    writer_t writer = {.db = db};

    db_sql(db, "INSERT INTO item (id, amount) VALUES ('sum', 0)");
    assert_done(cm_store_transact(db->store, read_and_be_disturbed, &writer, db_event("e"), pool));
    ck_assert_int_eq(writer.runs, 1);
    ck_assert_int_eq(writer.failures, 0);
    ck_assert_str_eq(db_sql(db, "SELECT amount FROM item"), "1");
}
END_TEST

TCase *writers_case(void)
{
    TCase *tcase = db_case("writers");

    tcase_add_test(tcase, a_lock_file_is_no_link);
    tcase_add_test(tcase, two_writers_lose_nothing_and_are_never_busy);
    tcase_add_test(tcase, a_writer_has_the_turn);
    tcase_add_test(tcase, a_writer_of_another_process_has_the_turn);
    tcase_add_test(tcase, readers_do_not_wait_for_a_writer);
    tcase_add_test(tcase, a_writer_gives_up_at_the_deadline);
    tcase_add_test(tcase, a_thread_gives_up_at_the_deadline);
    tcase_add_test(tcase, a_reader_does_not_become_a_writer);
    return tcase;
}
