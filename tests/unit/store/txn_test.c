/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <malloc.h>

#include "unit/store/suite.h"

START_TEST(a_change_is_stored_with_its_event)
{
    db_t *db = db_make(_i, 1);
    item_baton_t item = {.id = "a"};

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    ck_assert_int_eq(item.runs, 1);
    ck_assert_int_eq(db_items(db), 1);
    ck_assert_str_eq(db_sql(db, "SELECT id FROM audit_event"), "e1");
}
END_TEST

START_TEST(an_event_that_is_there_undoes_the_change)
{
    db_t *db = db_make(_i, 1);
    item_baton_t first = {.id = "a"};
    item_baton_t second = {.id = "b"};

    assert_done(cm_store_transact(db->store, insert_item, &first, db_event("e1"), pool));
    assert_refused(cm_store_transact(db->store, insert_item, &second, db_event("e1"), pool),
                   CM_E_CONFLICT, "store.unique");
    ck_assert_int_eq(db_items(db), 1);
}
END_TEST

START_TEST(what_is_unique_conflicts_and_rolls_back)
{
    db_t *db = db_make(_i, 1);
    item_baton_t item = {.id = "a"};
    cm_error_t *error;

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    error = cm_store_transact(db->store, insert_item, &item, db_event("e2"), pool);
    assert_refused(error, CM_E_CONFLICT, "store.unique");
    ck_assert(!strstr(error->message, "uq_"));
    ck_assert_int_eq(item.runs, 2);
    ck_assert_int_eq(db_items(db), 1);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

static cm_error_t *insert_and_refuse(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    cm_error_t *error = insert_item(txn, event, baton);

    return error ? error : cm_error_make(cm_txn_pool(txn), CM_E_REFUSED, "changed my mind");
}

START_TEST(an_error_of_the_work_rolls_back)
{
    db_t *db = db_make(_i, 1);
    item_baton_t item = {.id = "a"};

    assert_refused(cm_store_transact(db->store, insert_and_refuse, &item, db_event("e1"), pool),
                   CM_E_REFUSED, NULL);
    ck_assert_int_eq(item.runs, 1);
    ck_assert_int_eq(db_items(db), 0);
    ck_assert_int_eq(db_events(db), 0);
    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    ck_assert_int_eq(db_items(db), 1);
}
END_TEST

/* Sloppy work that takes no notice of a failed statement. */
static cm_error_t *ignore_an_error(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    item_baton_t again = {.id = "a"};

    (void)insert_item(txn, event, &again);
    (void)insert_item(txn, event, baton);
    return NULL;
}

START_TEST(nothing_is_committed_after_an_error)
{
    db_t *db = db_make(_i, 1);
    item_baton_t item = {.id = "a"};
    item_baton_t other = {.id = "b"};

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e1"), pool));
    assert_refused(cm_store_transact(db->store, ignore_an_error, &other, db_event("e2"), pool),
                   CM_E_CONFLICT, "store.unique");
    ck_assert_int_eq(db_items(db), 1);
    ck_assert_int_eq(db_events(db), 1);
}
END_TEST

/* Hands out its one connection while it knows it, so that a test can use it behind the waist. */
typedef struct {
    cm_db_source_t source;
    const cm_db_source_t *inner;
    cm_db_handle_t last;
} spy_t;

static cm_error_t *spy_lease(cm_db_handle_t *handle, const cm_db_source_t *source,
                             apr_pool_t *of_call)
{
    spy_t *spy = source->self;
    cm_error_t *error = spy->inner->lease(handle, spy->inner, of_call);

    spy->last = *handle;
    return error;
}

static void spy_release(cm_db_handle_t *handle, const cm_db_source_t *source)
{
    const spy_t *spy = source->self;

    spy->inner->release(handle, spy->inner);
}

static cm_error_t *abort_behind(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    spy_t *spy = baton;
    item_baton_t item = {.id = "a"};
    cm_error_t *error = insert_item(txn, event, &item);
    int affected;

    ck_assert(error || apr_dbd_query(spy->last.driver, spy->last.conn, &affected,
                                     "SELECT nonsense FROM nowhere") != 0);
    return error;
}

static cm_error_t *end_behind(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    spy_t *spy = baton;
    item_baton_t item = {.id = "a"};
    cm_error_t *error = insert_item(txn, event, &item);
    int affected;

    ck_assert(error || apr_dbd_query(spy->last.driver, spy->last.conn, &affected, "ROLLBACK") == 0);
    return error;
}

/* PostgreSQL answers COMMIT with success when it has rolled back. */
START_TEST(a_commit_that_rolls_back_is_noticed)
{
    db_t *db = db_make(ON_POSTGRES, 1);
    spy_t spy = {{spy_lease, spy_release, &spy, NULL}, db->source, {0}};
    cm_store_t *store;

    assert_done(cm_store_make(&store, &spy.source, &db->config, pool));
    ck_assert_ptr_nonnull(cm_store_maintain(store, abort_behind, &spy, pool));
    ck_assert_int_eq(db_items(db), 0);
    ck_assert_ptr_nonnull(cm_store_maintain(store, end_behind, &spy, pool));
    ck_assert_int_eq(db_items(db), 0);
}
END_TEST

START_TEST(a_full_database_is_unavailable)
{
    db_t *db = db_make(ON_SQLITE, 1);
    const cm_statement_t limit = {"limit", "", "i", "PRAGMA max_page_count=1", NULL};
    apr_size_t len = 300000;
    const cm_value_t args[] = {cm_value_text("a"), cm_value_integer(1), cm_value_text(NULL),
                               cm_value_blob(cm_bytes_make(apr_pcalloc(pool, len), len))};
    cm_rows_t *rows;
    item_baton_t item = {.id = "b"};

    (void)args;
    assert_done(cm_store_select(&rows, db->store, &limit, NULL, pool));
    for (int i = 0; i < 2000; i++) {
        cm_error_t *error;

        item.id = apr_psprintf(pool, "%0900d", i);
        error = cm_store_transact(db->store, insert_item, &item, db_event(item.id), pool);
        if (error) {
            assert_refused(error, CM_E_DATABASE, NULL);
            ck_assert_int_eq(db_items(db), i);
            return;
        }
    }
    ck_abort_msg("the database never became full");
}
END_TEST

typedef struct {
    int count;
    int seen;      /* by a read in the same transaction */
    int is_double; /* the last one is there already */
} series_t;

static cm_error_t *insert_series(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    static const cm_statement_t count_items = {"count_items", "", "i", "SELECT COUNT(*) FROM item",
                                               NULL};
    series_t *series = baton;
    cm_error_t *error = NULL;
    cm_rows_t *rows;

    (void)event;
    for (int i = 0; !error && i < series->count; i++) {
        int number = series->is_double && i == series->count - 1 ? 0 : i;
        const cm_value_t args[] = {cm_value_text(apr_psprintf(pool, "i%d", number)),
                                   cm_value_integer(i), cm_value_text(NULL),
                                   cm_value_blob(cm_bytes_make("\0x", 2))};

        error = cm_txn_insert(txn, &item_insert, args);
        if (!error && series->seen < 0 && i == series->count / 2) {
            error = cm_txn_select(&rows, txn, &count_items, NULL);
            series->seen = error ? -1 : (int)cm_row_integer(rows, 0, 0);
        }
    }
    return error;
}

/* From one to more than go in one statement. */
START_TEST(inserts_that_wait_are_all_there)
{
    db_t *db = db_make(_i, 1);

    for (int count = 1; count < 15; count++) {
        series_t series = {.count = count, .seen = count % 2 ? -1 : 0};

        assert_done(cm_store_transact(db->store, insert_series, &series,
                                      db_event(apr_psprintf(pool, "e%d", count)), pool));
        ck_assert_int_eq(series.seen, count % 2 ? count / 2 + 1 : 0);
        ck_assert_int_eq(db_items(db), count);
        ck_assert_int_eq(db_events(db), count);
        ck_assert_str_eq(db_sql(db, "SELECT SUM(amount) FROM item WHERE note IS NULL"),
                         apr_itoa(pool, count * (count - 1) / 2));
        db_sql(db, "DELETE FROM item");
    }
}
END_TEST

START_TEST(an_insert_that_waited_is_refused_like_any_other)
{
    db_t *db = db_make(_i, 1);
    series_t series = {.count = 4, .is_double = 1};

    assert_refused(cm_store_transact(db->store, insert_series, &series, db_event("e"), pool),
                   CM_E_CONFLICT, "store.unique");
    ck_assert_int_eq(db_items(db), 0);
    ck_assert_int_eq(db_events(db), 0);
    series = (series_t){.count = 4};
    assert_done(cm_store_transact(db->store, insert_series, &series, db_event("e"), pool));
    ck_assert_int_eq(db_items(db), 4);
}
END_TEST

/* Bytes that 100 refused calls, each followed by a read, keep of the heap. */
static apr_int64_t kept_by_refusals(const db_t *db)
{
    item_baton_t item = {.id = "a"};
    const cm_value_t id[] = {cm_value_text("a")};
    cm_audit_event_t *event = db_event("again");
    apr_int64_t before = (apr_int64_t)mallinfo2().uordblks;

    for (int i = 0; i < 100; i++) {
        apr_pool_t *mine;
        cm_rows_t *rows;

        apr_pool_create(&mine, NULL);
        assert_refused(cm_store_transact(db->store, insert_item, &item, event, mine), CM_E_CONFLICT,
                       NULL);
        assert_done(cm_store_select(&rows, db->store, &item_read, id, mine));
        apr_pool_destroy(mine);
    }
    return (apr_int64_t)mallinfo2().uordblks - before;
}

/* Such as statements that have to be prepared anew. The heap can't be measured under ASan. */
START_TEST(a_refusal_leaves_nothing_behind)
{
    db_t *db = db_make(_i, 1);
    item_baton_t item = {.id = "a"};

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    kept_by_refusals(db);
    ck_assert_int_lt(kept_by_refusals(db), 16384);
}
END_TEST

TCase *txn_case(void)
{
    TCase *tcase = db_case("txn");

    tcase_add_loop_test(tcase, a_change_is_stored_with_its_event, 0, 2);
    tcase_add_loop_test(tcase, an_event_that_is_there_undoes_the_change, 0, 2);
    tcase_add_loop_test(tcase, what_is_unique_conflicts_and_rolls_back, 0, 2);
    tcase_add_loop_test(tcase, a_refusal_leaves_nothing_behind, 0, 2);
    tcase_add_loop_test(tcase, an_error_of_the_work_rolls_back, 0, 2);
    tcase_add_loop_test(tcase, nothing_is_committed_after_an_error, 0, 2);
    tcase_add_test(tcase, a_commit_that_rolls_back_is_noticed);
    tcase_add_test(tcase, a_full_database_is_unavailable);
    tcase_add_loop_test(tcase, inserts_that_wait_are_all_there, 0, 2);
    tcase_add_loop_test(tcase, an_insert_that_waited_is_refused_like_any_other, 0, 2);
    return tcase;
}
