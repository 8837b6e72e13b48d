/* SPDX-License-Identifier: Apache-2.0 */
#include "store/walk.h"

#include <apr_strings.h>

#include "base/json.h"

enum { BATCH_MOST = 500 };

typedef struct {
    const cm_walk_t *walk;
    cm_walked_t *walked;
    const cm_key_t *last; /* of the last item */
    apr_pool_t *pool;
    int batch; /* ids of the next read: grows while few pass */
} state_t;

/* Keys that are looked at together: from inclusive, to exclusive. */
typedef struct {
    const apr_array_header_t *keys;
    int from, to;
} batch_t;

const char *cm_walk_ids(const apr_array_header_t *ids, apr_pool_t *pool)
{
    json_t *list = cm_json_array(pool);

    for (int i = 0; i < ids->nelts; i++) {
        json_array_append_new(list, json_string(APR_ARRAY_IDX(ids, i, const char *)));
    }
    return (const char *)cm_json_dump(list, pool).data;
}

/* Adds the records in the order of their keys. *full is set at the first one beyond the page. */
static void take_records(int *full, state_t *state, apr_hash_t *records, const batch_t *batch)
{
    const cm_walk_t *walk = state->walk;
    cm_walked_t *walked = state->walked;

    for (int i = batch->from; i < batch->to && !*full; i++) {
        const cm_key_t *key = &APR_ARRAY_IDX(batch->keys, i, cm_key_t);
        void *record = apr_hash_get(records, key->id, APR_HASH_KEY_STRING);

        if (!record || (state->last && strcmp(state->last->id, key->id) == 0) ||
            (walk->counts && !walk->counts(walk->baton, key, record))) {
            continue;
        }
        if (walked->items->nelts == walk->limit) {
            walked->next = state->last;
            *full = 1;
        } else {
            APR_ARRAY_PUSH(walked->items, void *) = record;
            state->last = key;
        }
    }
}

static cm_error_t *take_keys(int *full, state_t *state, const apr_array_header_t *keys)
{
    batch_t batch = {keys, 0, 0};
    cm_error_t *error = NULL;

    for (; !error && !*full && batch.from < keys->nelts; batch.from = batch.to) {
        apr_array_header_t *ids = apr_array_make(state->pool, state->batch, sizeof(const char *));
        apr_hash_t *records = apr_hash_make(state->pool);

        while (batch.to < keys->nelts && batch.to < batch.from + state->batch) {
            APR_ARRAY_PUSH(ids, const char *) = APR_ARRAY_IDX(keys, batch.to++, cm_key_t).id;
        }
        error = state->walk->fetch(records, state->walk->baton, ids, state->pool);
        if (!error) {
            take_records(full, state, records, &batch);
        }
        state->batch = state->batch * 2 < BATCH_MOST ? state->batch * 2 : BATCH_MOST;
    }
    return error;
}

cm_error_t *cm_walk(cm_walked_t *walked, const cm_walk_t *walk, const cm_key_t *after, int most,
                    apr_pool_t *pool)
{
    state_t state = {walk, walked, after, pool, walk->limit + 1 - walked->items->nelts};
    int step = walk->passing ? state.batch : most < CM_WALK_KEYS ? most : CM_WALK_KEYS;
    int full = 0;
    apr_array_header_t *keys;

    walked->next = NULL;
    for (int seen = 0; seen < most; seen += keys->nelts) {
        cm_error_t *error = walk->keys(&keys, walk->baton, after, step, pool);

        if (!error) {
            error = take_keys(&full, &state, keys);
        }
        if (error || full || keys->nelts < step) {
            return error;
        }
        after = &APR_ARRAY_IDX(keys, keys->nelts - 1, cm_key_t);
    }
    walked->next = after;
    return NULL;
}
