/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/retry.h"

#include "policy/identity.h"

static cm_retry_record_t record_of(const cm_ctx_t *ctx, const cm_retry_t *retry)
{
    const cm_retry_record_t record = {.person = ctx->who->person->id, .key = retry->key};

    return record;
}

cm_error_t *cm_retry_find(const char **request, const cm_ctx_t *ctx, const cm_retry_t *retry)
{
    cm_retry_record_t record;
    cm_error_t *error;

    *request = NULL;
    if (!retry) {
        return NULL;
    }
    record = record_of(ctx, retry);
    error = cm_retry_read(&record, ctx->store, ctx->pool);
    if (error) {
        return error->code == CM_E_NOT_FOUND ? NULL : error;
    }
    if (strcmp(record.digest, retry->digest) != 0) {
        error = cm_error_make(ctx->pool, CM_E_REFUSED,
                              "this Idempotency-Key was sent with something else before");
        return cm_error_advise(cm_error_locate(error, NULL, "idempotency.body"),
                               "take a new key for each new call");
    }
    *request = record.request;
    return NULL;
}

cm_error_t *cm_retry_keep(cm_txn_t *txn, const cm_ctx_t *ctx, const cm_retry_t *retry,
                          const char *request)
{
    cm_retry_record_t record;

    if (!retry) {
        return NULL;
    }
    record = record_of(ctx, retry);
    record.digest = retry->digest;
    record.request = request;
    return cm_retry_insert(txn, &record, ctx->now);
}

int cm_retry_lost(const cm_error_t *error, const cm_retry_t *retry)
{
    return retry && error->code == CM_E_CONFLICT;
}

static apr_time_t oldest(const cm_ctx_t *ctx)
{
    return ctx->now - apr_time_from_sec((apr_time_t)CM_RETRY_DAYS * 86400);
}

cm_error_t *cm_retry_is_due(int *due, cm_ctx_t *ctx)
{
    return cm_retries_are_old(due, ctx->store, oldest(ctx), ctx->pool);
}

static cm_error_t *prune(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_retries_prune(txn, *(const apr_time_t *)baton);
}

cm_error_t *cm_retry_job(cm_ctx_t *ctx)
{
    apr_time_t before = oldest(ctx);

    return cm_store_maintain(ctx->store, prune, &before, ctx->pool);
}
