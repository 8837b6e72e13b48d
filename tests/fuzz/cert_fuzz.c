/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates in any encoding: those that clients log in with.
 */

#include "fuzz/target.h"
#include "pki/cert.h"

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_bytes_t der;
    cm_cert_t *cert;

    if (!cm_cert_decode(&der, cm_bytes_make(data, len), pool) && !cm_cert_parse(&cert, der, pool)) {
        cm_pubkey_t *key;

        if (strlen(cert->serial_hex) != 2 * cert->serial.len || strlen(cert->sha256) != 64) {
            abort();
        }
        if (!cm_pubkey_parse(&key, cert->spki, pool)) {
            (void)cm_signed_verify(&cert->parts, key, pool);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
