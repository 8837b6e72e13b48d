/* SPDX-License-Identifier: Apache-2.0
 *
 * A profile as it is stored: a version of a JSON text. What it means is policy/profile.h.
 */
#ifndef CERTMGR_MODEL_PROFILE_H
#define CERTMGR_MODEL_PROFILE_H

#include <apr_time.h>

typedef struct {
    const char *name;
    apr_int64_t version; /* from 1; the highest is in force */
    const char *text;    /* JSON */
    apr_time_t created;
} cm_profile_record_t;

#endif
