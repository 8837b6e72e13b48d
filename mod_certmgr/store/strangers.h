/* SPDX-License-Identifier: Apache-2.0
 *
 * Refusals of strangers, counted by hour and rule. While an hour runs each process has rows of its
 * own, with what it has counted in this hour so far: written again they are the same. Once the hour
 * is in the audit log, one row without a holder is left for each rule.
 */
#ifndef CERTMGR_STORE_STRANGERS_H
#define CERTMGR_STORE_STRANGERS_H

#include "store/store.h"

typedef struct {
    apr_time_t hour;    /* when it began */
    const char *rule;   /* that refused them */
    const char *holder; /* process that counted, or "" */
    apr_int64_t refused;
} cm_stranger_count_t;

/* Within a transaction: what this process has counted in this hour. */
cm_error_t *cm_stranger_set(cm_txn_t *txn, const cm_stranger_count_t *count);

/* The oldest hour that began before `before` and is not in the audit log; 0: none. */
cm_error_t *cm_strangers_oldest(apr_time_t *hour, cm_store_t *store, apr_time_t before,
                                apr_pool_t *pool);

/* Within a transaction: some rows of processes of this hour, by rule; array of
 * cm_stranger_count_t *. */
cm_error_t *cm_strangers_open(apr_array_header_t **counts, cm_txn_t *txn, apr_time_t hour);

/* Add the count to the row without a holder, in place of its own. CM_E_CONFLICT when that has
 * changed. */
cm_error_t *cm_stranger_close(cm_txn_t *txn, const cm_stranger_count_t *count);

/* Sums over all holders, newest hour first, then by rule from Z to A; `until` and `until_rule` are
 * those of the last one seen. Array of cm_stranger_count_t *, holder NULL. */
typedef struct {
    apr_time_t until;
    const char *until_rule; /* NULL: before all rules of that hour */
    int limit;
} cm_stranger_query_t;
cm_error_t *cm_strangers_page(apr_array_header_t **counts, cm_store_t *store,
                              const cm_stranger_query_t *query, apr_pool_t *pool);

#endif
