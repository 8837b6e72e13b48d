/* SPDX-License-Identifier: Apache-2.0
 *
 * Who sees whose objects. Other people's objects are not forbidden but not found.
 */
#ifndef CERTMGR_FLOW_VISIBLE_H
#define CERTMGR_FLOW_VISIBLE_H

#include "policy/identity.h"

/* Whether an object of this owner (a person id, or NULL: the authority's own) is visible. */
int cm_visible_to(const cm_identity_t *who, const char *owner);

/* The owner that a list is limited to; NULL: everybody's objects. */
const char *cm_visible_owner(const cm_identity_t *who);

#endif
