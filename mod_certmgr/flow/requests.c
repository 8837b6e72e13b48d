/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/requests.h"

#include "flow/approval.h"
#include "flow/items.h"
#include "flow/lifecycle.h"
#include "flow/operations.h"
#include "flow/retry.h"
#include "flow/visible.h"
#include "flow/work.h"
#include "store/certificates.h"
#include "store/requests.h"

static cm_error_t *no_such_request(const cm_ctx_t *ctx)
{
    return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such request");
}

/* The certificate is read unless it is known, since this call has made it. */
static cm_error_t *make_view(cm_request_view_t **view, const cm_ctx_t *ctx, cm_request_t *request,
                             cm_certificate_t *certificate)
{
    cm_request_view_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    cm_error_t *error = NULL;

    made->request = request;
    made->certificate = certificate;
    *view = made;
    if (!cm_state_is_final(request->state)) {
        error = cm_approval_read(request, ctx);
    }
    made->events = cm_lifecycle_events(request, ctx);
    if (error || certificate || !request->certificate) {
        return error;
    }
    return cm_certificate_read(&made->certificate, ctx->store, request->certificate, ctx->pool);
}

cm_error_t *cm_request_view(cm_request_view_t **view, const cm_ctx_t *ctx, cm_request_t *request)
{
    return make_view(view, ctx, request, NULL);
}

typedef struct {
    cm_work_t *work;
    const cm_operation_row_t *row;
    const char *break_glass; /* or NULL */
    int is_prepared, performs;
    const cm_retry_t *retry;
} submit_t;

static cm_error_t *store_submitted(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const submit_t *submit = baton;
    cm_error_t *error = NULL;

    (void)event;
    if (submit->performs) {
        error = submit->row->change(txn, submit->work);
    }
    if (!error) {
        error = cm_request_insert(txn, submit->work->request);
    }
    return error ? error
                 : cm_retry_keep(txn, submit->work->ctx, submit->retry, submit->work->request->id);
}

static void describe(cm_audit_draft_t *draft, const cm_work_t *work, const cm_operation_row_t *row)
{
    cm_json_set_text(draft->detail, "operation", cm_operation_name(row->operation));
    cm_json_set_text(draft->detail, "profile", work->request->profile);
    cm_json_set_text(draft->detail, "state", cm_state_name(work->request->state));
    row->record(draft, work);
}

static void refuse_stored(const cm_ctx_t *ctx, const cm_request_t *request, const cm_error_t *error)
{
    if (cm_code_info(error->code)->status < 500) {
        cm_audit_draft_t *draft = cm_audit_begin(ctx, "request.submit", request->id);

        cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
        cm_audit_refusal(ctx, draft, error);
    }
}

static void begin(cm_work_t *work, const cm_submission_t *submission)
{
    cm_request_t *request = work->request;

    request->id = cm_ctx_id(work->ctx);
    request->operation = submission->operation;
    request->state = CM_STATE_NONE;
    request->requester = work->ctx->who ? work->ctx->who->person->id : NULL;
    request->created = request->updated = work->ctx->now;
    request->message = submission->message;
}

