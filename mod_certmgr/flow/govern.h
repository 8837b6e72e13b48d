/* SPDX-License-Identifier: Apache-2.0
 *
 * What certmgrctl asks for. A command is nobody, so that what it asks for is approved by two
 * administrators as soon as there are two (where it is about authorities: two ca-admins); before
 * that, while the installation is being set up, it happens at once. Breaking the glass lets it
 * happen at once as well; that is an audit event of its own, and is announced.
 */
#ifndef CERTMGR_FLOW_GOVERN_H
#define CERTMGR_FLOW_GOVERN_H

#include "flow/requests.h"
#include "model/person.h"
#include "store/holders.h"

/* Those under whom dual control is possible: of people and profiles, of authorities. */
#define CM_GOVERNOR    "administrator"
#define CM_CA_GOVERNOR "ca-admin"
enum { CM_GOVERNORS = 2 };

/* Whether dual control by this role is set up: so many who have it are active and have, or had, a
 * way to log in; or had been so many when a change that broke the glass left fewer. Roles that
 * Apache gives in passing (CertMgrRole) don't count: nobody knows who has them. */
int cm_govern_holds(const cm_holders_t *holders);
cm_error_t *cm_govern_is_set_up(int *is, const cm_ctx_t *ctx, const char *role);

/* Ask for a governed change. `break_glass`: why it happens at once, or NULL. */
cm_error_t *cm_govern_change(cm_request_view_t **view, cm_ctx_t *ctx,
                             const cm_submission_t *submission, const char *break_glass);

/* Ask for something in the name of a person, under the checklist of the profile. Where a person may
 * approve, a certificate logs in somebody who decides: then two administrators approve it besides.
 * CM_E_REFUSED (person.state) for a person who is deactivated. */
typedef struct {
    const char *person;      /* id */
    const char *break_glass; /* why open approvals are passed over, or NULL */
} cm_govern_for_t;
cm_error_t *cm_govern_submit_for(cm_request_view_t **view, cm_ctx_t *ctx,
                                 const cm_govern_for_t *whom, const cm_submission_t *submission);

#endif
