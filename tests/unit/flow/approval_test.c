/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "flow/items.h"
#include "flow/lifecycle.h"
#include "flow/perform.h"
#include "flow/setup.h"
#include "policy/profile_fields.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static const char *csr;

static const char *waiting_as(const char *name)
{
    cm_submission_t submission = server_submission(csr ? csr : (csr = new_csr()));
    cm_request_view_t *view = NULL;

    act_as(name);
    assert_done(cm_request_submit(&view, ctx, &submission));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    return view->request->id;
}

static void use_pair(void)
{
    const char *text = (const char *)unit_file("unit/flow/server.json").data;
    const char *at = strstr(text, "\"count\": 1");
    apr_int64_t version;

    text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)), "\"count\": 2",
                       at + strlen("\"count\": 1"), NULL);
    act_as(NULL);
    assert_done(cm_profile_store(&version, ctx, "server", text));
}

static const cm_item_t *item(const cm_request_view_t *view, int place)
{
    return &APR_ARRAY_IDX(view->request->checklist, place, cm_item_t);
}

static int may(const cm_request_view_t *view, const char *event)
{
    for (int i = 0; i < view->events->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(view->events, i, const char *), event) == 0) {
            return 1;
        }
    }
    return 0;
}

static void assert_value(const char *expected, const char *query)
{
    ck_assert_str_eq(sql_value(query), expected);
}

