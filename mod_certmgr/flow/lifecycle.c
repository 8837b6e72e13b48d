/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/lifecycle.h"

#include "base/text.h"
#include "flow/approval.h"
#include "flow/work.h"

int cm_checklist_is_done(const cm_request_t *request, cm_phase_t phase)
{
    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (item->phase == phase && item->state != CM_ITEM_DONE) {
            return 0;
        }
    }
    return 1;
}

static int may_issue(const cm_request_t *request, const cm_ctx_t *ctx)
{
    (void)ctx;
    return cm_checklist_is_done(request, CM_BEFORE_ISSUE);
}

static int may_deliver(const cm_request_t *request, const cm_ctx_t *ctx)
{
    (void)ctx;
    return cm_checklist_is_done(request, CM_BEFORE_DELIVERY);
}

int cm_is_requester(const cm_request_t *request, const cm_ctx_t *ctx)
{
    return ctx->who && request->requester && strcmp(ctx->who->person->id, request->requester) == 0;
}

void cm_request_touch(cm_request_t *request, apr_time_t before, apr_time_t now)
{
    const apr_time_t next = apr_time_from_sec(apr_time_sec(before) + 1);

    request->updated = now < next ? next : now;
}

/* A step of the engine's own, and one that the requester takes. */
#define SYSTEM(state, name, next, when, action)                                                    \
    {                                                                                              \
        .from = state, .event = name, .to = next, .by_system = 1, .permission = CM_MAY_COUNT,      \
        .guard = when, .audit = action                                                             \
    }
#define OWN(state, name, next, action)                                                             \
    {                                                                                              \
        .from = state, .event = name, .to = next, .permission = CM_MAY_OWN,                        \
        .guard = cm_is_requester, .audit = action                                                  \
    }

static const cm_transition_t lifecycle[] = {
    {.from = CM_STATE_NONE,
     .event = "submit",
     .to = CM_STATE_PENDING,
     .permission = CM_MAY_OWN,
     .audit = "request.submit"},
    SYSTEM(CM_STATE_PENDING, "ready", CM_STATE_APPROVED, may_issue, "request.submit"),
    {.from = CM_STATE_PENDING,
     .event = "approve",
     .to = CM_STATE_PENDING,
     .permission = CM_MAY_APPROVE,
     .guard = cm_approval_may_be_given,
     .refuse = cm_approval_refuse,
     .effect = cm_approval_give,
     .audit = "request.approve"},
    {.from = CM_STATE_PENDING,
     .event = "decline",
     .to = CM_STATE_DECLINED,
     .permission = CM_MAY_APPROVE,
     .guard = cm_approval_is_open,
     .refuse = cm_approval_refuse,
     .needs_remarks = 1,
     .effect = cm_approval_withhold,
     .audit = "request.decline"},
    {.from = CM_STATE_PENDING,
     .event = "reject",
     .to = CM_STATE_REJECTED,
     .permission = CM_MAY_APPROVE,
     .guard = cm_approval_is_open,
     .refuse = cm_approval_refuse,
     .needs_remarks = 1,
     .effect = cm_approval_withhold,
     .audit = "request.reject"},
    {.from = CM_STATE_DECLINED,
     .event = "resubmit",
     .to = CM_STATE_PENDING,
     .permission = CM_MAY_OWN,
     .guard = cm_is_requester,
     .prepare = cm_request_prepare_again,
     .audit = "request.resubmit"},
    OWN(CM_STATE_PENDING, "cancel", CM_STATE_CANCELLED, "request.cancel"),
    OWN(CM_STATE_DECLINED, "cancel", CM_STATE_CANCELLED, "request.cancel"),
    OWN(CM_STATE_APPROVED, "cancel", CM_STATE_CANCELLED, "request.cancel"),
    SYSTEM(CM_STATE_PENDING, "expire", CM_STATE_EXPIRED, NULL, "request.expire"),
    SYSTEM(CM_STATE_DECLINED, "expire", CM_STATE_EXPIRED, NULL, "request.expire"),
    SYSTEM(CM_STATE_APPROVED, "claim", CM_STATE_ISSUING, NULL, "request.claim"),
    SYSTEM(CM_STATE_ISSUING, "perform", CM_STATE_ISSUED, NULL, "request.perform"),
    SYSTEM(CM_STATE_ISSUING, "fail", CM_STATE_REJECTED, NULL, "request.fail"),
    SYSTEM(CM_STATE_ISSUED, "deliver", CM_STATE_COMPLETED, may_deliver, "request.perform"),
    {.event = NULL},
};

const cm_transition_t *cm_lifecycle(void)
{
    return lifecycle;
}

cm_error_t *cm_lifecycle_find(const cm_transition_t **row, const cm_request_t *request,
                              const char *event, const cm_ctx_t *ctx)
{
    cm_error_t *error = NULL;

    for (const cm_transition_t *at = lifecycle; at->event; at++) {
        if (at->by_system || at->from != request->state || strcmp(at->event, event) != 0) {
            continue;
        }
        error = cm_identity_require_in(ctx->who, at->permission, request->group, ctx->pool);
        if (error) {
            return error;
        }
        error = at->refuse ? at->refuse(request, ctx) : NULL;
        if (error) {
            return error;
        }
        if (!at->guard || at->guard(request, ctx)) {
            *row = at;
            return NULL;
        }
    }
    error =
        cm_error_make(ctx->pool, CM_E_CONFLICT, "\"%s\" is not possible while the request is %s",
                      cm_text_escape(event, ctx->pool), cm_state_name(request->state));
    cm_error_locate(error, "/event", "request.event");
    return cm_error_advise(error, "the member \"events\" of the request lists what is");
}

void cm_lifecycle_settle(cm_request_t *request, const cm_ctx_t *ctx)
{
    for (const cm_transition_t *at = lifecycle; at->event; at++) {
        if (at->by_system && at->guard && at->from == request->state && at->guard(request, ctx)) {
            request->state = at->to;
            at = lifecycle;
        }
    }
}

static int is_allowed(const cm_transition_t *row, const cm_request_t *request, const cm_ctx_t *ctx)
{
    return cm_identity_may_in(ctx->who, row->permission, request->group) &&
           (!row->guard || row->guard(request, ctx)) &&
           (!row->refuse || !row->refuse(request, ctx));
}

apr_array_header_t *cm_lifecycle_events(const cm_request_t *request, const cm_ctx_t *ctx)
{
    apr_array_header_t *events = apr_array_make(ctx->pool, 4, sizeof(const char *));

    for (const cm_transition_t *at = lifecycle; at->event; at++) {
        if (!at->by_system && at->from == request->state && at->from != CM_STATE_NONE &&
            is_allowed(at, request, ctx)) {
            APR_ARRAY_PUSH(events, const char *) = at->event;
        }
    }
    return events;
}
