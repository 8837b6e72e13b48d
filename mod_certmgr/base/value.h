/* SPDX-License-Identifier: Apache-2.0
 *
 * Typed values: what goes into a database statement and what comes out of a row.
 */
#ifndef CERTMGR_BASE_VALUE_H
#define CERTMGR_BASE_VALUE_H

#include <apr_time.h>

#include "base/bytes.h"

typedef enum { CM_NULL, CM_TEXT, CM_INTEGER, CM_BLOB } cm_value_kind_t;

typedef struct {
    cm_value_kind_t kind;
    apr_int64_t integer; /* CM_INTEGER; times are microseconds since 1970 in UTC */
    const char *text;    /* CM_TEXT, UTF-8 */
    cm_bytes_t blob;     /* CM_BLOB */
} cm_value_t;

/* NULL text and a blob without data become CM_NULL. */
cm_value_t cm_value_text(const char *text);
cm_value_t cm_value_integer(apr_int64_t integer);
cm_value_t cm_value_blob(cm_bytes_t blob);
/* A time of 0 means "none" and becomes CM_NULL. */
cm_value_t cm_value_time(apr_time_t time);

#endif
