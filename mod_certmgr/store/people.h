/* SPDX-License-Identifier: Apache-2.0
 *
 * People, their log-ins and their roles.
 */
#ifndef CERTMGR_STORE_PEOPLE_H
#define CERTMGR_STORE_PEOPLE_H

#include "model/person.h"
#include "store/store.h"

/* A log-in: what an identity provider, or Apache, vouches for. Unique. */
typedef struct {
    const char *method;  /* "user" (r->user), "oidc" (also by bearer token) or "saml" */
    const char *issuer;  /* who vouches: AuthName, or the provider; "" for "user": any AuthName */
    const char *subject; /* the name there */
} cm_login_t;

/* Reads with roles; CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_person_read(cm_person_t **person, cm_store_t *store, const char *id,
                           apr_pool_t *pool);
/* The same within a transaction, into its pool. */
cm_error_t *cm_person_read_in(cm_person_t **person, cm_txn_t *txn, const char *id);

cm_error_t *cm_person_by_login(cm_person_t **person, cm_store_t *store, const cm_login_t *login,
                               apr_pool_t *pool);

/* Whether anybody has this mail address, in whatever case its letters are. */
cm_error_t *cm_person_has_mail(int *has, cm_store_t *store, const char *mail, apr_pool_t *pool);

/* Oldest first, after the id `after` (NULL: from the start); array of cm_person_t *. */
cm_error_t *cm_people_list(apr_array_header_t **people, cm_store_t *store, const char *after,
                           int limit, apr_pool_t *pool);

/* cm_person_insert: with roles. CM_E_CONFLICT when the id, the log-in or the assignment is there
 * already. */
cm_error_t *cm_person_insert(cm_txn_t *txn, const cm_person_t *person);
cm_error_t *cm_person_add_login(cm_txn_t *txn, const char *person, const cm_login_t *login);
cm_error_t *cm_person_add_role(cm_txn_t *txn, const char *person, const char *role);

/* The log-ins of a person; array of cm_login_t. */
cm_error_t *cm_person_logins(apr_array_header_t **logins, cm_store_t *store, const char *person,
                             apr_pool_t *pool);

/* CM_E_NOT_FOUND when there is no such log-in or assignment. */
cm_error_t *cm_person_remove_login(cm_txn_t *txn, const char *person, const cm_login_t *login);
cm_error_t *cm_person_remove_role(cm_txn_t *txn, const char *person, const char *role);

#endif
