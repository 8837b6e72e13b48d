/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the audit log: one event with its proof, exports, counts of strangers, the file of heads.
 */
#include "flow/audit_read.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/headfile.h"
#include "flow/jobs.h"
#include "flow/merkle.h"
#include "flow/strangers.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static void make_history(void)
{
    act_as("user1");
    for (int i = 0; i < 4; i++) {
        enroll();
        if (i % 2) {
            assert_done(cm_audit_seal(ctx));
        }
    }
}

static const char *event_where(const char *condition)
{
    return sql_value(apr_pstrcat(pool, "SELECT id FROM audit_event WHERE ", condition, NULL));
}

START_TEST(every_sealed_event_is_proven)
{
    cm_audit_event_t *event;
    cm_audit_proof_t *proof;
    int count;

    make_history();
    count = (int)strtol(sql_value("SELECT max(leaf) + 1 FROM audit_event"), NULL, 10);
    ck_assert_int_gt(count, 8);
    for (int i = 0; i < count; i++) {
        cm_bytes_t root;

        assert_done(
            cm_audit_show(&event, &proof, ctx, event_where(apr_psprintf(pool, "leaf = %d", i))));
        ck_assert_ptr_nonnull(proof);
        ck_assert_int_gt(proof->head->size, i);
        root = cm_merkle_follow(cm_merkle_leaf(cm_bytes_of_text(proof->input), pool), i,
                                proof->head->size, proof->hashes, pool);
        ck_assert(cm_bytes_equal(root, proof->head->root));
        ck_assert(cm_audit_head_is_signed(proof->head, proof->spki, pool));
    }
}
END_TEST

START_TEST(what_is_not_sealed_has_no_proof)
{
    cm_audit_event_t *event;
    cm_audit_proof_t *proof;

    make_history();
    enroll();
    assert_done(cm_audit_show(&event, &proof, ctx, event_where("leaf IS NULL")));
    ck_assert_ptr_null(proof);
    ck_assert_int_eq(event->position, -1);
    assert_refused(cm_audit_show(&event, &proof, ctx, "nothing"), CM_E_NOT_FOUND, NULL);
}
END_TEST

/* Whatever was touched, no proof is handed out that would prove nothing. */
START_TEST(what_was_changed_is_not_proven)
{
    static const char *const changes[] = {
        "UPDATE audit_event SET outcome = 'refused' WHERE leaf = 5",
        "UPDATE audit_event SET personal = '{\"actor\":\"nobody\"}' WHERE leaf = 5",
        "UPDATE audit_event SET salt = zeroblob(16) WHERE leaf = 5",
        "UPDATE audit_leaf SET hash = zeroblob(32) WHERE leaf = 4",
        "UPDATE audit_leaf SET hash = zeroblob(3) WHERE leaf = 4",
        "DELETE FROM audit_leaf WHERE leaf = 4",
        "DELETE FROM audit_head WHERE size > 5",
        "UPDATE audit_head SET root = zeroblob(32) WHERE size > 5",
        "UPDATE audit_head SET signed = signed - 1000000 WHERE size > 5",
    };
    cm_audit_event_t *event;
    cm_audit_proof_t *proof;
    const char *id;

    make_history();
    id = event_where("leaf = 5");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        sql("DROP TABLE IF EXISTS kept_event");
        sql("DROP TABLE IF EXISTS kept_leaf");
        sql("DROP TABLE IF EXISTS kept_head");
        sql("CREATE TABLE kept_event AS SELECT * FROM audit_event");
        sql("CREATE TABLE kept_leaf AS SELECT * FROM audit_leaf");
        sql("CREATE TABLE kept_head AS SELECT * FROM audit_head");
        assert_done(cm_audit_show(&event, &proof, ctx, id));
        sql(changes[i]);
        assert_refused(cm_audit_show(&event, &proof, ctx, id), CM_E_INTEGRITY, NULL);
        sql("DELETE FROM audit_event");
        sql("DELETE FROM audit_leaf");
        sql("DELETE FROM audit_head");
        sql("INSERT INTO audit_event SELECT * FROM kept_event");
        sql("INSERT INTO audit_leaf SELECT * FROM kept_leaf");
        sql("INSERT INTO audit_head SELECT * FROM kept_head");
    }
}
END_TEST

START_TEST(words_are_checked)
{
    const cm_event_query_t action = {.action = "nope", .until = APR_INT64_MAX, .limit = 1};
    const cm_event_query_t outcome = {.outcome = "nope", .until = APR_INT64_MAX, .limit = 1};
    const cm_event_query_t good = {.action = "request.submit",
                                   .outcome = "done",
                                   .actor = identity_of("user1")->person->id,
                                   .until = APR_INT64_MAX,
                                   .limit = 99};
    cm_event_page_t page;
    cm_error_t *error;

    make_history();
    error = cm_audit_page(&page, ctx, &action);
    assert_refused(error, CM_E_VALUE, "value.word");
    ck_assert_str_eq(error->field, "/action");
    error = cm_audit_page(&page, ctx, &outcome);
    assert_refused(error, CM_E_VALUE, "value.word");
    ck_assert_str_eq(error->field, "/outcome");
    assert_refused(cm_audit_export(ctx, &action, "csv"), CM_E_VALUE, "value.word");
    assert_done(cm_audit_page(&page, ctx, &good));
    ck_assert_int_eq(page.items->nelts, 4);
}
END_TEST

