/* SPDX-License-Identifier: Apache-2.0 */
#include "store/leases.h"

typedef struct {
    const cm_lease_t *lease;
    int affected;
} lease_work_t;

static cm_error_t *take_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    lease_work_t *work = baton;
    const cm_lease_t *lease = work->lease;
    /* twice as long: the clocks of two nodes may differ by that much */
    const cm_value_t args[] = {cm_value_text(lease->name), cm_value_text(lease->holder),
                               cm_value_integer(lease->until), cm_value_integer(lease->now),
                               cm_value_integer(lease->until + (lease->until - lease->now))};

    (void)event;
    return cm_txn_execute(&work->affected, txn, cm_statement(CM_SQL_LEASE_TAKE), args);
}

static cm_error_t *drop_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    lease_work_t *work = baton;
    const cm_value_t args[] = {cm_value_text(work->lease->name),
                               cm_value_text(work->lease->holder)};

    (void)event;
    return cm_txn_execute(&work->affected, txn, cm_statement(CM_SQL_LEASE_DROP), args);
}

cm_error_t *cm_lease_take(int *taken, cm_store_t *store, const cm_lease_t *lease, apr_pool_t *pool)
{
    lease_work_t work = {.lease = lease};
    cm_error_t *error = cm_store_maintain(store, take_work, &work, pool);

    *taken = !error && work.affected > 0;
    return error;
}

cm_error_t *cm_lease_drop(cm_store_t *store, const cm_lease_t *lease, apr_pool_t *pool)
{
    lease_work_t work = {.lease = lease};

    return cm_store_maintain(store, drop_work, &work, pool);
}
