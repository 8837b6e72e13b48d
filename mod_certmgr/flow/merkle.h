/* SPDX-License-Identifier: Apache-2.0
 *
 * A Merkle tree that only grows (RFC 9162 2.1.1), kept as the roots of its perfect subtrees: those
 * "peaks" are all that is needed to append and to know the root.
 */
#ifndef CERTMGR_FLOW_MERKLE_H
#define CERTMGR_FLOW_MERKLE_H

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

#endif
