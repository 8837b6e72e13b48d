/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/health.h"

#include "keys/keyring.h"
#include "store/store.h"

void cm_health_check(cm_health_t *health, const cm_ctx_t *ctx)
{
    cm_error_t *database = cm_store_check(ctx->store, ctx->pool);
    cm_error_t *token = cm_keyring_check(ctx->keys, ctx->pool);

    health->database = "ok";
    health->token = token ? "unreachable" : "ok";
    health->status = token ? "degraded" : "ok";
    if (database) {
        health->database = database->code == CM_E_DATABASE ? "unreachable" : "schema";
        health->status = "down";
        cm_ctx_log_error(ctx, CM_LOG_WARNING, database);
    }
    if (token) {
        cm_ctx_log_error(ctx, CM_LOG_WARNING, token);
    }
}