START_TEST(an_export_is_an_event)
{
    const cm_event_query_t query = {.outcome = "done", .since = clock_now, .until = APR_INT64_MAX};
    const char *detail;

    act_as("officer1");
    assert_done(cm_audit_export(ctx, &query, "csv"));
    detail = sql_value("SELECT detail FROM audit_event WHERE action = 'audit.export'");
    ck_assert_ptr_nonnull(strstr(detail, "\"outcome\":\"done\""));
    ck_assert_ptr_nonnull(strstr(detail, "\"format\":\"csv\""));
    ck_assert_ptr_nonnull(strstr(detail, "\"happened_after\":\"2"));
    ck_assert_ptr_null(strstr(detail, "happened_before"));
    ck_assert_str_eq(sql_value("SELECT actor FROM audit_event WHERE action = 'audit.export'"),
                     identity_of("officer1")->person->id);
}
END_TEST

static cm_strangers_t *make_strangers(const char *holder)
{
    cm_strangers_t *strangers;

    assert_done(cm_strangers_make(&strangers, holder, pool));
    return strangers;
}

static void count(cm_strangers_t *strangers, const char *rule, int times)
{
    while (times--) {
        cm_stranger_count(strangers, rule);
    }
}

static void flush(cm_strangers_t *strangers)
{
    act_as(NULL);
    assert_done(cm_strangers_flush(strangers, ctx));
}

/* To the start of an hour. */
static void next_hour(void)
{
    const apr_time_t hour = apr_time_from_sec(3600);

    clock_now += hour - clock_now % hour;
    act_as(NULL);
}

START_TEST(counting_writes_nothing)
{
    cm_strangers_t *strangers = make_strangers("one");
    const char *total = "SELECT sum(refused) || ' ' || count(*) FROM stranger";

    flush(strangers);
    count(strangers, "identity.missing", 1000);
    count(NULL, "identity.missing", 1);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM stranger"), "0");
    flush(strangers);
    ck_assert_str_eq(sql_value(total), "1000 1");
    flush(strangers);
    count(strangers, "identity.missing", 1);
    count(strangers, "login.unknown", 2);
    flush(strangers);
    ck_assert_str_eq(sql_value(total), "1003 2");
    sql("DELETE FROM stranger");
    flush(strangers);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM stranger"), "0");
}
END_TEST

START_TEST(more_rules_than_places_are_others)
{
    cm_strangers_t *strangers = make_strangers("one");

    for (int i = 0; i < 100; i++) {
        count(strangers, apr_psprintf(pool, "rule%d", i), 1);
    }
    flush(strangers);
    ck_assert_str_eq(sql_value("SELECT sum(refused) || ' ' || count(*) FROM stranger"), "100 32");
    ck_assert_str_eq(sql_value("SELECT refused FROM stranger WHERE rule = 'other'"), "69");
}
END_TEST

/* What could not be written is written later, once. */
START_TEST(a_count_outlives_a_lost_database)
{
    cm_strangers_t *strangers = make_strangers("one");

    count(strangers, "a", 3);
    flush(strangers);
    sql("ALTER TABLE stranger RENAME TO away");
    count(strangers, "a", 4);
    ck_assert_ptr_nonnull(cm_strangers_flush(strangers, ctx));
    ck_assert_ptr_nonnull(cm_strangers_flush(strangers, ctx));
    sql("ALTER TABLE away RENAME TO stranger");
    next_hour();
    flush(strangers);
    flush(strangers);
    ck_assert_str_eq(sql_value("SELECT sum(refused) || ' ' || count(*) FROM stranger"), "7 2");
}
END_TEST

static int job_runs(void)
{
    const cm_job_t *job = cm_jobs();
    int ran = -1;

    while (strcmp(job->name, "strangers") != 0) {
        job++;
    }
    assert_done(cm_job_run(&ran, ctx, job, "here"));
    return ran;
}

START_TEST(an_hour_that_is_over_becomes_an_event)
{
    const char *events = "SELECT count(*) FROM audit_event WHERE action = 'stranger.refuse'";
    cm_strangers_t *one = make_strangers("one"), *two = make_strangers("two");
    const char *detail, *hour;

    next_hour();
    hour = cm_text_time(clock_now, pool);
    count(one, "identity.missing", 3);
    count(two, "identity.missing", 4);
    count(two, "origin.foreign", 1);
    flush(one);
    flush(two);
    next_hour();
    ck_assert(!job_runs());
    clock_now += apr_time_from_sec(59);
    act_as(NULL);
    ck_assert(!job_runs());
    clock_now += apr_time_from_sec(1);
    act_as(NULL);
    ck_assert(job_runs());
    ck_assert_str_eq(sql_value(events), "1");
    detail = sql_value("SELECT detail FROM audit_event WHERE action = 'stranger.refuse'");
    ck_assert_str_eq(detail, apr_pstrcat(pool, "{\"hour\":\"", hour,
                                         "\",\"refusals\":{\"identity.missing\":7,"
                                         "\"origin.foreign\":1}}",
                                         NULL));
    ck_assert_str_eq(sql_value("SELECT sum(refused) || ' ' || count(*) FROM stranger"), "8 2");
    ck_assert(!job_runs());
    assert_done(cm_audit_seal(ctx));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE leaf IS NULL"), "0");
}
END_TEST

