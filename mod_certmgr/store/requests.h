/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and their checklists.
 */
#ifndef CERTMGR_STORE_REQUESTS_H
#define CERTMGR_STORE_REQUESTS_H

#include "model/request.h"
#include "store/store.h"

/* With its checklist; CM_E_NOT_FOUND. */
cm_error_t *cm_request_read(cm_request_t **request, cm_store_t *store, const char *id,
                            apr_pool_t *pool);

/* Newest first, those with an id below `before` (NULL: from the newest), with their checklists.
 * operation -1: all; of one requester, or else of one group, or with both NULL everybody's. Array
 * of cm_request_t *. */
typedef struct {
    int operation;
    const char *requester, *group;
    const char *before;
    int limit;
} cm_request_query_t;
cm_error_t *cm_requests_list(apr_array_header_t **requests, cm_store_t *store,
                             const cm_request_query_t *query, apr_pool_t *pool);

/* With its checklist. */
cm_error_t *cm_request_insert(cm_txn_t *txn, const cm_request_t *request);

/* Stores state, updated, message, wish, csr, certificate, group and checklist of `request`.
 * CM_E_CONFLICT when the stored state is not `from` any more. */
cm_error_t *cm_request_move(cm_txn_t *txn, const cm_request_t *request, cm_state_t from);

/* The request as it is now, kept from everybody else until the transaction ends. CM_E_CONFLICT when
 * the stored state is not `from`. */
typedef struct {
    const char *id;
    cm_state_t from;
    apr_time_t now;
} cm_request_lock_t;
cm_error_t *cm_request_lock(cm_request_t **request, cm_txn_t *txn, const cm_request_lock_t *lock);

/* Ids of requests that are pending or declined, with their last event before `before`, the oldest
 * first; array of const char *. */
cm_error_t *cm_requests_waiting(apr_array_header_t **ids, cm_store_t *store, apr_time_t before,
                                int limit, apr_pool_t *pool);

/* Put it from its state into "expired". CM_E_CONFLICT when the stored state is another by now, or
 * the last event is not before `before` any more. */
cm_error_t *cm_request_expire(cm_txn_t *txn, const cm_request_t *request, apr_time_t before,
                              apr_time_t now);

/* Take the signing of a request on: approved -> issuing, or issuing whose claim ran out. The claim
 * holds until `until`. CM_E_CONFLICT when somebody else has it. */
cm_error_t *cm_request_claim(cm_txn_t *txn, const char *id, const char *holder, apr_time_t until,
                             apr_time_t now);

/* Ids of requests that are approved, or issuing with a claim that ran out; array of const char *.
 */
cm_error_t *cm_requests_stale(apr_array_header_t **ids, cm_store_t *store, apr_time_t now,
                              int limit, apr_pool_t *pool);

#endif
