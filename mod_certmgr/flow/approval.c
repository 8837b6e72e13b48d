/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/approval.h"

#include <apr_strings.h>

#include "flow/items.h"
#include "store/approvals.h"
#include "store/certificates.h"

static int is_approval(const cm_item_t *item)
{
    return item->role != NULL;
}

/* The roles by which the caller decides on this request. */
static unsigned roles_for(const cm_request_t *request, const cm_ctx_t *ctx)
{
    return cm_identity_roles(ctx->who, request->group);
}

/* The first open approval that asks for one of these roles; -1: none. */
static int find_open(const cm_request_t *request, unsigned roles)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (is_approval(item) && item->state == CM_ITEM_OPEN && (cm_role_of(item->role) & roles)) {
            return i;
        }
    }
    return -1;
}

int cm_approval_is_open(const cm_request_t *request, const cm_ctx_t *ctx)
{
    (void)ctx;
    return find_open(request, ~0U) >= 0;
}

int cm_approval_is_given(const cm_request_t *request, const cm_ctx_t *ctx)
{
    for (int i = 0; request->approvals && i < request->approvals->nelts; i++) {
        const cm_approval_t *approval = &APR_ARRAY_IDX(request->approvals, i, cm_approval_t);

        if (strcmp(approval->person, ctx->who->person->id) == 0) {
            return 1;
        }
    }
    return 0;
}

int cm_approval_may_be_given(const cm_request_t *request, const cm_ctx_t *ctx)
{
    return cm_approval_is_open(request, ctx) && !cm_approval_is_given(request, ctx);
}

static cm_error_t *forbidden(const cm_ctx_t *ctx, const char *rule, const char *message)
{
    return cm_error_locate(cm_error_make(ctx->pool, CM_E_FORBIDDEN, "%s", message), NULL, rule);
}

static int is_concerned(const cm_request_t *request, const cm_ctx_t *ctx)
{
    const cm_operation_row_t *row = cm_operation_row(request->operation);

    return row && row->concerns && row->concerns(request, ctx->who->person->id, ctx->pool);
}

cm_error_t *cm_approval_refuse(const cm_request_t *request, const cm_ctx_t *ctx)
{
    if (cm_is_requester(request, ctx)) {
        return forbidden(ctx, "approval.own", "nobody decides on their own request");
    }
    if (request->owner && strcmp(request->owner, ctx->who->person->id) == 0) {
        return forbidden(ctx, "approval.own", "nobody decides on their own certificate");
    }
    if (is_concerned(request, ctx)) {
        return forbidden(ctx, "approval.concerned",
                         "nobody decides on a change of their own rights");
    }
    if (cm_approval_is_open(request, ctx) && find_open(request, roles_for(request, ctx)) < 0) {
        return forbidden(ctx, "approval.role", "no open approval asks for a role of yours");
    }
    return NULL;
}

void cm_approval_count(cm_item_t *item, int place, const cm_request_t *request, apr_pool_t *pool)
{
    int given = 0;

    for (int i = 0; request->approvals && i < request->approvals->nelts; i++) {
        const cm_approval_t *approval = &APR_ARRAY_IDX(request->approvals, i, cm_approval_t);

        if (approval->place == place) {
            given++;
            item->who = approval->person;
            item->updated = approval->given;
        }
    }
    item->state = given >= item->needed ? CM_ITEM_DONE : CM_ITEM_OPEN;
    item->detail = apr_psprintf(pool, "%d of %d by %s", given, item->needed, item->role);
}

cm_error_t *cm_approval_read(cm_request_t *request, const cm_ctx_t *ctx)
{
    apr_array_header_t *approvals;
    cm_certificate_t *target = NULL;
    int asks = 0;
    cm_error_t *error;

    for (int i = 0; i < request->checklist->nelts; i++) {
        asks |= is_approval(&APR_ARRAY_IDX(request->checklist, i, cm_item_t));
    }
    if (!asks) {
        return NULL;
    }
    error = cm_approvals_list(&approvals, ctx->store, request->id, ctx->pool);
    if (!error && request->certificate) {
        error = cm_certificate_read(&target, ctx->store, request->certificate, ctx->pool);
    }
    if (!error) {
        request->approvals = approvals;
        request->owner = target ? target->owner : NULL;
    }
    return error;
}

cm_error_t *cm_approval_give(cm_txn_t *txn, const cm_act_t *act)
{
    cm_request_t *request = act->request;
    cm_approval_t approval = {.person = act->ctx->who->person->id, .given = act->ctx->now};
    apr_array_header_t *approvals;
    cm_error_t *error = cm_approvals_list_in(&approvals, txn, request->id);

    if (error) {
        return error;
    }
    request->approvals = approvals;
    approval.place = find_open(request, roles_for(request, act->ctx));
    if (approval.place < 0) {
        return cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "this approval is not open any more");
    }
    APR_ARRAY_PUSH(approvals, cm_approval_t) = approval;
    cm_items_settle(request, NULL, cm_txn_pool(txn));
    return cm_approval_insert(txn, request->id, &approval);
}

cm_error_t *cm_approval_withhold(cm_txn_t *txn, const cm_act_t *act)
{
    int place = find_open(act->request, roles_for(act->request, act->ctx));
    cm_item_t *item;

    if (place < 0) {
        return cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "this approval is not open any more");
    }
    item = &APR_ARRAY_IDX(act->request->checklist, place, cm_item_t);
    item->state = CM_ITEM_REFUSED;
    item->who = act->ctx->who->person->id;
    item->detail = act->action->remarks;
    item->updated = act->ctx->now;
    return cm_approvals_clear(txn, act->request->id);
}
