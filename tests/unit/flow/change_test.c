/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes: the table of kinds, each kind once, and when commands act alone.
 */
#include <apr_strings.h>

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
    ck_assert_int_ge(count, 16);
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
    happens("authority.crl", "{\"authority\":\"ca\",\"shards\":4,\"delta\":\"1h\"}");
    happens("authority.crl", "{\"authority\":\"ca\",\"shards\":5}"); /* the rest stays */
    assert_value("5/3600", "SELECT crl_shards || '/' || crl_delta FROM authority");
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
}
END_TEST

static void add_tests(TCase *tcase)
{
    tcase_add_test(tcase, each_kind_does_what_it_says);
    tcase_add_test(tcase, commands_act_alone_until_two_administrators_can_log_in);
    tcase_add_test(tcase, two_administrators_are_left_unless_the_glass_is_broken);
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
