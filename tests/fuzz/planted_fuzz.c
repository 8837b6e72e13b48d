/* SPDX-License-Identifier: Apache-2.0
 *
 * The self-test of the fuzzing harness: a length octet that is believed, behind a tag, as a
 * careless parser of DER would have it. libFuzzer must find the overread within a minute.
 */
#include "fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    volatile unsigned sum = 0;

    if (len < 3 || data[0] != 0x30 || data[1] != 0x82) {
        return 0;
    }
    for (unsigned i = 0; i < data[2]; i++) {
        sum += data[3 + i];
    }
    (void)sum;
    return 0;
}
