/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/visible.h"

#include <stdlib.h>

int cm_visible_to(const cm_identity_t *who, const char *owner, const char *group)
{
    return cm_identity_may_in(who, CM_MAY_SEE_GROUP, group) ||
           (owner && strcmp(owner, who->person->id) == 0);
}

/* Each with a query of its own; array of cm_visible_t. */
static apr_array_header_t *bounds_of(const cm_identity_t *who, apr_pool_t *pool)
{
    apr_array_header_t *bounds = apr_array_make(pool, 2, sizeof(cm_visible_t));
    const apr_array_header_t *scopes = who->scopes;

    if (cm_identity_may_in(who, CM_MAY_SEE_GROUP, NULL)) {
        APR_ARRAY_PUSH(bounds, cm_visible_t) = (cm_visible_t){NULL, NULL};
        return bounds;
    }
    APR_ARRAY_PUSH(bounds, cm_visible_t) = (cm_visible_t){who->person->id, NULL};
    for (int i = 0; scopes && i < scopes->nelts; i++) {
        const char *group = APR_ARRAY_IDX(scopes, i, cm_scope_t).group;

        if (cm_identity_may_in(who, CM_MAY_SEE_GROUP, group)) {
            APR_ARRAY_PUSH(bounds, cm_visible_t) = (cm_visible_t){NULL, group};
        }
    }
    return bounds;
}

static const char *id_of(const void *record)
{
    return *(const char *const *)record;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(id_of(*(const void *const *)b), id_of(*(const void *const *)a));
}

/* An own object of a group of one's own was found twice. */
static void drop_repeats(apr_array_header_t *items, int limit)
{
    int kept = 0;

    for (int i = 0; i < items->nelts && kept < limit; i++) {
        const void *item = APR_ARRAY_IDX(items, i, const void *);

        if (!kept ||
            strcmp(id_of(APR_ARRAY_IDX(items, kept - 1, const void *)), id_of(item)) != 0) {
            APR_ARRAY_IDX(items, kept++, const void *) = item;
        }
    }
    items->nelts = kept;
}

cm_error_t *cm_visible_page(apr_array_header_t **items, const cm_ctx_t *ctx,
                            const cm_visible_list_t *list)
{
    const apr_array_header_t *bounds = bounds_of(ctx->who, ctx->pool);

    *items = apr_array_make(ctx->pool, list->limit, sizeof(const void *));
    for (int i = 0; i < bounds->nelts; i++) {
        apr_array_header_t *page;
        cm_error_t *error =
            list->read(&page, &APR_ARRAY_IDX(bounds, i, cm_visible_t), ctx, list->baton);

        if (error) {
            return error;
        }
        apr_array_cat(*items, page);
    }
    if (bounds->nelts > 1) {
        qsort((*items)->elts, (size_t)(*items)->nelts, sizeof(const void *), newest_first);
        drop_repeats(*items, list->limit);
    }
    return NULL;
}
