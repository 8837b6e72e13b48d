/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes of groups, as parts of governed changes (flow/change.h): checked, described and stored.
 */
#ifndef CERTMGR_FLOW_GROUPS_H
#define CERTMGR_FLOW_GROUPS_H

#include "base/context.h"
#include "flow/audit.h"
#include "store/groups.h"

typedef enum {
    CM_GROUP_CREATE,
    CM_GROUP_REMOVE,
    CM_GROUP_ADD_PROFILE,
    CM_GROUP_REMOVE_PROFILE,
    CM_GROUP_ADD_DOMAIN,
    CM_GROUP_REMOVE_DOMAIN,
    CM_GROUP_ADD_PERSON,
    CM_GROUP_REMOVE_PERSON
} cm_group_verb_t;

typedef struct {
    cm_group_verb_t verb;
    const char *group;
    const char *value; /* name of a profile, a domain (DNS name), or id of a person; or NULL */
    const char *role;  /* of the person in the group; NULL: CM_MEMBER */
} cm_group_change_t;

/* Whether the change makes sense: CM_E_VALUE at /group, /profile, /domain, /person or /role.
 * Whether the group is there is seen when it is stored. */
cm_error_t *cm_group_change_check(const cm_ctx_t *ctx, const cm_group_change_t *change);

/* Inside a transaction: CM_E_CONFLICT when it is so already, CM_E_NOT_FOUND when there is no such
 * group, or nothing to take away. A group that lists profiles is not removed (CM_E_CONFLICT): they
 * would be open to everybody with it. */
cm_error_t *cm_group_change_store(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now);

/* Members of the audit event. */
void cm_group_change_record(cm_audit_draft_t *draft, const cm_group_change_t *change);

#endif
