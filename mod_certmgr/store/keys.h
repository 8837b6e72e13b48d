/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known of public keys. A key goes by the lower-case hex of the SHA-256 of its
 * SubjectPublicKeyInfo, as in cm_certificate_t.
 */
#ifndef CERTMGR_STORE_KEYS_H
#define CERTMGR_STORE_KEYS_H

#include "store/store.h"

typedef struct {
    int is_compromised; /* reported, or in a certificate revoked for keyCompromise */
    int is_taken;       /* in a certificate, whatever its status, that is not the person's: another
                           person's or one of this installation's own */
} cm_key_state_t;

/* One statement, by two indexes. */
cm_error_t *cm_key_state(cm_key_state_t *state, cm_store_t *store, const char *spki_sha256,
                         const char *person, apr_pool_t *pool);

/* Report a key; *is_new is 0 when it was reported before. */
cm_error_t *cm_key_report(int *is_new, cm_txn_t *txn, const char *spki_sha256, apr_time_t when);

/* Ids of the active and suspended certificates of the key, at most 200, newest first; array of
 * const char *. */
cm_error_t *cm_key_certificates(apr_array_header_t **ids, cm_store_t *store,
                                const char *spki_sha256, apr_pool_t *pool);

#endif
