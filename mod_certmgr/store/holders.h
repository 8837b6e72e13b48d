/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds a role, counted, and the changes of people that need that count.
 */
#ifndef CERTMGR_STORE_HOLDERS_H
#define CERTMGR_STORE_HOLDERS_H

#include "store/people.h"

/* How many active people have the role by assignment and a log-in: one that is tied to them, or a
 * certificate that was ever theirs. */
cm_error_t *cm_role_holders(apr_int64_t *count, cm_store_t *store, const char *role,
                            apr_pool_t *pool);

/* The same within a transaction, after everybody else who counts them so, or holds the rights, has
 * ended theirs. */
cm_error_t *cm_role_holders_in(apr_int64_t *count, cm_txn_t *txn, const char *role);

/* Until the transaction ends nobody changes who may do what: each such change counts holders as
 * above. Others may hold the rights at the same time. */
cm_error_t *cm_rights_hold(cm_txn_t *txn);

/* CM_E_CONFLICT when the person is in this state, or is not there. */
cm_error_t *cm_person_set_state(cm_txn_t *txn, const char *person, const char *state);

#endif
