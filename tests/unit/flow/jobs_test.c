/* SPDX-License-Identifier: Apache-2.0
 *
 * When jobs run, and where: leases, and what makes each of them due.
 */
#include "flow/jobs.h"

#include <apr_strings.h>

#include "flow/crl.h"
#include "flow/ocsp.h"
#include "pki/cert.h"
#include "pki/crl.h"
#include "store/certificates.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static void later(apr_interval_time_t by)
{
    clock_now += by;
    act_as(NULL);
}

static const cm_job_t *find_job(const char *name)
{
    const cm_job_t *job = cm_jobs();

    while (job->name && strcmp(job->name, name) != 0) {
        job++;
    }
    ck_assert_ptr_nonnull(job->name);
    return job;
}

/* Whether the job ran. */
static int runs(const char *name)
{
    int ran = -1;

    assert_done(cm_job_run(&ran, ctx, find_job(name), "here"));
    return ran;
}

static const cm_certificate_t *enroll_and_revoke(void)
{
    const cm_certificate_t *made;
    cm_submission_t submission = {
        .operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "test"};
    cm_request_view_t *view;

    act_as("user1");
    made = enroll()->certificate;
    submission.certificate = made->id;
    assert_done(cm_request_submit(&view, ctx, &submission));
    act_as(NULL);
    return made;
}

START_TEST(a_job_runs_where_its_lease_is)
{
    const char *waiting = "SELECT count(*) FROM audit_event WHERE leaf IS NULL";

    enroll_and_revoke();
    sql(apr_psprintf(pool, "INSERT INTO lease VALUES ('seal', 'elsewhere', %" APR_TIME_T_FMT ")",
                     clock_now + apr_time_from_sec(5)));
    ck_assert(!runs("seal"));
    ck_assert_str_ne(sql_value(waiting), "0");
    later(apr_time_from_sec(4));
    ck_assert(!runs("seal"));
    later(apr_time_from_sec(2)); /* the holder is gone */
    ck_assert(runs("seal"));
    ck_assert_str_eq(sql_value(waiting), "0");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM lease"), "0"); /* given back */
    ck_assert(!runs("seal"));                                       /* nothing to do */
}
END_TEST

START_TEST(events_are_sealed_once_in_an_interval)
{
    enroll_and_revoke();
    ck_assert(runs("seal"));
    enroll_and_revoke();
    later(apr_time_from_sec(1));
    ck_assert(!runs("seal"));
    /* a head is signed a little after the job woke, so the next wake-up seems to come too early */
    later(apr_time_from_sec(config->audit_interval - 1) - 200000);
    ck_assert(runs("seal"));
}
END_TEST

START_TEST(heads_are_kept_outside_of_the_database)
{
    cm_bytes_t heads;

    enroll_and_revoke();
    ck_assert(runs("seal"));
    heads = unit_file(config->audit_heads);
    ck_assert_ptr_nonnull(strstr((const char *)heads.data, "\"signature\""));
}
END_TEST

START_TEST(revocations_are_gathered_for_a_while)
{
    const cm_certificate_t *first, *second;
    ck_assert_int_eq(crl_info("ca")->number, 1);
    first = enroll_and_revoke();
    ck_assert(!runs("crl"));
    later(apr_time_from_sec(config->crl_gather - 1));
    ck_assert(!runs("crl"));
    second = enroll_and_revoke();
    later(apr_time_from_sec(1));
    ck_assert(runs("crl"));
    ck_assert_int_eq(crl_info("ca")->number, 2);
    ck_assert(cm_crl_find(crl_info("ca"), first->serial, NULL, NULL));
    ck_assert(cm_crl_find(crl_info("ca"), second->serial, NULL, NULL));
    ck_assert(!runs("crl"));
}
END_TEST

START_TEST(a_crl_is_renewed_in_the_middle_of_its_life)
{
    later(apr_time_from_sec(config->crl_validity / 2 - 60));
    ck_assert(!runs("crl"));
    later(apr_time_from_sec(61));
    ck_assert(runs("crl"));
    ck_assert_int_eq(crl_info("ca")->number, 2);
}
END_TEST

