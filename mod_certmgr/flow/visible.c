/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/visible.h"

const char *cm_visible_owner(const cm_identity_t *who)
{
    return cm_identity_may(who, CM_MAY_SEE_GROUP) ? NULL : who->person->id;
}

int cm_visible_to(const cm_identity_t *who, const char *owner)
{
    const char *limit = cm_visible_owner(who);

    return !limit || (owner && strcmp(owner, limit) == 0);
}
