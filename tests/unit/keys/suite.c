/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/keys/suite.h"

const char unit_name[] = "keys";
const unit_case_fn unit_cases[] = {uri_case,   sign_case,    public_case, generate_case,
                                   login_case, session_case, replug_case, NULL};
