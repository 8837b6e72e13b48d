/* SPDX-License-Identifier: Apache-2.0
 *
 * Events of requests.
 */
#include <apr_strings.h>

#include "flow/approval.h"
#include "flow/audit.h"
#include "flow/lifecycle.h"
#include "flow/perform.h"
#include "flow/retry.h"
#include "flow/work.h"
#include "store/requests.h"

static int was_refused_by(const cm_request_t *request, const cm_ctx_t *ctx)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (item->state == CM_ITEM_REFUSED && item->who &&
            strcmp(item->who, ctx->who->person->id) == 0) {
            return 1;
        }
    }
    return 0;
}

/* What it looks like when the caller has done this already; state -1: any but declined. */
static const struct {
    const char *event;
    int state;
    int (*by_caller)(const cm_request_t *request, const cm_ctx_t *ctx);
} repeats[] = {
    {"approve", -1, cm_approval_is_given},
    {"decline", CM_STATE_DECLINED, was_refused_by},
    {"reject", CM_STATE_REJECTED, was_refused_by},
    {"cancel", CM_STATE_CANCELLED, cm_is_requester},
};

static int is_repeated(const cm_request_t *request, const char *event, const cm_ctx_t *ctx)
{
    for (apr_size_t i = 0; i < sizeof repeats / sizeof *repeats; i++) {
        if (strcmp(repeats[i].event, event) == 0 &&
            (repeats[i].state < 0 || repeats[i].state == (int)request->state)) {
            return repeats[i].by_caller(request, ctx);
        }
    }
    return 0;
}

static cm_error_t *check_action(const cm_transition_t *row, const cm_request_action_t *action,
                                apr_pool_t *pool)
{
    const cm_submission_t *changes = &action->changes;
    int changed = changes->csr || changes->subject || changes->san || changes->validity ||
                  changes->message || changes->change;
    cm_error_t *error = NULL;

    if (row->needs_remarks && (!action->remarks || !*action->remarks)) {
        error = cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "this needs remarks"), "/remarks",
                                "request.remarks");
    }
    if (changed && !row->prepare) {
        error = cm_error_join(
            error, cm_error_locate(cm_error_make(pool, CM_E_REFUSED,
                                                 "the request is changed with \"resubmit\" only"),
                                   "/event", "request.change"));
    }
    return error;
}

typedef struct {
    cm_act_t act;
    const cm_transition_t *row;
    cm_request_lock_t lock;
    const cm_request_t *was; /* as it was read */
    cm_audit_draft_t *draft;
} step_t;

/* Whether it is what the caller read. */
static int is_as_read(const cm_request_t *request, const cm_request_action_t *action)
{
    return !action->updated || action->updated == apr_time_from_sec(apr_time_sec(request->updated));
}

static cm_error_t *has_changed(apr_pool_t *pool)
{
    cm_error_t *error =
        cm_error_make(pool, CM_E_CONFLICT, "the request has been changed in the meantime");

    return cm_error_advise(cm_error_locate(error, NULL, "request.changed"),
                           "read it again before you decide");
}

/* Nobody decides on what they have not seen, nor on what was not looked at here. */
static int is_changed(const cm_request_t *now, const step_t *step)
{
    const cm_request_t *was = step->was;

    return !is_as_read(now, step->act.action) || strcmp(now->wish, was->wish) != 0 ||
           now->csr.len != was->csr.len || (now->csr.len && !cm_bytes_equal(now->csr, was->csr));
}

/* Approvals that were found not to count any more are in the record of the event that found them.
 */
static void describe_lapsed(cm_audit_event_t *event, const step_t *step)
{
    const apr_array_header_t *lapsed = step->act.lapsed;
    json_t *people = cm_json_array(step->act.ctx->pool);

    for (int i = 0; lapsed && i < lapsed->nelts; i++) {
        json_array_append_new(people, json_string(APR_ARRAY_IDX(lapsed, i, const char *)));
    }
    if (json_array_size(people)) {
        cm_json_set(step->draft->detail, "lapsed", people);
    } else {
        json_object_del(step->draft->detail, "lapsed"); /* of a run that came to nothing */
    }
    event->detail = cm_audit_finish(step->draft, step->act.ctx)->detail;
}

