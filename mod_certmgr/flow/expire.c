/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/expire.h"

#include "flow/audit.h"
#include "model/words.h"
#include "policy/config.h"
#include "store/requests.h"

enum { BATCH = 100 };

/* Those whose last event was before page->before; none where requests live for ever. */
static cm_error_t *find_old(apr_array_header_t **waiting, const cm_ctx_t *ctx,
                            const cm_waiting_page_t *page)
{
    *waiting = apr_array_make(ctx->pool, 1, sizeof(cm_waiting_t));
    return ctx->config->request_life ? cm_requests_waiting(waiting, ctx->store, page, ctx->pool)
                                     : NULL;
}

static cm_waiting_page_t page_of(const cm_ctx_t *ctx, int limit)
{
    return (cm_waiting_page_t){ctx->now - apr_time_from_sec(ctx->config->request_life), NULL,
                               limit};
}

typedef struct {
    const cm_request_t *request;
    apr_time_t before, now;
} expiry_t;

static cm_error_t *store_expired(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const expiry_t *expiry = baton;

    (void)event;
    return cm_request_expire(txn, expiry->request, expiry->before, expiry->now);
}

static cm_error_t *expire(cm_ctx_t *ctx, const char *id, apr_time_t before)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "request.expire", id);
    expiry_t expiry = {NULL, before, ctx->now};
    cm_request_t *request;
    cm_error_t *error = cm_request_read(&request, ctx->store, id, ctx->pool);

    if (error) {
        return error;
    }
    expiry.request = request;
    cm_json_set_text(draft->detail, "operation", cm_operation_name(request->operation));
    cm_json_set_text(draft->detail, "from", cm_state_name(request->state));
    cm_json_set_text(draft->detail, "to", cm_state_name(CM_STATE_EXPIRED));
    return cm_store_transact(ctx->store, store_expired, &expiry, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_expire_is_due(int *due, cm_ctx_t *ctx)
{
    const cm_waiting_page_t page = page_of(ctx, 1);
    apr_array_header_t *waiting;
    cm_error_t *error = find_old(&waiting, ctx, &page);

    *due = !error && waiting->nelts > 0;
    return error;
}

/* One that can't be ended, because a newer program made it or it is damaged, stands in nobody's
 * way: the walk goes on behind it until as many are ended as one run ends, or there are no more. */
cm_error_t *cm_expire_job(cm_ctx_t *ctx)
{
    cm_waiting_page_t page = page_of(ctx, BATCH);
    apr_array_header_t *waiting;
    cm_error_t *first = NULL, *error;
    int ended = 0;

    do {
        error = find_old(&waiting, ctx, &page);
        for (int i = 0; !error && i < waiting->nelts; i++) {
            cm_error_t *failed;

            page.after = &APR_ARRAY_IDX(waiting, i, cm_waiting_t);
            failed = expire(ctx, page.after->id, page.before);
            ended += !failed;
            first = first || (failed && failed->code == CM_E_CONFLICT) ? first : failed;
        }
    } while (!error && waiting->nelts == BATCH && ended < BATCH);
    return error ? error : first;
}
