/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/audit.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_audit_report_t *verify(const char *heads)
{
    cm_audit_report_t *report = NULL;

    assert_done(cm_audit_verify(&report, ctx, heads));
    return report;
}

/* What the report says about this event, "" when nothing. */
static const char *verdict(const cm_audit_report_t *report, const char *event)
{
    for (int i = 0; i < report->findings->nelts; i++) {
        const cm_audit_finding_t *finding = &APR_ARRAY_IDX(report->findings, i, cm_audit_finding_t);

        if (strcmp(finding->event, event) == 0) {
            return finding->what;
        }
    }
    return "";
}

/* Some events in three batches. */
static void make_history(void)
{
    act_as("user1");
    for (int i = 0; i < 3; i++) {
        enroll();
        assert_done(cm_audit_seal(ctx));
    }
}

static const char *event_at(const char *which)
{
    return sql_value(apr_pstrcat(pool, "SELECT id FROM audit_event WHERE leaf = (SELECT ", which,
                                 " FROM audit_event)", NULL));
}

START_TEST(an_untouched_log_verifies)
{
    cm_audit_report_t *report;
    const char *line;

    make_history();
    enroll();
    report = verify(NULL);
    ck_assert_int_eq(report->findings->nelts, 0);
    ck_assert_int_gt(report->sealed, 3);
    ck_assert_int_eq(report->waiting, 1);
    assert_done(cm_audit_head(&line, ctx));
    report = verify(line);
    ck_assert_int_eq(report->findings->nelts, 0);
    ck_assert_int_eq(report->waiting, 0);
    report = verify((const char *)unit_file(config->audit_heads).data);
    ck_assert_int_eq(report->findings->nelts, 0);
}
END_TEST

enum { SEALS = 60 };

static void *APR_THREAD_FUNC go_on(apr_thread_t *thread, void *data)
{
    cm_ctx_t own = *ctx;
    cm_error_t *error = NULL;

    (void)data;
    apr_pool_create(&own.pool, NULL);
    for (int i = 0; !error && i < SEALS; i++) {
        cm_audit_refusal(&own, cm_audit_begin(&own, "call.refuse", NULL),
                         cm_error_make(own.pool, CM_E_VALUE, "no"));
        error = cm_audit_seal(&own);
    }
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, error ? APR_EGENERAL : APR_SUCCESS);
    return NULL;
}

START_TEST(a_log_that_grows_meanwhile_verifies)
{
    apr_status_t result;
    apr_thread_t *thread;
    apr_int64_t sealed = 0;

    make_history();
    ck_assert_int_eq(apr_thread_create(&thread, NULL, go_on, NULL, pool), APR_SUCCESS);
    while (sealed < SEALS) {
        const cm_audit_report_t *report = verify(NULL);

        ck_assert_int_eq(report->findings->nelts, 0);
        sealed = report->sealed;
    }
    apr_thread_join(&result, thread);
    ck_assert_int_eq(result, APR_SUCCESS);
}
END_TEST

START_TEST(a_changed_event_is_named)
{
    static const char *const columns[] = {"happened = happened + 1",
                                          "action = 'x'",
                                          "outcome = 'x'",
                                          "actor = 'x'",
                                          "object = 'x'",
                                          "trace = 'x'",
                                          "detail = '{}'",
                                          "personal = '{}'"};

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        cm_audit_report_t *report;
        const char *event;

        make_history();
        event = event_at("max(leaf) - 1");
        sql(apr_pstrcat(pool, "UPDATE audit_event SET ", columns[i], " WHERE id = '", event, "'",
                        NULL));
        report = verify(NULL);
        ck_assert_msg(strcmp(verdict(report, event), "changed") == 0, "%s", columns[i]);
        ck_assert_int_eq(report->findings->nelts, (int)i + 1); /* this one and those before */
    }
}
END_TEST

START_TEST(a_deleted_event_is_named)
{
    const char *middle, *last;
    cm_audit_report_t *report;

    make_history();
    middle = event_at("max(leaf) / 2");
    last = event_at("max(leaf)");
    sql(apr_pstrcat(pool, "DELETE FROM audit_event WHERE id IN ('", middle, "', '", last, "')",
                    NULL));
    report = verify(NULL);
    ck_assert_int_eq(report->findings->nelts, 2);
    ck_assert_str_eq(verdict(report, middle), "missing");
    ck_assert_str_eq(verdict(report, last), "missing");
}
END_TEST

START_TEST(an_event_deleted_with_its_leaf_is_found)
{
    const char *position;
    cm_audit_report_t *report;

    make_history();
    position = sql_value("SELECT max(leaf) / 2 FROM audit_event");
    sql(apr_pstrcat(pool, "DELETE FROM audit_event WHERE leaf = ", position, NULL));
    sql(apr_pstrcat(pool, "DELETE FROM audit_leaf WHERE leaf = ", position, NULL));
    report = verify(NULL);
    ck_assert_str_eq(verdict(report, apr_pstrcat(pool, "position ", position, NULL)), "missing");
}
END_TEST

