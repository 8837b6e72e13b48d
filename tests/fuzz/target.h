/* SPDX-License-Identifier: Apache-2.0
 *
 * What fuzz targets share.
 */
#ifndef CERTMGR_TESTS_FUZZ_TARGET_H
#define CERTMGR_TESTS_FUZZ_TARGET_H

#include <apr_general.h>
#include <apr_pools.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* Hands `len` bytes to the code under test. Returns 0 always, as libFuzzer asks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What must hold whatever the input. */
static inline void require(int condition)
{
    if (!condition) {
        abort();
    }
}

/* A target leaves nothing behind: each input has a pool of its own. */
typedef void fuzz_run_fn(const uint8_t *data, size_t len, apr_pool_t *pool);

static inline int fuzz_in_pool(fuzz_run_fn *run, const uint8_t *data, size_t len)
{
    static int ready;
    apr_pool_t *pool;

    if (!ready) {
        apr_initialize();
        ready = 1;
    }
    apr_pool_create(&pool, NULL);
    run(data, len, pool);
    apr_pool_destroy(pool);
    return 0;
}

#endif
