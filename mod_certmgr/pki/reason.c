/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/reason.h"

#include <string.h>

/* 7 is not used (RFC 5280 5.3.1) */
static const char *const names[] = {
    "unspecified",   "keyCompromise",        "cACompromise",    "affiliationChanged",
    "superseded",    "cessationOfOperation", "certificateHold", NULL,
    "removeFromCRL", "privilegeWithdrawn",   "aACompromise"};

enum { NAMES = sizeof names / sizeof *names };

const char *cm_reason_name(int reason)
{
    return reason >= 0 && reason < NAMES ? names[reason] : NULL;
}

int cm_reason_find(const char *name)
{
    for (int i = 0; i < NAMES; i++) {
        if (names[i] && strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}
