/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_PROTO_SUITE_H
#define CERTMGR_TESTS_PROTO_SUITE_H

#include "unit/unit.h"

TCase *dispatch_case(void);
TCase *negotiate_case(void);
TCase *routes_case(void);
TCase *api_case(void);
TCase *public_case(void);
TCase *audit_case(void);

#endif
