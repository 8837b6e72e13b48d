/* SPDX-License-Identifier: Apache-2.0
 *
 * What one text of a profile says otherwise than another.
 */
#ifndef CERTMGR_POLICY_PROFILE_DIFF_H
#define CERTMGR_POLICY_PROFILE_DIFF_H

#include "base/json.h"

/* The differences between two documents, as an array of {"field": JSON Pointer, "from": value,
 * "to": value}; `from` is absent where a member was added, `to` where it was removed. Objects are
 * compared member by member and lists of objects element by element, other lists as a whole. An
 * empty array: they say the same, whatever the order of their members. The result lives in the
 * pool. */
json_t *cm_profile_diff(const json_t *from, const json_t *to, apr_pool_t *pool);

#endif
