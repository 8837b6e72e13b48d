/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of bytes that somebody else owns (mostly a pool), and its usual encodings.
 */
#ifndef CERTMGR_BASE_BYTES_H
#define CERTMGR_BASE_BYTES_H

#include <apr_pools.h>

#include "base/error.h"

typedef struct {
    const unsigned char *data; /* may be NULL when len is 0 */
    apr_size_t len;            /* bytes */
} cm_bytes_t;

cm_bytes_t cm_bytes_make(const void *data, apr_size_t len);

/* The bytes of a string, without its closing NUL. */
cm_bytes_t cm_bytes_of_text(const char *text);

cm_bytes_t cm_bytes_copy(cm_bytes_t bytes, apr_pool_t *pool);

/* All parts one after the other, in new memory. */
cm_bytes_t cm_bytes_concat(const cm_bytes_t *parts, int count, apr_pool_t *pool);

int cm_bytes_equal(cm_bytes_t a, cm_bytes_t b);

/* As cm_bytes_equal, in a time that depends on the lengths only: for secrets and their hashes. */
int cm_bytes_equal_secret(cm_bytes_t a, cm_bytes_t b);

/* Lower-case hexadecimal without separators. */
const char *cm_bytes_hex(cm_bytes_t bytes, apr_pool_t *pool);

/* Accepts upper and lower case; an odd length or another character is CM_E_VALUE. */
cm_error_t *cm_bytes_unhex(cm_bytes_t *bytes, const char *hex, apr_pool_t *pool);

/* RFC 4648 section 4 with padding, on one line. */
const char *cm_bytes_base64(cm_bytes_t bytes, apr_pool_t *pool);

/* Strict RFC 4648 section 4: white space is passed over, anything else outside of the alphabet,
 * wrong padding or left-over bits are CM_E_VALUE. */
cm_error_t *cm_bytes_unbase64(cm_bytes_t *bytes, const char *text, apr_pool_t *pool);

/* SHA-256 into new memory (32 bytes). */
cm_bytes_t cm_bytes_sha256(cm_bytes_t bytes, apr_pool_t *pool);

#endif
