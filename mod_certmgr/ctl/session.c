/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <apr_strings.h>
#include <apr_user.h>

#include "ctl/config_file.h"
#include "keys/keyring.h"
#include "store/source.h"
#include "store/store.h"

/* Who typed the command, for the personal part of the audit events. */
static const char *local_user(apr_pool_t *pool)
{
    apr_uid_t uid;
    apr_gid_t gid;
    char *name;

    if (apr_uid_current(&uid, &gid, pool) != APR_SUCCESS) {
        return "local:unknown";
    }
    if (apr_uid_name_get(&name, uid, pool) != APR_SUCCESS) {
        return apr_psprintf(pool, "local:%lu", (unsigned long)uid);
    }
    return apr_pstrcat(pool, "local:", name, NULL);
}

static cm_error_t *open_store(cm_run_t *run)
{
    cm_store_config_t *config = apr_pcalloc(run->pool, sizeof(*config));
    const cm_db_source_t *source;
    cm_error_t *error;

    if (!run->config->driver || !*run->config->driver) {
        return cm_error_advise(cm_error_make(run->pool, CM_E_CONFIG, "there is no DBDriver line"),
                               "add DBDriver and DBDParams to the server's configuration");
    }
    config->driver = run->config->driver;
    config->params = run->config->params;
    config->deadline = apr_time_from_sec(run->config->database_deadline);
    if ((error = cm_source_make(&source, config, 2, run->pool))) {
        return error;
    }
    return cm_store_make(&run->ctx->store, source, config, run->pool);
}

static cm_error_t *open_keys(cm_run_t *run)
{
    apr_array_header_t *tokens;
    cm_error_t *error = cm_config_tokens(&tokens, run->config, run->pool);

    if (error) {
        return error;
    }
    return cm_keyring_make(&run->ctx->keys, (const cm_token_config_t *)(void *)tokens->elts,
                           tokens->nelts, run->pool);
}

static void open_context(cm_run_t *run)
{
    cm_ctx_t *ctx = apr_pcalloc(run->pool, sizeof(*ctx));

    ctx->pool = run->pool;
    ctx->host = cm_host_plain();
    ctx->now = ctx->host->now(ctx->host);
    ctx->trace_id = cm_ctx_id(ctx);
    ctx->address = local_user(run->pool);
    ctx->config = run->config;
    run->ctx = ctx;
}

cm_error_t *cm_run_open(cm_run_t *run)
{
    int needs = run->command->needs;
    cm_error_t *error = NULL;

    if (needs & CM_OPEN_CONFIG) {
        error = cm_config_read(&run->config, run->conf, run->pool);
        open_context(run);
    }
    if (!error && run->config) {
        cm_config_environment(run->config, run->pool);
    }
    if (!error && (needs & CM_OPEN_KEYS)) {
        error = cm_config_check(run->config, run->pool);
    }
    if (!error && (needs & CM_OPEN_STORE)) {
        error = open_store(run);
    }
    if (!error && (needs & CM_OPEN_CHECK)) {
        error = cm_store_check(run->ctx->store, run->pool);
    }
    if (!error && (needs & CM_OPEN_KEYS)) {
        error = open_keys(run);
    }
    return error;
}
