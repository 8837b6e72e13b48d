/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests that waited too long: nobody decided on them, or their requester did not change what was
 * declined, for CertMgrRequestLife after their last event.
 */
#ifndef CERTMGR_FLOW_EXPIRE_H
#define CERTMGR_FLOW_EXPIRE_H

#include "base/context.h"

/* Whether there is such a request. */
cm_error_t *cm_expire_is_due(int *due, cm_ctx_t *ctx);

/* Job: end them, those that waited longest first, some hundred in one run. An event that comes at
 * the same time either comes first, and the request lives on, or is refused. */
cm_error_t *cm_expire_job(cm_ctx_t *ctx);

#endif
