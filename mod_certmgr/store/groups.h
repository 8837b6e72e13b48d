/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups, and what people are in them.
 */
#ifndef CERTMGR_STORE_GROUPS_H
#define CERTMGR_STORE_GROUPS_H

#include "model/group.h"
#include "model/person.h"
#include "store/store.h"

/* CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_group_read(cm_group_t **group, cm_store_t *store, const char *name,
                          apr_pool_t *pool);

/* By name, after the name `after` (NULL: from the first); array of cm_group_t *. */
cm_error_t *cm_groups_list(apr_array_header_t **groups, cm_store_t *store, const char *after,
                           int limit, apr_pool_t *pool);

/* What a person is in a group. */
typedef struct {
    const char *group;
    const char *person; /* id */
    const char *role;   /* a name of policy/roles.def, or CM_MEMBER */
} cm_group_seat_t;

/* The seats of after->group, ordered by person and role, behind that of after->person and
 * after->role (both "": from the first); array of cm_group_seat_t. */
cm_error_t *cm_group_people(apr_array_header_t **seats, cm_store_t *store,
                            const cm_group_seat_t *after, int limit, apr_pool_t *pool);

/* Names of the groups that list this profile, sorted; array of const char *. */
cm_error_t *cm_groups_of_profile(apr_array_header_t **names, cm_store_t *store, const char *profile,
                                 apr_pool_t *pool);

/* Without entries. CM_E_CONFLICT when it is there already. */
cm_error_t *cm_group_insert(cm_txn_t *txn, const cm_group_t *group);

/* With its domains and all seats in it. CM_E_CONFLICT when it is not there, or lists a profile. */
cm_error_t *cm_group_delete(cm_txn_t *txn, const char *name);

/* CM_E_NOT_FOUND when there is no such group (add), entry or seat (remove); CM_E_CONFLICT when it
 * is there already (add). */
cm_error_t *cm_group_add_entry(cm_txn_t *txn, const cm_group_entry_t *entry);
cm_error_t *cm_group_remove_entry(cm_txn_t *txn, const cm_group_entry_t *entry);
cm_error_t *cm_group_add_seat(cm_txn_t *txn, const cm_group_seat_t *seat);
cm_error_t *cm_group_remove_seat(cm_txn_t *txn, const cm_group_seat_t *seat);

#endif
