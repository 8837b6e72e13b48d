/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of people, their roles and their log-ins.
 */
#include <apr_strings.h>

#include "flow/change.h"
#include "flow/people.h"
#include "store/holders.h"

enum { ID_MAX = 64, TEXT_MAX = 256, ROLES_MAX = 16, LOGIN_MAX = 1024 };

static const cm_json_member_t add_members[] = {
    {"name", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, name), TEXT_MAX,
     "As certificates will carry it."},
    {"mail", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, mail), TEXT_MAX,
     "E-mail address."},
    {"roles", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(cm_change_t, roles), ROLES_MAX,
     "Names of roles."},
    {"method", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, login.method), ID_MAX,
     "How the person logs in: user (the default), oidc or saml."},
    {"issuer", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, login.issuer), LOGIN_MAX,
     "Who vouches for the log-in; anybody where it is left out."},
    {"subject", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, login.subject), LOGIN_MAX,
     "The name there."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t person_members[] = {{"person", CM_JSON_TEXT, CM_JSON_REQUIRED,
                                                   offsetof(cm_change_t, person), ID_MAX,
                                                   "Id of the person."},
                                                  {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t role_members[] = {
    {"person", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, person), ID_MAX,
     "Id of the person."},
    {"role", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, role), ID_MAX,
     "Name of the role."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t identity_members[] = {
    {"person", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, person), ID_MAX,
     "Id of the person."},
    {"method", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, login.method), ID_MAX,
     "How the person logs in: user (the default), oidc or saml."},
    {"issuer", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, login.issuer), LOGIN_MAX,
     "Who vouches for the log-in; anybody where it is left out."},
    {"subject", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, login.subject), LOGIN_MAX,
     "The name there."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

/* Whom the change is about. */
static cm_error_t *read_person(cm_person_t **person, const cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = cm_person_read(person, ctx->store, work->change->person, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_change_refuse(work, CM_E_VALUE, "/person", "person.unknown",
                                "there is no such person");
    }
    return error;
}

static cm_error_t *check_role(const cm_work_t *work, const char *field, const char *role)
{
    return cm_role_of(role)
               ? NULL
               : cm_change_refuse(work, CM_E_VALUE, field, "person.role", "there is no such role");
}

static int has_role(const apr_array_header_t *roles, const char *role, int before)
{
    for (int i = 0; i < before; i++) {
        if (strcmp(APR_ARRAY_IDX(roles, i, const char *), role) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The members of a log-in that were left out, and whether it can be one. */
static cm_error_t *complete_login(cm_work_t *work)
{
    cm_login_t *login = &work->change->login;

    login->method = login->method ? login->method : "user";
    login->issuer = login->issuer ? login->issuer : "";
    return cm_person_check_login(login, work->ctx->pool);
}

/* *owner: whose log-in it is, or NULL. */
static cm_error_t *owner_of_login(cm_person_t **owner, cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_holder_t holder = {.person = NULL};
    cm_error_t *error = complete_login(work);

    if (!error) {
        error = cm_person_by_login(&holder, ctx->store, &work->change->login, ctx->pool);
    }
    *owner = holder.person;
    return error && error->code == CM_E_NOT_FOUND ? NULL : error;
}

static cm_error_t *check_free(cm_work_t *work)
{
    cm_person_t *owner;
    cm_error_t *error = owner_of_login(&owner, work);

    if (!error && owner) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/subject", "identity.taken",
                                 "this log-in is tied to a person already");
    }
    return error;
}

/* The new person: its id is that of the request, so that it can be made once only. */
static cm_person_t *person_of(const cm_work_t *work)
{
    cm_person_t *person = apr_pcalloc(work->ctx->pool, sizeof *person);

    person->id = work->request->id;
    person->name = work->change->name;
    person->mail = work->change->mail;
    person->state = "active";
    person->created = work->ctx->now;
    person->roles = work->change->roles;
    return person;
}

static cm_error_t *decide_add(cm_work_t *work)
{
    const cm_change_t *change = work->change;
    apr_pool_t *pool = work->ctx->pool;
    cm_error_t *error = cm_person_check_names(person_of(work), pool);

    for (int i = 0; change->roles && i < change->roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(change->roles, i, const char *);
        const char *field = apr_psprintf(pool, "/roles/%d", i);

        error = cm_error_join(error, check_role(work, field, role));
        if (has_role(change->roles, role, i)) {
            error = cm_error_join(error, cm_change_refuse(work, CM_E_VALUE, field, "person.role",
                                                          "this role is there twice"));
        }
    }
    if (!change->login.subject && (change->login.method || change->login.issuer)) {
        error = cm_error_join(error, cm_change_refuse(work, CM_E_VALUE, "/subject", "person.login",
                                                      "a log-in has a name"));
    }
    if (change->login.subject) {
        error = cm_error_join(error, check_free(work));
    }
    return error;
}

static cm_error_t *add_person(cm_txn_t *txn, cm_work_t *work)
{
    const cm_change_t *change = work->change;
    cm_error_t *error = cm_person_insert(txn, person_of(work));

    if (!error && change->login.subject) {
        error = cm_person_add_login(txn, work->request->id, &change->login);
    }
    return error;
}

static void record_login(cm_audit_draft_t *draft, const cm_login_t *login)
{
    if (login->subject) {
        cm_json_set_text(draft->detail, "method", login->method);
        cm_json_set_text(draft->personal, "issuer", login->issuer);
        cm_json_set_text(draft->personal, "subject", login->subject);
    }
}

static void record_add(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_change_t *change = work->change;
    json_t *roles = cm_json_array(work->ctx->pool);

    for (int i = 0; change->roles && i < change->roles->nelts; i++) {
        json_array_append_new(roles, json_string(APR_ARRAY_IDX(change->roles, i, const char *)));
    }
    cm_json_set_text(draft->detail, "person", work->request->id);
    cm_json_set(draft->detail, "roles", roles);
    cm_json_set_text(draft->personal, "name", change->name);
    cm_json_set_text(draft->personal, "mail", change->mail);
    record_login(draft, &change->login);
}

static cm_error_t *decide_state(cm_work_t *work, const char *state)
{
    cm_person_t *person;
    cm_error_t *error = read_person(&person, work);

    if (!error && strcmp(person->state, state) == 0) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/person", "person.state",
                                 apr_psprintf(work->ctx->pool, "the person is %s", state));
    }
    return error;
}

