/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections without httpd: for certmgrctl and tests. It behaves as mod_dbd does: a bounded pool
 * of connections, each checked (and reset in place when it broke) at every lease.
 */
#ifndef CERTMGR_STORE_SOURCE_H
#define CERTMGR_STORE_SOURCE_H

#include "store/store.h"

/* Opens no connection yet; at most `connections` at a time, and a lease waits for one until the
 * deadline of `config` (CM_E_BUSY). CM_E_CONFIG when the driver is not there. Connections are
 * closed with the pool. */
cm_error_t *cm_source_make(const cm_db_source_t **source, const cm_store_config_t *config,
                           int connections, apr_pool_t *pool);

#endif
