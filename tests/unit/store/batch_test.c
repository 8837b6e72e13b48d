/* SPDX-License-Identifier: Apache-2.0
 *
 * Writers of one process that wait for their turn go into one transaction.
 */
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_proc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/work.h"
#include "unit/store/suite.h"

enum { WRITERS = 6 };

/* A gate that holds whoever comes inside a transaction until it is opened. */
typedef struct {
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *changed;
    int is_open;
    int inside;
} gate_t;

static void gate_make(gate_t *gate)
{
    *gate = (gate_t){.is_open = 0};
    apr_thread_mutex_create(&gate->mutex, APR_THREAD_MUTEX_DEFAULT, pool);
    apr_thread_cond_create(&gate->changed, pool);
}

static void gate_pass(gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->inside = 1;
    apr_thread_cond_broadcast(gate->changed);
    while (!gate->is_open) {
        apr_thread_cond_wait(gate->changed, gate->mutex);
    }
    apr_thread_mutex_unlock(gate->mutex);
}

static void gate_await(gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    while (!gate->inside) {
        apr_thread_cond_wait(gate->changed, gate->mutex);
    }
    apr_thread_mutex_unlock(gate->mutex);
}

static void gate_open(gate_t *gate)
{
    apr_thread_mutex_lock(gate->mutex);
    gate->is_open = 1;
    apr_thread_cond_broadcast(gate->changed);
    apr_thread_mutex_unlock(gate->mutex);
}

/* How a writer misbehaves. */
typedef enum { SOUND, REFUSES, REPEATS } manner_t;

typedef struct {
    const db_t *db;
    apr_pool_t *pool;
    const char *id;
    manner_t manner;
    int runs;
    int neighbours; /* uncommitted items of others that its last run saw */
    int is_stored;  /* what another connection saw as soon as it was answered */
    cm_error_t *error;
    apr_thread_t *thread;
} entry_t;

static const cm_statement_t count_items = {"count_items", "", "i", "SELECT COUNT(*) FROM item",
                                           NULL};

static cm_error_t *write_entry(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    entry_t *entry = baton;
    item_baton_t item = {.id = entry->manner == REPEATS ? "gate" : entry->id};
    cm_rows_t *seen, *stored;
    cm_error_t *error = cm_txn_select(&seen, txn, &count_items, NULL);

    entry->runs++;
    if (!error) {
        error = cm_store_select(&stored, entry->db->store, &count_items, NULL, entry->pool);
    }
    if (!error) {
        entry->neighbours = (int)(cm_row_integer(seen, 0, 0) - cm_row_integer(stored, 0, 0));
        error = insert_item(txn, event, &item);
    }
    if (!error && entry->manner == REFUSES) {
        error = cm_error_make(cm_txn_pool(txn), CM_E_REFUSED, "no");
    }
    return error;
}

static void *APR_THREAD_FUNC write_one(apr_thread_t *thread, void *data)
{
    entry_t *entry = data;
    cm_audit_event_t event = {
        .id = entry->id, .action = "test", .outcome = "done", .time = 1, .position = -1};
    const cm_value_t id[] = {cm_value_text(entry->id)};
    cm_rows_t *rows;

    (void)thread;
    entry->error = cm_store_transact(entry->db->store, write_entry, entry, &event, entry->pool);
    if (!cm_store_select(&rows, entry->db->store, &item_read, id, entry->pool)) {
        entry->is_stored = cm_rows_count(rows);
    }
    return NULL;
}

static cm_error_t *hold_turn(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    item_baton_t item = {.id = "gate"};

    gate_pass(baton);
    return insert_item(txn, event, &item);
}

typedef struct {
    const db_t *db;
    gate_t *gate;
} holder_t;

static void *APR_THREAD_FUNC hold(apr_thread_t *thread, void *data)
{
    const holder_t *holder = data;
    cm_audit_event_t event = {
        .id = "gate", .action = "test", .outcome = "done", .time = 1, .position = -1};
    apr_pool_t *mine;

    (void)thread;
    apr_pool_create(&mine, NULL);
    cm_store_transact(holder->db->store, hold_turn, holder->gate, &event, mine);
    apr_pool_destroy(mine);
    return NULL;
}

