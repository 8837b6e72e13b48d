/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting requests. One is made by putting a finished one back, as if its last item had just been
 * done and the process had died before it signed.
 */
#include "flow/perform.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "keys/keyring.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static const char *approved_request(void)
{
    cm_request_view_t *view;

    act_as("user1");
    view = enroll();
    sql("UPDATE request SET state = 'approved', certificate = NULL");
    sql("DELETE FROM certificate WHERE owner IS NOT NULL");
    return view->request->id;
}

START_TEST(what_is_approved_is_taken_up)
{
    approved_request();
    act_as(NULL);
    assert_done(cm_perform_job(ctx));
    ck_assert_str_eq(sql_value("SELECT state FROM request"), "completed");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "1");
    ck_assert_str_eq(sql_value("SELECT subject FROM certificate WHERE owner IS NOT NULL"),
                     "CN=user1");
    assert_done(cm_perform_job(ctx));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "1");
}
END_TEST

START_TEST(a_claim_holds_until_it_runs_out)
{
    const char *id = approved_request();

    sql("UPDATE request SET state = 'issuing', claim_holder = 'dead', claim_until = "
        "9000000000000000");
    act_as(NULL);
    assert_refused(cm_request_perform(ctx, id), CM_E_CONFLICT, NULL);
    assert_done(cm_perform_job(ctx));
    ck_assert_str_eq(sql_value("SELECT state FROM request"), "issuing");
    sql("UPDATE request SET claim_until = 1");
    assert_done(cm_perform_job(ctx));
    ck_assert_str_eq(sql_value("SELECT state FROM request"), "completed");
}
END_TEST

START_TEST(what_the_rules_refuse_by_now_is_rejected)
{
    approved_request();
    sql("UPDATE request SET wish = '{\"validity\":\"9000d\"}'");
    act_as(NULL);
    assert_done(cm_perform_job(ctx));
    ck_assert_str_eq(sql_value("SELECT state FROM request"), "rejected");
    ck_assert_str_eq(sql_value("SELECT state FROM checklist_item"), "refused");
    ck_assert_ptr_nonnull(strstr(sql_value("SELECT detail FROM checklist_item"), "60d"));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE action = 'request.fail'"),
                     "1");
}
END_TEST

START_TEST(what_failed_before_comes_last)
{
    const char *id = approved_request();

    add_strange_requests(150, "issuing");
    act_as(NULL);
    assert_refused(cm_perform_job(ctx), CM_E_INTEGRITY, NULL);
    ck_assert_str_eq(sql_value(apr_psprintf(pool, "SELECT state FROM request WHERE id = '%s'", id)),
                     "completed");
}
END_TEST

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
    cm_ctx_t own = *ctx;
    cm_error_t *error;

    apr_pool_create(&own.pool, NULL);
    own.trace_id = apr_psprintf(own.pool, "racer %p", (void *)thread);
    error = cm_request_perform(&own, data);
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, error ? APR_EGENERAL : APR_SUCCESS);
    return NULL;
}

START_TEST(two_racers_sign_once)
{
    enum { RACERS = 4 };
    apr_thread_t *threads[RACERS];
    void *id = apr_pstrdup(pool, approved_request());
    int winners = 0;

    act_as(NULL);
    for (int i = 0; i < RACERS; i++) {
        ck_assert_int_eq(apr_thread_create(&threads[i], NULL, race, id, pool), APR_SUCCESS);
    }
    for (int i = 0; i < RACERS; i++) {
        apr_status_t result;

        apr_thread_join(&result, threads[i]);
        winners += result == APR_SUCCESS;
    }
    ck_assert_int_eq(winners, 1);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE action = 'request.claim'"),
                     "1");
}
END_TEST

TCase *perform_case(void)
{
    TCase *tcase = flow_case("perform");

    tcase_add_test(tcase, what_is_approved_is_taken_up);
    tcase_add_test(tcase, a_claim_holds_until_it_runs_out);
    tcase_add_test(tcase, what_the_rules_refuse_by_now_is_rejected);
    tcase_add_test(tcase, what_failed_before_comes_last);
    tcase_add_test(tcase, two_racers_sign_once);
    return tcase;
}

TCase *perform_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("perform on PostgreSQL");

    tcase_add_test(tcase, what_is_approved_is_taken_up);
    tcase_add_test(tcase, what_failed_before_comes_last);
    return tcase;
}
