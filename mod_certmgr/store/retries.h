/* SPDX-License-Identifier: Apache-2.0
 *
 * What was asked for with an Idempotency-Key, so that a call that is sent again is not done again.
 */
#ifndef CERTMGR_STORE_RETRIES_H
#define CERTMGR_STORE_RETRIES_H

#include "store/store.h"

typedef struct {
    const char *person;  /* id of the caller: keys of others don't meet */
    const char *key;     /* chosen by the caller */
    const char *digest;  /* of what was sent with it, hex */
    const char *request; /* id of the request made or acted upon */
} cm_retry_record_t;

/* Fills in digest and request of person and key; CM_E_NOT_FOUND. */
cm_error_t *cm_retry_read(cm_retry_record_t *record, cm_store_t *store, apr_pool_t *pool);

/* CM_E_CONFLICT with rule "store.unique" when the key was used before. */
cm_error_t *cm_retry_insert(cm_txn_t *txn, const cm_retry_record_t *record, apr_time_t now);

/* Whether there are any from before this time; forget them. */
cm_error_t *cm_retries_are_old(int *old, cm_store_t *store, apr_time_t before, apr_pool_t *pool);
cm_error_t *cm_retries_prune(cm_txn_t *txn, apr_time_t before);

#endif
