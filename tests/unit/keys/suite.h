/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_KEYS_SUITE_H
#define CERTMGR_TESTS_KEYS_SUITE_H

#include "unit/unit.h"

TCase *uri_case(void);
TCase *sign_case(void);
TCase *public_case(void);
TCase *generate_case(void);
TCase *login_case(void);
TCase *session_case(void);
TCase *replug_case(void);

#endif