START_TEST(one_officer_approves)
{
    cm_request_view_t *view;
    const char *id = waiting_as("user1");

    assert_value("0", "SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
    assert_done(cm_request_show(&view, ctx, -1, id));
    ck_assert_int_eq(view->events->nelts, 1); /* cancel */
    ck_assert_str_eq(item(view, 0)->detail, "P-256; CN=somebody else; dns:www.example.test");
    ck_assert_str_eq(item(view, 1)->detail, "0 of 1 by officer");
    assert_refused(send_event(&view, "user1", id, "approve"), CM_E_FORBIDDEN, "permission.approve");
    assert_refused(send_event(&view, "user2", id, "approve"), CM_E_NOT_FOUND, NULL);
    assert_refused(send_event(&view, "admin1", id, "approve"), CM_E_FORBIDDEN, "approval.role");
    act_as("officer1");
    assert_done(cm_request_show(&view, ctx, -1, id));
    ck_assert(may(view, "approve") && may(view, "decline") && may(view, "reject"));
    ck_assert(!may(view, "cancel"));
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    ck_assert_str_eq(view->certificate->owner, identity_of("user1")->person->id);
    ck_assert_str_eq(item(view, 1)->who, identity_of("officer1")->person->id);
    ck_assert_str_eq(item(view, 1)->detail, "1 of 1 by officer");
    assert_done(send_event(&view, "officer1", id, "approve")); /* once is enough */
    assert_refused(send_event(&view, "officer2", id, "approve"), CM_E_CONFLICT, "request.event");
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.approve'");
    assert_value("1", "SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
}
END_TEST

START_TEST(nobody_approves_the_own_request)
{
    cm_request_view_t *view;
    const char *id = waiting_as("officer1");

    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_FORBIDDEN, "approval.own");
    assert_refused(send_event(&view, "officer1", id, "reject"), CM_E_FORBIDDEN, "approval.own");
    assert_done(cm_request_show(&view, ctx, -1, id));
    ck_assert(!may(view, "approve") && may(view, "cancel"));
    assert_value("2", "SELECT count(*) FROM audit_event WHERE action = 'request.refuse' AND outcome"
                      " = 'refused'");
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

/* Somebody else asked, but it is about theirs. */
START_TEST(nobody_decides_on_the_own_certificate)
{
    cm_submission_t revoke = {.operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "old"};
    cm_request_view_t *view;
    const char *id;

    assert_done(send_event(&view, "officer2", waiting_as("officer1"), "approve"));
    revoke.certificate = view->certificate->id;
    act_as("officer2");
    assert_done(cm_request_submit(&view, ctx, &revoke));
    id = view->request->id;
    ck_assert(may(view, "cancel"));
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_FORBIDDEN, "approval.own");
    assert_refused(send_event(&view, "officer1", id, "reject"), CM_E_FORBIDDEN, "approval.own");
    act_as("officer1");
    assert_done(cm_request_show(&view, ctx, -1, id));
    ck_assert(!may(view, "approve") && !may(view, "decline") && !may(view, "reject"));
    assert_done(send_event(&view, "admin1", id, "approve"));
    assert_value("0", "SELECT count(*) FROM crl_entry");
}
END_TEST

START_TEST(two_have_to_be_two)
{
    cm_request_view_t *view;
    const char *id;

    use_pair();
    id = waiting_as("user1");
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_str_eq(item(view, 1)->detail, "1 of 2 by officer");
    ck_assert(!may(view, "approve") && may(view, "reject"));
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.approve'");
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

START_TEST(each_item_has_its_role)
{
    cm_submission_t revoke = {.operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "old"};
    cm_request_view_t *view;

    assert_done(send_event(&view, "officer1", waiting_as("user1"), "approve"));
    revoke.certificate = view->certificate->id;
    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &revoke));
    assert_value("0", "SELECT count(*) FROM crl_entry");
    assert_done(send_event(&view, "admin1", view->request->id, "approve"));
    ck_assert_int_eq(item(view, 0)->state, CM_ITEM_OPEN);
    ck_assert_int_eq(item(view, 1)->state, CM_ITEM_DONE);
    assert_refused(send_event(&view, "admin2", view->request->id, "approve"), CM_E_FORBIDDEN,
                   "approval.role");
    assert_done(send_event(&view, "officer2", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    assert_value("1", "SELECT count(*) FROM crl_entry");
}
END_TEST

START_TEST(a_declined_request_is_changed_and_resubmitted)
{
    cm_request_action_t action = {.event = "decline"};
    apr_array_header_t *san = apr_array_make(pool, 1, sizeof(const char *));
    cm_request_view_t *view;
    const char *id;

    use_pair();
    id = waiting_as("user1");
    assert_done(send_event(&view, "officer1", id, "approve"));
    act_as("officer2");
    assert_refused(cm_request_act(&view, ctx, -1, id, &action), CM_E_REFUSED, "request.remarks");
    action.remarks = "";
    assert_refused(cm_request_act(&view, ctx, -1, id, &action), CM_E_REFUSED, "request.remarks");
    assert_done(send_event(&view, "officer2", id, "decline"));
    ck_assert_int_eq(view->request->state, CM_STATE_DECLINED);
    ck_assert_int_eq(item(view, 1)->state, CM_ITEM_REFUSED);
    ck_assert_str_eq(item(view, 1)->detail, "because");
    assert_done(send_event(&view, "officer2", id, "decline")); /* once is enough */
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_CONFLICT, "request.event");
    act_as("user1");
    APR_ARRAY_PUSH(san, const char *) = "dns:*.*";
    action = (cm_request_action_t){.event = "resubmit", .changes = {.san = san}};
    assert_refused(cm_request_act(&view, ctx, -1, id, &action), CM_E_VALUE, "san.dns");
    APR_ARRAY_IDX(san, 0, const char *) = "dns:mail.example.test";
    assert_done(cm_request_act(&view, ctx, -1, id, &action));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_str_eq(item(view, 1)->detail, "0 of 2 by officer"); /* it is another request by now */
    ck_assert_ptr_null(item(view, 1)->who);
    action.event = "cancel";
    assert_refused(cm_request_act(&view, ctx, -1, id, &action), CM_E_REFUSED, "request.change");
    assert_done(send_event(&view, "officer1", id, "approve"));
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_str_eq(APR_ARRAY_IDX(view->certificate->san, 0, const char *),
                     "dns:mail.example.test");
}
END_TEST

/* Another wish comes between our reading and our writing. */
START_TEST(nobody_approves_what_they_have_not_seen)
{
    cm_request_view_t *view;
    const char *id = waiting_as("user1");

    sql("CREATE TRIGGER race AFTER UPDATE OF state ON request WHEN new.state = 'pending' BEGIN"
        " UPDATE request SET wish = '{\"san\":[\"dns:other.example.test\"]}' WHERE id = new.id; "
        "END");
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_CONFLICT, "request.changed");
    assert_value("pending", "SELECT state FROM request");
    assert_value("0", "SELECT count(*) FROM approval");
}
END_TEST

