/* SPDX-License-Identifier: Apache-2.0
 *
 * What submitting a request and acting on one share.
 */
#ifndef CERTMGR_FLOW_WORK_H
#define CERTMGR_FLOW_WORK_H

#include "flow/lifecycle.h"
#include "flow/operations.h"

/* Take the submission into work->request, open its checklist, decide, and settle what is done with
 * that. CM_E_REFUSED with rule "profile.operation" when the operation is not offered to the caller.
 */
cm_error_t *cm_work_prepare(cm_work_t *work, const cm_submission_t *submission);

/* The request as it was wished for, with the changes of the action. */
cm_error_t *cm_request_prepare_again(cm_act_t *act);

/* The request with what this caller may do now and its certificate. */
cm_error_t *cm_request_view(cm_request_view_t **view, const cm_ctx_t *ctx, cm_request_t *request);

/* CM_E_NOT_FOUND when there is none of this operation (-1: any) that the caller may see. */
cm_error_t *cm_request_find(cm_request_t **request, const cm_ctx_t *ctx, int operation,
                            const char *id);

#endif
