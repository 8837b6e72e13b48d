/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of people.h that is about who is calling.
 */
#include "base/text.h"
#include "flow/people.h"
#include "pki/clientcert.h"

static cm_error_t *no_login(const cm_ctx_t *ctx, const char *why)
{
    cm_error_t *error = cm_error_make(ctx->pool, CM_E_IDENTITY, "the client certificate %s", why);

    return cm_error_locate(error, NULL, "login.certificate");
}

static cm_error_t *by_certificate(cm_holder_t *holder, const cm_ctx_t *ctx, cm_bytes_t der)
{
    const char *sha256 = cm_bytes_hex(cm_bytes_sha256(der, ctx->pool), ctx->pool);
    const cm_certificate_t *certificate = &holder->certificate;
    cm_error_t *error = cm_person_by_certificate(holder, ctx->store, sha256, ctx->pool);
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
    return holder->person ? NULL : no_login(ctx, "belongs to nobody");
}

/* The proxy asked for the certificate and checked that the client has its key. */
static cm_error_t *by_header(cm_holder_t *holder, const cm_ctx_t *ctx, const char *header)
{
    cm_bytes_t der;
    cm_error_t *error = cm_client_cert_parse(&der, header, ctx->pool);

    if (error) {
        cm_error_t *outer = cm_error_make(ctx->pool, CM_E_IDENTITY,
                                          "the client certificate that the proxy handed on can't "
                                          "be read");

        return cm_error_wrap(cm_error_locate(outer, NULL, "login.client-cert"), error);
    }
    return by_certificate(holder, ctx, der);
}

/* holder->person stays NULL when nobody has this log-in. What is not UTF-8 is registered nowhere,
 * and PostgreSQL would not even look. */
static cm_error_t *find(cm_holder_t *holder, const cm_ctx_t *ctx, const cm_login_t *login)
{
    cm_error_t *error;

    if (holder->person || !login->issuer || !login->subject ||
        !cm_text_is_utf8(cm_bytes_of_text(login->issuer)) ||
        !cm_text_is_utf8(cm_bytes_of_text(login->subject))) {
        return NULL;
    }
    error = cm_person_by_login(holder, ctx->store, login, ctx->pool);
    return error && error->code == CM_E_NOT_FOUND ? NULL : error;
}

static cm_error_t *unknown(const cm_ctx_t *ctx, const cm_login_t *login)
{
    cm_error_t *error;

    if (!login->issuer || !login->subject) {
        error = cm_error_make(ctx->pool, CM_E_FORBIDDEN,
                              "the server was not told who vouches for this log-in");
        cm_error_locate(error, NULL, "login.issuer");
        return cm_error_advise(error, "the module that authenticates must set its claims as "
                                      "environment variables");
    }
    error = cm_error_make(ctx->pool, CM_E_FORBIDDEN, "this log-in is not registered here");
    cm_error_locate(error, NULL, "login.unknown");
    return cm_error_advise(error, "an administrator can add it");
}

static cm_error_t *by_name(cm_holder_t *holder, const cm_ctx_t *ctx, const cm_evidence_t *evidence)
{
    const char *realm = evidence->realm ? evidence->realm : "";
    const cm_login_t own = {"user", realm, evidence->user};
    const cm_login_t provided = {evidence->method, evidence->issuer, evidence->subject};
    const cm_login_t *login = evidence->method ? &provided : &own;
    const cm_login_t other = {"user", evidence->method ? evidence->issuer : "", evidence->user};
    cm_error_t *error;

    error = find(holder, ctx, login);
    if (!error) {
        error = find(holder, ctx, &other);
    }
    if (error || holder->person) {
        return error;
    }
    if (evidence->introduce && login->issuer && login->subject) {
        error = evidence->introduce(&holder->person, evidence, ctx->pool);
    }
    if (!error && holder->person) {
        return cm_person_register(&holder->person, ctx, login);
    }
    return error ? error : unknown(ctx, login);
}

static cm_error_t *find_holder(cm_holder_t *holder, cm_identity_t *found, const cm_ctx_t *ctx,
                               const cm_evidence_t *evidence)
{
    if (evidence->user) {
        found->login = evidence->login ? evidence->login : "user";
        found->from_cookie = evidence->from_cookie;
        return by_name(holder, ctx, evidence);
    }
    if (evidence->handed) {
        found->login = "proxy";
        return by_header(holder, ctx, evidence->handed);
    }
    found->login = "tls";
    return by_certificate(holder, ctx, evidence->certificate);
}

cm_error_t *cm_identity_resolve(cm_identity_t **who, const cm_ctx_t *ctx,
                                const cm_evidence_t *evidence)
{
    cm_identity_t found = {.person = NULL};
    cm_holder_t holder = {.person = NULL};
    cm_identity_t *identity;
    cm_error_t *error;

    *who = NULL;
    if (!evidence->user && !evidence->handed && !evidence->certificate.len) {
        return NULL;
    }
    error = find_holder(&holder, &found, ctx, evidence);
    if (error || !holder.person) {
        return error;
    }
    if (strcmp(holder.person->state, "active") != 0) {
        return cm_error_locate(cm_error_make(ctx->pool, CM_E_IDENTITY, "the person is deactivated"),
                               NULL, "login.inactive");
    }
    identity = cm_identity_make(holder.person, ctx->pool);
    identity->login = found.login;
    identity->certificate = holder.certificate.id;
    identity->rules = holder.rules;
    identity->from_cookie = found.from_cookie;
    if (evidence->claim) {
        evidence->claim(identity, evidence, ctx->pool);
    }
    *who = identity;
    return NULL;
}
