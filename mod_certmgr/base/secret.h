/* SPDX-License-Identifier: Apache-2.0
 *
 * A secret is a type of its own, so that it can't be printed or logged by mistake. Its bytes are
 * wiped when its pool goes.
 */
#ifndef CERTMGR_BASE_SECRET_H
#define CERTMGR_BASE_SECRET_H

#include "base/bytes.h"
#include "base/error.h"

typedef struct cm_secret_t cm_secret_t;

/* Copies the bytes; the caller wipes its own copy. */
cm_secret_t *cm_secret_make(cm_bytes_t bytes, apr_pool_t *pool);

/* The bytes, for the moment of use. They are followed by a NUL that is not counted. */
cm_bytes_t cm_secret_reveal(const cm_secret_t *secret);

/* Read a secret from where the configuration says it is, without its closing line end:
 *   file:/path      the file's first line; refused when others may read or write the file
 *   env:NAME        an environment variable
 *   exec:/path arg  the first line a program writes to its standard output; no shell, 10 s at most
 * CM_E_CONFIG names the source, never the content. At most 4096 bytes. */
cm_error_t *cm_secret_read(cm_secret_t **secret, const char *source, apr_pool_t *pool);

#endif
