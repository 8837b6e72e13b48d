/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations that act upon a certificate, and those that make its successor.
 */
#ifndef CERTMGR_FLOW_TARGET_H
#define CERTMGR_FLOW_TARGET_H

#include "flow/operations.h"
#include "policy/identity.h"

/* Take the certificate `id` as work->target, what the request is about, with its group and its
 * profile in force. CM_E_NOT_FOUND when the caller does not see it, CM_E_FORBIDDEN at /certificate
 * when it is somebody else's and the caller lacks `for_others`, CM_E_REFUSED when it was issued
 * under no profile. */
cm_error_t *cm_target_take(cm_work_t *work, const char *id, cm_permission_t for_others);

/* Read it as work->target, and its status as work->target_was. CM_E_CONFLICT with a rule
 * "certificate.STATUS" unless it is `wanted` ("certificate.active" where it should not be). */
cm_error_t *cm_target_read(cm_work_t *work, cm_status_t wanted);

/* What an operation takes that has nothing but remarks, which must not be empty, and may be asked
 * for others' certificates by those who decide: its members, and its `take`. */
extern const cm_json_member_t cm_target_members[];
cm_error_t *cm_target_take_remarks(cm_work_t *work, const cm_submission_t *submission);

/* Store the new status of the target. */
cm_error_t *cm_target_change(cm_txn_t *txn, cm_work_t *work);

/* Why a certificate ends before its time, RFC 5280 5.3. */
typedef struct {
    const char *reason;         /* a name of model/reasons.def */
    apr_time_t invalidity_date; /* 0: none given */
} cm_ending_t;

/* Let work->target be revoked for that. CM_E_REFUSED at /reason (revoke.reason: not one for such a
 * certificate) and /invalidity_date (revoke.invalidity-date: after now, or before its first
 * second); CM_E_CONFLICT at /certificate when it is revoked already, or has expired. */
cm_error_t *cm_target_end(cm_work_t *work, const cm_ending_t *ending);

/* As cm_target_change; a key that was compromised is reported. */
cm_error_t *cm_target_revoke(cm_txn_t *txn, cm_work_t *work);

/* Members of the audit event about the target. */
void cm_target_record(cm_audit_draft_t *draft, const cm_work_t *work);

/* cm_target_take for an operation that makes a successor: whoever asks for the own certificate must
 * still be in a group that has the profile (cm_work_group). */
cm_error_t *cm_successor_take(cm_work_t *work, const char *id);

/* Decide on a certificate with the names of the target for `key`, under the profile in force:
 * CM_E_REFUSED with rule "successor.names" when the names it would get are others by now, and
 * CM_E_CONFLICT with "certificate.replaced" when it has a successor. */
cm_error_t *cm_successor_decide(cm_work_t *work, const cm_pubkey_t *key);

/* Store the new certificate and tie it to the target. */
cm_error_t *cm_successor_change(cm_txn_t *txn, cm_work_t *work);
void cm_successor_record(cm_audit_draft_t *draft, const cm_work_t *work);

#endif