/* Writers that come while somebody else has the turn, and go when all of them wait. */
static void write_all(const db_t *db, entry_t *entries)
{
    holder_t holder = {.db = db};
    apr_thread_t *thread;
    apr_status_t status;
    gate_t gate;

    gate_make(&gate);
    holder.gate = &gate;
    ck_assert(apr_thread_create(&thread, NULL, hold, &holder, pool) == 0);
    gate_await(&gate);
    for (int i = 0; i < WRITERS; i++) {
        entry_t *entry = &entries[i];

        entry->db = db;
        entry->id = apr_psprintf(pool, "w%d", i);
        apr_pool_create(&entry->pool, NULL);
        ck_assert(apr_thread_create(&entry->thread, NULL, write_one, entry, pool) == 0);
        while (cm_batch_waiting(db->store->batch) <= i) {
            apr_sleep(500);
        }
    }
    gate_open(&gate);
    apr_thread_join(&status, thread);
    for (int i = 0; i < WRITERS; i++) {
        apr_thread_join(&status, entries[i].thread);
    }
}

static void close_all(entry_t *entries)
{
    for (int i = 0; i < WRITERS; i++) {
        apr_pool_destroy(entries[i].pool);
    }
}

START_TEST(those_who_wait_go_together)
{
    db_t *db = db_make(ON_SQLITE, 1);
    entry_t entries[WRITERS] = {{.manner = SOUND}};

    write_all(db, entries);
    for (int i = 0; i < WRITERS; i++) {
        assert_done(entries[i].error);
        ck_assert_int_eq(entries[i].runs, 1);
        ck_assert_int_eq(entries[i].neighbours, i);
        ck_assert_int_eq(entries[i].is_stored, 1);
    }
    ck_assert_int_eq(db_items(db), WRITERS + 1);
    ck_assert_int_eq(db_events(db), WRITERS + 1);
    close_all(entries);
}
END_TEST

/* Its own rules, or the database, refuse one of them; first, last or in between. */
START_TEST(one_who_fails_fails_alone)
{
    static const int places[] = {0, WRITERS / 2, WRITERS - 1};
    db_t *db = db_make(ON_SQLITE, 1);
    entry_t entries[WRITERS] = {{.manner = SOUND}};
    int bad = places[_i / 2];

    entries[bad].manner = _i % 2 ? REPEATS : REFUSES;
    write_all(db, entries);
    for (int i = 0; i < WRITERS; i++) {
        if (i == bad) {
            assert_refused(entries[i].error, _i % 2 ? CM_E_CONFLICT : CM_E_REFUSED, NULL);
        } else {
            assert_done(entries[i].error);
        }
        ck_assert_int_eq(entries[i].neighbours, 0);
        ck_assert_int_eq(entries[i].is_stored, i != bad);
    }
    ck_assert_int_eq(db_items(db), WRITERS);
    ck_assert_int_eq(db_events(db), WRITERS);
    close_all(entries);
}
END_TEST

/* Whoever joins a batch of its own, past the store. */
typedef struct {
    cm_batch_t *batch;
    apr_interval_time_t patience;
    cm_member_t member;
    cm_member_t *members;
    cm_error_t *error;
    apr_pool_t *pool;
    apr_thread_t *thread;
} joiner_t;

static void *APR_THREAD_FUNC join(apr_thread_t *thread, void *data)
{
    joiner_t *joiner = data;

    (void)thread;
    joiner->error = cm_batch_join(&joiner->members, joiner->batch, &joiner->member,
                                  apr_time_now() + joiner->patience, joiner->pool);
    if (joiner->members) {
        cm_batch_finish(joiner->batch, joiner->members);
    }
    return NULL;
}

/* The second joins when the first one waits already. */
static void start_joiners(joiner_t *joiners, cm_batch_t *batch)
{
    for (int i = 0; i < 2; i++) {
        joiners[i].batch = batch;
        apr_pool_create(&joiners[i].pool, NULL);
        ck_assert(apr_thread_create(&joiners[i].thread, NULL, join, &joiners[i], pool) == 0);
        while (i == 0 && cm_batch_waiting(batch) == 0) {
            apr_sleep(500);
        }
    }
}

