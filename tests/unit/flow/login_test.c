/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/groups.h"
#include "flow/people.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

START_TEST(a_name_logs_in_when_it_is_known)
{
    cm_evidence_t evidence = {.user = "jane", .realm = "intranet"};
    cm_identity_t *who;

    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    sql("INSERT INTO identity (method, issuer, subject, person) "
        "SELECT 'user', 'intranet', 'jane', id FROM person WHERE name = 'user2'");
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->name, "user2");
    evidence.realm = "elsewhere";
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    sql("INSERT INTO identity (method, issuer, subject, person) "
        "SELECT 'user', '', 'jane', id FROM person WHERE name = 'user1'");
    assert_done(cm_identity_resolve(&who, ctx, &evidence)); /* in each realm that has no own one */
    ck_assert_str_eq(who->person->name, "user1");
    evidence.realm = "intranet";
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->name, "user2");
}
END_TEST

START_TEST(a_provider_vouches_for_its_own_names_only)
{
    cm_evidence_t evidence = {.user = "jane",
                              .realm = "intranet",
                              .method = "oidc",
                              .issuer = "https://a.example",
                              .subject = "s1",
                              .login = "bearer"};
    const cm_login_t login = {"oidc", "https://a.example", "s1"};
    const cm_login_t named = {"user", "https://a.example", "jane"};
    const char *user1 = identity_of("user1")->person->id, *user2 = identity_of("user2")->person->id;
    cm_identity_t *who;

    /* plain names are of Apache's own realms */
    assert_done(tie_login(user2, &(cm_login_t){"user", "", "jane"}));
    assert_done(tie_login(user2, &(cm_login_t){"user", "intranet", "jane"}));
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    assert_done(tie_login(user2, &named)); /* unless the provider is named */
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->id, user2);
    assert_done(tie_login(user1, &login));
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->id, user1);
    ck_assert_str_eq(who->login, "bearer");
    evidence.method = "saml";
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->id, user2);
    evidence.method = "oidc";
    evidence.issuer = "https://b.example";
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    evidence.issuer = "\xff";
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    evidence.issuer = NULL;
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.issuer");
    evidence.issuer = "https://a.example";
    evidence.subject = NULL;
    assert_done(untie_login(user2, &named));
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.issuer");
    assert_refused(untie_login(user2, &named), CM_E_NOT_FOUND, NULL);
    assert_refused(tie_login(user2, &login), CM_E_CONFLICT, "store.unique");
}
END_TEST

static void give_all(cm_identity_t *who, const cm_evidence_t *evidence, apr_pool_t *p)
{
    (void)evidence;
    cm_identity_grant(who, CM_ROLE_OFFICER, "web", p);
    cm_identity_join(who, "web", p);
}

/* evidence->self is the name; NULL: somebody who is not introduced. */
static cm_error_t *name_it(cm_person_t **person, const cm_evidence_t *evidence, apr_pool_t *p)
{
    *person = NULL;
    if (evidence->self) {
        *person = apr_pcalloc(p, sizeof **person);
        (*person)->name = evidence->self;
    }
    return NULL;
}

START_TEST(a_stranger_may_be_introduced)
{
    char name[] = "Jane", bad[] = "J\nane", other[] = "Other";
    cm_evidence_t evidence = {.user = "jane", .realm = "", .claim = give_all, .introduce = name_it};
    cm_identity_t *who, *again;

    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.unknown");
    ck_assert_ptr_null(who);
    evidence.self = bad;
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_FORBIDDEN, "login.register");
    evidence.self = name;
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->name, "Jane");
    ck_assert_uint_eq(who->roles, 0);
    ck_assert_uint_eq(cm_identity_roles(who, "web"), CM_ROLE_OFFICER);
    ck_assert(cm_identity_is_in(who, "web"));
    evidence.self = other;
    assert_done(cm_identity_resolve(&again, ctx, &evidence));
    ck_assert_str_eq(again->person->id, who->person->id);
    ck_assert_str_eq(again->person->name, "Jane");
    sql("UPDATE person SET state = 'inactive' WHERE name = 'Jane'");
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.inactive");
}
END_TEST

START_TEST(who_comes_second_is_the_first)
{
    const cm_login_t login = {"oidc", "https://a.example", "s1"};
    cm_person_t first = {.name = "First"}, second = {.name = "Second"};
    cm_person_t *one = &first, *two = &second;

    assert_done(cm_person_register(&one, ctx, &login));
    assert_done(cm_person_register(&two, ctx, &login)); /* both had found nobody */
    ck_assert_str_eq(two->id, one->id);
    ck_assert_str_eq(two->name, "First");
}
END_TEST