/* Behind everybody's back. */
static void change_person(const char *what, const char *name)
{
    sql(apr_psprintf(pool, what, identity_of(name)->person->id));
}

/* The first of two approves, may do so no more, and the second comes. */
static cm_request_view_t *lapses(const char *what)
{
    const char *id = waiting_as("user1");
    cm_request_view_t *view;

    assert_done(send_event(&view, "officer1", id, "approve"));
    change_person(what, "officer1");
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_str_eq(item(view, 1)->detail, "1 of 2 by officer");
    ck_assert_str_eq(item(view, 1)->who, identity_of("officer2")->person->id);
    assert_value("1", apr_psprintf(pool,
                                   "SELECT count(*) FROM audit_event WHERE object = '%s' AND"
                                   " detail LIKE '%%\"lapsed\":[\"%s\"]%%'",
                                   id, identity_of("officer1")->person->id));
    return view;
}

START_TEST(who_may_approve_no_more_has_not_approved)
{
    cm_request_view_t *view;

    use_pair();
    view = lapses("UPDATE person SET state = 'inactive' WHERE id = '%s'");
    change_person("UPDATE person SET state = 'active' WHERE id = '%s'", "officer1");
    assert_done(send_event(&view, "officer1", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    view = lapses("DELETE FROM role_assignment WHERE person = '%s'");
    change_person("INSERT INTO role_assignment (person, role) VALUES ('%s', 'officer')",
                  "officer1");
    assert_done(send_event(&view, "officer1", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

/* The log-in was before, the transaction is after the role went. */
START_TEST(a_right_is_asked_when_it_counts)
{
    const char *id = waiting_as("user1");
    cm_request_view_t *view;

    change_person("DELETE FROM role_assignment WHERE person = '%s'", "officer1");
    assert_refused(send_event(&view, "officer1", id, "approve"), CM_E_FORBIDDEN, "approval.role");
    assert_value("0", "SELECT count(*) FROM approval");
}
END_TEST

/* What Apache gives in passing is known at the log-in only. */
START_TEST(a_claimed_role_counts_as_long_as_the_person_is_active)
{
    const cm_request_action_t action = {.event = "approve"};
    cm_identity_t claimed = *identity_of("user2");
    cm_request_view_t *view;
    const char *id;

    use_pair();
    claimed.roles |= CM_ROLE_OFFICER;
    id = waiting_as("user1");
    ctx->who = &claimed;
    assert_done(cm_request_act(&view, ctx, -1, id, &action));
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    id = waiting_as("user1");
    ctx->who = &claimed;
    assert_done(cm_request_act(&view, ctx, -1, id, &action));
    change_person("UPDATE person SET state = 'inactive' WHERE id = '%s'", "user2");
    assert_done(send_event(&view, "officer2", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
}
END_TEST

static cm_error_t *approve_as_read(const char *name, const char *id, apr_time_t updated)
{
    const cm_request_action_t action = {.event = "approve",
                                        .updated = apr_time_from_sec(apr_time_sec(updated))};
    cm_request_view_t *view;

    act_as(name);
    return cm_request_act(&view, ctx, -1, id, &action);
}

/* The clock of the test stands still: no tick tells the versions apart. */
START_TEST(an_approval_is_for_what_was_read)
{
    cm_request_action_t again = {.event = "resubmit"};
    apr_array_header_t *san = apr_array_make(pool, 1, sizeof(const char *));
    const char *id = waiting_as("user1");
    cm_request_view_t *view;
    apr_time_t read;

    APR_ARRAY_PUSH(san, const char *) = "dns:bank.example.test";
    assert_done(cm_request_show(&view, ctx, -1, id));
    read = view->request->updated;
    assert_done(send_event(&view, "officer2", id, "decline"));
    assert_refused(approve_as_read("officer1", id, read), CM_E_CONFLICT, "request.changed");
    again.changes.san = san;
    act_as("user1");
    assert_done(cm_request_act(&view, ctx, -1, id, &again));
    assert_refused(approve_as_read("officer1", id, read), CM_E_CONFLICT, "request.changed");
    assert_value("pending", "SELECT state FROM request");
    assert_value("0", "SELECT count(*) FROM approval");
    assert_value("2", "SELECT count(*) FROM audit_event WHERE action = 'request.refuse' AND detail"
                      " LIKE '%request.changed%'");
    clock_now -= apr_time_from_sec(3600); /* nor does one that goes back */
    assert_done(approve_as_read("officer1", id, view->request->updated));
    assert_value("completed", "SELECT state FROM request");
    assert_done(
        approve_as_read("officer1", id, read)); /* once is enough, however it is sent again */
}
END_TEST

START_TEST(a_rejection_is_final)
{
    cm_request_view_t *view;
    const char *id = waiting_as("user1");

    assert_done(send_event(&view, "officer1", id, "reject"));
    ck_assert_int_eq(view->request->state, CM_STATE_REJECTED);
    ck_assert_int_eq(view->events->nelts, 0);
    assert_done(send_event(&view, "officer1", id, "reject"));
    assert_refused(send_event(&view, "officer2", id, "approve"), CM_E_CONFLICT, "request.event");
    assert_refused(send_event(&view, "user1", id, "resubmit"), CM_E_CONFLICT, "request.event");
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.reject'");
    id = waiting_as("user1");
    assert_done(send_event(&view, "user1", id, "cancel"));
    assert_done(send_event(&view, "user1", id, "cancel"));
    ck_assert_int_eq(view->request->state, CM_STATE_CANCELLED);
    assert_value("0", "SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
}
END_TEST

/* What was approved stays approved; the operation follows when the token is back. */
START_TEST(an_approval_outlives_a_token_that_is_away)
{
    cm_request_view_t *view;
    const char *id = waiting_as("user1");

    sql("UPDATE authority SET key_uri = 'pkcs11:token=test;object=gone'");
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_ISSUING);
    sql("UPDATE authority SET key_uri = 'pkcs11:token=test;object=ca'");
    clock_now += apr_time_from_sec(61);
    act_as(NULL);
    assert_done(cm_perform_job(ctx));
    assert_value("completed", "SELECT state FROM request");
    assert_value("1", "SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
}
END_TEST

START_TEST(items_are_those_of_profiles)
{
    const cm_item_row_t *row = cm_items();
    apr_size_t count = 0;

    for (; row->name; row++, count++) {
        const cm_transition_t *at = cm_lifecycle();

        ck_assert(row->settle && row->about && *row->about);
        ck_assert_ptr_nonnull(
            strstr(apr_array_pstrcat(pool, cm_profile_items(pool), ' '), row->name));
        for (; at->event; at++) {
            if (at->effect && *row->events) {
                ck_assert_ptr_nonnull(strstr(row->events, at->event));
            }
        }
    }
    ck_assert_uint_eq(count, (apr_size_t)cm_profile_items(pool)->nelts);
}
END_TEST

typedef struct {
    const char *who, *id;
    apr_time_t updated;
} racer_t;

static void *APR_THREAD_FUNC race(apr_thread_t *thread, void *data)
{
    const racer_t *racer = data;
    const cm_request_action_t action = {.event = "approve", .updated = racer->updated};
    cm_ctx_t own = *ctx;
    cm_request_view_t *view;
    cm_error_t *error;
    cm_code_t code;

    apr_pool_create(&own.pool, NULL);
    own.trace_id = racer->who;
    own.who = identity_of(racer->who);
    error = cm_request_act(&view, &own, -1, racer->id, &action);
    code = error ? error->code : CM_E_COUNT;
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread,
                    code == CM_E_COUNT || code == CM_E_CONFLICT ? APR_SUCCESS : APR_EGENERAL);
    return NULL;
}

enum { RACES = 100 };

/* Both approve at once what they have read at this time (0: whatever there is). */
static void race_for(const char *id, apr_time_t updated)
{
    racer_t racers[2] = {{"officer1", id, updated}, {"officer2", id, updated}};
    apr_thread_t *threads[2];

    for (int k = 0; k < 2; k++) {
        ck_assert_int_eq(apr_thread_create(&threads[k], NULL, race, &racers[k], pool), APR_SUCCESS);
    }
    for (int k = 0; k < 2; k++) {
        apr_status_t result;

        apr_thread_join(&result, threads[k]);
        ck_assert_int_eq(result, APR_SUCCESS);
    }
}

/* The other one has not seen the first approval. */
START_TEST(of_two_that_read_the_same_one_comes_first)
{
    use_pair();
    for (int i = 0; i < RACES; i++) {
        race_for(waiting_as("user1"), apr_time_from_sec(apr_time_sec(clock_now)));
    }
    assert_value("100", "SELECT count(*) FROM request WHERE state = 'pending'");
    assert_value("100", "SELECT count(*) FROM approval");
}
END_TEST

/* Odd races are for the last of two approvals: both count. */
START_TEST(racing_approvals_sign_once)
{
    for (int i = 0; i < RACES; i++) {
        if (i == RACES / 2) {
            use_pair();
        }
        race_for(waiting_as("user1"), 0);
    }
    assert_value("100", "SELECT count(*) FROM request WHERE state = 'completed'");
    assert_value("100", "SELECT count(*) FROM certificate WHERE owner IS NOT NULL");
    assert_value("150", "SELECT count(*) FROM approval");
    assert_value("150", "SELECT count(*) FROM audit_event WHERE action = 'request.approve' AND"
                        " outcome = 'done'");
    assert_value("100", "SELECT count(*) FROM audit_event WHERE action = 'request.perform'");
}
END_TEST

TCase *approval_case(void)
{
    TCase *tcase = flow_case("approvals");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_officer_approves);
    tcase_add_test(tcase, nobody_approves_the_own_request);
    tcase_add_test(tcase, nobody_decides_on_the_own_certificate);
    tcase_add_test(tcase, two_have_to_be_two);
    tcase_add_test(tcase, each_item_has_its_role);
    tcase_add_test(tcase, a_declined_request_is_changed_and_resubmitted);
    tcase_add_test(tcase, nobody_approves_what_they_have_not_seen);
    tcase_add_test(tcase, who_may_approve_no_more_has_not_approved);
    tcase_add_test(tcase, a_right_is_asked_when_it_counts);
    tcase_add_test(tcase, a_claimed_role_counts_as_long_as_the_person_is_active);
    tcase_add_test(tcase, an_approval_is_for_what_was_read);
    tcase_add_test(tcase, of_two_that_read_the_same_one_comes_first);
    tcase_add_test(tcase, a_rejection_is_final);
    tcase_add_test(tcase, an_approval_outlives_a_token_that_is_away);
    tcase_add_test(tcase, items_are_those_of_profiles);
    tcase_add_test(tcase, racing_approvals_sign_once);
    return tcase;
}

TCase *approval_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("approvals on PostgreSQL");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, one_officer_approves);
    tcase_add_test(tcase, two_have_to_be_two);
    tcase_add_test(tcase, who_may_approve_no_more_has_not_approved);
    tcase_add_test(tcase, a_right_is_asked_when_it_counts);
    tcase_add_test(tcase, a_claimed_role_counts_as_long_as_the_person_is_active);
    tcase_add_test(tcase, an_approval_is_for_what_was_read);
    tcase_add_test(tcase, of_two_that_read_the_same_one_comes_first);
    tcase_add_test(tcase, racing_approvals_sign_once);
    return tcase;
}