START_TEST(what_has_expired_leaves_the_crl)
{
    const cm_certificate_t *gone = enroll_and_revoke();
    later(apr_time_from_sec(config->crl_gather));
    ck_assert(runs("crl"));
    ck_assert(cm_crl_find(crl_info("ca"), gone->serial, NULL, NULL));
    later(gone->not_after - clock_now + apr_time_from_sec(1));
    ck_assert(runs("crl"));
    ck_assert(cm_crl_find(crl_info("ca"), gone->serial, NULL, NULL)); /* once more: RFC 5280 3.3 */
    later(apr_time_from_sec(config->crl_validity / 2 + 1));
    ck_assert(runs("crl"));
    ck_assert(!cm_crl_find(crl_info("ca"), gone->serial, NULL, NULL));
}
END_TEST

/* More than the job reads at once. */
START_TEST(a_long_crl_has_them_all)
{
    const cm_certificate_t *last = enroll_and_revoke();
    sql(apr_psprintf(
        pool,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000) "
        "INSERT INTO crl_entry (ca, shard, sequence, serial, entry, lifted, not_after) "
        "SELECT 'ca', 0, 1 + i, printf('%%016x', 4096 + i), (SELECT entry FROM crl_entry WHERE "
        "sequence = 1), 0, %" APR_TIME_T_FMT " FROM n",
        last->not_after));
    sql("UPDATE authority SET revocations = 25001");
    later(apr_time_from_sec(config->crl_gather));
    ck_assert(runs("crl"));
    ck_assert(cm_crl_find(crl_info("ca"), last->serial, NULL, NULL));
    ck_assert_int_eq(crl_info("ca")->count, 25001);
}
END_TEST

START_TEST(an_authority_that_is_broken_hides_no_other)
{
    cm_error_t *error;
    int ran = -1;

    sql("INSERT INTO authority SELECT 'a', parent, state, key_uri, certificate, der, ocsp_key,"
        " ocsp_der, ocsp_not_after, crl_period, 1, 0, 0, 0, created, outside, 0, 0 FROM authority");
    sql("UPDATE authority SET key_uri = 'pkcs11:token=test;object=nothing' WHERE name = 'a'");
    later(apr_time_from_sec(config->crl_validity / 2 + 1));
    error = cm_job_run(&ran, ctx, find_job("crl"), "here");
    ck_assert_ptr_nonnull(error); /* of "a", whose key is lost */
    ck_assert_int_eq(crl_info("ca")->number, 2);
}
END_TEST

static cm_cert_t *responder(void)
{
    const char *hex = sql_value("SELECT lower(hex(ocsp_der)) FROM authority");
    cm_bytes_t der;
    cm_cert_t *cert;

    assert_done(cm_bytes_unhex(&der, hex, pool));
    assert_done(cm_cert_parse(&cert, der, pool));
    return cert;
}

START_TEST(no_responder_outlives_its_authority)
{
    const cm_cert_t *before = responder();
    apr_time_t end =
        apr_time_make(strtoll(sql_value("SELECT not_after / 1000000 FROM certificate WHERE id ="
                                        " (SELECT certificate FROM authority)"),
                              NULL, 10),
                      0);

    ck_assert(!runs("ocsp"));
    later(end - clock_now - apr_time_from_sec(config->ocsp_certificate_validity / 4));
    ck_assert(runs("ocsp"));
    ck_assert_str_ne(responder()->serial_hex, before->serial_hex);
    ck_assert_int_eq(responder()->not_after, end);
    ck_assert(!runs("ocsp")); /* a new one could not live longer */
}
END_TEST

TCase *jobs_case(void)
{
    TCase *tcase = flow_case("jobs");

    tcase_add_test(tcase, a_job_runs_where_its_lease_is);
    tcase_add_test(tcase, events_are_sealed_once_in_an_interval);
    tcase_add_test(tcase, heads_are_kept_outside_of_the_database);
    tcase_add_test(tcase, revocations_are_gathered_for_a_while);
    tcase_add_test(tcase, a_crl_is_renewed_in_the_middle_of_its_life);
    tcase_add_test(tcase, what_has_expired_leaves_the_crl);
    tcase_add_test(tcase, a_long_crl_has_them_all);
    tcase_add_test(tcase, an_authority_that_is_broken_hides_no_other);
    tcase_add_test(tcase, no_responder_outlives_its_authority);
    return tcase;
}
