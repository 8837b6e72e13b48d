/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands between the store and PostgreSQL, and cuts the wire in mid-commit.
 */
#ifndef CERTMGR_TESTS_STORE_PROXY_H
#define CERTMGR_TESTS_STORE_PROXY_H

#include "unit/store/fixture.h"

typedef enum {
    CUT_ANSWER,  /* COMMIT is forwarded, its answer is awaited and not handed on */
    CUT_AT_ONCE, /* COMMIT is forwarded and the client cut off while the server is at it */
    CUT_REQUEST  /* COMMIT is not forwarded at all */
} cut_t;

typedef struct proxy_t proxy_t;

/* Listens in a folder of its own; cuts the first COMMIT only, and lets all else through. */
proxy_t *proxy_make(cut_t cut);

/* For "host=". */
const char *proxy_folder(const proxy_t *proxy);

/* How many connections were cut. */
int proxy_cuts(const proxy_t *proxy);

#endif
