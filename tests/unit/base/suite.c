/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/suite.h"

const char unit_name[] = "base";
const unit_case_fn unit_cases[] = {bytes_case, text_case, json_case, secret_case, error_case, NULL};
