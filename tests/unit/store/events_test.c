/* SPDX-License-Identifier: Apache-2.0
 *
 * Searching the audit log: what is found, and that each search goes by an index. Counts of
 * strangers.
 */
#include <apr_strings.h>

#include "store/events.h"
#include "store/strangers.h"
#include "store/walk.h"
#include "unit/store/suite.h"

enum { EVENTS = 20000, CRITERIA = 5, COMBINATIONS = 1 << CRITERIA };

static const char *const values[CRITERIA] = {"action3", "refused", "actor1", "object2", "trace4"};

/* Of several criteria the first of these leads. */
static const struct {
    int bit;
    const char *index;
} leads[] = {{4, "audit_event_trace"},   {3, "audit_event_object"}, {2, "audit_event_actor"},
             {1, "audit_event_refused"}, {0, "audit_event_action"}, {-1, "audit_event_happened"}};

/* Events in an order that is not quite that of their ids, some at the same time. */
static db_t *make_events(int which)
{
    db_t *db = db_make(which, 1);

    db_sql(db, apr_psprintf(
                   pool,
                   "INSERT INTO audit_event (id, happened, action, outcome, actor, object,"
                   " trace) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                   " WHERE i < %d) SELECT 'e' || (100000 + i), 1000 + (i + 37 * (i %% 11)) / 2,"
                   " 'action' || (i %% 5), CASE WHEN i %% 3 = 0 THEN 'refused' ELSE 'done'"
                   " END, 'actor' || (i %% 4), 'object' || (i %% 7), 'trace' || (i %%"
                   " 11) FROM n",
                   EVENTS));
    db_sql(db, which == ON_SQLITE ? "ANALYZE" : "ANALYZE audit_event");
    return db;
}

static cm_event_query_t query_of(int combination)
{
    cm_event_query_t query = {.until = APR_INT64_MAX, .limit = 50};
    const char **members[CRITERIA] = {&query.action, &query.outcome, &query.actor, &query.object,
                                      &query.trace};

    for (int i = 0; i < CRITERIA; i++) {
        *members[i] = combination & (1 << i) ? values[i] : NULL;
    }
    return query;
}

static const char *literal(const cm_value_t *value)
{
    switch (value->kind) {
    case CM_TEXT:
        return apr_psprintf(pool, "'%s'", value->text);
    case CM_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, value->integer);
    default:
        return "NULL";
    }
}

/* The statement with its arguments in place; with `places` as $1, $2... and the arguments apart. */
static const char *statement_text(const char **list, const cm_statement_t *statement,
                                  const cm_value_t *args, int places)
{
    const char *text = "", *sql = statement->sql, *place;

    *list = "";
    for (int n = 0; (place = strchr(sql, '%')) != NULL; n++) {
        const char *value = literal(&args[n]);

        text = apr_pstrcat(pool, text, apr_pstrndup(pool, sql, (apr_size_t)(place - sql)),
                           places ? apr_psprintf(pool, "$%d", n + 1) : value, NULL);
        *list = apr_pstrcat(pool, *list, n ? ", " : "", value, NULL);
        sql = place + (place[1] == 's' ? 2 : 4);
    }
    return apr_pstrcat(pool, text, sql, NULL);
}

/* The types of the parameters, as apr_dbd declares them. */
static const char *types_of(const cm_statement_t *statement)
{
    const char *types = "";

    for (const char *param = statement->params; *param; param++) {
        types = apr_pstrcat(pool, types, param > statement->params ? ", " : "",
                            *param == 't' ? "text" : "bigint", NULL);
    }
    return types;
}

/* All rows of a plan; `setup` is run on the same connection before. */
static const char *plan_of(const db_t *db, const char *setup, const char *sql)
{
    const int column = db->which == ON_SQLITE ? 3 : 0;
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    const char *plan = "";
    apr_dbd_t *conn;
    int affected;

    ck_assert_int_eq(apr_dbd_get_driver(pool, db->config.driver, &driver), APR_SUCCESS);
    ck_assert_int_eq(apr_dbd_open(driver, pool, db->config.params, &conn), APR_SUCCESS);
    ck_assert_int_eq(setup ? apr_dbd_query(driver, conn, &affected, setup) : 0, 0);
    ck_assert_msg(apr_dbd_select(driver, pool, conn, &results, sql, 1) == 0, "%s: %s", sql,
                  apr_dbd_error(driver, conn, 0));
    while (apr_dbd_get_row(driver, pool, results, &row, -1) == 0) {
        plan = apr_pstrcat(pool, plan, apr_dbd_get_entry(driver, row, column), "\n", NULL);
    }
    apr_dbd_close(driver, conn);
    return plan;
}

