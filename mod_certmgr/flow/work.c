/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/work.h"

#include "flow/approval.h"
#include "flow/entitle.h"
#include "flow/items.h"

static cm_error_t *not_offered(const cm_work_t *work)
{
    return cm_error_locate(
        cm_error_make(work->ctx->pool, CM_E_REFUSED, "the profile does not allow this operation"),
        NULL, "profile.operation");
}

cm_error_t *cm_work_prepare(cm_work_t *work, const cm_submission_t *submission)
{
    const cm_ctx_t *ctx = work->ctx;
    const cm_operation_row_t *row = cm_operation_row(submission->operation);
    cm_error_t *error = row ? row->take(work, submission) : not_offered(work);

    if (!error && submission->command && work->profile) {
        work->more = (cm_profile_item_t){"approval", CM_BEFORE_ISSUE, "administrator",
                                         submission->command->approvals};
    }
    if (!error && work->profile &&
        !(submission->command && submission->operation == CM_OP_REVOKE) && /* whose shell it is */
        !cm_profile_allows(work->profile, work->request->operation,
                           cm_identity_roles(ctx->who, work->request->group))) {
        error = not_offered(work);
    }
    if (!error) {
        cm_entitle_note(work);
        error = row->decide(work);
    }
    if (!error) {
        work->request->checklist = cm_items_open(work);
        cm_items_settle(work->request, work, ctx->pool);
    }
    return error;
}

/* The stored wish read as a body of the operation, in which nothing is mandatory. */
static cm_error_t *read_wish(cm_submission_t *submission, const cm_request_t *request,
                             apr_pool_t *pool)
{
    const cm_json_member_t *members = cm_operation_row(request->operation)->members;
    apr_array_header_t *optional = apr_array_make(pool, 8, sizeof(cm_json_member_t));
    json_t *wish;
    cm_error_t *error = cm_json_parse(&wish, cm_bytes_of_text(request->wish), pool);

    do {
        cm_json_member_t *member = apr_array_push(optional);

        *member = *members;
        member->required = CM_JSON_OPTIONAL;
    } while ((members++)->name);
    if (!error) {
        error = cm_json_read(submission, (const cm_json_member_t *)optional->elts, wish, "", pool);
    }
    return error;
}

static void overlay(cm_submission_t *submission, const cm_submission_t *changes)
{
    submission->csr = changes->csr ? changes->csr : submission->csr;
    submission->subject = changes->subject ? changes->subject : submission->subject;
    submission->san = changes->san ? changes->san : submission->san;
    submission->validity = changes->validity ? changes->validity : submission->validity;
    submission->change = changes->change ? changes->change : submission->change;
    submission->message = changes->message ? changes->message : submission->message;
}

/* What a command's request had on top of the profile's checklist stays on it. */
static void keep_more(cm_request_t *request, const apr_array_header_t *before, apr_pool_t *pool)
{
    const cm_item_t *last =
        before->nelts ? &APR_ARRAY_IDX(before, before->nelts - 1, cm_item_t) : NULL;
    apr_array_header_t *items;
    cm_item_t *item;

    if (!last || before->nelts <= request->checklist->nelts || !last->role) {
        return;
    }
    items = apr_array_copy(pool, request->checklist);
    item = apr_array_push(items);
    *item = *last;
    item->state = CM_ITEM_OPEN;
    item->who = NULL;
    request->checklist = items;
    cm_approval_count(item, items->nelts - 1, request, pool);
}

cm_error_t *cm_request_prepare_again(cm_act_t *act)
{
    cm_request_t *request = act->request;
    const apr_array_header_t *before = request->checklist;
    apr_pool_t *pool = act->ctx->pool;
    cm_work_t work = {.ctx = act->ctx, .request = request};
    cm_submission_t submission = {0};
    cm_error_t *error = read_wish(&submission, request, pool);

    if (error) {
        return error;
    }
    submission.operation = request->operation;
    submission.profile = request->profile;
    submission.certificate = request->certificate;
    submission.message = request->message;
    submission.csr = request->csr.len ? cm_bytes_base64(request->csr, pool) : NULL;
    overlay(&submission, &act->action->changes);
    request->approvals = NULL;
    request->message = submission.message;
    error = cm_work_prepare(&work, &submission);
    if (!error) {
        keep_more(request, before, pool);
    }
    return error;
}
