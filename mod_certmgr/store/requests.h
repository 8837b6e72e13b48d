/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and their checklists.
 */
#ifndef CERTMGR_STORE_REQUESTS_H
#define CERTMGR_STORE_REQUESTS_H

#include "model/request.h"
#include "store/search.h"
#include "store/store.h"

/* With its checklist; CM_E_NOT_FOUND. */
cm_error_t *cm_request_read(cm_request_t **request, cm_store_t *store, const char *id,
                            apr_pool_t *pool);

/* Newest first, with their checklists, those that meet all criteria (-1 and NULL: not asked for).
 * Pages may be
 * short, as those of cm_certificates_search; items are cm_request_t *. */
typedef struct {
    int operation, state; /* cm_operation_t, cm_state_t */
    const char *profile, *requester;
    const apr_array_header_t *bounds; /* of cm_bound_t; NULL: everybody's */
    const char *before;
    int limit;
} cm_request_search_t;
cm_error_t *cm_requests_search(cm_page_t *page, cm_store_t *store,
                               const cm_request_search_t *search, apr_pool_t *pool);

/* Rows with the columns of CM_SQL_REQUEST_READ; those of one request stand together, one an item of
 * its checklist. Array of cm_request_t *. */
cm_error_t *cm_requests_of_rows(apr_array_header_t **requests, const cm_rows_t *rows,
                                apr_pool_t *pool);

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
} cm_request_lock_t;
cm_error_t *cm_request_lock(cm_request_t **request, cm_txn_t *txn, const cm_request_lock_t *lock);

/* Requests that are pending or declined, with their last event before `before`, the oldest first,
 * those behind `after` (NULL: from the start); array of cm_waiting_t. */
typedef struct {
    const char *id;
    apr_time_t updated;
} cm_waiting_t;
typedef struct {
    apr_time_t before;
    const cm_waiting_t *after;
    int limit;
} cm_waiting_page_t;
cm_error_t *cm_requests_waiting(apr_array_header_t **waiting, cm_store_t *store,
                                const cm_waiting_page_t *page, apr_pool_t *pool);

/* Put it from its state into "expired". CM_E_CONFLICT when the stored state is another by now, or
 * the last event is not before `before` any more. */
cm_error_t *cm_request_expire(cm_txn_t *txn, const cm_request_t *request, apr_time_t before,
                              apr_time_t now);

/* Take the signing of a request on: approved -> issuing, or issuing whose claim ran out. The claim
 * holds until `until`. CM_E_CONFLICT when somebody else has it. */
cm_error_t *cm_request_claim(cm_txn_t *txn, const char *id, const char *holder, apr_time_t until,
                             apr_time_t now);

/* Ids of requests that are approved, or issuing with a claim that ran out, those that nobody has
 * tried before those that failed; array of const char *. */
cm_error_t *cm_requests_stale(apr_array_header_t **ids, cm_store_t *store, apr_time_t now,
                              int limit, apr_pool_t *pool);

#endif