/* Which of two gives up, while somebody has the turn: the one who leads, or the one who follows. */
START_TEST(the_others_go_when_one_gives_up)
{
    db_t *db = db_make(ON_SQLITE, 1);
    cm_batch_t *batch = db->store->batch;
    joiner_t joiners[2] = {{.patience = apr_time_from_sec(600)},
                           {.patience = apr_time_from_sec(600)}};
    joiner_t *impatient = &joiners[_i], *other = &joiners[!_i];
    apr_status_t status;

    impatient->patience = apr_time_from_msec(200);
    assert_done(cm_turn_take(db->store->turn, apr_time_now() + apr_time_from_sec(5), pool));
    start_joiners(joiners, batch);
    apr_thread_join(&status, impatient->thread);
    assert_refused(impatient->error, CM_E_BUSY, NULL);
    cm_turn_give(db->store->turn);
    apr_thread_join(&status, other->thread);
    assert_done(other->error);
    ck_assert_ptr_eq(other->members, &other->member);
    ck_assert_ptr_null(other->member.next);
}
END_TEST

/* A process whose threads write, and tell each id as soon as it is answered. */
typedef struct {
    cm_store_t *store;
    int number;
    int out;
} teller_t;

static void *APR_THREAD_FUNC write_and_tell(apr_thread_t *thread, void *data)
{
    const teller_t *teller = data;

    (void)thread;
    for (int i = 0;; i++) {
        char line[16] = {0};
        item_baton_t item = {.id = line};
        cm_audit_event_t event = {.action = "test", .outcome = "done", .time = 1, .position = -1};
        apr_pool_t *mine;

        apr_pool_create(&mine, NULL);
        apr_snprintf(line, sizeof line, "%07d-%06d", teller->number, i);
        event.id = line;
        line[14] = '\0';
        if (!cm_store_transact(teller->store, insert_item, &item, &event, mine)) {
            line[14] = '\n';
            if (write(teller->out, line, 15) != 15) {
                _exit(1);
            }
        }
        apr_pool_destroy(mine);
    }
    return NULL;
}

static void write_until_killed(const db_t *db, int out, int round)
{
    teller_t tellers[WRITERS];
    apr_thread_t *threads[WRITERS];
    cm_store_t *store = db_another_store(db);

    for (int i = 0; i < WRITERS; i++) {
        tellers[i] = (teller_t){store, round * WRITERS + i, out};
        apr_thread_create(&threads[i], NULL, write_and_tell, &tellers[i], pool);
    }
    pause();
}

/* Kills the process when it has told so many; all it told is there. */
static void kill_after(db_t *db, int round, int told)
{
    char line[16] = {0};
    int pipes[2], status;
    pid_t child;

    ck_assert_int_eq(pipe(pipes), 0);
    child = fork();
    if (child == 0) {
        write_until_killed(db, pipes[1], round);
    }
    close(pipes[1]);
    for (int i = 0; read(pipes[0], line, 15) == 15; i++) {
        if (i == told) {
            kill(child, SIGKILL);
        }
        line[14] = '\0';
        ck_assert_ptr_nonnull(
            db_sql(db, apr_psprintf(pool, "SELECT id FROM item WHERE id = '%s'", line)));
    }
    close(pipes[0]);
    ck_assert(waitpid(child, &status, 0) == child);
    ck_assert(WIFSIGNALED(status));
}

START_TEST(who_was_answered_is_stored_whatever_is_killed)
{
    db_t *db = db_make(ON_SQLITE, 1);

    db_close(db);
    for (int round = 0; round < 5; round++) {
        kill_after(db, round, 7 + 13 * round);
    }
    ck_assert_int_eq(db_items(db), db_events(db));
}
END_TEST

TCase *batch_case(void)
{
    TCase *tcase = db_case("batches");

    tcase_add_test(tcase, those_who_wait_go_together);
    tcase_add_loop_test(tcase, one_who_fails_fails_alone, 0, 6);
    tcase_add_loop_test(tcase, the_others_go_when_one_gives_up, 0, 2);
    tcase_add_test(tcase, who_was_answered_is_stored_whatever_is_killed);
    return tcase;
}
