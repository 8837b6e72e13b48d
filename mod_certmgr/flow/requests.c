/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/requests.h"

#include "flow/certificates.h"
#include "flow/lifecycle.h"
#include "flow/operations.h"
#include "flow/perform.h"
#include "flow/visible.h"
#include "store/certificates.h"
#include "store/requests.h"

static cm_error_t *no_such_request(const cm_ctx_t *ctx)
{
    return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such request");
}

static cm_error_t *make_view(cm_request_view_t **view, const cm_ctx_t *ctx, cm_request_t *request)
{
    cm_request_view_t *made = apr_pcalloc(ctx->pool, sizeof *made);

    made->request = request;
    made->events = cm_lifecycle_events(request, ctx);
    *view = made;
    if (!request->certificate) {
        return NULL;
    }
    return cm_certificate_read(&made->certificate, ctx->store, request->certificate, ctx->pool);
}

/* The checklist as the profile in force asks for it, every item open. */
static apr_array_header_t *open_items(const cm_work_t *work)
{
    const apr_array_header_t *wanted =
        cm_profile_checklist(work->profile, work->request->operation);
    apr_array_header_t *items = apr_array_make(work->ctx->pool, 4, sizeof(cm_item_t));

    for (int i = 0; wanted && i < wanted->nelts; i++) {
        const cm_profile_item_t *row = &APR_ARRAY_IDX(wanted, i, cm_profile_item_t);
        cm_item_t *item = apr_array_push(items);

        memset(item, 0, sizeof *item);
        item->item = row->item;
        item->phase = row->phase;
        item->state = CM_ITEM_OPEN;
        item->updated = work->ctx->now;
    }
    return items;
}

static void settle_items(cm_work_t *work)
{
    for (int i = 0; i < work->request->checklist->nelts; i++) {
        cm_item_t *item = &APR_ARRAY_IDX(work->request->checklist, i, cm_item_t);

        if (strcmp(item->item, "csr") == 0 && work->csr) {
            item->state = CM_ITEM_DONE;
            item->who = work->request->requester;
            item->detail = work->csr->key->algorithm;
        }
    }
}

static cm_error_t *not_offered(const cm_work_t *work)
{
    return cm_error_locate(
        cm_error_make(work->ctx->pool, CM_E_REFUSED, "the profile does not allow this operation"),
        NULL, "profile.operation");
}

static cm_error_t *prepare(cm_work_t *work, const cm_operation_row_t *row,
                           const cm_submission_t *submission)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = row->take(work, submission);

    if (!error && !cm_profile_allows(work->profile, work->request->operation, ctx->who->roles)) {
        error = not_offered(work);
    }
    if (!error) {
        work->request->checklist = open_items(work);
        error = row->decide(work);
    }
    return error;
}

typedef struct {
    cm_work_t *work;
    const cm_operation_row_t *row;
    int performs;
} submit_t;

static cm_error_t *store_submitted(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const submit_t *submit = baton;
    cm_error_t *error = NULL;

    (void)event;
    if (submit->performs) {
        error = submit->row->change(txn, submit->work);
    }
    return error ? error : cm_request_insert(txn, submit->work->request);
}

static void describe(cm_audit_draft_t *draft, const cm_work_t *work, const cm_operation_row_t *row)
{
    cm_json_set_text(draft->detail, "operation", cm_operation_name(row->operation));
    cm_json_set_text(draft->detail, "profile", work->request->profile);
    cm_json_set_text(draft->detail, "state", cm_state_name(work->request->state));
    row->record(draft, work);
}

/* The draft says what would have been; an attempt that lost a race is recorded as one that failed.
 */
static void refuse_stored(const cm_ctx_t *ctx, const cm_request_t *request, const cm_error_t *error)
{
    if (cm_code_info(error->code)->status < 500) {
        cm_audit_draft_t *draft = cm_audit_begin(ctx, "request.submit", request->id);

        cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
        cm_audit_refusal(ctx, draft, error);
    }
}

