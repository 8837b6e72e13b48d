/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes: the table of kinds, each kind once, and when commands act alone.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "flow/change.h"
#include "flow/govern.h"
#include "flow/people.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_identity_t first, second;

/* An administrator who can log in, or can't. */
static void make_administrator(cm_identity_t *who, const char *name, int can_log_in)
{
    cm_person_t *person = apr_pcalloc(pool, sizeof *person);
    apr_array_header_t *roles = apr_array_make(pool, 1, sizeof(const char *));
    const cm_login_t login = {"user", "", name};

    APR_ARRAY_PUSH(roles, const char *) = "administrator";
    person->name = name;
    person->roles = roles;
    act_as(NULL);
    assert_done(create_person(person, can_log_in ? &login : NULL));
    *who = (cm_identity_t){
        .person = person, .login = "user", .roles = CM_ROLE_ADMINISTRATOR | CM_ROLE_CA_ADMIN};
}

static void make_administrators(void)
{
    make_administrator(&first, "Ada", 1);
    make_administrator(&second, "Ben", 1);
}

static cm_submission_t submission_of(const char *kind, const char *change)
{
    cm_submission_t submission = {.operation = CM_OP_CHANGE, .kind = kind};
    json_t *object;

    assert_done(cm_json_parse(&object, cm_bytes_of_text(change), pool));
    submission.change = object;
    return submission;
}

static cm_error_t *propose(cm_request_view_t **view, const char *kind, const char *change)
{
    const cm_submission_t submission = submission_of(kind, change);

    ctx->who = &first;
    return cm_request_submit(view, ctx, &submission);
}

static cm_error_t *decide(cm_request_view_t **view, const cm_identity_t *who, const char *event)
{
    const cm_request_action_t action = {.event = event, .remarks = "because"};

    ctx->who = who;
    return cm_request_act(view, ctx, -1, (*view)->request->id, &action);
}

static void assert_value(const char *expected, const char *query)
{
    const char *value = sql_value(query);

    ck_assert_msg(value && strcmp(value, expected) == 0, "%s: %s", query, value);
}

START_TEST(every_kind_is_whole_and_unique)
{
    apr_table_t *seen = apr_table_make(pool, 16);
    int count = 0;

    for (const cm_change_kind_t *const *at = cm_change_kinds(); *at; at++, count++) {
        const cm_change_kind_t *kind = *at;

        ck_assert_msg(!apr_table_get(seen, kind->name), "%s is there twice", kind->name);
        apr_table_setn(seen, kind->name, "");
        ck_assert_ptr_nonnull(strchr(kind->name, '.'));
        ck_assert_msg(kind->about && *kind->about, "%s", kind->name);
        ck_assert(kind->permission == CM_MAY_GOVERN || kind->permission == CM_MAY_GOVERN_CAS);
        /* who approves could have proposed it, and can be reached by the route of events */
        ck_assert_uint_eq(cm_permission_roles(kind->permission), cm_role_of(kind->role));
        ck_assert(cm_permission_roles(CM_MAY_PROPOSE) & cm_role_of(kind->role));
        ck_assert(cm_permission_roles(CM_MAY_APPROVE) & cm_role_of(kind->role));
        ck_assert(kind->decide && kind->change && kind->record);
        for (const cm_json_member_t *member = kind->members; member->name; member++) {
            ck_assert_msg(*member->about, "%s of %s", member->name, kind->name);
        }
        ck_assert_ptr_nonnull(kind->members->name);
    }
    ck_assert_int_ge(count, 22);
}
END_TEST

/* One proposes, another approves. */
static const char *happens(const char *kind, const char *change)
{
    cm_request_view_t *view = NULL;

    assert_done(propose(&view, kind, change));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    assert_refused(decide(&view, &first, "approve"), CM_E_FORBIDDEN, "approval.own");
    assert_done(decide(&view, &second, "approve"));
    ck_assert_msg(view->request->state == CM_STATE_COMPLETED, "%s", kind);
    return view->request->id;
}

static const char *about(const char *format, const char *person)
{
    return apr_psprintf(pool, format, person);
}

