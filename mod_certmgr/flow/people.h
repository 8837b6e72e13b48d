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

/* What the host saw of the caller. All empty: nobody. */
typedef struct {
    cm_bytes_t
        certificate;   /* DER of a TLS client certificate that the host has verified, or empty */
    const char *user;  /* name from any other authentication of the host, or NULL */
    const char *realm; /* who vouched for it, "" when unknown */
    int from_cookie;
    const char *login;  /* how the user logged in: "user", "oidc", "saml", "bearer"; NULL: "user" */
    const char *handed; /* Client-Cert header of a trusted reverse proxy (RFC 9440), or NULL */
} cm_evidence_t;

/* Sets *who to NULL when there is no evidence. A certificate logs in only when it is in our own
 * records, active, within its dates, and its owner is active: else CM_E_IDENTITY. A name logs in
 * when it is known as a log-in of an active person, in this realm or in any: else CM_E_FORBIDDEN.
 * A header that a proxy handed on counts as the certificate in it; one that can't be read is
 * CM_E_IDENTITY (rule login.client-cert), not nobody. When both are there the name counts: it is
 * what the administrator asked for at this place. */
cm_error_t *cm_identity_resolve(cm_identity_t **who, const cm_ctx_t *ctx,
                                const cm_evidence_t *evidence);

/* Name and address must be fit for a certificate; the pointers are /name and /mail. */
cm_error_t *cm_person_check_names(const cm_person_t *person, apr_pool_t *pool);

/* Changes by certmgrctl, each one transaction with its audit event. `login` may be NULL. */
cm_error_t *cm_person_create(const cm_ctx_t *ctx, cm_person_t *person, const cm_login_t *login);
cm_error_t *cm_person_grant(const cm_ctx_t *ctx, const char *person, const char *role);
cm_error_t *cm_person_deny(const cm_ctx_t *ctx, const char *person, const char *role);

#endif
