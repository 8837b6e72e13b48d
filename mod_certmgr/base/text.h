/* SPDX-License-Identifier: Apache-2.0
 *
 * Text as people and protocols write it. Strings are UTF-8 and end with NUL.
 */
#ifndef CERTMGR_BASE_TEXT_H
#define CERTMGR_BASE_TEXT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"

/* Control characters, quotes left alone, as \xNN: safe in one line of a log. Bytes that are no
 * UTF-8 are escaped too. */
const char *cm_text_escape(const char *text, apr_pool_t *pool);

/* True when the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, no NUL).
 */
int cm_text_is_utf8(cm_bytes_t bytes);

/* Whether the text is in an array of const char *; NULL is an empty one. */
int cm_text_is_among(const apr_array_header_t *list, const char *text);

/* RFC 3339 in UTC with "Z" and whole seconds: 2026-11-22T16:03:46Z */
const char *cm_text_time(apr_time_t time, apr_pool_t *pool);

/* Reads what cm_text_time writes, and fractions of a second; other offsets than Z are CM_E_VALUE.
 */
cm_error_t *cm_text_parse_time(apr_time_t *time, const char *text, apr_pool_t *pool);

/* A whole decimal number between min and max, else CM_E_VALUE. */
cm_error_t *cm_text_integer(apr_int64_t *value, const char *text, apr_int64_t min, apr_int64_t max,
                            apr_pool_t *pool);

/* "90d", "12h", "30m", "45s", or a sum such as "1d12h", in seconds; else CM_E_VALUE. */
cm_error_t *cm_text_duration(apr_int64_t *seconds, const char *text, apr_pool_t *pool);

/* The reverse of cm_text_duration, in the largest units that fit. */
const char *cm_text_of_duration(apr_int64_t seconds, apr_pool_t *pool);

/* Lower-case copy, ASCII only: for host names and hex. */
const char *cm_text_lower(const char *text, apr_pool_t *pool);

#endif
