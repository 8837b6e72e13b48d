/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash of what comes piece by piece:
 *
 *     error = cm_hash_make(&hash, CM_DIGEST_SHA256, pool);
 *     error = cm_hash_add(hash, piece);
 *     error = cm_hash_end(&bytes, hash, pool);
 */
#ifndef CERTMGR_BASE_HASH_H
#define CERTMGR_BASE_HASH_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"

typedef struct cm_hash_t cm_hash_t;

/* All three: CM_E_INTERNAL when OpenSSL fails. */
cm_error_t *cm_hash_make(cm_hash_t **hash, cm_digest_t digest, apr_pool_t *pool);
cm_error_t *cm_hash_add(cm_hash_t *hash, cm_bytes_t bytes);

/* The bytes of the digest; nothing can be added any more. */
cm_error_t *cm_hash_end(cm_bytes_t *bytes, cm_hash_t *hash, apr_pool_t *pool);

#endif
