/* SPDX-License-Identifier: Apache-2.0
 *
 * Leases: at most one holder of a job among all processes and nodes.
 */
#ifndef CERTMGR_STORE_LEASES_H
#define CERTMGR_STORE_LEASES_H

#include "store/store.h"

/* Take or prolong the lease `name` until `until`. *taken is 0 when another holder has it and its
 * time has not run out; one that begins more than its own length from now was taken before the
 * clock went back, and counts no more. */
typedef struct {
    const char *name;
    const char *holder; /* unique among nodes and processes */
    apr_time_t now, until;
} cm_lease_t;
cm_error_t *cm_lease_take(int *taken, cm_store_t *store, const cm_lease_t *lease, apr_pool_t *pool);

/* Nothing happens when somebody else has it. */
cm_error_t *cm_lease_drop(cm_store_t *store, const cm_lease_t *lease, apr_pool_t *pool);

#endif