START_TEST(each_kind_does_what_it_says)
{
    const char *id;

    make_administrators();
    happens("authority.crl", "{\"authority\":\"ca\",\"delta\":\"1h\"}");
    happens("authority.crl", "{\"authority\":\"ca\"}"); /* what is not given stays */
    assert_value("3600", "SELECT crl_delta FROM authority");
    id = happens("person.add", "{\"name\":\"Grace\",\"mail\":\"grace@example.test\",\"roles\":["
                               "\"user\"],\"subject\":\"grace\"}");
    assert_value("Grace", about("SELECT name FROM person WHERE id = '%s'", id));
    assert_value(id, "SELECT person FROM identity WHERE subject = 'grace' AND method = 'user'");
    happens("role.give", about("{\"person\":\"%s\",\"role\":\"officer\"}", id));
    assert_value("2", about("SELECT count(*) FROM role_assignment WHERE person = '%s'", id));
    happens("role.take", about("{\"person\":\"%s\",\"role\":\"user\"}", id));
    assert_value("officer", about("SELECT role FROM role_assignment WHERE person = '%s'", id));
    happens("identity.tie", about("{\"person\":\"%s\",\"method\":\"oidc\",\"issuer\":"
                                  "\"https://idp\",\"subject\":\"g\"}",
                                  id));
    assert_value(id,
                 "SELECT person FROM identity WHERE method = 'oidc' AND issuer = 'https://idp'");
    happens("identity.untie", about("{\"person\":\"%s\",\"subject\":\"grace\"}", id));
    assert_value("0", "SELECT count(*) FROM identity WHERE subject = 'grace'");
    happens("person.deactivate", about("{\"person\":\"%s\"}", id));
    assert_value("inactive", about("SELECT state FROM person WHERE id = '%s'", id));
    happens("person.activate", about("{\"person\":\"%s\"}", id));
    assert_value("active", about("SELECT state FROM person WHERE id = '%s'", id));
    assert_value("0", "SELECT count(*) FROM audit_event WHERE detail LIKE '%grace%' OR detail LIKE"
                      " '%Grace%'");
    assert_value("9", "SELECT count(*) FROM audit_event WHERE action = 'request.perform'");
}
END_TEST

START_TEST(a_profile_is_stored_once_others_agree)
{
    const char *text = (const char *)unit_file("unit/flow/profile.json").data;
    const char *at = strstr(text, "\"60d\"");
    const char *change;

    make_administrators();
    ck_assert_ptr_nonnull(at);
    change = apr_pstrcat(pool, "{\"profile\":", apr_pstrmemdup(pool, text, (apr_size_t)(at - text)),
                         "\"59d\"", at + strlen("\"60d\""), "}", NULL);
    happens("profile.store", change);
    assert_value("2", "SELECT max(version) FROM profile WHERE name = 'user'");
}
END_TEST

static void assert_not(cm_code_t code, const char *rule, const char *kind, const char *change)
{
    cm_request_view_t *view = NULL;

    assert_refused(propose(&view, kind, change), code, rule);
    assert_value("0", "SELECT count(*) FROM request");
}

START_TEST(what_can_not_be_is_refused_when_it_is_asked_for)
{
    const char *id;

    make_administrators();
    id = first.person->id;
    assert_not(CM_E_VALUE, "change.kind", "king.make", "{}");
    assert_not(CM_E_VALUE, "person.unknown", "person.deactivate", "{\"person\":\"x\"}");
    assert_not(CM_E_CONFLICT, "person.state", "person.activate", about("{\"person\":\"%s\"}", id));
    assert_not(CM_E_VALUE, "person.role", "role.give",
               about("{\"person\":\"%s\",\"role\":\"king\"}", id));
    assert_not(CM_E_CONFLICT, "role.given", "role.give",
               about("{\"person\":\"%s\",\"role\":\"administrator\"}", id));
    assert_not(CM_E_CONFLICT, "role.absent", "role.take",
               about("{\"person\":\"%s\",\"role\":\"user\"}", id));
    assert_not(CM_E_CONFLICT, "identity.taken", "identity.tie",
               about("{\"person\":\"%s\",\"subject\":\"Ben\"}", id));
    assert_not(CM_E_CONFLICT, "identity.absent", "identity.untie",
               about("{\"person\":\"%s\",\"subject\":\"Ben\"}", id));
    assert_not(CM_E_VALUE, "person.login", "person.add",
               "{\"name\":\"X\",\"method\":\"magic\",\"subject\":\"x\"}");
    assert_not(CM_E_VALUE, "person.login", "person.add", "{\"name\":\"X\",\"method\":\"user\"}");
    assert_not(CM_E_VALUE, "person.role", "person.add",
               "{\"name\":\"X\",\"roles\":[\"user\",\"user\"]}");
    assert_not(CM_E_MEMBER, NULL, "person.add", "{\"name\":\"X\",\"person\":\"x\"}");
}
END_TEST

static cm_error_t *command(cm_request_view_t **view, const char *kind, const char *change,
                           const char *break_glass)
{
    const cm_submission_t submission = submission_of(kind, change);

    ctx->who = NULL;
    ctx->address = "local:root";
    return cm_govern_change(view, ctx, &submission, break_glass);
}

