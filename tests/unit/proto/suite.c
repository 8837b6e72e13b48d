/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/proto/suite.h"

const char unit_name[] = "proto";
const unit_case_fn unit_cases[] = {dispatch_case, negotiate_case, routes_case, api_case,
                                   public_case,   audit_case,     NULL};
