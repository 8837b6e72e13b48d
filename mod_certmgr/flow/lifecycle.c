/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/lifecycle.h"

#include "base/text.h"

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

static int is_requester(const cm_request_t *request, const cm_ctx_t *ctx)
{
    return ctx->who && strcmp(ctx->who->person->id, request->requester) == 0;
}

static const cm_transition_t lifecycle[] = {
    {CM_STATE_NONE, "submit", CM_STATE_PENDING, 0, CM_MAY_OWN, NULL, "request.submit"},
    {CM_STATE_PENDING, "ready", CM_STATE_APPROVED, 1, CM_MAY_COUNT, may_issue, "request.submit"},
    {CM_STATE_PENDING, "cancel", CM_STATE_CANCELLED, 0, CM_MAY_OWN, is_requester, "request.cancel"},
    {CM_STATE_APPROVED, "cancel", CM_STATE_CANCELLED, 0, CM_MAY_OWN, is_requester,
     "request.cancel"},
    {CM_STATE_APPROVED, "claim", CM_STATE_ISSUING, 1, CM_MAY_COUNT, NULL, "request.claim"},
    {CM_STATE_ISSUING, "perform", CM_STATE_ISSUED, 1, CM_MAY_COUNT, NULL, "request.perform"},
    {CM_STATE_ISSUING, "fail", CM_STATE_REJECTED, 1, CM_MAY_COUNT, NULL, "request.fail"},
    {CM_STATE_ISSUED, "deliver", CM_STATE_COMPLETED, 1, CM_MAY_COUNT, may_deliver,
     "request.perform"},
    {CM_STATE_NONE, NULL, CM_STATE_NONE, 1, CM_MAY_COUNT, NULL, NULL},
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
        error = cm_identity_require(ctx->who, at->permission, ctx->pool);
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

apr_array_header_t *cm_lifecycle_events(const cm_request_t *request, const cm_ctx_t *ctx)
{
    apr_array_header_t *events = apr_array_make(ctx->pool, 4, sizeof(const char *));

    for (const cm_transition_t *at = lifecycle; at->event; at++) {
        if (!at->by_system && at->from == request->state && at->from != CM_STATE_NONE &&
            cm_identity_may(ctx->who, at->permission) && (!at->guard || at->guard(request, ctx))) {
            APR_ARRAY_PUSH(events, const char *) = at->event;
        }
    }
    return events;
}
