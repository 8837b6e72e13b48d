/* SPDX-License-Identifier: Apache-2.0
 *
 * Who asked is asked again when it happens.
 */
#include <apr_strings.h>

#include "flow/perform.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static const char *id_of(const char *name)
{
    return identity_of(name)->person->id;
}

static void change_person(const char *what, const char *name)
{
    sql(apr_psprintf(pool, what, id_of(name)));
}

static const char no_role[] = "DELETE FROM role_assignment WHERE person = '%s'";
static const char inactive[] = "UPDATE person SET state = 'inactive' WHERE id = '%s'";

static const char *asked_by(const cm_identity_t *who)
{
    cm_submission_t submission = server_submission(new_csr());
    cm_request_view_t *view = NULL;

    act_as(NULL);
    ctx->who = who;
    assert_done(cm_request_submit(&view, ctx, &submission));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    return view->request->id;
}

/* The requester reads why, the log has the rule. */
static void assert_failed(const cm_request_view_t *view, const char *rule, const char *why)
{
    const char *failed = apr_psprintf(
        pool, "SELECT detail FROM audit_event WHERE action = 'request.fail' AND object = '%s'",
        view->request->id);

    ck_assert_int_eq(view->request->state, CM_STATE_REJECTED);
    ck_assert_ptr_nonnull(strstr(sql_value(failed), rule));
    ck_assert_str_eq(APR_ARRAY_IDX(view->request->checklist, 0, cm_item_t).detail, why);
}

START_TEST(who_lost_the_role_gets_nothing)
{
    const char *id = asked_by(identity_of("user1"));
    cm_request_view_t *view;

    change_person(no_role, "user1");
    assert_done(send_event(&view, "officer1", id, "approve"));
    assert_failed(view, "profile.operation",
                  "who asked for this has no role any more to which the profile allows it");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "0");
    id = asked_by(identity_of("user2"));
    sql("UPDATE request SET claims = NULL"); /* made by a program that did not note them */
    change_person(no_role, "user2");
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

/* With no role and no group on record. */
static cm_identity_t *claimant(void)
{
    cm_person_t *person;
    cm_identity_t *who;

    change_person(no_role, "user1");
    assert_done(cm_person_read(&person, ctx->store, id_of("user1"), pool));
    who = cm_identity_make(person, pool);
    cm_identity_grant(who, CM_ROLE_USER, NULL, pool);
    return who;
}

START_TEST(what_was_claimed_counts_while_the_person_is_active)
{
    const cm_identity_t *who = claimant();
    cm_request_view_t *view;
    const char *id = asked_by(who);

    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    id = asked_by(who);
    change_person(inactive, "user1");
    assert_done(send_event(&view, "officer1", id, "approve"));
    assert_failed(view, "person.state", "the person is deactivated");
}
END_TEST

static void change_a_group(cm_group_verb_t verb, const char *value)
{
    const cm_group_change_t change = {verb, "g", value, NULL};

    act_as(NULL);
    assert_done(change_group(&change));
}

static const cm_identity_t *member(void)
{
    cm_person_t *person;

    assert_done(cm_person_read(&person, ctx->store, id_of("user1"), pool));
    return cm_identity_make(person, pool);
}

START_TEST(who_left_the_group_gets_nothing)
{
    cm_request_view_t *view;
    cm_identity_t *who;
    const char *id;

    change_a_group(CM_GROUP_CREATE, NULL);
    change_a_group(CM_GROUP_ADD_PROFILE, "server");
    change_a_group(CM_GROUP_ADD_PERSON, id_of("user1"));
    id = asked_by(member());
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    id = asked_by(member());
    change_a_group(CM_GROUP_REMOVE_PERSON, id_of("user1"));
    assert_done(send_event(&view, "officer1", id, "approve"));
    assert_failed(view, "profile.group",
                  "who asked for this is in no group any more to which the profile is open");
    who = claimant();
    cm_identity_join(who, "g", pool);
    id = asked_by(who);
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    id = asked_by(who);
    change_a_group(CM_GROUP_REMOVE_PROFILE, "server"); /* open to all again */
    assert_done(send_event(&view, "officer1", id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

static const char *server_certificate(void)
{
    cm_request_view_t *view;

    assert_done(send_event(&view, "officer1", asked_by(identity_of("user1")), "approve"));
    return view->certificate->id;
}

/* The state in which a renewal ends that is put back first, as if it had waited. */
static const char *ends(const char *id, const char *certificate)
{
    sql("DELETE FROM certificate WHERE replaces IS NOT NULL");
    sql("UPDATE certificate SET replaced_by = NULL");
    sql(apr_psprintf(pool,
                     "UPDATE request SET state = 'approved', certificate = '%s' WHERE id = '%s'",
                     certificate, id));
    act_as(NULL);
    assert_done(cm_perform_job(ctx));
    return sql_value(apr_psprintf(pool, "SELECT state FROM request WHERE id = '%s'", id));
}

/* By somebody who has a right of their own. */
START_TEST(who_asks_for_others_must_still_have_the_right)
{
    cm_submission_t renew = {.operation = CM_OP_RENEW, .certificate = server_certificate()};
    cm_request_view_t *view;
    const char *id;

    act_as("officer1");
    assert_done(cm_request_submit(&view, ctx, &renew));
    id = view->request->id;
    ck_assert_str_eq(ends(id, renew.certificate), "completed");
    change_person(inactive, "officer1");
    ck_assert_str_eq(ends(id, renew.certificate), "rejected");
    change_person("UPDATE person SET state = 'active' WHERE id = '%s'", "officer1");
    ck_assert_str_eq(ends(id, renew.certificate), "completed");
    change_person("UPDATE role_assignment SET role = 'user' WHERE person = '%s'", "officer1");
    ck_assert_str_eq(ends(id, renew.certificate), "rejected");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND"
                               " (detail LIKE '%permission.submit-for-others%' OR detail LIKE"
                               " '%person.state%')"),
                     "2");
}
END_TEST

/* Whoever asked: what was approved is taken away. */
START_TEST(a_revocation_is_not_asked_about_again)
{
    const cm_submission_t revoke = {.operation = CM_OP_REVOKE,
                                    .certificate = server_certificate(),
                                    .reason = "keyCompromise",
                                    .remarks = "lost"};
    cm_request_view_t *view;

    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &revoke));
    change_person(no_role, "user1");
    change_person(inactive, "user1");
    assert_done(send_event(&view, "officer1", view->request->id, "approve"));
    assert_done(send_event(&view, "admin1", view->request->id, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl_entry"), "1");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, who_lost_the_role_gets_nothing);
    tcase_add_test(tcase, what_was_claimed_counts_while_the_person_is_active);
    tcase_add_test(tcase, who_left_the_group_gets_nothing);
    tcase_add_test(tcase, who_asks_for_others_must_still_have_the_right);
    tcase_add_test(tcase, a_revocation_is_not_asked_about_again);
}

TCase *entitle_case(void)
{
    TCase *tcase = flow_case("entitled");

    add_tests(tcase);
    return tcase;
}

TCase *entitle_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("entitled on PostgreSQL");

    add_tests(tcase);
    return tcase;
}
