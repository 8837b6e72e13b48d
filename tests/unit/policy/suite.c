/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/suite.h"

const char unit_name[] = "policy";
const unit_case_fn unit_cases[] = {address_case,     config_case,        config_file_case,
                                   identity_case,    profile_case,       profile_check_case,
                                   evaluate_case,    weakkey_case,       lint_case,
                                   constraints_case, lint_policies_case, NULL};
