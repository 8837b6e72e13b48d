/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit log as rows. Events are inserted by cm_store_transact; here they are read and sealed.
 */
#ifndef CERTMGR_STORE_EVENTS_H
#define CERTMGR_STORE_EVENTS_H

#include "model/event.h"
#include "store/store.h"

/* For the waist alone: inserts the event, not sealed, whatever its position says. */
cm_error_t *cm_event_insert(cm_txn_t *txn, const cm_audit_event_t *event);

/* Events that are not sealed yet, oldest id first (chosen by "not yet sealed", never by "id >
 * last": a slow transaction commits a lower id later); array of cm_audit_event_t *. */
cm_error_t *cm_events_unsealed(apr_array_header_t **events, cm_store_t *store, int limit,
                               apr_pool_t *pool);

/* Number of unsealed events, and the time of the oldest (0: none). */
cm_error_t *cm_events_waiting(apr_int64_t *count, apr_time_t *oldest, cm_store_t *store,
                              apr_pool_t *pool);

/* Gives the event its place and inserts the leaf. */
cm_error_t *cm_event_seal(cm_txn_t *txn, const cm_audit_leaf_t *leaf);

/* Sealed events, and leaves, with position >= from, by position; arrays of cm_audit_event_t * and
 * of cm_audit_leaf_t *. */
cm_error_t *cm_events_page(apr_array_header_t **events, cm_store_t *store, apr_int64_t from,
                           int limit, apr_pool_t *pool);
cm_error_t *cm_leaves_page(apr_array_header_t **leaves, cm_store_t *store, apr_int64_t from,
                           int limit, apr_pool_t *pool);

/* By time and id, newest first. Never scans the table: of the criteria that are given the most
 * selective one leads through its index, and store/walk.h bounds the work for a page. */
cm_error_t *cm_events_find(cm_event_page_t *page, cm_store_t *store, const cm_event_query_t *query,
                           apr_pool_t *pool);

/* The statement that leads: the keys of at most query->limit events, and its arguments. What a test
 * asks the database about. */
enum { CM_EVENT_ARGS = 5 };
const cm_statement_t *cm_events_statement(cm_value_t *args, const cm_event_query_t *query);

/* CM_E_NOT_FOUND. */
cm_error_t *cm_event_read(cm_audit_event_t **event, cm_store_t *store, const char *id,
                          apr_pool_t *pool);

/* Heads with size > after, by size; array of cm_audit_head_t *. */
cm_error_t *cm_heads_page(apr_array_header_t **heads, cm_store_t *store, apr_int64_t after,
                          int limit, apr_pool_t *pool);

/* The head with the largest size; *head is NULL when there is none. */
cm_error_t *cm_head_newest(cm_audit_head_t **head, cm_store_t *store, apr_pool_t *pool);

/* The head with the largest size that is not above `size`; *head is NULL when there is none. */
cm_error_t *cm_head_within(cm_audit_head_t **head, cm_store_t *store, apr_int64_t size,
                           apr_pool_t *pool);

cm_error_t *cm_head_insert(cm_txn_t *txn, const cm_audit_head_t *head);

/* For this folder: rows of statements that select all columns of events. */
apr_array_header_t *cm_events_of(const cm_rows_t *rows, apr_pool_t *pool);

#endif
