/* SPDX-License-Identifier: Apache-2.0
 *
 * Who holds a role, counted, and the changes of people that need that count.
 */
#ifndef CERTMGR_STORE_HOLDERS_H
#define CERTMGR_STORE_HOLDERS_H

#include "store/people.h"

/* Active people who have the role by assignment: how many have, or ever had, a log-in (one that is
 * tied to them, or a certificate), and how many of them can log in now: by a tied one, or by a
 * certificate that is active and within its dates. */
typedef struct {
    apr_int64_t known, able;
    int is_kept; /* what cm_set_up_keep keeps */
} cm_holders_t;
cm_error_t *cm_role_holders(cm_holders_t *holders, cm_store_t *store, const char *role,
                            apr_time_t now, apr_pool_t *pool);

/* The same within a transaction, after everybody else who counts them so, or holds the rights, has
 * ended theirs. */
cm_error_t *cm_role_holders_in(cm_holders_t *holders, cm_txn_t *txn, const char *role,
                               apr_time_t now);

/* Keep for ever that dual control by this role is set up. */
cm_error_t *cm_set_up_keep(cm_txn_t *txn, const char *role, apr_time_t now);

/* Until the transaction ends nobody changes who may do what: each such change counts holders as
 * above. Others may hold the rights at the same time. */
cm_error_t *cm_rights_hold(cm_txn_t *txn);

/* CM_E_CONFLICT when the person is in this state, or is not there. */
cm_error_t *cm_person_set_state(cm_txn_t *txn, const char *person, const char *state);

#endif
