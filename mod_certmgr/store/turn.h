/* SPDX-License-Identifier: Apache-2.0
 *
 * Writers of an SQLite database take turns before BEGIN, within the process by a mutex and between
 * processes by a record lock on the file "<database>-writer", which certmgrctl takes as well.
 */
#ifndef CERTMGR_STORE_TURN_H
#define CERTMGR_STORE_TURN_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/error.h"

typedef struct cm_turn_t cm_turn_t;

/* The file is made by the first turn, with owner and mode of the database. */
cm_error_t *cm_turn_make(cm_turn_t **turn, const char *database, apr_pool_t *pool);

/* CM_E_BUSY when it is not our turn by `deadline`. */
cm_error_t *cm_turn_take(cm_turn_t *turn, apr_time_t deadline, apr_pool_t *pool);
void cm_turn_give(cm_turn_t *turn);

#endif
