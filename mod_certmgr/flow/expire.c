/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/expire.h"

#include "flow/audit.h"
#include "model/words.h"
#include "policy/config.h"
#include "store/requests.h"

enum { BATCH = 100 };

/* Ids of those whose last event was before *before; none where requests live for ever. */
static cm_error_t *find_old(apr_array_header_t **ids, apr_time_t *before, const cm_ctx_t *ctx,
                            int limit)
{
    *before = ctx->now - apr_time_from_sec(ctx->config->request_life);
    *ids = apr_array_make(ctx->pool, 1, sizeof(const char *));
    return ctx->config->request_life
               ? cm_requests_waiting(ids, ctx->store, *before, limit, ctx->pool)
               : NULL;
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
    apr_array_header_t *ids;
    apr_time_t before;
    cm_error_t *error = find_old(&ids, &before, ctx, 1);

    *due = !error && ids->nelts > 0;
    return error;
}

cm_error_t *cm_expire_job(cm_ctx_t *ctx)
{
    apr_array_header_t *ids;
    apr_time_t before;
    cm_error_t *errors = NULL;
    cm_error_t *error = find_old(&ids, &before, ctx, BATCH);

    for (int i = 0; !error && i < ids->nelts; i++) {
        cm_error_t *failed = expire(ctx, APR_ARRAY_IDX(ids, i, const char *), before);

        if (failed && failed->code != CM_E_CONFLICT) {
            errors = cm_error_join(errors, failed);
        }
    }
    return error ? error : errors;
}
