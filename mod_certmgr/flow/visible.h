/* SPDX-License-Identifier: Apache-2.0
 *
 * Who sees whose objects. Everybody sees their own; a role that sees those of others shows them
 * all, or those of the group that it is limited to. Other people's objects are not forbidden but
 * not found.
 */
#ifndef CERTMGR_FLOW_VISIBLE_H
#define CERTMGR_FLOW_VISIBLE_H

#include "base/context.h"
#include "policy/identity.h"
#include "store/search.h"

/* Whether an object of this owner (a person id, or NULL: the authority's own) and group (or NULL)
 * is visible. */
int cm_visible_to(const cm_identity_t *who, const char *owner, const char *group);

/* What lists are limited to: an array of cm_bound_t, or NULL for everything, which is also what a
 * command sees. */
const apr_array_header_t *cm_visible_bounds(const cm_ctx_t *ctx);

#endif
