/* SPDX-License-Identifier: Apache-2.0
 *
 * CRLs as files: what a node writes, and what it goes on serving when it can't.
 */
#include <apr_file_info.h>
#include <apr_strings.h>
#include <signal.h>
#include <sys/resource.h>

#include "flow/crl.h"
#include "flow/crl_file.h"
#include "flow/jobs.h"
#include "pki/crl.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static const cm_certificate_t *revoke_another(void)
{
    const cm_certificate_t *made;
    cm_submission_t submission = {
        .operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "test"};
    cm_request_view_t *view;

    act_as("user1");
    made = enroll()->certificate;
    submission.certificate = made->id;
    assert_done(cm_request_submit(&view, ctx, &submission));
    clock_now += apr_time_from_sec(config->crl_gather);
    act_as(NULL);
    return made;
}

static const char *path(const char *name)
{
    return apr_pstrcat(pool, config->crl_directory, "/", name, NULL);
}

static int exists(const char *name)
{
    apr_finfo_t info;

    return apr_stat(&info, path(name), APR_FINFO_SIZE, pool) == APR_SUCCESS;
}

/* What is served now, whatever the job has to do. */
static apr_int64_t number_served(void)
{
    cm_crl_info_t *info;

    assert_done(cm_crl_parse(&info, unit_file(path("ca.crl")), pool));
    return info->number;
}

START_TEST(each_node_has_the_same_file)
{
    const cm_certificate_t *gone = revoke_another();
    cm_crl_file_t here, there;
    cm_bytes_t bytes;
    int due;

    assert_done(cm_crl_job(ctx));
    assert_done(cm_crl_files_are_due(&due, ctx));
    ck_assert(due);
    bytes = crl_bytes("ca");
    assert_done(cm_crl_files_are_due(&due, ctx));
    ck_assert(!due);
    assert_done(cm_crl_open(&here, ctx, "ca", 0));
    ck_assert_int_eq(apr_time_sec(here.modified), apr_time_sec(ctx->now));
    ck_assert(cm_crl_find(crl_info("ca"), gone->serial, NULL, NULL));

    config->crl_directory = apr_pstrcat(pool, folder, "/elsewhere", NULL);
    ck_assert_int_eq(apr_dir_make(config->crl_directory, APR_FPROT_OS_DEFAULT, pool), 0);
    assert_done(cm_crl_open(&there, ctx, "ca", 0)); /* asked for before the job has run */
    ck_assert(cm_bytes_equal(crl_bytes("ca"), bytes));
    ck_assert(here.modified == there.modified && here.size == there.size);
}
END_TEST

START_TEST(a_list_of_the_same_second_and_size_is_another)
{
    cm_crl_file_t first, second;

    assert_done(cm_crl_publish(ctx, "ca"));
    crl_bytes("ca");
    assert_done(cm_crl_open(&first, ctx, "ca", 0));
    for (int i = 0; i < 8; i++) { /* signatures differ in length */
        assert_done(cm_crl_publish(ctx, "ca"));
        ck_assert_int_eq(crl_info("ca")->number, i + 3);
        assert_done(cm_crl_open(&second, ctx, "ca", 0));
        ck_assert(first.modified < second.modified);
    }
}
END_TEST

START_TEST(what_can_not_be_written_leaves_the_old_list)
{
    struct rlimit limit, small;

    crl_bytes("ca");
    revoke_another();
    sql(apr_psprintf(pool,
                     "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
                     " INSERT INTO crl_entry SELECT ca, shard, i, serial, entry, 0, not_after, NULL"
                     " FROM n, crl_entry"));
    sql("UPDATE authority SET revocations = 999");
    assert_done(cm_crl_job(ctx));
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 16384; /* as a disk that gets full in the middle */
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_refused(cm_crl_files_job(ctx), CM_E_BUSY, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(number_served(), 1);
    ck_assert_str_eq(sql_value("SELECT crl_number FROM authority"), "2");
    assert_done(cm_crl_files_job(ctx)); /* tried again */
    ck_assert_int_eq(number_served(), 2);
}
END_TEST

START_TEST(what_was_not_signed_is_not_served)
{
    crl_bytes("ca");
    revoke_another();
    assert_done(cm_crl_job(ctx));
    sql("UPDATE crl_entry SET entry = x'3000'");
    assert_refused(cm_crl_files_job(ctx), CM_E_INTEGRITY, NULL);
    sql("UPDATE crl_entry SET entry = NULL");
    assert_refused(cm_crl_files_job(ctx), CM_E_INTEGRITY, NULL);
    ck_assert_int_eq(number_served(), 1);
}
END_TEST

START_TEST(drafts_of_killed_writers_are_removed)
{
    apr_file_t *file;

    ck_assert_int_eq(apr_file_open(&file, path("ca.crl.Ab12Cd"), APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                   APR_FPROT_OS_DEFAULT, pool),
                     0);
    apr_file_close(file);
    assert_done(cm_crl_files_job(ctx));
    ck_assert(exists("ca.crl.Ab12Cd")); /* somebody may be at it */
    ck_assert_int_eq(
        apr_file_mtime_set(path("ca.crl.Ab12Cd"), apr_time_now() - apr_time_from_sec(3700), pool),
        0);
    assert_done(cm_crl_files_job(ctx));
    ck_assert(!exists("ca.crl.Ab12Cd"));
    ck_assert(exists("ca.crl"));
}
END_TEST

START_TEST(a_long_list_is_not_written_for_whoever_asks)
{
    cm_crl_file_t file;

    sql("UPDATE crl SET size = 1048577");
    assert_refused(cm_crl_open(&file, ctx, "ca", 0), CM_E_BUSY, NULL);
}
END_TEST

START_TEST(a_clock_that_stepped_back_hides_no_revocation)
{
    const cm_certificate_t *gone;

    assert_done(cm_crl_publish(ctx, "ca"));
    clock_now -= apr_time_from_sec(7200);
    gone = revoke_another();
    assert_done(cm_crl_job(ctx));
    ck_assert(cm_crl_find(crl_info("ca"), gone->serial, NULL, NULL));
}
END_TEST

START_TEST(each_node_writes_its_files_without_a_lease)
{
    int ran = 0;

    sql("DELETE FROM lease");
    for (const cm_job_t *job = cm_jobs(); job->name; job++) {
        if (strcmp(job->name, "crl-files") == 0) {
            sql(apr_psprintf(
                pool, "INSERT INTO lease VALUES ('crl-files', 'elsewhere', %" APR_TIME_T_FMT ")",
                clock_now + apr_time_from_sec(60)));
            assert_done(cm_job_run(&ran, ctx, job, "here"));
        }
    }
    ck_assert(ran);
    ck_assert(exists("ca.crl"));
}
END_TEST

TCase *crl_case(void)
{
    TCase *tcase = flow_case("crl");

    tcase_add_test(tcase, each_node_has_the_same_file);
    tcase_add_test(tcase, a_list_of_the_same_second_and_size_is_another);
    tcase_add_test(tcase, what_can_not_be_written_leaves_the_old_list);
    tcase_add_test(tcase, what_was_not_signed_is_not_served);
    tcase_add_test(tcase, drafts_of_killed_writers_are_removed);
    tcase_add_test(tcase, a_long_list_is_not_written_for_whoever_asks);
    tcase_add_test(tcase, a_clock_that_stepped_back_hides_no_revocation);
    tcase_add_test(tcase, each_node_writes_its_files_without_a_lease);
    return tcase;
}