START_TEST(commands_act_alone_until_two_administrators_can_log_in)
{
    cm_request_view_t *view;
    cm_identity_t third;

    assert_done(command(&view, "person.add", "{\"name\":\"A\"}", NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    make_administrator(&first, "Ada", 1);
    make_administrator(&third, "Cyd", 0);
    assert_done(command(&view, "person.add", "{\"name\":\"B\"}", NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    make_administrator(&second, "Ben", 1);
    assert_done(command(&view, "person.add", "{\"name\":\"C\"}", NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_ptr_null(view->request->requester);
    assert_done(decide(&view, &first, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    assert_done(decide(&view, &second, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    assert_value("1", "SELECT count(*) FROM person WHERE name = 'C'");
}
END_TEST

START_TEST(who_lost_the_right_changes_nothing)
{
    const char *change = "{\"name\":\"Eve\"}";
    cm_identity_t claimed;
    cm_request_view_t *view;

    make_administrators();
    assert_done(propose(&view, "person.add", change));
    sql(about("DELETE FROM role_assignment WHERE person = '%s'", first.person->id));
    assert_done(decide(&view, &second, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_REJECTED);
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND detail"
                      " LIKE '%change.requester%'");
    claimed = *identity_of("user1");
    claimed.roles |= CM_ROLE_ADMINISTRATOR;
    first = claimed;
    assert_done(propose(&view, "person.add", change));
    assert_done(decide(&view, &second, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

START_TEST(two_administrators_are_left_unless_the_glass_is_broken)
{
    cm_request_view_t *view;
    const char *change;

    make_administrators();
    change = about("{\"person\":\"%s\"}", first.person->id);
    assert_done(propose(&view, "person.deactivate", change));
    assert_done(decide(&view, &second, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_REJECTED);
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND detail"
                      " LIKE '%change.administrators%'");
    assert_value("active", about("SELECT state FROM person WHERE id = '%s'", first.person->id));
    assert_done(command(&view, "person.deactivate", change, "gone"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    ck_assert_str_eq(view->request->message, "break-glass: gone");
    assert_value("inactive", about("SELECT state FROM person WHERE id = '%s'", first.person->id));
    assert_value("1", "SELECT count(*) FROM audit_event WHERE action = 'request.break-glass' AND"
                      " personal LIKE '%\"reason\":\"gone\"%' AND actor IS NULL");
    assert_done(command(&view, "person.add", "{\"name\":\"A\"}", NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING); /* set-up does not come back */
}
END_TEST

/* Whether the second one can be deactivated while the third one's only log-in is a certificate that
 * this was done to. */
static int lets_go(const char *what)
{
    const char *id = second.person->id;
    const char *third = identity_of("admin1")->person->id;
    cm_request_view_t *view;
    cm_person_t *person;

    assert_done(cm_person_read(&person, ctx->store, third, pool));
    sql("UPDATE certificate SET status = 'active', not_before = 0, not_after = 9000000000000000"
        " WHERE owner IS NOT NULL");
    sql(apr_psprintf(pool, "UPDATE certificate SET %s WHERE owner IS NOT NULL", what));
    assert_done(propose(&view, "person.deactivate", about("{\"person\":\"%s\"}", id)));
    assert_done(decide(&view, cm_identity_make(person, pool), "approve"));
    sql(about("UPDATE person SET state = 'active' WHERE id = '%s'", id));
    return view->request->state == CM_STATE_COMPLETED;
}

START_TEST(two_are_left_who_can_log_in)
{
    const char *third = identity_of("admin1")->person->id;

    make_administrators();
    act_as("user1");
    enroll();
    sql(about("UPDATE certificate SET owner = '%s' WHERE owner IS NOT NULL", third));
    sql(about("UPDATE role_assignment SET role = 'administrator' WHERE person = '%s'", third));
    ck_assert(lets_go("status = 'active'"));
    ck_assert(!lets_go("status = 'revoked'"));
    ck_assert(!lets_go("status = 'suspended'"));
    ck_assert(!lets_go("not_after = 1"));
    ck_assert(!lets_go("not_before = 9000000000000000"));
    assert_value("4", "SELECT count(*) FROM audit_event WHERE action = 'request.fail' AND detail"
                      " LIKE '%change.administrators%'");
}
END_TEST

static void change_a_group(cm_group_verb_t verb, const char *value, const char *role)
{
    const cm_group_change_t change = {verb, "g", value, role};

    act_as(NULL);
    assert_done(change_group(&change));
}

/* In the group, but what is approved reaches beyond it: a log-in of somebody who decides. */
START_TEST(a_role_in_a_group_does_not_reach_beyond)
{
    const char *officer = identity_of("officer1")->person->id;
    const cm_govern_for_t whom = {officer, NULL};
    const cm_submission_t enroll = {.operation = CM_OP_ENROLL, .profile = "user", .csr = new_csr()};
    cm_request_view_t *view;
    cm_identity_t *third;
    cm_person_t *person;

    make_administrators();
    change_a_group(CM_GROUP_CREATE, NULL, NULL);
    change_a_group(CM_GROUP_ADD_PROFILE, "user", NULL);
    change_a_group(CM_GROUP_ADD_PERSON, officer, NULL);
    change_a_group(CM_GROUP_ADD_PERSON, identity_of("user1")->person->id, "administrator");
    assert_done(cm_person_read(&person, ctx->store, identity_of("user1")->person->id, pool));
    third = cm_identity_make(person, pool);
    assert_done(cm_govern_submit_for(&view, ctx, &whom, &enroll));
    ck_assert_int_eq(view->request->state, CM_STATE_PENDING);
    ck_assert_str_eq(view->request->group, "g");
    assert_refused(decide(&view, third, "approve"), CM_E_FORBIDDEN, "approval.role");
    assert_refused(decide(&view, third, "reject"), CM_E_FORBIDDEN, "approval.role");
    assert_done(decide(&view, &first, "approve"));
    assert_done(decide(&view, &second, "approve"));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
}
END_TEST

typedef struct {
    const cm_identity_t *who;
    const char *id;
} step_t;

static void *APR_THREAD_FUNC approve(apr_thread_t *thread, void *data)
{
    const step_t *step = data;
    const cm_request_action_t action = {.event = "approve"};
    cm_ctx_t own = *ctx;
    cm_request_view_t *view;
    apr_status_t status;
    cm_error_t *error;

    apr_pool_create(&own.pool, NULL);
    own.trace_id = step->id;
    own.who = step->who;
    error = cm_request_act(&view, &own, -1, step->id, &action);
    status = error ? (apr_status_t)error->code : APR_SUCCESS;
    apr_pool_destroy(own.pool);
    apr_thread_exit(thread, status);
    return NULL;
}

/* The approval takes its time, and asks once more at its end; deactivation comes meanwhile. */
START_TEST(nobody_loses_a_right_while_it_counts)
{
    cm_submission_t server = server_submission(new_csr());
    cm_request_view_t *view;
    apr_thread_t *threads[2];
    apr_status_t status;
    step_t steps[2] = {{identity_of("officer1"), NULL}, {&second, NULL}};

    make_administrators();
    sql("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN"
        " IF NOT EXISTS (SELECT 1 FROM role_assignment WHERE person = NEW.person AND role ="
        " 'officer') THEN RETURN NULL; END IF; PERFORM pg_sleep(1); IF NOT EXISTS (SELECT 1 FROM"
        " person WHERE id = NEW.person AND state = 'active') THEN RAISE 'gone'; END IF; RETURN "
        "NULL;"
        " END$$");
    sql("CREATE TRIGGER linger AFTER INSERT ON approval FOR EACH ROW EXECUTE FUNCTION linger()");
    assert_done(propose(&view, "person.deactivate",
                        about("{\"person\":\"%s\"}", identity_of("officer1")->person->id)));
    steps[1].id = view->request->id;
    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &server));
    steps[0].id = view->request->id;
    for (int i = 0; i < 2; i++) {
        apr_thread_create(&threads[i], NULL, approve, &steps[i], pool);
        while (i == 0 && strcmp(sql_value("SELECT count(*) FROM pg_stat_activity WHERE"
                                          " wait_event = 'PgSleep'"),
                                "0") == 0) {
            apr_sleep(1000);
        }
    }
    for (int i = 0; i < 2; i++) {
        apr_thread_join(&status, threads[i]);
        ck_assert_int_eq(status, APR_SUCCESS);
    }
    assert_value("2", "SELECT count(*) FROM request WHERE state = 'completed'");
    assert_value("inactive", "SELECT state FROM person WHERE name = 'officer1'");
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, each_kind_does_what_it_says);
    tcase_add_test(tcase, commands_act_alone_until_two_administrators_can_log_in);
    tcase_add_test(tcase, two_administrators_are_left_unless_the_glass_is_broken);
    tcase_add_test(tcase, two_are_left_who_can_log_in);
    tcase_add_test(tcase, who_lost_the_right_changes_nothing);
    tcase_add_test(tcase, a_role_in_a_group_does_not_reach_beyond);
}

TCase *change_case(void)
{
    TCase *tcase = flow_case("change");

    tcase_add_test(tcase, every_kind_is_whole_and_unique);
    tcase_add_test(tcase, a_profile_is_stored_once_others_agree);
    tcase_add_test(tcase, what_can_not_be_is_refused_when_it_is_asked_for);
    add_tests(tcase);
    return tcase;
}

TCase *change_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("change on PostgreSQL");

    add_tests(tcase);
    return tcase;
}

TCase *rights_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("rights");

    tcase_add_test(tcase, nobody_loses_a_right_while_it_counts);
    return tcase;
}