cm_error_t *cm_request_submit(cm_request_view_t **view, cm_ctx_t *ctx,
                              const cm_submission_t *submission)
{
    const cm_operation_row_t *row = cm_operation_row(submission->operation);
    cm_request_t *request = apr_pcalloc(ctx->pool, sizeof *request);
    cm_work_t work = {.ctx = ctx, .request = request};
    submit_t submit = {&work, row, 0};
    cm_audit_draft_t *draft;
    cm_error_t *error;

    request->id = cm_ctx_id(ctx);
    request->operation = submission->operation;
    request->state = CM_STATE_NONE;
    request->requester = ctx->who->person->id;
    request->created = request->updated = ctx->now;
    request->message = submission->message;
    draft = cm_audit_begin(ctx, "request.submit", request->id);
    error = row ? prepare(&work, row, submission) : not_offered(&work);
    if (error) {
        cm_json_set_text(draft->detail, "operation", cm_operation_name(submission->operation));
        cm_audit_refusal(ctx, draft, error);
        return error;
    }
    settle_items(&work);
    request->state = CM_STATE_PENDING;
    cm_lifecycle_settle(request, ctx);
    if (request->state == CM_STATE_APPROVED) {
        /* nothing is open: sign, then one transaction stores all of it */
        submit.performs = 1;
        request->state = CM_STATE_ISSUED;
        cm_lifecycle_settle(request, ctx);
        error = cm_work_sign(&work);
    }
    if (!error) {
        describe(draft, &work, row);
        error = cm_store_transact(ctx->store, store_submitted, &submit, cm_audit_finish(draft, ctx),
                                  ctx->pool);
    }
    if (error) {
        refuse_stored(ctx, request, error);
        return error;
    }
    return make_view(view, ctx, request);
}

static cm_error_t *read_visible(cm_request_t **request, const cm_ctx_t *ctx, int operation,
                                const char *id)
{
    cm_error_t *error = cm_request_read(request, ctx->store, id, ctx->pool);

    if (error) {
        return error->code == CM_E_NOT_FOUND ? no_such_request(ctx) : error;
    }
    if ((operation >= 0 && (int)(*request)->operation != operation) ||
        !cm_visible_to(ctx->who, (*request)->requester)) {
        return no_such_request(ctx);
    }
    return NULL;
}

cm_error_t *cm_request_show(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id)
{
    cm_request_t *request;
    cm_error_t *error = read_visible(&request, ctx, operation, id);

    return error ? error : make_view(view, ctx, request);
}

cm_error_t *cm_request_page(apr_array_header_t **views, cm_ctx_t *ctx, int operation,
                            const char *before, int limit)
{
    const cm_request_query_t query = {operation, cm_visible_owner(ctx->who), before, limit};
    apr_array_header_t *requests;
    cm_error_t *error = cm_requests_list(&requests, ctx->store, &query, ctx->pool);

    *views = apr_array_make(ctx->pool, limit, sizeof(cm_request_view_t *));
    for (int i = 0; !error && i < requests->nelts; i++) {
        error = make_view(apr_array_push(*views), ctx, APR_ARRAY_IDX(requests, i, cm_request_t *));
    }
    return error;
}

typedef struct {
    cm_request_t *request;
    cm_state_t from;
} move_t;

static cm_error_t *store_moved(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const move_t *move = baton;

    (void)event;
    return cm_request_move(txn, move->request, move->from);
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

static cm_error_t *move_request(cm_request_t *request, const cm_transition_t *row, cm_ctx_t *ctx,
                                const cm_request_action_t *action)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, row->audit, request->id);
    move_t move = {request, request->state};

    cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
    cm_json_set_text(draft->detail, "from", cm_state_name(request->state));
    cm_json_set_text(draft->detail, "to", cm_state_name(row->to));
    if (action->remarks) {
        cm_json_set_text(draft->personal, "remarks", action->remarks);
    }
    request->state = row->to;
    request->updated = ctx->now;
    return cm_store_transact(ctx->store, store_moved, &move, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_request_act(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id,
                           const cm_request_action_t *action)
{
    const cm_transition_t *row;
    cm_request_t *request = NULL;
    cm_request_t *visible = NULL;
    cm_error_t *error = read_visible(&request, ctx, operation, id);

    if (!error) {
        visible = request;
        error = cm_lifecycle_find(&row, request, action->event, ctx);
    }
    if (!error) {
        error = move_request(request, row, ctx, action);
    }
    if (error) {
        refuse_event(ctx, visible, action, error);
        return error;
    }
    return make_view(view, ctx, request);
}
