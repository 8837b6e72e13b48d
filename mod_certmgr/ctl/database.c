/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "ctl/output.h"
#include "store/schema.h"

cm_error_t *cm_ctl_db_upgrade(cm_run_t *run)
{
    json_t *result = cm_json_object(run->pool);
    int applied = 0, version = 0;
    cm_error_t *error = cm_store_upgrade(&applied, run->ctx->store, run->pool);

    if (!error) {
        error = cm_store_schema(&version, run->ctx->store, run->pool);
    }
    if (error) {
        return error;
    }
    cm_json_set_integer(result, "schema", version);
    cm_json_set_integer(result, "applied", applied);
    cm_output_object(run, result);
    return NULL;
}

static int newest_known(void)
{
    int newest = 0;

    for (const cm_migration_t *m = cm_migrations; m->name; m++) {
        newest = m->number;
    }
    return newest;
}

cm_error_t *cm_ctl_db_status(cm_run_t *run)
{
    json_t *result = cm_json_object(run->pool);
    int version = 0;
    cm_error_t *error = cm_store_schema(&version, run->ctx->store, run->pool);
    cm_error_t *unusable;

    if (error) {
        return error;
    }
    unusable = cm_store_check(run->ctx->store, run->pool);
    cm_json_set_text(result, "driver", run->config->driver);
    cm_json_set_integer(result, "schema", version);
    cm_json_set_integer(result, "oldest_supported", CM_SCHEMA_OLDEST);
    cm_json_set_integer(result, "newest_known", newest_known());
    cm_json_set_flag(result, "usable", unusable == NULL);
    cm_output_object(run, result);
    return unusable;
}
