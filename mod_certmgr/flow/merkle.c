/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/merkle.h"

#include <apr_strings.h>

cm_bytes_t cm_merkle_leaf(cm_bytes_t entry, apr_pool_t *pool)
{
    const cm_bytes_t parts[] = {cm_bytes_make("\0", 1), entry};

    return cm_bytes_sha256(cm_bytes_concat(parts, 2, pool), pool);
}

/* `into` becomes the hash of the node over itself and `right`. */
static void join(unsigned char *into, const unsigned char *right, apr_pool_t *pool)
{
    const cm_bytes_t parts[] = {cm_bytes_make("\1", 1), cm_bytes_make(into, CM_MERKLE_HASH),
                                cm_bytes_make(right, CM_MERKLE_HASH)};

    memcpy(into, cm_bytes_sha256(cm_bytes_concat(parts, 3, pool), pool).data, CM_MERKLE_HASH);
}

void cm_merkle_append(cm_merkle_t *tree, cm_bytes_t leaf)
{
    apr_pool_t *scratch;

    apr_pool_create(&scratch, NULL);
    memcpy(tree->peaks[tree->count++], leaf.data, CM_MERKLE_HASH);
    /* each closing bit 1 of the old size is a perfect subtree that the new leaf completes */
    for (apr_int64_t bits = tree->size; bits & 1; bits >>= 1) {
        tree->count--;
        join(tree->peaks[tree->count - 1], tree->peaks[tree->count], scratch);
    }
    tree->size++;
    apr_pool_destroy(scratch);
}

cm_bytes_t cm_merkle_root(const cm_merkle_t *tree, apr_pool_t *pool)
{
    unsigned char right[CM_MERKLE_HASH], left[CM_MERKLE_HASH];

    if (!tree->count) {
        return cm_bytes_sha256(cm_bytes_make("", 0), pool);
    }
    memcpy(right, tree->peaks[tree->count - 1], CM_MERKLE_HASH);
    for (int i = tree->count - 2; i >= 0; i--) {
        memcpy(left, tree->peaks[i], CM_MERKLE_HASH);
        join(left, right, pool);
        memcpy(right, left, CM_MERKLE_HASH);
    }
    return cm_bytes_copy(cm_bytes_make(right, CM_MERKLE_HASH), pool);
}

cm_bytes_t cm_merkle_peaks(const cm_merkle_t *tree, apr_pool_t *pool)
{
    return cm_bytes_copy(cm_bytes_make(tree->peaks, (apr_size_t)tree->count * CM_MERKLE_HASH),
                         pool);
}

cm_error_t *cm_merkle_resume(cm_merkle_t *tree, apr_int64_t size, cm_bytes_t peaks,
                             apr_pool_t *pool)
{
    apr_size_t count = 0;

    for (apr_int64_t bits = size; bits > 0; bits >>= 1) {
        count += (apr_size_t)(bits & 1);
    }
    if (size < 0 || peaks.len != count * CM_MERKLE_HASH) {
        return cm_error_make(pool, CM_E_INTEGRITY,
                             "the peaks of an audit head do not fit its size");
    }
    tree->size = size;
    tree->count = (int)count;
    if (peaks.len) {
        memcpy(tree->peaks, peaks.data, peaks.len);
    }
    return NULL;
}
