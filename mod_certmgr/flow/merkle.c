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

/* The largest power of 2 below n, which is 2 or more. */
static apr_int64_t split(apr_int64_t n)
{
    apr_int64_t k = 1;

    while (2 * k < n) {
        k *= 2;
    }
    return k;
}

/* The peak that covers [start, end). A subtree beside the path of a leaf of the batch that lies
 * before the batch as a whole is a peak: were it part of a larger one, the leaf would be in it. */
static const unsigned char *peak_at(const cm_merkle_t *tree, apr_int64_t start, apr_int64_t end)
{
    apr_int64_t at = 0, left = tree->size;

    for (int i = 0; i < tree->count; i++) {
        apr_int64_t width = left == 1 ? 1 : split(left + 1);

        if (at == start && at + width == end) {
            return tree->peaks[i];
        }
        at += width;
        left -= width;
    }
    return NULL;
}

/* Root of the subtree over [start, end); zeros where the batch can't tell it. */
static void hash_range(unsigned char *hash, const cm_merkle_batch_t *batch, apr_int64_t start,
                       apr_int64_t end, apr_pool_t *pool)
{
    const unsigned char *known = NULL;
    unsigned char right[CM_MERKLE_HASH];
    apr_int64_t middle;

    if (end <= batch->before.size) {
        known = peak_at(&batch->before, start, end);
    } else if (end - start == 1) {
        known = APR_ARRAY_IDX(batch->leaves, (int)(start - batch->before.size), cm_bytes_t).data;
    }
    if (known) {
        memcpy(hash, known, CM_MERKLE_HASH);
    } else if (end <= batch->before.size) {
        memset(hash, 0, CM_MERKLE_HASH);
    } else {
        middle = start + split(end - start);
        hash_range(hash, batch, start, middle, pool);
        hash_range(right, batch, middle, end, pool);
        join(hash, right, pool);
    }
}

apr_array_header_t *cm_merkle_prove(const cm_merkle_batch_t *batch, apr_int64_t position,
                                    apr_pool_t *pool)
{
    apr_array_header_t *down = apr_array_make(pool, 32, sizeof(cm_bytes_t));
    apr_array_header_t *proof = apr_array_make(pool, 32, sizeof(cm_bytes_t));
    apr_int64_t start = 0, end = batch->before.size + batch->leaves->nelts;

    while (end - start > 1) {
        apr_int64_t middle = start + split(end - start);
        unsigned char *hash = apr_palloc(pool, CM_MERKLE_HASH);

        if (position < middle) {
            hash_range(hash, batch, middle, end, pool);
            end = middle;
        } else {
            hash_range(hash, batch, start, middle, pool);
            start = middle;
        }
        APR_ARRAY_PUSH(down, cm_bytes_t) = cm_bytes_make(hash, CM_MERKLE_HASH);
    }
    while (down->nelts) {
        APR_ARRAY_PUSH(proof, cm_bytes_t) = *(cm_bytes_t *)apr_array_pop(down);
    }
    return proof;
}

cm_bytes_t cm_merkle_follow(cm_bytes_t leaf, apr_int64_t position, apr_int64_t size,
                            const apr_array_header_t *proof, apr_pool_t *pool)
{
    apr_int64_t node = position, last = size - 1;
    unsigned char hash[CM_MERKLE_HASH], left[CM_MERKLE_HASH];

    memcpy(hash, leaf.data, CM_MERKLE_HASH);
    for (int i = 0; i < proof->nelts; i++) {
        const unsigned char *sibling = APR_ARRAY_IDX(proof, i, cm_bytes_t).data;

        if (last == 0) {
            return cm_bytes_make(NULL, 0);
        }
        if ((node & 1) || node == last) {
            memcpy(left, sibling, CM_MERKLE_HASH);
            join(left, hash, pool);
            memcpy(hash, left, CM_MERKLE_HASH);
            for (; !(node & 1) && node; node >>= 1) { /* levels where the node has no sibling */
                last >>= 1;
            }
        } else {
            join(hash, sibling, pool);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 ? cm_bytes_copy(cm_bytes_make(hash, CM_MERKLE_HASH), pool)
                     : cm_bytes_make(NULL, 0);
}
