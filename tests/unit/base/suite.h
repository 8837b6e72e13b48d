/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_BASE_SUITE_H
#define CERTMGR_TESTS_BASE_SUITE_H

#include "unit/unit.h"

TCase *bytes_case(void);
TCase *text_case(void);
TCase *json_case(void);
TCase *secret_case(void);
TCase *error_case(void);

#endif
