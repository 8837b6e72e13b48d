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

/* Whether an object of this owner (a person id, or NULL: the authority's own) and group (or NULL)
 * is visible. */
int cm_visible_to(const cm_identity_t *who, const char *owner, const char *group);

/* What one query of a list is limited to: an owner, or a group; both NULL: nothing. */
typedef struct {
    const char *owner, *group;
} cm_visible_t;

/* How a list is read under one limit: newest first, at most `limit` of them; array of pointers to
 * records that begin with their id. */
typedef struct {
    cm_error_t *(*read)(apr_array_header_t **items, const cm_visible_t *bound, const cm_ctx_t *ctx,
                        const void *baton);
    const void *baton;
    int limit;
} cm_visible_list_t;

/* What the caller may see of a list. Whose roles are limited to groups is answered by one query for
 * each group and one for the own objects, each on its own index and no longer than the page. */
cm_error_t *cm_visible_page(apr_array_header_t **items, const cm_ctx_t *ctx,
                            const cm_visible_list_t *list);

#endif
