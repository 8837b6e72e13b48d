/* SPDX-License-Identifier: Apache-2.0
 *
 * From the evidence of a log-in to a person with roles.
 */
#ifndef CERTMGR_FLOW_PEOPLE_H
#define CERTMGR_FLOW_PEOPLE_H

#include "base/context.h"
#include "model/person.h"
#include "policy/identity.h"
#include "store/people.h"

/* What the host saw of the caller, and what its configuration makes of that. All empty: nobody. */
typedef struct cm_evidence_t cm_evidence_t;
struct cm_evidence_t {
    cm_bytes_t
        certificate;   /* DER of a TLS client certificate that the host has verified, or empty */
    const char *user;  /* name from any other authentication of the host, or NULL */
    const char *realm; /* AuthName under which it was found, "" when unknown */
    /* Of a provider's log-in: how ("oidc", "saml"; NULL: the user above is all there is), who
     * vouches and the name there, each NULL when the host was not told. */
    const char *method, *issuer, *subject;
    int from_cookie;
    const char *login;  /* how the user logged in: "user", "oidc", "saml", "bearer"; NULL: "user" */
    const char *handed; /* Client-Cert header of a trusted reverse proxy (RFC 9440), or NULL */
    /* Adds roles and groups by what the host knows of the caller; NULL: none. */
    void (*claim)(cm_identity_t *who, const cm_evidence_t *evidence, apr_pool_t *pool);
    /* Name and mail of a new person for a name that nobody has; *person NULL: it stays a stranger.
     * NULL: all do. */
    cm_error_t *(*introduce)(cm_person_t **person, const cm_evidence_t *evidence, apr_pool_t *pool);
    void *self;
};

/* Sets *who to NULL when there is no evidence. A certificate logs in only when it is in our own
 * records, active, within its dates, and its owner is active: else CM_E_IDENTITY. A name logs in
 * when it is known as a log-in of an active person: else it is introduced, or CM_E_FORBIDDEN (rule
 * login.unknown, or login.issuer when the host was not told who vouches).
 *
 * A name of Apache's own is looked up as ("user", realm, user), then as ("user", "", user), which
 * holds in each realm. That of a provider is looked up as (method, issuer, subject), then as
 * ("user", issuer, user): a log-in without a realm is none there, for another provider may have the
 * same name.
 *
 * A header that a proxy handed on counts as the certificate in it; one that can't be read is
 * CM_E_IDENTITY (rule login.client-cert), not nobody. When both are there the name counts: it is
 * what the administrator asked for at this place. */
cm_error_t *cm_identity_resolve(cm_identity_t **who, const cm_ctx_t *ctx,
                                const cm_evidence_t *evidence);

/* Name and address must be fit for a certificate; the pointers are /name and /mail. */
cm_error_t *cm_person_check_names(const cm_person_t *person, apr_pool_t *pool);

/* A log-in can be one; the pointers are /method, /issuer and /subject, the rule is person.login. */
cm_error_t *cm_person_check_login(const cm_login_t *login, apr_pool_t *pool);

/* A person who comes by a log-in that nobody has: no roles, and the person is the actor of the
 * event. CM_E_FORBIDDEN (rule login.register) when name or mail are not fit for a certificate, or
 * the log-in is not fit for a record. When somebody else was faster, that person is read. */
cm_error_t *cm_person_register(cm_person_t **person, const cm_ctx_t *ctx, const cm_login_t *login);

#endif