START_TEST(heads_that_were_cut_stay_lines)
{
    const char *path = apr_pstrcat(pool, folder, "/cut", NULL);
    apr_file_t *file;

    assert_done(cm_headfile_append(path, "one", pool));
    ck_assert_int_eq(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_APPEND, 0, pool), 0);
    apr_file_puts("tw", file);
    apr_file_close(file);
    assert_done(cm_headfile_append(path, "three", pool));
    ck_assert_str_eq((const char *)unit_file(path).data, "one\ntw\nthree\n");
}
END_TEST

START_TEST(heads_go_through_no_link)
{
    const char *path = apr_pstrcat(pool, folder, "/link", NULL);

    ck_assert_int_eq(symlink(apr_pstrcat(pool, folder, "/elsewhere", NULL), path), 0);
    assert_refused(cm_headfile_append(path, "one", pool), CM_E_CONFIG, NULL);
    assert_refused(cm_headfile_append("/dev/null", "one", pool), CM_E_CONFIG, NULL);
    assert_refused(cm_headfile_append(folder, "one", pool), CM_E_CONFIG, NULL);
}
END_TEST

/* By root only: nobody else can give a file away. */
START_TEST(a_file_made_by_root_goes_to_the_owner_of_its_folder)
{
    enum { SOMEBODY = 33 };
    const char *path = apr_pstrcat(pool, folder, "/heads-of-root", NULL);
    const char *twin = apr_pstrcat(pool, folder, "/twin", NULL);
    struct stat info;

    if (geteuid() != 0) {
        return;
    }
    ck_assert_int_eq(chown(folder, SOMEBODY, SOMEBODY), 0);
    assert_done(cm_headfile_append(path, "one", pool));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_uid, SOMEBODY);
    /* one that an earlier version left behind, and one that is also somewhere else */
    ck_assert_int_eq(chown(path, 0, 0), 0);
    ck_assert_int_eq(link(path, twin), 0);
    assert_done(cm_headfile_append(path, "two", pool));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_uid, 0);
    ck_assert_int_eq(unlink(twin), 0);
    assert_done(cm_headfile_append(path, "three", pool));
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_uid, SOMEBODY);
}
END_TEST

/* Heads of several places, and a line that is none, which hides nothing. */
START_TEST(heads_of_several_files_are_compared)
{
    cm_audit_report_t *report;
    const char *first, *second, *lines;

    make_history();
    assert_done(cm_audit_head(&first, ctx));
    enroll();
    assert_done(cm_audit_head(&second, ctx));
    lines = apr_pstrcat(pool, first, "\n", second, "\n\n", first, "\n", NULL);
    assert_done(cm_audit_verify(&report, ctx, lines));
    ck_assert_int_eq(report->findings->nelts, 0);
    assert_done(cm_audit_verify(&report, ctx, apr_pstrcat(pool, "{\"si\n", lines, NULL)));
    ck_assert_int_eq(report->findings->nelts, 1);
    ck_assert_str_eq(APR_ARRAY_IDX(report->findings, 0, cm_audit_finding_t).event,
                     "line 1 of the heads");
    sql("DELETE FROM audit_head WHERE size = (SELECT max(size) FROM audit_head)");
    sql("DELETE FROM audit_event WHERE leaf = (SELECT max(leaf) FROM audit_event)");
    sql("DELETE FROM audit_leaf WHERE leaf = (SELECT max(leaf) FROM audit_leaf)");
    assert_done(cm_audit_verify(&report, ctx, first));
    ck_assert_int_eq(report->findings->nelts, 0);
    assert_done(cm_audit_verify(&report, ctx, lines));
    ck_assert_int_eq(report->findings->nelts, 1);
}
END_TEST

TCase *audit_read_case(void)
{
    TCase *tcase = flow_case("audit_read");

    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, every_sealed_event_is_proven);
    tcase_add_test(tcase, what_is_not_sealed_has_no_proof);
    tcase_add_test(tcase, what_was_changed_is_not_proven);
    tcase_add_test(tcase, words_are_checked);
    tcase_add_test(tcase, an_export_is_an_event);
    tcase_add_test(tcase, counting_writes_nothing);
    tcase_add_test(tcase, more_rules_than_places_are_others);
    tcase_add_test(tcase, a_count_outlives_a_lost_database);
    tcase_add_test(tcase, an_hour_that_is_over_becomes_an_event);
    tcase_add_test(tcase, heads_that_were_cut_stay_lines);
    tcase_add_test(tcase, heads_go_through_no_link);
    tcase_add_test(tcase, a_file_made_by_root_goes_to_the_owner_of_its_folder);
    tcase_add_test(tcase, heads_of_several_files_are_compared);
    return tcase;
}
