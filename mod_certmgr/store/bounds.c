/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "store/search_filter.h"
#include "store/walk.h"

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const cm_key_t *)b)->id, ((const cm_key_t *)a)->id);
}

/* What somebody owns in a group that they may see was read twice. */
static void drop_repeats(apr_array_header_t *keys, int most)
{
    int kept = 0;

    for (int i = 0; i < keys->nelts && kept < most; i++) {
        const cm_key_t key = APR_ARRAY_IDX(keys, i, cm_key_t);

        if (!kept || strcmp(APR_ARRAY_IDX(keys, kept - 1, cm_key_t).id, key.id) != 0) {
            APR_ARRAY_IDX(keys, kept++, cm_key_t) = key;
        }
    }
    keys->nelts = kept;
}

cm_error_t *cm_bounds_keys(apr_array_header_t **keys, const cm_bounds_read_t *read,
                           apr_pool_t *pool)
{
    *keys = apr_array_make(pool, read->most, sizeof(cm_key_t));
    for (int i = 0; i < read->bounds->nelts; i++) {
        const cm_bound_t *bound = &APR_ARRAY_IDX(read->bounds, i, cm_bound_t);
        const cm_value_t args[] = {cm_value_text(bound->group ? bound->group : bound->owner),
                                   cm_value_text(read->before), cm_value_integer(read->most)};
        cm_rows_t *rows;
        cm_error_t *error = cm_store_select(
            &rows, read->store, cm_statement(bound->group ? read->group : read->owner), args, pool);

        if (error) {
            return error;
        }
        for (int j = 0; j < cm_rows_count(rows); j++) {
            APR_ARRAY_PUSH(*keys, cm_key_t) = (cm_key_t){cm_row_text(rows, j, 0), NULL};
        }
    }
    if (read->bounds->nelts > 1) {
        qsort((*keys)->elts, (size_t)(*keys)->nelts, sizeof(cm_key_t), newest_first);
    }
    drop_repeats(*keys, read->most);
    return NULL;
}
