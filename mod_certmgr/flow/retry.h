/* SPDX-License-Identifier: Apache-2.0
 *
 * Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a call that is sent again with the
 * same key is not done again. The key is stored in the transaction of what it did; a call that was
 * refused leaves none. A key is known for CM_RETRY_DAYS.
 */
#ifndef CERTMGR_FLOW_RETRY_H
#define CERTMGR_FLOW_RETRY_H

#include "base/context.h"
#include "store/retries.h"

enum { CM_RETRY_DAYS = 7 };

typedef struct cm_retry_t {
    const char *key;    /* chosen by the caller */
    const char *digest; /* hex of a hash of where and what was sent */
} cm_retry_t;

/* *request: id of the request this key stands for, or NULL when it was not used yet (also when
 * `retry` is NULL). CM_E_REFUSED with rule "idempotency.body" when it was sent with something else.
 */
cm_error_t *cm_retry_find(const char **request, const cm_ctx_t *ctx, const cm_retry_t *retry);

/* Keep it; nothing to do for NULL. */
cm_error_t *cm_retry_keep(cm_txn_t *txn, const cm_ctx_t *ctx, const cm_retry_t *retry,
                          const char *request);

/* Whether this error of a transaction may mean that the same call was done at the same time. */
int cm_retry_lost(const cm_error_t *error, const cm_retry_t *retry);

/* Job: forget old keys. */
cm_error_t *cm_retry_is_due(int *due, cm_ctx_t *ctx);
cm_error_t *cm_retry_job(cm_ctx_t *ctx);

#endif
