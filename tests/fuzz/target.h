/* SPDX-License-Identifier: Apache-2.0
 *
 * The one function of a fuzz target. It must leave nothing behind: a pool of its own for each call.
 */
#ifndef CERTMGR_TESTS_FUZZ_TARGET_H
#define CERTMGR_TESTS_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Hands `len` bytes to the code under test. Returns 0 always, as libFuzzer asks. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#endif
