/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

TCase *public_case(void)
{
    return token_case("public");
}
