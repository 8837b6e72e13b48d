/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/upkeep.h"

#include "store/authorities.h"

cm_error_t *cm_upkeep_is_due(int *due, const cm_upkeep_t *upkeep, const cm_ctx_t *ctx)
{
    apr_array_header_t *authorities;
    cm_error_t *errors = NULL;
    cm_error_t *error = cm_authorities_list(&authorities, ctx->store, ctx->pool);

    *due = 0;
    for (int i = 0; !error && !*due && i < authorities->nelts; i++) {
        const cm_authority_t *authority = APR_ARRAY_IDX(authorities, i, cm_authority_t *);
        int is_due = 0;
        cm_error_t *failed = upkeep->is_due(&is_due, authority, ctx);

        *due = !failed && is_due;
        errors = cm_error_join(errors, failed);
    }
    return error || *due ? error : errors;
}

cm_error_t *cm_upkeep_run(const cm_upkeep_t *upkeep, const cm_ctx_t *ctx)
{
    apr_array_header_t *authorities;
    cm_error_t *errors = NULL;
    cm_error_t *error = cm_authorities_list(&authorities, ctx->store, ctx->pool);

    for (int i = 0; !error && i < authorities->nelts; i++) {
        const cm_authority_t *authority = APR_ARRAY_IDX(authorities, i, cm_authority_t *);
        int due = 0;
        cm_error_t *failed = upkeep->is_due(&due, authority, ctx);

        if (!failed && due) {
            failed = upkeep->run(ctx, authority->name);
        }
        if (failed && failed->code != CM_E_CONFLICT) {
            errors = cm_error_join(errors, failed);
        }
    }
    return error ? error : errors;
}
