/* SPDX-License-Identifier: Apache-2.0
 *
 * CRLs as files: what a node writes, and what it goes on serving when it can't.
 */
#include <apr_file_info.h>
#include <apr_strings.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flow/crl.h"
#include "flow/crl_file.h"
#include "flow/jobs.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "policy/address.h"
#include "store/source.h"
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

/* To some 40 kB. */
static void fill_list(void)
{
    sql("INSERT INTO crl_entry WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE"
        " i < 999) SELECT ca, shard, i, serial, entry, 0, not_after, NULL FROM n, crl_entry");
    sql("UPDATE authority SET revocations = 999");
}

START_TEST(what_can_not_be_written_leaves_the_old_list)
{
    struct rlimit limit, small;

    crl_bytes("ca");
    revoke_another();
    fill_list();
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

/* Killed by a signal in the middle of the file. */
static void write_and_die(void)
{
    const struct rlimit small = {16384, 16384};
    cm_store_config_t settings = {.driver = "sqlite3"};
    const cm_db_source_t *source;

    settings.params = apr_pstrcat(pool, folder, "/certmgr.db", NULL);
    if (!cm_source_make(&source, &settings, 1, pool) &&
        !cm_store_make(&ctx->store, source, &settings, pool) &&
        setrlimit(RLIMIT_FSIZE, &small) == 0) {
        signal(SIGXFSZ, SIG_DFL);
        cm_crl_files_job(ctx);
    }
    _exit(1);
}

START_TEST(a_writer_that_is_killed_leaves_the_old_list)
{
    cm_bytes_t list;
    int status;
    pid_t pid;

    crl_bytes("ca");
    revoke_another();
    fill_list();
    assert_done(cm_crl_job(ctx));
    pid = fork();
    if (pid == 0) {
        write_and_die();
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
    ck_assert_int_eq(number_served(), 1);
    list = crl_bytes("ca"); /* by the next one */
    ck_assert_int_eq(number_served(), 2);
    ck_assert_int_eq(apr_file_remove(path("ca.crl"), pool), APR_SUCCESS);
    ck_assert(cm_bytes_equal(crl_bytes("ca"), list)); /* a number has one content */
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

static const cm_certificate_t *hold(const cm_certificate_t *certificate, cm_operation_t operation)
{
    const cm_submission_t submission = {
        .operation = operation, .certificate = certificate->id, .remarks = "test"};
    cm_request_view_t *view;

    act_as(operation == CM_OP_SUSPEND ? "user1" : "officer1");
    assert_done(cm_request_submit(&view, ctx, &submission));
    clock_now += apr_time_from_sec(config->crl_gather);
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    return certificate;
}

static int reason_in(const char *name, const cm_certificate_t *certificate)
{
    int reason = -1;

    cm_crl_find(crl_info(name), certificate->serial, &reason, NULL);
    return reason;
}

/* RFC 5280 5.2.4 */
START_TEST(a_delta_says_what_changed_since_its_base)
{
    const cm_certificate_t *before = revoke_another(), *held, *after;
    const cm_crl_info_t *delta;

    sql("UPDATE authority SET crl_delta = 1");
    assert_done(cm_crl_job(ctx)); /* 2: the first delta builds on list 1 */
    ck_assert_int_eq(crl_info("ca-delta")->base_number, 1);
    ck_assert_int_eq(reason_in("ca-delta", before), CM_REASON_SUPERSEDED);
    act_as("user1");
    held = hold(enroll()->certificate, CM_OP_SUSPEND); /* 3 */
    ck_assert_int_eq(reason_in("ca-delta", held), CM_REASON_CERTIFICATE_HOLD);
    hold(held, CM_OP_REINSTATE); /* 4 */
    ck_assert_int_eq(reason_in("ca-delta", held), CM_REASON_REMOVE_FROM_CRL);
    ck_assert_int_eq(reason_in("ca", held), -1);
    after = revoke_another();
    assert_done(cm_crl_job(ctx)); /* 5 */
    delta = crl_info("ca-delta");
    ck_assert(delta->number == 5 && delta->base_number == 1 && delta->count == 3);
    ck_assert_int_eq(crl_info("ca")->number, 5); /* at the same time, with the same number */
    ck_assert_int_eq(crl_info("ca")->base_number, -1);
    ck_assert_int_eq(reason_in("ca", after), CM_REASON_SUPERSEDED);

    /* half of the life of the base later it moves on */
    clock_now += apr_time_from_sec(config->crl_validity) / 2;
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    delta = crl_info("ca-delta");
    ck_assert(delta->number == 6 && delta->base_number == 5 && delta->count == 0);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl_entry WHERE lifted = 1"), "1");
    clock_now = held->not_after + apr_time_from_sec(config->crl_validity);
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    clock_now += apr_time_from_sec(config->crl_validity);
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl_entry"), "0"); /* all have ended */
}
END_TEST

START_TEST(deltas_bridge_the_time_between_full_lists)
{
    const cm_certificate_t *gone;

    sql("UPDATE authority SET crl_delta = 3600");
    gone = revoke_another();
    assert_done(cm_crl_job(ctx));
    ck_assert_int_eq(crl_info("ca")->number, 1);
    ck_assert_int_eq(crl_info("ca-delta")->number, 2);
    ck_assert_int_eq(reason_in("ca-delta", gone), CM_REASON_SUPERSEDED);
    clock_now += apr_time_from_sec(3600);
    act_as(NULL);
    assert_done(cm_crl_job(ctx)); /* the full list is behind, though nothing has changed since */
    ck_assert_int_eq(crl_info("ca")->number, 3);
    ck_assert_int_eq(reason_in("ca", gone), CM_REASON_SUPERSEDED);
}
END_TEST

/* RFC 5280 5.2.4: what first appeared on a delta stays until it was on a complete list. */
START_TEST(what_ended_between_full_lists_stays_on_deltas)
{
    const cm_certificate_t *gone, *other;

    sql("UPDATE authority SET crl_delta = 31536000, crl_period = 31536000");
    assert_done(cm_crl_publish(ctx, "ca"));
    gone = revoke_another();
    assert_done(cm_crl_job(ctx));
    clock_now = gone->not_after + apr_time_from_sec(60);
    act_as(NULL);
    other = revoke_another();
    assert_done(cm_crl_job(ctx));
    ck_assert_int_eq(reason_in("ca-delta", other), CM_REASON_SUPERSEDED);
    ck_assert_int_eq(reason_in("ca-delta", gone), CM_REASON_SUPERSEDED);
    ck_assert_int_eq(reason_in("ca", gone), -1);
    assert_done(cm_crl_publish(ctx, "ca"));
    ck_assert_int_eq(reason_in("ca", gone), CM_REASON_SUPERSEDED);
}
END_TEST

/* The list that the certificate names. */
static const char *list_of(const cm_certificate_t *certificate)
{
    cm_cert_t *cert;

    assert_done(cm_cert_parse(&cert, certificate->der, pool));
    return cm_address_list_of(cm_cert_crl_url(cert, pool), pool);
}

START_TEST(a_certificate_stays_in_the_list_that_it_names)
{
    const cm_certificate_t *old, *one, *more[12];
    int used[5] = {0};

    act_as("user1");
    old = enroll()->certificate;
    ck_assert_str_eq(list_of(old), "ca");
    sql("UPDATE authority SET crl_shards = 1");
    one = enroll()->certificate;
    ck_assert_str_eq(list_of(one), "ca-1");
    sql("UPDATE authority SET crl_shards = 3, crl_delta = 1");
    for (int i = 0; i < 12; i++) {
        more[i] = revoke_another();
        used[list_of(more[i])[3] - '0']++;
    }
    ck_assert(used[1] + used[2] + used[3] == 12 && used[1] < 12);
    act_as("user1");
    hold(old, CM_OP_SUSPEND);
    hold(one, CM_OP_SUSPEND);
    for (int i = 0; i < 12; i++) {
        ck_assert_int_eq(reason_in(list_of(more[i]), more[i]), CM_REASON_SUPERSEDED);
        ck_assert_int_eq(reason_in("ca", more[i]), -1);
    }
    ck_assert_int_eq(reason_in("ca", old), CM_REASON_CERTIFICATE_HOLD);
    ck_assert_int_eq(reason_in("ca-1", one), CM_REASON_CERTIFICATE_HOLD);
    ck_assert_int_eq(reason_in("ca-1-delta", one), CM_REASON_CERTIFICATE_HOLD);
    ck_assert_int_eq(reason_in("ca-2", one), -1);
}
END_TEST

START_TEST(deltas_end_with_the_next_full_list)
{
    act_as("user1");
    sql("UPDATE authority SET crl_delta = 1");
    revoke_another();
    assert_done(cm_crl_publish(ctx, "ca"));
    revoke_another();
    assert_done(cm_crl_publish(ctx, "ca"));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl WHERE delta = 1"), "1");
    sql("UPDATE authority SET crl_delta = 0");
    assert_done(cm_crl_publish(ctx, "ca"));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl WHERE delta = 1"), "0");
    assert_done(cm_crl_files_job(ctx));
    ck_assert_int_ne(
        access(apr_pstrcat(pool, ctx->config->crl_directory, "/ca-delta.crl", NULL), F_OK), 0);
}
END_TEST

TCase *crl_case(void)
{
    TCase *tcase = flow_case("crl");

    tcase_add_test(tcase, each_node_has_the_same_file);
    tcase_add_test(tcase, a_list_of_the_same_second_and_size_is_another);
    tcase_add_test(tcase, what_can_not_be_written_leaves_the_old_list);
    tcase_add_test(tcase, a_writer_that_is_killed_leaves_the_old_list);
    tcase_add_test(tcase, what_was_not_signed_is_not_served);
    tcase_add_test(tcase, drafts_of_killed_writers_are_removed);
    tcase_add_test(tcase, a_long_list_is_not_written_for_whoever_asks);
    tcase_add_test(tcase, a_clock_that_stepped_back_hides_no_revocation);
    tcase_add_test(tcase, each_node_writes_its_files_without_a_lease);
    tcase_add_test(tcase, a_delta_says_what_changed_since_its_base);
    tcase_add_test(tcase, deltas_bridge_the_time_between_full_lists);
    tcase_add_test(tcase, what_ended_between_full_lists_stays_on_deltas);
    tcase_add_test(tcase, a_certificate_stays_in_the_list_that_it_names);
    tcase_add_test(tcase, deltas_end_with_the_next_full_list);
    return tcase;
}
