/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether who asked for something may still have it by the time it happens. Roles and groups are
 * those of the records then; what a claim gave at the log-in (CertMgrRole, CertMgrGroup) is in no
 * record, so the request keeps it, and it counts while the person is active. What takes something
 * away, a revocation or a hold, is not asked about again: that nobody regrets.
 */
#ifndef CERTMGR_FLOW_ENTITLE_H
#define CERTMGR_FLOW_ENTITLE_H

#include "flow/operations.h"
#include "policy/identity.h"

/* Keep in the request what the caller has by claims, as far as it concerns the request. Call once
 * its group is known. */
void cm_entitle_note(cm_work_t *work);

/* The requester by the records of now and the claims of then; with no roles of claims where they
 * were not noted. */
cm_error_t *cm_entitle_read(cm_identity_t **who, const cm_work_t *work);

/* Before an operation that waited happens, after it was decided. CM_E_REFUSED with the rule
 * "person.state", "profile.operation", "profile.group" or "permission.NAME". */
cm_error_t *cm_entitle_check(const cm_work_t *work);

/* For the rows of operations: refuse who is in no group that has the profile, where groups list it;
 * and the same for the owner of the target, while others need the permission in its group. */
cm_error_t *cm_entitle_member(const cm_work_t *work, const cm_identity_t *who);
cm_error_t *cm_entitle_successor(const cm_work_t *work, const cm_identity_t *who);

/* The owner of the target, or somebody who decides on those of others. */
cm_error_t *cm_entitle_decider(const cm_work_t *work, const cm_identity_t *who);

#endif