/* SQLite takes the index that leads; PostgreSQL may know a better one. Neither scans the table, nor
 * sorts what it will find; where few events are left of several criteria, PostgreSQL may sort
 * these. */
static void check_plan(const db_t *db, const char *plan, int combination)
{
    size_t lead = 0;

    while (leads[lead].bit >= 0 && !(combination & (1 << leads[lead].bit))) {
        lead++;
    }
    ck_assert_msg(strstr(plan, db->which == ON_SQLITE ? leads[lead].index : "Index") != NULL,
                  "%s: %s", leads[lead].index, plan);
    ck_assert_msg(!strstr(plan, "SCAN audit_event") && !strstr(plan, "Seq Scan"), "scans: %s",
                  plan);
    ck_assert_msg(!strstr(plan, "TEMP B-TREE"), "sorts: %s", plan);
    ck_assert_msg(!strstr(plan, "Sort") || (combination & (combination - 1)), "sorts: %s", plan);
}

START_TEST(every_search_goes_by_its_index)
{
    const db_t *db = make_events(_i);

    for (int combination = 0; combination < COMBINATIONS; combination++) {
        cm_event_query_t query = query_of(combination);
        cm_value_t args[CM_EVENT_ARGS];
        const cm_statement_t *statement = cm_events_statement(args, &query);
        const char *list, *setup;
        const char *sql = statement_text(&list, statement, args, 0);

        if (_i == ON_SQLITE) {
            check_plan(db, plan_of(db, NULL, apr_pstrcat(pool, "EXPLAIN QUERY PLAN ", sql, NULL)),
                       combination);
            continue;
        }
        check_plan(db, plan_of(db, NULL, apr_pstrcat(pool, "EXPLAIN ", sql, NULL)), combination);
        /* the plan that a prepared statement may get once it was used for a while */
        sql = statement_text(&list, statement, args, 1);
        setup = apr_pstrcat(pool, "SET plan_cache_mode = force_generic_plan; PREPARE p (",
                            types_of(statement), ") AS ", sql, NULL);
        check_plan(db,
                   plan_of(db, setup, apr_pstrcat(pool, "EXPLAIN EXECUTE p (", list, ")", NULL)),
                   combination);
    }
}
END_TEST

static const char *condition_of(int combination)
{
    static const char *const columns[CRITERIA] = {"action", "outcome", "actor", "object", "trace"};
    const char *condition = "happened >= 2000 AND happened < 9000";

    for (int i = 0; i < CRITERIA; i++) {
        if (combination & (1 << i)) {
            condition = apr_psprintf(pool, "%s AND %s = '%s'", condition, columns[i], values[i]);
        }
    }
    return condition;
}

/* Reads all pages; returns how many events there were. */
static int read_pages(const db_t *db, cm_event_query_t *query)
{
    cm_event_page_t page;
    int count = 0;

    do {
        assert_done(cm_events_find(&page, db->store, query, pool));
        ck_assert_int_le(page.items->nelts, query->limit);
        for (int i = 0; i < page.items->nelts; i++) {
            const cm_audit_event_t *event = APR_ARRAY_IDX(page.items, i, cm_audit_event_t *);

            ck_assert(event->time < query->until ||
                      (event->time == query->until && strcmp(event->id, query->until_id) < 0));
            query->until = event->time;
            query->until_id = event->id;
            count++;
        }
        query->until = page.until;
        query->until_id = page.until_id;
    } while (page.until_id);
    return count;
}

/* The last event of a page is where the next one begins, so nothing comes twice: each is older. */
START_TEST(pages_hold_each_event_once_and_in_order)
{
    const db_t *db = make_events(_i);

    for (int combination = 0; combination < COMBINATIONS; combination++) {
        cm_event_query_t query = query_of(combination);
        const char *expected =
            db_sql(db, apr_pstrcat(pool, "SELECT count(*) FROM audit_event WHERE ",
                                   condition_of(combination), NULL));

        query.limit = combination ? 7 : 199;
        query.since = 2000;
        query.until = 9000;
        ck_assert_str_eq(apr_itoa(pool, read_pages(db, &query)), expected);
    }
}
END_TEST