/* Signs when nothing is open; then one transaction stores all of it. */
static cm_error_t *settle_and_store(submit_t *submit, cm_audit_draft_t *draft)
{
    cm_work_t *work = submit->work;
    cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = NULL;

    work->request->state = CM_STATE_PENDING;
    cm_lifecycle_settle(work->request, ctx);
    if (work->request->state == CM_STATE_APPROVED) {
        submit->performs = 1;
        work->request->state = CM_STATE_ISSUED;
        cm_lifecycle_settle(work->request, ctx);
        error = cm_work_make(work);
    }
    if (error) {
        return error;
    }
    describe(draft, work, submit->row);
    return cm_store_transact(ctx->store, store_submitted, submit, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

/* The draft says what would have been; an attempt that lost a race is recorded as one that failed.
 */
static void refuse(submit_t *submit, cm_audit_draft_t *draft, const cm_error_t *error)
{
    const cm_request_t *request = submit->work->request;

    if (submit->is_prepared) {
        refuse_stored(submit->work->ctx, request, error);
    } else {
        cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
        cm_audit_refusal(submit->work->ctx, draft, error);
    }
}

static cm_error_t *prepare_and_store(submit_t *submit, const cm_submission_t *submission,
                                     cm_audit_draft_t *draft)
{
    cm_error_t *error = cm_work_prepare(submit->work, submission);

    if (error) {
        return error;
    }
    submit->is_prepared = 1;
    if (submit->break_glass) {
        cm_items_override(submit->work->request, submit->work->ctx->now);
    }
    return settle_and_store(submit, draft);
}

/* A conflict may be with the same call, sent twice: then the request that the other one made, at
 * any moment since its key was looked for, is the answer to both. */
static cm_error_t *submit_anew(cm_request_view_t **view, cm_ctx_t *ctx,
                               const cm_submission_t *submission)
{
    const cm_operation_row_t *row = cm_operation_row(submission->operation);
    cm_work_t work = {.ctx = ctx, .request = apr_pcalloc(ctx->pool, sizeof *work.request)};
    const char *why = submission->command ? submission->command->break_glass : NULL;
    submit_t submit = {&work, row, why, 0, 0, submission->retry};
    cm_audit_draft_t *draft;
    cm_error_t *error;

    begin(&work, submission);
    work.overrides = why != NULL;
    draft = cm_audit_begin(ctx, why ? "request.break-glass" : "request.submit", work.request->id);
    if (why) {
        cm_json_set_text(draft->personal, "reason", why);
    }
    error = prepare_and_store(&submit, submission, draft);
    if (error && cm_retry_lost(error, submission->retry)) {
        const char *before;
        cm_error_t *again = cm_retry_find(&before, ctx, submission->retry);

        if (again || before) {
            return again ? again : cm_request_show(view, ctx, (int)row->operation, before);
        }
    }
    if (error) {
        refuse(&submit, draft, error);
        return error;
    }
    if (submit.performs && row->finish) {
        row->finish(&work);
    }
    return make_view(view, ctx, work.request, work.made);
}

cm_error_t *cm_request_submit(cm_request_view_t **view, cm_ctx_t *ctx,
                              const cm_submission_t *submission)
{
    const char *before;
    cm_error_t *error = cm_retry_find(&before, ctx, submission->retry);

    if (error) {
        return error;
    }
    return before ? cm_request_show(view, ctx, (int)submission->operation, before)
                  : submit_anew(view, ctx, submission);
}

cm_error_t *cm_request_find(cm_request_t **request, const cm_ctx_t *ctx, int operation,
                            const char *id)
{
    cm_error_t *error = cm_request_read(request, ctx->store, id, ctx->pool);

    if (error) {
        return error->code == CM_E_NOT_FOUND ? no_such_request(ctx) : error;
    }
    if ((operation >= 0 && (int)(*request)->operation != operation) ||
        !cm_visible_to(ctx->who, (*request)->requester, (*request)->group)) {
        return no_such_request(ctx);
    }
    return NULL;
}

cm_error_t *cm_request_show(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id)
{
    cm_request_t *request;
    cm_error_t *error = cm_request_find(&request, ctx, operation, id);

    return error ? error : cm_request_view(view, ctx, request);
}

static cm_error_t *empty_word(const char *name, const cm_ctx_t *ctx)
{
    return cm_error_locate(cm_error_make(ctx->pool, CM_E_VALUE, "there is nothing to search for"),
                           cm_json_pointer("", name, ctx->pool), "search.empty");
}

cm_error_t *cm_request_search(cm_page_t *page, cm_ctx_t *ctx, int operation,
                              const cm_request_words_t *words)
{
    const cm_request_search_t search = {operation,
                                        words->state ? cm_state_of(words->state) : -1,
                                        words->profile,
                                        words->requester,
                                        cm_visible_bounds(ctx),
                                        words->before,
                                        (int)words->limit};
    cm_error_t *error = NULL;

    if (words->state && search.state < 0) {
        error = cm_error_locate(cm_error_make(ctx->pool, CM_E_VALUE, "no state of a request"),
                                "/state", "search.state");
    }
    if (words->profile && !*words->profile) {
        error = cm_error_join(error, empty_word("profile", ctx));
    }
    if (words->requester && !*words->requester) {
        error = cm_error_join(error, empty_word("requester", ctx));
    }
    if (!error) {
        error = cm_requests_search(page, ctx->store, &search, ctx->pool);
    }
    for (int i = 0; !error && i < page->items->nelts; i++) {
        void **item = &APR_ARRAY_IDX(page->items, i, void *);
        cm_request_view_t *view;

        error = cm_request_view(&view, ctx, *item);
        *item = error ? NULL : view;
    }
    return error;
}
