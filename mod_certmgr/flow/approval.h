/* SPDX-License-Identifier: Apache-2.0
 *
 * The item "approval": a number of different people with a role, none of them the requester or the
 * owner of the certificate that the request is about. A person approves a request once, for the
 * first open item that asks for one of the own roles, and a person is a person whatever the log-in.
 * Whenever somebody approves, the approvals of before are judged again: one whose giver was
 * deactivated, or lost the role, does not count, and its item is open again.
 */
#ifndef CERTMGR_FLOW_APPROVAL_H
#define CERTMGR_FLOW_APPROVAL_H

#include "flow/lifecycle.h"

/* Whether an approval is open. */
int cm_approval_is_open(const cm_request_t *request, const cm_ctx_t *ctx);

/* The same, and the caller has not given one yet. */
int cm_approval_may_be_given(const cm_request_t *request, const cm_ctx_t *ctx);

/* Whether the caller has approved the request; its approvals must have been read. */
int cm_approval_is_given(const cm_request_t *request, const cm_ctx_t *ctx);

/* CM_E_FORBIDDEN: "approval.own" for the requester and for the owner of the certificate that the
 * request is about, "approval.concerned" for the person whom a governed change is about,
 * "approval.role" for one whose roles no open approval asks for. */
cm_error_t *cm_approval_refuse(const cm_request_t *request, const cm_ctx_t *ctx);

/* Effects: count the caller in, and whoever approved before and may still do so; close the item
 * with the caller's remarks, and forget who approved, for what they approved may be changed now. */
cm_error_t *cm_approval_give(cm_txn_t *txn, cm_act_t *act);
cm_error_t *cm_approval_withhold(cm_txn_t *txn, cm_act_t *act);

/* Set state and detail of an approval by the request's approvals. */
void cm_approval_count(cm_item_t *item, int place, const cm_request_t *request, apr_pool_t *pool);

/* Read the request's approvals and the owner of its certificate, where its checklist asks for any.
 */
cm_error_t *cm_approval_read(cm_request_t *request, const cm_ctx_t *ctx);

#endif
