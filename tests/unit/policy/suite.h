/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_POLICY_SUITE_H
#define CERTMGR_TESTS_POLICY_SUITE_H

#include "unit/unit.h"

TCase *address_case(void);
TCase *config_case(void);
TCase *constraints_case(void);
TCase *config_file_case(void);
TCase *evaluate_case(void);
TCase *identity_case(void);
TCase *lint_case(void);
TCase *lint_policies_case(void);
TCase *profile_case(void);
TCase *profile_check_case(void);
TCase *weakkey_case(void);

/* The text of conf/profiles/user.json with the members of a JSON object replaced, objects member by
 * member. */
cm_bytes_t patched_profile(const char *patch);

#endif
