/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of stores and transactions, for the waist and for migrations only.
 */
#ifndef CERTMGR_STORE_WORK_H
#define CERTMGR_STORE_WORK_H

#include "store/batch.h"
#include "store/link.h"
#include "store/turn.h"

struct cm_store_t {
    const cm_db_source_t *source;
    const cm_store_config_t *config;
    apr_interval_time_t deadline;
    int pgsql;
    cm_turn_t *turn; /* SQLite only */
    cm_batch_t *batch;
};

struct cm_txn_t {
    cm_link_t link;
    int waiting; /* inserts that were not sent yet */
    cm_step_t inserts[CM_STEPS_MAX];
};

#endif