static cm_error_t *store_step(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    step_t *step = baton;
    const cm_transition_t *row = step->row;
    cm_request_t *now;
    cm_error_t *error = cm_request_lock(&now, txn, &step->lock);

    if (!error && is_changed(now, step)) {
        error = has_changed(cm_txn_pool(txn));
    }
    if (error) {
        return error;
    }
    if (!row->prepare) {
        step->act.request = now; /* somebody else's step may have come between */
    }
    cm_request_touch(step->act.request, now->updated, step->act.ctx->now);
    if (row->effect) {
        error = row->effect(txn, &step->act);
    }
    if (error) {
        return error;
    }
    describe_lapsed(event, step);
    step->act.request->state = row->to;
    cm_lifecycle_settle(step->act.request, step->act.ctx);
    error = cm_request_move(txn, step->act.request, row->from);
    return error ? error
                 : cm_retry_keep(txn, step->act.ctx, step->act.action->retry, step->lock.id);
}

static void describe(cm_audit_draft_t *draft, const step_t *step)
{
    const cm_request_t *request = step->act.request;

    cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
    cm_json_set_text(draft->detail, "from", cm_state_name(step->row->from));
    cm_json_set_text(draft->detail, "to", cm_state_name(step->row->to));
    if (step->act.action->remarks) {
        cm_json_set_text(draft->personal, "remarks", step->act.action->remarks);
    }
    if (step->row->prepare) {
        cm_json_set_text(draft->personal, "wish", request->wish);
    }
}

static void announce_lapsed(const step_t *step)
{
    const cm_act_t *act = &step->act;

    if (act->lapsed && act->lapsed->nelts) {
        cm_ctx_log(
            act->ctx, CM_LOG_NOTICE,
            "request %s: %d approval(s) of people who may not approve it any more don't count",
            act->request->id, act->lapsed->nelts);
    }
}

/* The event is stored, whatever becomes of the operation now: where it can't happen at once, the
 * request waits for the job. */
static void perform_if_ready(cm_ctx_t *ctx, const cm_request_t *request)
{
    cm_error_t *error =
        request->state == CM_STATE_APPROVED ? cm_request_perform(ctx, request->id) : NULL;

    if (error && error->code != CM_E_CONFLICT) {
        cm_ctx_log_error(ctx, CM_LOG_ERROR, error);
    }
}

/* Who may not even see the request tried all the same: recorded without its id, which may be
 * anything. */
static void refuse_event(const cm_ctx_t *ctx, const cm_request_t *request,
                         const cm_request_action_t *action, const cm_error_t *error)
{
    if (cm_code_info(error->code)->status < 500) {
        cm_audit_draft_t *draft =
            cm_audit_begin(ctx, "request.refuse", request ? request->id : NULL);

        cm_json_set_text(draft->personal, "event", action->event);
        cm_audit_refusal(ctx, draft, error);
    }
}

static cm_error_t *take_step(step_t *step)
{
    cm_ctx_t *ctx = step->act.ctx;
    const cm_request_action_t *action = step->act.action;
    cm_error_t *error = is_as_read(step->act.request, action) ? NULL : has_changed(ctx->pool);

    if (!error) {
        error = cm_lifecycle_find(&step->row, step->act.request, action->event, ctx);
    }
    if (!error) {
        error = check_action(step->row, action, ctx->pool);
    }
    if (!error && step->row->prepare) {
        error = step->row->prepare(&step->act);
    }
    if (error) {
        return error;
    }
    step->draft = cm_audit_begin(ctx, step->row->audit, step->lock.id);
    describe(step->draft, step);
    return cm_store_transact(ctx->store, store_step, step, cm_audit_finish(step->draft, ctx),
                             ctx->pool);
}

static cm_error_t *act_anew(cm_ctx_t *ctx, cm_request_t *request, const cm_request_action_t *action)
{
    const cm_request_t *was = apr_pmemdup(ctx->pool, request, sizeof *request);
    step_t step = {{ctx, request, action, NULL}, NULL, {request->id, request->state}, was, NULL};
    cm_error_t *error = cm_approval_read(request, ctx);

    if (!error && is_repeated(request, action->event, ctx)) {
        return NULL;
    }
    if (!error) {
        error = take_step(&step);
    }
    if (!error) {
        announce_lapsed(&step);
        perform_if_ready(ctx, step.act.request);
    }
    return error;
}

cm_error_t *cm_request_act(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id,
                           const cm_request_action_t *action)
{
    const char *before = NULL;
    cm_request_t *request = NULL;
    cm_error_t *error = cm_request_find(&request, ctx, operation, id);
    int is_visible = !error;

    if (!error) {
        error = cm_retry_find(&before, ctx, action->retry);
    }
    if (!error && !before) {
        error = act_anew(ctx, request, action);
    }
    if (error && cm_retry_lost(error, action->retry)) {
        cm_error_t *again = cm_retry_find(&before, ctx, action->retry);

        error = again ? again : (before ? NULL : error);
    }
    if (error) {
        refuse_event(ctx, is_visible ? request : NULL, action, error);
        return error;
    }
    return cm_request_show(view, ctx, operation, id);
}
