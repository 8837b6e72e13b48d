/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/approval.h"

#include <apr_strings.h>

#include "flow/items.h"
#include "store/approvals.h"
#include "store/certificates.h"
#include "store/holders.h"

static int is_approval(const cm_item_t *item)
{
    return item->role != NULL;
}

/* Whether a role of this person is one that the item asks for. */
static int may_fill(const cm_item_t *item, const cm_request_t *request, const cm_identity_t *who)
{
    unsigned roles = cm_identity_roles(who, item->everywhere ? NULL : request->group);

    return (cm_role_of(item->role) & roles) != 0;
}

/* The first open approval that this person (NULL: anybody) may give; -1: none. */
static int find_open(const cm_request_t *request, const cm_identity_t *who)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (is_approval(item) && item->state == CM_ITEM_OPEN &&
            (!who || may_fill(item, request, who))) {
            return i;
        }
    }
    return -1;
}

int cm_approval_is_open(const cm_request_t *request, const cm_ctx_t *ctx)
{
    (void)ctx;
    return find_open(request, NULL) >= 0;
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
    if (cm_approval_is_open(request, ctx) && find_open(request, ctx->who) < 0) {
        return forbidden(ctx, "approval.role", "no open approval asks for a role of yours");
    }
    return NULL;
}

void cm_approval_count(cm_item_t *item, int place, const cm_request_t *request, apr_pool_t *pool)
{
    int given = 0;

    item->who = NULL;
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

/* Whether an approval counts: who gave it is active and still has the role that the item asks for,
 * unless that was claimed at the log-in. */
static cm_error_t *does_count(int *counts, cm_txn_t *txn, const cm_request_t *request,
                              const cm_approval_t *approval)
{
    const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, approval->place, cm_item_t);
    apr_pool_t *pool = cm_txn_pool(txn);
    cm_person_t *person;
    cm_error_t *error = cm_person_read_in(&person, txn, approval->person);

    *counts = !error && strcmp(person->state, "active") == 0 &&
              (approval->by_claim || may_fill(item, request, cm_identity_make(person, pool)));
    return error;
}

/* Forget those that don't count any more, so that their items are open again. */
static cm_error_t *forget_lapsed(cm_txn_t *txn, cm_act_t *act, const apr_array_header_t *given)
{
    cm_request_t *request = act->request;
    apr_array_header_t *left = apr_array_make(cm_txn_pool(txn), 4, sizeof(cm_approval_t));
    cm_error_t *error = NULL;

    act->lapsed = apr_array_make(act->ctx->pool, 1, sizeof(const char *));
    for (int i = 0; !error && i < given->nelts; i++) {
        const cm_approval_t *approval = &APR_ARRAY_IDX(given, i, cm_approval_t);
        int counts;

        error = does_count(&counts, txn, request, approval);
        if (!error && counts) {
            APR_ARRAY_PUSH(left, cm_approval_t) = *approval;
        } else if (!error) {
            APR_ARRAY_PUSH(act->lapsed, const char *) =
                apr_pstrdup(act->ctx->pool, approval->person);
            error = cm_approval_delete(txn, request->id, approval->person);
        }
    }
    request->approvals = left;
    cm_items_settle(request, NULL, cm_txn_pool(txn));
    return error;
}

/* The caller's own, which is judged like those of before: a right may have gone since the log-in.
 */
static cm_error_t *add_own(cm_txn_t *txn, const cm_act_t *act)
{
    const cm_identity_t *who = act->ctx->who;
    cm_request_t *request = act->request;
    apr_array_header_t *given = apr_array_copy(cm_txn_pool(txn), request->approvals);
    cm_approval_t own = {
        .place = find_open(request, who), .person = who->person->id, .given = act->ctx->now};
    const cm_item_t *item;
    int counts;
    cm_error_t *error;

    if (own.place < 0) {
        return cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "this approval is not open any more");
    }
    item = &APR_ARRAY_IDX(request->checklist, own.place, cm_item_t);
    own.by_claim = !may_fill(item, request, cm_identity_make(who->person, cm_txn_pool(txn)));
    error = does_count(&counts, txn, request, &own);
    if (!error && !counts) {
        error = forbidden(act->ctx, "approval.role", "you may not approve this any more");
    }
    if (error) {
        return error;
    }
    APR_ARRAY_PUSH(given, cm_approval_t) = own;
    request->approvals = given;
    cm_items_settle(request, NULL, cm_txn_pool(txn));
    return cm_approval_insert(txn, request->id, &own);
}

cm_error_t *cm_approval_give(cm_txn_t *txn, cm_act_t *act)
{
    apr_array_header_t *given;
    cm_error_t *error = cm_rights_hold(txn);

    if (!error) {
        error = cm_approvals_list_in(&given, txn, act->request->id);
    }
    if (!error) {
        error = forget_lapsed(txn, act, given);
    }
    return error ? error : add_own(txn, act);
}

cm_error_t *cm_approval_withhold(cm_txn_t *txn, cm_act_t *act)
{
    int place = find_open(act->request, act->ctx->who);
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
