/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "unit/store/suite.h"

typedef struct {
    const char *id;
    cm_value_t amount, note, data;
} record_t;

static cm_error_t *insert_record(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const record_t *record = baton;
    const cm_value_t args[] = {cm_value_text(record->id), record->amount, record->note,
                               record->data};

    (void)event;
    return cm_txn_execute(NULL, txn, &item_insert, args);
}

static cm_rows_t *read_item(const db_t *db, const char *id)
{
    const cm_value_t args[] = {cm_value_text(id)};
    cm_rows_t *rows;

    assert_done(cm_store_select(&rows, db->store, &item_read, args, pool));
    return rows;
}

static cm_rows_t *round_trip(const db_t *db, record_t record)
{
    cm_rows_t *rows;

    assert_done(cm_store_transact(db->store, insert_record, &record, db_event(record.id), pool));
    rows = read_item(db, record.id);
    ck_assert_int_eq(cm_rows_count(rows), 1);
    return rows;
}

START_TEST(null_and_empty_are_kept_apart)
{
    db_t *db = db_make(_i, 1);
    cm_value_t null = {.kind = CM_NULL};
    cm_rows_t *rows = round_trip(db, (record_t){"null", null, null, null});

    ck_assert(cm_row_is_null(rows, 0, 0) && cm_row_is_null(rows, 0, 1));
    ck_assert(cm_row_is_null(rows, 0, 2));
    ck_assert_ptr_null(cm_row_text(rows, 0, 1));
    ck_assert_ptr_null(cm_row_blob(rows, 0, 2).data);
    rows = round_trip(db, (record_t){"empty", cm_value_integer(0), cm_value_text(""),
                                     cm_value_blob(cm_bytes_make("", 0))});
    ck_assert(!cm_row_is_null(rows, 0, 0) && !cm_row_is_null(rows, 0, 2));
    ck_assert_str_eq(cm_row_text(rows, 0, 1), "");
    ck_assert_ptr_nonnull(cm_row_blob(rows, 0, 2).data);
    ck_assert_uint_eq(cm_row_blob(rows, 0, 2).len, 0);
}
END_TEST

START_TEST(values_come_back_as_they_went)
{
    db_t *db = db_make(_i, 1);
    static const char text[] = "Zo\xc3\xab 'quoted' \\ %s \"x\"; DROP TABLE item; --\n\t";
    apr_size_t len = 1024 * 1024;
    unsigned char *large = apr_palloc(pool, len);
    cm_rows_t *rows;

    for (apr_size_t i = 0; i < len; i++) {
        large[i] = (unsigned char)(i % 7 ? i * 31 : 0);
    }
    rows = round_trip(db, (record_t){"a", cm_value_integer(APR_INT64_MAX), cm_value_text(text),
                                     cm_value_blob(cm_bytes_make(large, len))});
    ck_assert(cm_row_integer(rows, 0, 0) == APR_INT64_MAX);
    ck_assert_str_eq(cm_row_text(rows, 0, 1), text);
    ck_assert(cm_bytes_equal(cm_row_blob(rows, 0, 2), cm_bytes_make(large, len)));
    rows = round_trip(db, (record_t){"b", cm_value_integer(APR_INT64_MIN), cm_value_text("x"),
                                     cm_value_blob(cm_bytes_make("\0", 1))});
    ck_assert(cm_row_integer(rows, 0, 0) == APR_INT64_MIN);
    ck_assert(cm_bytes_equal(cm_row_blob(rows, 0, 2), cm_bytes_make("\0", 1)));
}
END_TEST

START_TEST(an_argument_of_another_kind_is_our_mistake)
{
    db_t *db = db_make(_i, 1);
    const cm_value_t args[] = {cm_value_integer(7)};
    cm_rows_t *rows;

    assert_refused(cm_store_select(&rows, db->store, &item_read, args, pool), CM_E_INTERNAL, NULL);
}
END_TEST

START_TEST(a_failed_select_is_not_an_empty_one)
{
    static const cm_statement_t broken = {"broken", "t", "i",
                                          "SELECT amount / 0, id FROM item WHERE id = %s", NULL};
    static const cm_statement_t absent = {"absent", "", "i", "SELECT x FROM absent", NULL};
    db_t *db = db_make(_i, 1);
    const cm_value_t args[] = {cm_value_text("a")};
    item_baton_t item = {.id = "a"};
    cm_rows_t *rows;

    assert_done(cm_store_transact(db->store, insert_item, &item, db_event("e"), pool));
    assert_refused(cm_store_select(&rows, db->store, &broken, args, pool), CM_E_INTERNAL, NULL);
    assert_refused(cm_store_select(&rows, db->store, &absent, NULL, pool), CM_E_INTERNAL, NULL);
    ck_assert_int_eq(cm_rows_count(read_item(db, "a")), 1);
}
END_TEST

START_TEST(too_many_rows_are_refused)
{
    static const cm_statement_t many = {
        "many", "i", "i",
        "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < %lld)"
        " SELECT v FROM n",
        NULL};
    db_t *db = db_make(_i, 1);
    const cm_value_t most[] = {cm_value_integer(CM_STORE_ROWS_MAX)};
    const cm_value_t more[] = {cm_value_integer(CM_STORE_ROWS_MAX + 1)};
    cm_rows_t *rows;

    assert_done(cm_store_select(&rows, db->store, &many, most, pool));
    ck_assert_int_eq(cm_rows_count(rows), CM_STORE_ROWS_MAX);
    ck_assert_int_eq(cm_row_integer(rows, CM_STORE_ROWS_MAX - 1, 0), CM_STORE_ROWS_MAX);
    assert_refused(cm_store_select(&rows, db->store, &many, more, pool), CM_E_INTERNAL, NULL);
}
END_TEST

TCase *values_case(void)
{
    TCase *tcase = db_case("values");

    tcase_add_loop_test(tcase, null_and_empty_are_kept_apart, 0, 2);
    tcase_add_loop_test(tcase, values_come_back_as_they_went, 0, 2);
    tcase_add_loop_test(tcase, an_argument_of_another_kind_is_our_mistake, 0, 2);
    tcase_add_loop_test(tcase, a_failed_select_is_not_an_empty_one, 0, 2);
    tcase_add_loop_test(tcase, too_many_rows_are_refused, 0, 2);
    return tcase;
}
