/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/retry.h"

#include <apr_thread_proc.h>

#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_error_t *submit(cm_request_view_t **view, const char *csr, const cm_retry_t *retry)
{
    const cm_submission_t submission = {
        .operation = CM_OP_ENROLL, .profile = "user", .csr = csr, .retry = retry};

    return cm_request_submit(view, ctx, &submission);
}

static const char *certificates(void)
{
    return sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
}

START_TEST(the_same_call_is_done_once)
{
    const cm_retry_t retry = {"key-1", "aa"}, other = {"key-1", "bb"}, next = {"key-2", "aa"};
    const char *csr = new_csr();
    cm_request_view_t *first, *view;

    act_as("user1");
    assert_refused(submit(&view, "garbage", &retry), CM_E_VALUE, NULL); /* leaves no key */
    assert_done(submit(&first, csr, &retry));
    assert_done(submit(&view, csr, &retry));
    ck_assert_str_eq(view->request->id, first->request->id);
    ck_assert_str_eq(view->certificate->serial, first->certificate->serial);
    ck_assert_str_eq(certificates(), "1");
    assert_refused(submit(&view, csr, &other), CM_E_REFUSED, "idempotency.body");
    assert_done(submit(&view, csr, &next));
    ck_assert_str_eq(certificates(), "2");
    act_as("user2"); /* keys of others don't meet */
    assert_done(submit(&view, new_csr(), &other));
    ck_assert_str_eq(certificates(), "3");
}
END_TEST

START_TEST(an_event_too)
{
    const cm_retry_t retry = {"key-1", "aa"}, other = {"key-1", "bb"};
    cm_request_action_t action = {.event = "decline", .remarks = "no", .retry = &retry};
    cm_submission_t submission = server_submission(new_csr());
    cm_request_view_t *view;
    const char *id;

    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &submission));
    id = view->request->id;
    act_as("officer1");
    assert_done(cm_request_act(&view, ctx, -1, id, &action));
    assert_done(send_event(&view, "user1", id, "resubmit"));
    act_as("officer1");
    assert_done(cm_request_act(&view, ctx, -1, id, &action)); /* is not declined once more */
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    action.retry = &other;
    assert_refused(cm_request_act(&view, ctx, -1, id, &action), CM_E_REFUSED, "idempotency.body");
}
END_TEST

static const char *shared_csr;

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
    const cm_retry_t retry = {"key-1", "aa"};
    const cm_submission_t submission = {
        .operation = CM_OP_ENROLL, .profile = "user", .csr = shared_csr, .retry = &retry};
    cm_ctx_t own = *ctx;
    cm_request_view_t *view;
    cm_error_t *error;

    (void)data;
    apr_pool_create(&own.pool, NULL);
    error = cm_request_submit(&view, &own, &submission);
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, error ? APR_EGENERAL : APR_SUCCESS);
    return NULL;
}

START_TEST(at_the_same_time_too)
{
    enum { RACERS = 4 };
    apr_thread_t *threads[RACERS];

    shared_csr = new_csr();
    act_as("user1");
    for (int i = 0; i < RACERS; i++) {
        ck_assert_int_eq(apr_thread_create(&threads[i], NULL, race, NULL, pool), APR_SUCCESS);
    }
    for (int i = 0; i < RACERS; i++) {
        apr_status_t result;

        apr_thread_join(&result, threads[i]);
        ck_assert_int_eq(result, APR_SUCCESS);
    }
    ck_assert_str_eq(certificates(), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request"), "1");
}
END_TEST

/* The same call comes in between: when this one has looked for its key, and makes an id. */
static const cm_submission_t *twin;
static const char *twin_request;

static void random_and_twin(const cm_host_t *host, unsigned char *bytes, apr_size_t len)
{
    const cm_submission_t *submission = twin;
    cm_request_view_t *view;

    (void)host;
    twin = NULL;
    if (submission) {
        assert_done(cm_request_submit(&view, ctx, submission));
        twin_request = view->request->id;
    }
    cm_host_plain()->random(cm_host_plain(), bytes, len);
}

START_TEST(what_the_same_call_has_done_is_no_conflict)
{
    const cm_retry_t retry = {"key-1", "aa"};
    cm_submission_t submission = {
        .operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "test", .retry = &retry};
    cm_host_t host = *ctx->host;
    cm_request_view_t *view;
    cm_ctx_t own;

    act_as("user1");
    submission.certificate = enroll()->certificate->id;
    own = *ctx;
    own.host = &host;
    host.random = random_and_twin;
    twin = &submission;
    assert_done(cm_request_submit(&view, &own, &submission));
    ck_assert_str_eq(view->request->id, twin_request);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM revocation"), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE outcome = 'refused'"), "0");
    submission.retry = NULL;
    assert_refused(cm_request_submit(&view, ctx, &submission), CM_E_CONFLICT,
                   "certificate.revoked");
}
END_TEST

START_TEST(old_keys_are_forgotten)
{
    const cm_retry_t retry = {"key-1", "aa"};
    cm_request_view_t *view;
    int due;

    act_as("user1");
    assert_done(submit(&view, new_csr(), &retry));
    clock_now += apr_time_from_sec((apr_time_t)CM_RETRY_DAYS * 86400);
    act_as(NULL);
    assert_done(cm_retry_is_due(&due, ctx));
    ck_assert(!due);
    clock_now += 1;
    act_as(NULL);
    assert_done(cm_retry_is_due(&due, ctx));
    ck_assert(due);
    assert_done(cm_retry_job(ctx));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM retry"), "0");
}
END_TEST

TCase *retry_case(void)
{
    TCase *tcase = flow_case("retries");

    tcase_add_test(tcase, the_same_call_is_done_once);
    tcase_add_test(tcase, an_event_too);
    tcase_add_test(tcase, at_the_same_time_too);
    tcase_add_test(tcase, what_the_same_call_has_done_is_no_conflict);
    tcase_add_test(tcase, old_keys_are_forgotten);
    return tcase;
}

TCase *retry_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("retries on PostgreSQL");

    tcase_add_test(tcase, the_same_call_is_done_once);
    tcase_add_test(tcase, at_the_same_time_too);
    tcase_add_test(tcase, what_the_same_call_has_done_is_no_conflict);
    return tcase;
}