START_TEST(an_inserted_event_is_named)
{
    cm_audit_report_t *report;

    make_history();
    sql("INSERT INTO audit_event (id, happened, action, outcome, detail, personal, salt, leaf) "
        "SELECT '0forged', happened, action, outcome, detail, personal, salt, "
        "(SELECT max(leaf) + 1 FROM audit_event) FROM audit_event WHERE leaf = 1");
    report = verify(NULL);
    ck_assert_int_eq(report->findings->nelts, 1);
    ck_assert_str_eq(verdict(report, "0forged"), "inserted");
}
END_TEST

START_TEST(an_event_swapped_for_another_is_named)
{
    const char *event;
    cm_audit_report_t *report;

    make_history();
    event = event_at("max(leaf) / 2");
    sql(apr_pstrcat(pool, "UPDATE audit_event SET id = '0forged' WHERE id = '", event, "'", NULL));
    report = verify(NULL);
    ck_assert_str_eq(verdict(report, event), "missing");
    ck_assert_str_eq(verdict(report, "0forged"), "inserted");
}
END_TEST

START_TEST(changing_the_leaf_too_does_not_help)
{
    const char *event;
    cm_audit_report_t *report;

    make_history();
    event = event_at("max(leaf)");
    sql(apr_pstrcat(pool, "UPDATE audit_leaf SET hash = zeroblob(32) WHERE event = '", event, "'",
                    NULL));
    report = verify(NULL);
    ck_assert_str_eq(verdict(report, event), "changed");
}
END_TEST

START_TEST(a_forged_head_is_named)
{
    cm_audit_report_t *report;

    make_history();
    sql("UPDATE audit_head SET root = zeroblob(32) WHERE size = (SELECT max(size) FROM "
        "audit_head)");
    report = verify(NULL);
    ck_assert_int_gt(report->findings->nelts, 0);
    ck_assert(strncmp(APR_ARRAY_IDX(report->findings, 0, cm_audit_finding_t).event, "head ", 5) ==
              0);
}
END_TEST

/* The newest head is where sealing goes on: forged, it would lend its tree our signature. */
START_TEST(nothing_is_sealed_on_a_forged_head)
{
    static const char *const forgeries[] = {
        "UPDATE audit_head SET peaks = zeroblob(length(peaks)) WHERE size = (SELECT max(size) FROM "
        "audit_head)",
        "INSERT INTO audit_head (size, root, peaks, signed, signature) SELECT 2 * size, "
        "root, peaks, signed, signature FROM audit_head ORDER BY size DESC LIMIT 1"};

    for (size_t i = 0; i < sizeof forgeries / sizeof *forgeries; i++) {
        const char *count = "SELECT count(*) FROM audit_head", *before;

        sql("DELETE FROM audit_head");
        sql("DELETE FROM audit_leaf");
        sql("UPDATE audit_event SET leaf = NULL");
        make_history();
        enroll();
        sql(forgeries[i]);
        before = sql_value(count);
        assert_refused(cm_audit_seal(ctx), CM_E_INTEGRITY, NULL);
        ck_assert_str_eq(sql_value(count), before);
    }
}
END_TEST

START_TEST(a_head_of_the_future_is_not_waited_for)
{
    int due = 0;

    make_history();
    enroll();
    sql("UPDATE audit_head SET signed = signed + 1000000000000");
    assert_done(cm_audit_is_due(&due, ctx));
    ck_assert_int_eq(due, 1);
}
END_TEST

START_TEST(a_cut_off_tail_needs_an_exported_head)
{
    const char *line, *size,
        *cut = "(SELECT size FROM audit_head ORDER BY size DESC LIMIT 1 OFFSET 1)";
    cm_audit_report_t *report;

    make_history();
    assert_done(cm_audit_head(&line, ctx));
    size = sql_value("SELECT max(size) FROM audit_head");
    sql(apr_pstrcat(pool, "DELETE FROM audit_event WHERE leaf >= ", cut, NULL));
    sql(apr_pstrcat(pool, "DELETE FROM audit_leaf WHERE leaf >= ", cut, NULL));
    sql(apr_pstrcat(pool, "DELETE FROM audit_head WHERE size = ", size, NULL));
    ck_assert_int_eq(verify(NULL)->findings->nelts, 0);
    report = verify(line);
    ck_assert_int_gt(report->findings->nelts, 0);
    ck_assert_str_eq(APR_ARRAY_IDX(report->findings, 0, cm_audit_finding_t).what, "missing");
}
END_TEST

TCase *audit_case(void)
{
    TCase *tcase = flow_case("audit");

    tcase_add_test(tcase, an_untouched_log_verifies);
    tcase_add_test(tcase, a_log_that_grows_meanwhile_verifies);
    tcase_add_test(tcase, a_changed_event_is_named);
    tcase_add_test(tcase, a_deleted_event_is_named);
    tcase_add_test(tcase, an_event_deleted_with_its_leaf_is_found);
    tcase_add_test(tcase, an_inserted_event_is_named);
    tcase_add_test(tcase, an_event_swapped_for_another_is_named);
    tcase_add_test(tcase, changing_the_leaf_too_does_not_help);
    tcase_add_test(tcase, a_forged_head_is_named);
    tcase_add_test(tcase, nothing_is_sealed_on_a_forged_head);
    tcase_add_test(tcase, a_head_of_the_future_is_not_waited_for);
    tcase_add_test(tcase, a_cut_off_tail_needs_an_exported_head);
    return tcase;
}
