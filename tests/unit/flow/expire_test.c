/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/expire.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

enum { RACES = 30 };

static const char *csr;

static const char *waiting(void)
{
    cm_submission_t submission = server_submission(csr ? csr : (csr = new_csr()));
    cm_request_view_t *view = NULL;

    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &submission));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    return view->request->id;
}

static void later(apr_interval_time_t interval)
{
    clock_now += interval;
    act_as(NULL);
}

/* Whether the job is due; it runs then. */
static int runs(void)
{
    int due = -1;

    assert_done(cm_expire_is_due(&due, ctx));
    assert_done(cm_expire_job(ctx));
    return due;
}

static const char *state(const char *id)
{
    return sql_value(apr_psprintf(pool, "SELECT state FROM request WHERE id = '%s'", id));
}

START_TEST(who_waits_too_long_is_not_served)
{
    const char *id = waiting();
    cm_request_view_t *view;

    later(apr_time_from_sec(config->request_life));
    ck_assert(!runs());
    ck_assert_str_eq(state(id), "pending");
    later(1);
    ck_assert(runs());
    ck_assert_str_eq(state(id), "expired");
    ck_assert_str_eq(sql_value("SELECT detail FROM audit_event WHERE action = 'request.expire'"),
                     "{\"from\":\"pending\",\"operation\":\"enroll\",\"to\":\"expired\"}");
    ck_assert_str_eq(
        sql_value("SELECT count(*) FROM audit_event WHERE action = 'request.expire' AND"
                  " actor IS NULL"),
        "1");
    ck_assert(!runs());
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_CONFLICT, "request.event");
    act_as("user1");
    assert_done(cm_request_show(&view, ctx, -1, id));
    ck_assert_int_eq(view->events->nelts, 0);
}
END_TEST

START_TEST(each_event_counts_anew)
{
    const char *id = waiting();
    cm_request_view_t *view;

    later(apr_time_from_sec(config->request_life));
    assert_done(send_event(&view, "officer1", id, "decline"));
    later(apr_time_from_sec(config->request_life));
    ck_assert(!runs());
    assert_done(send_event(&view, "user1", id, "resubmit"));
    later(apr_time_from_sec(config->request_life));
    ck_assert(!runs());
    assert_done(send_event(&view, "officer1", id, "decline"));
    later(apr_time_from_sec(config->request_life) + 1);
    ck_assert(runs());
    ck_assert_str_eq(state(id), "expired");
    assert_refused(send_event(&view, "user1", id, "resubmit"), CM_E_CONFLICT, "request.event");
}
END_TEST

START_TEST(what_does_not_wait_for_people_stays)
{
    const char *id = waiting();

    sql("UPDATE request SET state = 'approved'");
    later(2 * apr_time_from_sec(config->request_life));
    ck_assert(!runs());
    ck_assert_str_eq(state(id), "approved");
}
END_TEST

START_TEST(requests_may_live_without_end)
{
    waiting();
    config->request_life = 0;
    later(apr_time_from_sec(86400 * 3650));
    ck_assert(!runs());
}
END_TEST

START_TEST(what_cant_be_read_holds_up_nobody)
{
    const char *id = waiting();

    add_strange_requests(250, "pending");
    later(apr_time_from_sec(config->request_life) + 1);
    assert_refused(cm_expire_job(ctx), CM_E_INTEGRITY, NULL);
    ck_assert_str_eq(state(id), "expired");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request WHERE state = 'pending'"), "250");
}
END_TEST

static void *APR_THREAD_FUNC approve(apr_thread_t *thread, void *id)
{
    const cm_request_action_t action = {.event = "approve"};
    cm_ctx_t own = *ctx;
    cm_request_view_t *view;
    apr_status_t status;
    cm_error_t *error;

    apr_pool_create(&own.pool, NULL);
    own.who = identity_of("officer1");
    own.trace_id = "approves";
    error = cm_request_act(&view, &own, -1, id, &action);
    status = error ? (apr_status_t)error->code : APR_SUCCESS;
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, status);
    return NULL;
}

static void *APR_THREAD_FUNC expire(apr_thread_t *thread, void *unused)
{
    cm_ctx_t own = *ctx;
    apr_status_t status;
    cm_error_t *error;

    (void)unused;
    apr_pool_create(&own.pool, NULL);
    own.trace_id = "expires";
    error = cm_expire_job(&own);
    status = error ? APR_EGENERAL : APR_SUCCESS;
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, status);
    return NULL;
}

START_TEST(an_approval_and_the_end_exclude_each_other)
{
    for (int i = 0; i < RACES; i++) {
        char *id = apr_pstrdup(pool, waiting());
        apr_thread_t *threads[2];
        apr_status_t approved, expired;

        later(apr_time_from_sec(config->request_life) + 1);
        identity_of("officer1");
        apr_thread_create(&threads[i % 2], NULL, approve, id, pool);
        apr_thread_create(&threads[1 - i % 2], NULL, expire, NULL, pool);
        apr_thread_join(&approved, threads[i % 2]);
        apr_thread_join(&expired, threads[1 - i % 2]);
        ck_assert_int_eq(expired, APR_SUCCESS);
        ck_assert_str_eq(state(id), approved == APR_SUCCESS ? "completed" : "expired");
    }
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE outcome = 'done' AND action"
                               " IN ('request.approve', 'request.expire')"),
                     apr_itoa(pool, RACES));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM approval"),
                     sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"));
}
END_TEST

TCase *expire_case(void)
{
    TCase *tcase = flow_case("expiry");

    tcase_add_test(tcase, who_waits_too_long_is_not_served);
    tcase_add_test(tcase, each_event_counts_anew);
    tcase_add_test(tcase, what_does_not_wait_for_people_stays);
    tcase_add_test(tcase, requests_may_live_without_end);
    tcase_add_test(tcase, what_cant_be_read_holds_up_nobody);
    tcase_add_test(tcase, an_approval_and_the_end_exclude_each_other);
    return tcase;
}

TCase *expire_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("expiry on PostgreSQL");

    tcase_add_test(tcase, who_waits_too_long_is_not_served);
    tcase_add_test(tcase, what_cant_be_read_holds_up_nobody);
    tcase_add_test(tcase, an_approval_and_the_end_exclude_each_other);
    return tcase;
}
