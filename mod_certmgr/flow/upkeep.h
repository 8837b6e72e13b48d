/* SPDX-License-Identifier: Apache-2.0
 *
 * Upkeep: what a job does for each authority that needs it.
 */
#ifndef CERTMGR_FLOW_UPKEEP_H
#define CERTMGR_FLOW_UPKEEP_H

#include "base/context.h"
#include "model/authority.h"

typedef struct {
    /* reads only */
    cm_error_t *(*is_due)(int *due, const cm_authority_t *authority, const cm_ctx_t *ctx);
    cm_error_t *(*run)(const cm_ctx_t *ctx, const char *ca);
} cm_upkeep_t;

/* Whether any authority needs it. What can't be learnt of one hides no other: an error comes back
 * only where none is due. */
cm_error_t *cm_upkeep_is_due(int *due, const cm_upkeep_t *upkeep, const cm_ctx_t *ctx);

/* Run it for each authority that needs it, also after one failed; returns the errors, joined.
 * CM_E_CONFLICT is none: somebody else did it. */
cm_error_t *cm_upkeep_run(const cm_upkeep_t *upkeep, const cm_ctx_t *ctx);

#endif