START_TEST(logins_must_fit_a_record)
{
    static const struct {
        cm_login_t login;
        const char *field;
    } samples[] = {
        {{"magic", "i", "s"}, "/method"},   {{"oidc", "", "s"}, "/issuer"},
        {{"saml", "i", ""}, "/subject"},    {{"user", "", "a\nb"}, "/subject"},
        {{"user", "\xc3", "s"}, "/issuer"},
    };
    char *long_name = apr_pcalloc(pool, 1026);
    cm_login_t login = {"user", "", long_name};

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_error_t *error = tie_login(identity_of("user1")->person->id, &samples[i].login);

        assert_refused(error, CM_E_VALUE, "person.login");
        ck_assert_str_eq(error->field, samples[i].field);
    }
    memset(long_name, 'x', 1025);
    assert_refused(tie_login(identity_of("user1")->person->id, &login), CM_E_VALUE, "person.login");
    long_name[1024] = '\0';
    assert_done(tie_login(identity_of("user1")->person->id, &login));
    assert_refused(tie_login("nobody", &(cm_login_t){"user", "", "x"}), CM_E_NOT_FOUND, NULL);
}
END_TEST

static cm_error_t *change(cm_group_verb_t verb, const char *group, const char *value,
                          const char *role)
{
    const cm_group_change_t asked = {verb, group, value, role};

    return change_group(&asked);
}

START_TEST(groups_change_by_verbs)
{
    const char *person = identity_of("user1")->person->id;
    cm_person_t *read;

    assert_refused(change(CM_GROUP_CREATE, "a b", NULL, NULL), CM_E_VALUE, "group.name");
    assert_refused(change(CM_GROUP_ADD_PERSON, "web", person, NULL), CM_E_NOT_FOUND, NULL);
    assert_done(change(CM_GROUP_CREATE, "web", NULL, NULL));
    assert_refused(change(CM_GROUP_CREATE, "web", NULL, NULL), CM_E_CONFLICT, "store.unique");
    assert_refused(change(CM_GROUP_ADD_PROFILE, "web", "none", NULL), CM_E_VALUE,
                   "profile.unknown");
    assert_done(change(CM_GROUP_ADD_PROFILE, "web", "user", NULL));
    assert_refused(change(CM_GROUP_ADD_DOMAIN, "web", "A.example", NULL), CM_E_VALUE,
                   "group.domain");
    assert_done(change(CM_GROUP_ADD_DOMAIN, "web", "a.example", NULL));
    assert_refused(change(CM_GROUP_ADD_PERSON, "web", person, "king"), CM_E_VALUE, "person.role");
    assert_refused(change(CM_GROUP_ADD_PERSON, "web", "none", NULL), CM_E_VALUE, "person.unknown");
    assert_done(change(CM_GROUP_ADD_PERSON, "web", person, NULL));
    assert_done(change(CM_GROUP_ADD_PERSON, "web", person, "officer"));
    assert_refused(change(CM_GROUP_ADD_PERSON, "web", person, "officer"), CM_E_CONFLICT,
                   "store.unique");
    assert_done(cm_person_read(&read, ctx->store, person, pool));
    ck_assert_int_eq(read->group_roles->nelts, 2);
    ck_assert_int_eq(read->roles->nelts, 1);
    assert_refused(change(CM_GROUP_REMOVE, "web", NULL, NULL), CM_E_CONFLICT, NULL);
    assert_refused(change(CM_GROUP_REMOVE_DOMAIN, "web", "b.example", NULL), CM_E_NOT_FOUND, NULL);
    assert_done(change(CM_GROUP_REMOVE_PROFILE, "web", "user", NULL));
    assert_done(change(CM_GROUP_REMOVE_PERSON, "web", person, NULL));
    assert_refused(change(CM_GROUP_REMOVE_PERSON, "web", person, NULL), CM_E_NOT_FOUND, NULL);
    assert_done(change(CM_GROUP_REMOVE, "web", NULL, NULL));
    assert_done(cm_person_read(&read, ctx->store, person, pool));
    ck_assert_int_eq(read->group_roles->nelts, 0);
}
END_TEST

static TCase *with_tests(TCase *tcase)
{
    tcase_add_test(tcase, a_provider_vouches_for_its_own_names_only);
    tcase_add_test(tcase, who_comes_second_is_the_first);
    tcase_add_test(tcase, logins_must_fit_a_record);
    tcase_add_test(tcase, groups_change_by_verbs);
    return tcase;
}

TCase *login_case(void)
{
    TCase *tcase = with_tests(flow_case("login"));

    tcase_add_test(tcase, a_name_logs_in_when_it_is_known);
    tcase_add_test(tcase, a_stranger_may_be_introduced);
    return tcase;
}

TCase *login_postgres_case(void)
{
    return with_tests(flow_case_on_postgres("login on PostgreSQL"));
}