/* One among many that meet the criterion which leads: no page costs more than its share of them. */
START_TEST(a_rare_combination_takes_several_pages)
{
    enum { PAGES = EVENTS / CM_WALK_MOST };
    const db_t *db = make_events(_i);
    cm_event_query_t query = {.until = APR_INT64_MAX, .limit = 50};
    cm_event_page_t page;
    int found = 0;

    db_sql(db, "UPDATE audit_event SET actor = 'busy'");
    db_sql(db, "UPDATE audit_event SET action = 'rare' WHERE id IN ('e100001', 'e119999')");
    query.actor = "busy";
    query.action = "rare";
    for (int i = 0; i < PAGES; i++) {
        assert_done(cm_events_find(&page, db->store, &query, pool));
        found += page.items->nelts;
        ck_assert_int_eq(page.items->nelts, i == 0 || i == PAGES - 1);
        ck_assert_ptr_nonnull(page.until_id);
        query.until = page.until;
        query.until_id = page.until_id;
    }
    assert_done(cm_events_find(&page, db->store, &query, pool));
    ck_assert_ptr_null(page.until_id);
    ck_assert_int_eq(found + page.items->nelts, 2);
}
END_TEST

START_TEST(one_event_is_read)
{
    const db_t *db = make_events(_i);
    cm_audit_event_t *event;

    assert_done(cm_event_read(&event, db->store, "e100003", pool));
    ck_assert_str_eq(event->outcome, "refused");
    ck_assert_int_eq(event->position, -1);
    assert_refused(cm_event_read(&event, db->store, "nothing", pool), CM_E_NOT_FOUND, NULL);
}
END_TEST

static cm_error_t *set_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_stranger_set(txn, baton);
}

static cm_error_t *close_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_stranger_close(txn, baton);
}

/* "HOUR RULE COUNT " for each, as an auditor sees them. */
static const char *counts_of(const db_t *db, cm_stranger_query_t query)
{
    apr_array_header_t *page;
    const char *text = "";

    assert_done(cm_strangers_page(&page, db->store, &query, pool));
    for (int i = 0; i < page->nelts; i++) {
        const cm_stranger_count_t *count = APR_ARRAY_IDX(page, i, cm_stranger_count_t *);

        text = apr_psprintf(pool, "%s%" APR_TIME_T_FMT " %s %" APR_INT64_T_FMT " ", text,
                            count->hour, count->rule, count->refused);
    }
    return text;
}

START_TEST(counts_of_strangers_add_up)
{
    db_t *db = db_make(_i, 1);
    cm_stranger_count_t counts[] = {
        {100, "a", "one", 3}, {100, "a", "two", 4}, {100, "b", "one", 5}, {200, "a", "one", 6}};
    cm_stranger_count_t changed = {100, "a", "one", 99};
    const cm_stranger_query_t all = {.until = APR_INT64_MAX, .limit = 10};
    apr_time_t hour;

    for (int again = 0; again < 2; again++) { /* written again they are the same */
        for (size_t i = 0; i < 4; i++) {
            assert_done(cm_store_maintain(db->store, set_work, &counts[i], pool));
        }
    }
    ck_assert_str_eq(counts_of(db, all), "200 a 6 100 b 5 100 a 7 ");
    ck_assert_str_eq(counts_of(db, (cm_stranger_query_t){200, "a", 1}), "100 b 5 ");
    ck_assert_str_eq(counts_of(db, (cm_stranger_query_t){100, "b", 9}), "100 a 7 ");
    ck_assert_str_eq(counts_of(db, (cm_stranger_query_t){100, NULL, 9}), "");

    assert_done(cm_strangers_oldest(&hour, db->store, 200, pool));
    ck_assert_int_eq(hour, 100);
    assert_refused(cm_store_maintain(db->store, close_work, &changed, pool), CM_E_CONFLICT, NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_done(cm_store_maintain(db->store, close_work, &counts[i], pool));
    }
    assert_done(cm_strangers_oldest(&hour, db->store, 200, pool));
    ck_assert_int_eq(hour, 0);
    ck_assert_str_eq(counts_of(db, all), "200 a 6 100 b 5 100 a 7 ");
    ck_assert_str_eq(db_sql(db, "SELECT count(*) FROM stranger WHERE hour = 100"), "2");
}
END_TEST

TCase *events_case(void)
{
    TCase *tcase = db_case("events");

    tcase_set_timeout(tcase, 30);
    tcase_add_loop_test(tcase, every_search_goes_by_its_index, ON_SQLITE, ON_POSTGRES + 1);
    tcase_add_loop_test(tcase, pages_hold_each_event_once_and_in_order, ON_SQLITE, ON_POSTGRES + 1);
    tcase_add_loop_test(tcase, a_rare_combination_takes_several_pages, ON_SQLITE, ON_POSTGRES + 1);
    tcase_add_loop_test(tcase, one_event_is_read, ON_SQLITE, ON_POSTGRES + 1);
    tcase_add_loop_test(tcase, counts_of_strangers_add_up, ON_SQLITE, ON_POSTGRES + 1);
    return tcase;
}