static cm_error_t *decide_deactivate(cm_work_t *work)
{
    return decide_state(work, "inactive");
}

static cm_error_t *decide_activate(cm_work_t *work)
{
    return decide_state(work, "active");
}

static cm_error_t *deactivate(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_set_state(txn, work->change->person, "inactive");
}

static cm_error_t *activate(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_set_state(txn, work->change->person, "active");
}

static void record_person(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_json_set_text(draft->detail, "person", work->change->person);
}

static cm_error_t *decide_role(cm_work_t *work, int gives)
{
    cm_person_t *person;
    cm_error_t *error = check_role(work, "/role", work->change->role);
    int has;

    if (!error) {
        error = read_person(&person, work);
    }
    if (error) {
        return error;
    }
    has = has_role(person->roles, work->change->role, person->roles->nelts);
    if (has == gives) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/role", gives ? "role.given" : "role.absent",
                                 gives ? "the person has this role already"
                                       : "this person does not have this role");
    }
    return error;
}

static cm_error_t *decide_give(cm_work_t *work)
{
    return decide_role(work, 1);
}

static cm_error_t *decide_take(cm_work_t *work)
{
    return decide_role(work, 0);
}

static cm_error_t *give_role(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_add_role(txn, work->change->person, work->change->role);
}

static cm_error_t *take_role(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_remove_role(txn, work->change->person, work->change->role);
}

static void record_role(cm_audit_draft_t *draft, const cm_work_t *work)
{
    record_person(draft, work);
    cm_json_set_text(draft->detail, "role", work->change->role);
}

static cm_error_t *decide_tie(cm_work_t *work)
{
    cm_person_t *person;
    cm_error_t *error = read_person(&person, work);

    return error ? error : check_free(work);
}

static cm_error_t *decide_untie(cm_work_t *work)
{
    cm_person_t *person, *owner;
    cm_error_t *error = read_person(&person, work);

    if (!error) {
        error = owner_of_login(&owner, work);
    }
    if (!error && (!owner || strcmp(owner->id, person->id) != 0)) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/subject", "identity.absent",
                                 "this log-in is not the person's");
    }
    return error;
}

static cm_error_t *tie(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_add_login(txn, work->change->person, &work->change->login);
}

static cm_error_t *untie(cm_txn_t *txn, cm_work_t *work)
{
    return cm_person_remove_login(txn, work->change->person, &work->change->login);
}

static void record_identity(cm_audit_draft_t *draft, const cm_work_t *work)
{
    record_person(draft, work);
    record_login(draft, &work->change->login);
}

#define KIND(kind, title, given, decision, effect, recorded)                                       \
    {                                                                                              \
        .name = kind, .about = title, .permission = CM_MAY_GOVERN, .role = "administrator",        \
        .members = given, .decide = decision, .change = effect, .record = recorded                 \
    }

const cm_change_kind_t cm_change_person_add =
    KIND("person.add", "Add a person, whose id will be that of the request", add_members,
         decide_add, add_person, record_add);
const cm_change_kind_t cm_change_person_deactivate =
    KIND("person.deactivate", "Let a person log in nowhere any more", person_members,
         decide_deactivate, deactivate, record_person);
const cm_change_kind_t cm_change_person_activate =
    KIND("person.activate", "Let a deactivated person log in again", person_members,
         decide_activate, activate, record_person);
const cm_change_kind_t cm_change_role_give =
    KIND("role.give", "Give a person a role", role_members, decide_give, give_role, record_role);
const cm_change_kind_t cm_change_role_take =
    KIND("role.take", "Take a role away from a person", role_members, decide_take, take_role,
         record_role);
const cm_change_kind_t cm_change_identity_tie =
    KIND("identity.tie", "Tie a further log-in to a person", identity_members, decide_tie, tie,
         record_identity);
const cm_change_kind_t cm_change_identity_untie =
    KIND("identity.untie", "Take a log-in away from a person", identity_members, decide_untie,
         untie, record_identity);
