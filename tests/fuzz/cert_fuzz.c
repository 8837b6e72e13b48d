/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates in any encoding: those that clients log in with.
 */
#include <apr_general.h>
#include <stdint.h>

#include "pki/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int ready;
    apr_pool_t *pool;
    cm_bytes_t der;
    cm_cert_t *cert;

    if (!ready) {
        apr_initialize();
        ready = 1;
    }
    apr_pool_create(&pool, NULL);
    if (!cm_cert_decode(&der, cm_bytes_make(data, size), pool) &&
        !cm_cert_parse(&cert, der, pool)) {
        cm_pubkey_t *key;

        if (strlen(cert->serial_hex) != 2 * cert->serial.len || strlen(cert->sha256) != 64) {
            abort();
        }
        if (!cm_pubkey_parse(&key, cert->spki, pool)) {
            (void)cm_signed_verify(&cert->parts, key, pool);
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
