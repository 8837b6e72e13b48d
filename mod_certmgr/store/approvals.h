/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has approved which request.
 */
#ifndef CERTMGR_STORE_APPROVALS_H
#define CERTMGR_STORE_APPROVALS_H

#include "model/request.h"
#include "store/store.h"

/* Oldest first; array of cm_approval_t. */
cm_error_t *cm_approvals_list(apr_array_header_t **approvals, cm_store_t *store,
                              const char *request, apr_pool_t *pool);

/* The same within a transaction, into its pool. */
cm_error_t *cm_approvals_list_in(apr_array_header_t **approvals, cm_txn_t *txn,
                                 const char *request);

/* CM_E_CONFLICT with rule "store.unique" when this person has approved the request already. */
cm_error_t *cm_approval_insert(cm_txn_t *txn, const char *request, const cm_approval_t *approval);

/* Forget the one of this person. */
cm_error_t *cm_approval_delete(cm_txn_t *txn, const char *request, const char *person);

/* Forget them all. */
cm_error_t *cm_approvals_clear(cm_txn_t *txn, const char *request);

#endif
