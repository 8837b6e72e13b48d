/* SPDX-License-Identifier: Apache-2.0
 *
 * A Merkle tree that only grows (RFC 9162 2.1.1), kept as the roots of its perfect subtrees: those
 * "peaks" are all that is needed to append and to know the root.
 */
#ifndef CERTMGR_FLOW_MERKLE_H
#define CERTMGR_FLOW_MERKLE_H

#include <apr_tables.h>

#include "base/bytes.h"

enum { CM_MERKLE_HASH = 32, CM_MERKLE_PEAKS = 63 };

typedef struct {
    apr_int64_t size; /* leaves */
    int count;        /* peaks: as many as `size` has bits set */
    unsigned char peaks[CM_MERKLE_PEAKS][CM_MERKLE_HASH]; /* the largest subtree first */
} cm_merkle_t;

/* SHA-256(0x00 || entry), 32 bytes. */
cm_bytes_t cm_merkle_leaf(cm_bytes_t entry, apr_pool_t *pool);

/* `leaf` has 32 bytes. */
void cm_merkle_append(cm_merkle_t *tree, cm_bytes_t leaf);

/* Root hash; that of the empty tree is SHA-256 of nothing. */
cm_bytes_t cm_merkle_root(const cm_merkle_t *tree, apr_pool_t *pool);

/* The peaks one after the other, and back. CM_E_INTEGRITY when they don't fit the size. */
cm_bytes_t cm_merkle_peaks(const cm_merkle_t *tree, apr_pool_t *pool);
cm_error_t *cm_merkle_resume(cm_merkle_t *tree, apr_int64_t size, cm_bytes_t peaks,
                             apr_pool_t *pool);

/* What is needed to prove that a leaf is in a tree, without the leaves before those that were
 * appended together with it: the peaks of the tree as it was before, and what came then. */
typedef struct {
    cm_merkle_t before;
    const apr_array_header_t *leaves; /* of cm_bytes_t: from position before.size on, to the end */
} cm_merkle_batch_t;

/* The inclusion proof of RFC 9162 2.1.3.1 for a leaf of the batch, in the tree that ends with it:
 * array of cm_bytes_t, hashes from the leaf's sibling up. */
apr_array_header_t *cm_merkle_prove(const cm_merkle_batch_t *batch, apr_int64_t position,
                                    apr_pool_t *pool);

/* The root that a proof leads to (RFC 9162 2.1.3.2); without data when the proof is no proof for
 * this position and size. */
cm_bytes_t cm_merkle_follow(cm_bytes_t leaf, apr_int64_t position, apr_int64_t size,
                            const apr_array_header_t *proof, apr_pool_t *pool);

#endif
