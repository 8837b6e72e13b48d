/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/perform.h"

#include "flow/entitle.h"
#include "flow/lifecycle.h"
#include "flow/operations.h"
#include "store/requests.h"

enum { CLAIM_SECONDS = 60, BATCH = 100 };

typedef struct {
    cm_work_t *work;
    const cm_operation_row_t *row;
    const char *id;
    const cm_ctx_t *ctx;
} perform_t;

static cm_error_t *store_claim(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const perform_t *perform = baton;
    const cm_ctx_t *ctx = perform->ctx;

    (void)event;
    return cm_request_claim(txn, perform->id, ctx->trace_id,
                            ctx->now + apr_time_from_sec(CLAIM_SECONDS), ctx->now);
}

static cm_error_t *store_performed(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const perform_t *perform = baton;
    cm_error_t *error = NULL;

    (void)event;
    if (perform->work->request->state != CM_STATE_REJECTED) {
        error = perform->row->change(txn, perform->work);
    }
    return error ? error : cm_request_move(txn, perform->work->request, CM_STATE_ISSUING);
}

/* Rules may have changed since the request was made: it is decided anew before it is signed. */
static cm_error_t *decide_and_make(perform_t *perform)
{
    cm_work_t *work = perform->work;
    cm_error_t *error = NULL;

    if (work->request->profile) {
        error = cm_work_profile(work, work->request->profile, 0);
    }
    if (!error) {
        error = perform->row->decide(work);
    }
    if (!error) {
        error = cm_entitle_check(work);
    }
    return error ? error : cm_work_make(work);
}

static int is_final(const cm_error_t *error)
{
    return error->code == CM_E_REFUSED || error->code == CM_E_VALUE || error->code == CM_E_CONFLICT;
}

/* The requester reads there why. */
static void close_checklist(cm_request_t *request, const cm_error_t *error, const cm_ctx_t *ctx)
{
    if (request->checklist->nelts) {
        cm_item_t *item = &APR_ARRAY_IDX(request->checklist, 0, cm_item_t);

        item->state = CM_ITEM_REFUSED;
        item->detail = error->message;
        item->updated = ctx->now;
    }
}

/* What became of it: `refused` says why it can't happen any more, NULL that it happens. */
static cm_error_t *store_outcome(perform_t *perform, const cm_error_t *refused)
{
    const cm_ctx_t *ctx = perform->ctx;
    cm_request_t *request = perform->work->request;
    cm_audit_draft_t *draft =
        cm_audit_begin(ctx, refused ? "request.fail" : "request.perform", perform->id);

    request->state = refused ? CM_STATE_REJECTED : CM_STATE_ISSUED;
    request->updated = request->updated > ctx->now ? request->updated : ctx->now;
    cm_lifecycle_settle(request, ctx);
    perform->row->record(draft, perform->work);
    if (refused) {
        cm_json_set_text(draft->detail, "rule", refused->rule);
        close_checklist(request, refused, ctx);
    }
    return cm_store_transact(ctx->store, store_performed, perform, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_request_perform(cm_ctx_t *ctx, const char *id)
{
    cm_request_t *request;
    cm_work_t work = {.ctx = ctx};
    perform_t perform = {&work, NULL, id, ctx};
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "request.claim", id);
    cm_error_t *error = cm_store_transact(ctx->store, store_claim, &perform,
                                          cm_audit_finish(draft, ctx), ctx->pool);

    if (!error) {
        error = cm_request_read(&request, ctx->store, id, ctx->pool);
    }
    if (error) {
        return error;
    }
    work.request = request;
    perform.row = cm_operation_row(request->operation);
    error = decide_and_make(&perform);
    if (error && !is_final(error)) {
        return error; /* the claim runs out and the job tries again */
    }
    if (error) {
        return store_outcome(&perform, error);
    }
    error = store_outcome(&perform, NULL);
    if (error && (error->code == CM_E_REFUSED || error->code == CM_E_NOT_FOUND)) {
        return store_outcome(&perform, error); /* a rule that only the transaction can tell */
    }
    if (!error && perform.row->finish) {
        perform.row->finish(&work);
    }
    return error;
}

cm_error_t *cm_perform_is_due(int *due, cm_ctx_t *ctx)
{
    apr_array_header_t *ids;
    cm_error_t *error = cm_requests_stale(&ids, ctx->store, ctx->now, 1, ctx->pool);

    *due = !error && ids->nelts > 0;
    return error;
}

cm_error_t *cm_perform_job(cm_ctx_t *ctx)
{
    apr_array_header_t *ids;
    cm_error_t *first = NULL;
    cm_error_t *error = cm_requests_stale(&ids, ctx->store, ctx->now, BATCH, ctx->pool);

    for (int i = 0; !error && i < ids->nelts; i++) {
        cm_error_t *failed = cm_request_perform(ctx, APR_ARRAY_IDX(ids, i, const char *));

        if (failed && failed->code != CM_E_CONFLICT) {
            first = cm_error_join(first, failed);
        }
    }
    return error ? error : first;
}
