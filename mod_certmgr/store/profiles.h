/* SPDX-License-Identifier: Apache-2.0
 *
 * Versions of profiles.
 */
#ifndef CERTMGR_STORE_PROFILES_H
#define CERTMGR_STORE_PROFILES_H

#include "model/profile.h"
#include "store/store.h"

/* version 0: the newest. CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_profile_read(cm_profile_record_t **profile, cm_store_t *store, const char *name,
                            apr_int64_t version, apr_pool_t *pool);

/* The newest version of each, by name; array of cm_profile_record_t *. */
cm_error_t *cm_profiles_list(apr_array_header_t **profiles, cm_store_t *store, apr_pool_t *pool);

/* CM_E_CONFLICT when this version is there already. */
cm_error_t *cm_profile_insert(cm_txn_t *txn, const cm_profile_record_t *profile);

#endif
