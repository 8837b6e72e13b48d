/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/people.h"

#include "base/text.h"
#include "flow/audit.h"
#include "pki/cert.h"
#include "pki/clientcert.h"
#include "store/certificates.h"

static cm_error_t *no_login(const cm_ctx_t *ctx, const char *why)
{
    cm_error_t *error = cm_error_make(ctx->pool, CM_E_IDENTITY, "the client certificate %s", why);

    return cm_error_locate(error, NULL, "login.certificate");
}

static cm_error_t *by_certificate(cm_person_t **person, const char **id, const cm_ctx_t *ctx,
                                  cm_bytes_t der)
{
    const char *sha256 = cm_bytes_hex(cm_bytes_sha256(der, ctx->pool), ctx->pool);
    cm_certificate_t *certificate;
    cm_error_t *error = cm_certificate_by_sha256(&certificate, ctx->store, sha256, ctx->pool);
    cm_status_t status;

    if (error && error->code == CM_E_NOT_FOUND) {
        return no_login(ctx, "was not issued here");
    }
    if (error) {
        return error;
    }
    status = cm_certificate_status(certificate, ctx->now);
    if (status != CM_CERT_ACTIVE || certificate->not_before > ctx->now) {
        return no_login(ctx, status == CM_CERT_ACTIVE ? "is not valid yet"
                                                      : "is revoked, on hold or expired");
    }
    if (!certificate->owner) {
        return no_login(ctx, "belongs to nobody");
    }
    *id = certificate->id;
    return cm_person_read(person, ctx->store, certificate->owner, ctx->pool);
}

/* The proxy asked for the certificate and checked that the client has its key. */
static cm_error_t *by_header(cm_person_t **person, const char **id, const cm_ctx_t *ctx,
                             const char *header)
{
    cm_bytes_t der;
    cm_error_t *error = cm_client_cert_parse(&der, header, ctx->pool);

    if (error) {
        cm_error_t *outer = cm_error_make(ctx->pool, CM_E_IDENTITY,
                                          "the client certificate that the proxy handed on can't "
                                          "be read");

        return cm_error_wrap(cm_error_locate(outer, NULL, "login.client-cert"), error);
    }
    return by_certificate(person, id, ctx, der);
}

static cm_error_t *by_name(cm_person_t **person, const cm_ctx_t *ctx, const cm_evidence_t *evidence)
{
    cm_login_t login = {"user", evidence->realm ? evidence->realm : "", evidence->user};
    cm_error_t *error = NULL;
    /* what is not UTF-8 is registered nowhere, and PostgreSQL would not even look */
    int known = cm_text_is_utf8(cm_bytes_of_text(login.subject));

    if (known) {
        error = cm_person_by_login(person, ctx->store, &login, ctx->pool);
    }
    if (error && error->code == CM_E_NOT_FOUND) {
        login.issuer = ""; /* added without a realm: holds in each */
        error = cm_person_by_login(person, ctx->store, &login, ctx->pool);
    }
    if (!known || (error && error->code == CM_E_NOT_FOUND)) {
        error = cm_error_make(ctx->pool, CM_E_FORBIDDEN, "this log-in is not registered here");
        cm_error_locate(error, NULL, "login.unknown");
        return cm_error_advise(error, "an administrator can add it");
    }
    return error;
}

cm_error_t *cm_identity_resolve(cm_identity_t **who, const cm_ctx_t *ctx,
                                const cm_evidence_t *evidence)
{
    cm_identity_t *identity = apr_pcalloc(ctx->pool, sizeof *identity);
    cm_person_t *person;
    cm_error_t *error;

    *who = NULL;
    if (evidence->user) {
        identity->login = evidence->login ? evidence->login : "user";
        error = by_name(&person, ctx, evidence);
    } else if (evidence->handed) {
        identity->login = "proxy";
        error = by_header(&person, &identity->certificate, ctx, evidence->handed);
    } else if (evidence->certificate.len) {
        identity->login = "tls";
        error = by_certificate(&person, &identity->certificate, ctx, evidence->certificate);
    } else {
        return NULL;
    }
    if (error) {
        return error;
    }
    if (strcmp(person->state, "active") != 0) {
        return cm_error_locate(cm_error_make(ctx->pool, CM_E_IDENTITY, "the person is deactivated"),
                               NULL, "login.inactive");
    }
    identity->person = person;
    identity->from_cookie = evidence->from_cookie;
    identity->roles = cm_roles_of(person->roles);
    *who = identity;
    return NULL;
}

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

static cm_error_t *check_role(const cm_ctx_t *ctx, const char *role)
{
    if (!cm_role_of(role)) {
        return cm_error_locate(
            cm_error_make(ctx->pool, CM_E_VALUE, "there is no role \"%s\"", role), "/role",
            "person.role");
    }
    return NULL;
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

cm_error_t *cm_person_create(const cm_ctx_t *ctx, cm_person_t *person, const cm_login_t *login)
{
    cm_audit_draft_t *draft;
    create_t create = {person, login};
    cm_error_t *error = cm_person_check_names(person, ctx->pool);
    json_t *roles;

    person->id = cm_ctx_id(ctx);
    person->state = "active";
    person->created = ctx->now;
    draft = cm_audit_begin(ctx, "person.create", person->id);
    roles = cm_json_array(ctx->pool);
    for (int i = 0; person->roles && i < person->roles->nelts; i++) {
        const char *role = APR_ARRAY_IDX(person->roles, i, const char *);

        error = cm_error_join(error, check_role(ctx, role));
        json_array_append_new(roles, json_string(role));
    }
    if (error) {
        return error;
    }
    cm_json_set(draft->detail, "roles", roles);
    cm_json_set_text(draft->personal, "name", person->name);
    cm_json_set_text(draft->personal, "mail", person->mail);
    if (login) {
        cm_json_set_text(draft->personal, "login", login->subject);
    }
    return cm_store_transact(ctx->store, store_person, &create, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

typedef struct {
    const char *person, *role;
    cm_error_t *(*change)(cm_txn_t *txn, const char *person, const char *role);
} grant_t;

static cm_error_t *store_grant(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const grant_t *grant = baton;

    (void)event;
    return grant->change(txn, grant->person, grant->role);
}

static cm_error_t *change_role(const cm_ctx_t *ctx, const char *action, grant_t *grant)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, action, grant->person);
    cm_person_t *person;
    cm_error_t *error = check_role(ctx, grant->role);

    if (!error) {
        error = cm_person_read(&person, ctx->store, grant->person, ctx->pool);
    }
    if (error) {
        return error;
    }
    cm_json_set_text(draft->detail, "role", grant->role);
    return cm_store_transact(ctx->store, store_grant, grant, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_person_grant(const cm_ctx_t *ctx, const char *person, const char *role)
{
    grant_t grant = {person, role, cm_person_add_role};

    return change_role(ctx, "person.grant", &grant);
}

cm_error_t *cm_person_deny(const cm_ctx_t *ctx, const char *person, const char *role)
{
    grant_t grant = {person, role, cm_person_remove_role};

    return change_role(ctx, "person.deny", &grant);
}
