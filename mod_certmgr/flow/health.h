/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_FLOW_HEALTH_H
#define CERTMGR_FLOW_HEALTH_H

#include "base/context.h"

typedef struct {
    const char *status;   /* "ok", "degraded" (token gone: no issuing) or "down" (no database) */
    const char *database; /* "ok" or "unreachable", "schema" */
    const char *token;    /* "ok" or "unreachable" */
} cm_health_t;

/* Looks at database and token now; never fails. Reasons go to the log. */
void cm_health_check(cm_health_t *health, const cm_ctx_t *ctx);

#endif
