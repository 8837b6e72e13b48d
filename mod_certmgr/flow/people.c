/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/people.h"

#include "base/text.h"
#include "flow/audit.h"
#include "pki/name.h"
#include "pki/san.h"

typedef struct {
    const cm_person_t *person;
    const cm_login_t *login;
} create_t;

static cm_error_t *store_person(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const create_t *create = baton;
    cm_error_t *error = cm_person_insert(txn, create->person);

    (void)event;
    if (!error && create->login) {
        error = cm_person_add_login(txn, create->person->id, create->login);
    }
    return error;
}

/* Name and address must be fit for a certificate: better refused now than at each enrollment. */
cm_error_t *cm_person_check_names(const cm_person_t *person, apr_pool_t *pool)
{
    apr_array_header_t *attributes = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));
    const cm_name_attribute_t cn = {"CN", person->name, 0};
    cm_name_t *name;
    cm_san_t mail;
    cm_error_t *error;

    APR_ARRAY_PUSH(attributes, cm_name_attribute_t) = cn;
    error = cm_name_make(&name, attributes, pool);
    if (error) {
        cm_error_locate(error, "/name", error->rule);
    }
    if (person->mail) {
        cm_error_t *bad = cm_san_make(&mail, "email", person->mail, pool);

        error = cm_error_join(error, bad ? cm_error_locate(bad, "/mail", bad->rule) : NULL);
    }
    return error;
}

static cm_error_t *bad_login(apr_pool_t *pool, const char *field, const char *message)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), field, "person.login");
}

/* Longer keys than this don't fit into an index of PostgreSQL. */
enum { LOGIN_MAX = 1024 };

static cm_error_t *check_part(apr_pool_t *pool, const char *field, const char *text)
{
    if (strlen(text) > LOGIN_MAX || !cm_text_is_utf8(cm_bytes_of_text(text)) ||
        strcmp(cm_text_escape(text, pool), text) != 0) {
        return bad_login(pool, field, "at most 1024 bytes of UTF-8 without control characters");
    }
    return NULL;
}

cm_error_t *cm_person_check_login(const cm_login_t *login, apr_pool_t *pool)
{
    static const char *const methods[] = {"user", "oidc", "saml", NULL};
    cm_error_t *error = NULL;
    int known = 0;

    for (int i = 0; methods[i]; i++) {
        known |= strcmp(login->method, methods[i]) == 0;
    }
    if (!known) {
        error = bad_login(pool, "/method", "a log-in is by user, oidc or saml");
    }
    if (!*login->issuer && strcmp(login->method, "user") != 0) {
        error = cm_error_join(error, bad_login(pool, "/issuer", "a provider must be named"));
    }
    if (!*login->subject) {
        error = cm_error_join(error, bad_login(pool, "/subject", "a log-in has a name"));
    }
    error = cm_error_join(error, check_part(pool, "/issuer", login->issuer));
    return cm_error_join(error, check_part(pool, "/subject", login->subject));
}

static void describe_login(cm_audit_draft_t *draft, const cm_login_t *login)
{
    cm_json_set_text(draft->detail, "method", login->method);
    cm_json_set_text(draft->personal, "issuer", login->issuer);
    cm_json_set_text(draft->personal, "login", login->subject);
}

static cm_error_t *refuse_registration(const cm_ctx_t *ctx, cm_error_t *cause)
{
    cm_error_t *error = cm_error_make(ctx->pool, CM_E_FORBIDDEN,
                                      "this log-in can't be registered: %s", cause->message);

    cm_error_locate(error, NULL, "login.register");
    return cm_error_wrap(
        cm_error_advise(error,
                        "name and mail address must be fit for a certificate; an administrator "
                        "can tie the log-in to a person who is there already"),
        cause);
}

/* Whoever asks as one person must not come back as another and approve. Directories take a name in
 * any case for the same, so one spelling counts; and whose mail address is known is known already.
 */
static cm_error_t *check_is_new(const cm_person_t *person, const cm_ctx_t *ctx,
                                const cm_login_t *login)
{
    apr_size_t local = strcspn(login->subject, "@");
    cm_error_t *error = NULL;
    int is_known = 0;

    if (strcmp(login->method, "user") == 0 &&
        strncmp(login->subject, cm_text_lower(login->subject, ctx->pool), local) != 0) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "the name must be written in lower case");
        return cm_error_locate(error, "/subject", "login.case");
    }
    if (person->mail) {
        error = cm_person_has_mail(&is_known, ctx->store, person->mail, ctx->pool);
    }
    if (!error && is_known) {
        error =
            cm_error_make(ctx->pool, CM_E_VALUE, "somebody with this mail address is registered");
        cm_error_locate(error, "/mail", "login.mail");
    }
    return error;
}

cm_error_t *cm_person_register(cm_person_t **person, const cm_ctx_t *ctx, const cm_login_t *login)
{
    create_t create = {*person, login};
    cm_holder_t first = {.person = NULL};
    cm_audit_draft_t *draft;
    cm_error_t *error = cm_error_join(cm_person_check_names(*person, ctx->pool),
                                      cm_person_check_login(login, ctx->pool));

    if (error) {
        return refuse_registration(ctx, error);
    }
    error = check_is_new(*person, ctx, login);
    if (error) {
        return error->code == CM_E_VALUE ? refuse_registration(ctx, error) : error;
    }
    (*person)->id = cm_ctx_id(ctx);
    (*person)->state = "active";
    (*person)->created = ctx->now;
    (*person)->roles = (*person)->group_roles = NULL;
    draft = cm_audit_begin(ctx, "person.register", (*person)->id);
    draft->event.actor = (*person)->id;
    describe_login(draft, login);
    cm_json_set_text(draft->personal, "name", (*person)->name);
    cm_json_set_text(draft->personal, "mail", (*person)->mail);
    error = cm_store_transact(ctx->store, store_person, &create, cm_audit_finish(draft, ctx),
                              ctx->pool);
    if (error && error->code == CM_E_CONFLICT) {
        error = cm_person_by_login(&first, ctx->store, login, ctx->pool);
        *person = first.person;
    }
    return error;
}
