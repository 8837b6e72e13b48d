/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/visible.h"

int cm_visible_to(const cm_identity_t *who, const char *owner, const char *group)
{
    return cm_identity_may_in(who, CM_MAY_SEE_GROUP, group) ||
           (owner && strcmp(owner, who->person->id) == 0);
}

const apr_array_header_t *cm_visible_bounds(const cm_ctx_t *ctx)
{
    const cm_identity_t *who = ctx->who;
    const apr_array_header_t *scopes = who ? who->scopes : NULL;
    apr_array_header_t *bounds = apr_array_make(ctx->pool, 2, sizeof(cm_bound_t));

    if (!who || cm_identity_may_in(who, CM_MAY_SEE_GROUP, NULL)) {
        return NULL;
    }
    APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){who->person->id, NULL};
    for (int i = 0; scopes && i < scopes->nelts; i++) {
        const char *group = APR_ARRAY_IDX(scopes, i, cm_scope_t).group;

        if (cm_identity_may_in(who, CM_MAY_SEE_GROUP, group)) {
            APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){NULL, group};
        }
    }
    return bounds;
}
