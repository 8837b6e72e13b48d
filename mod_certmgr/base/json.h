/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON on jansson. Bodies are read into plain records by a table of members, which is also what the
 * OpenAPI document is generated from: what a table does not list is refused.
 *
 *     static const cm_json_member_t members[] = {
 *         {"profile", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, profile), 100, "..."},
 *         {NULL}};
 *     error = cm_json_read(&body, members, object, "", pool);
 */
#ifndef CERTMGR_BASE_JSON_H
#define CERTMGR_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/error.h"

typedef enum {
    CM_JSON_TEXT,    /* const char *, UTF-8 without control characters, in the pool; limit: bytes */
    CM_JSON_LINES,   /* as CM_JSON_TEXT, tabs and line ends allowed (PEM, messages) */
    CM_JSON_INTEGER, /* apr_int64_t; limit: the largest value, the least is 0 */
    CM_JSON_FLAG,    /* int, 0 or 1 */
    CM_JSON_TIME,    /* apr_time_t, written as RFC 3339 in UTC */
    CM_JSON_TEXTS,   /* const apr_array_header_t * of const char *; limit: elements */
    CM_JSON_OBJECT,  /* const json_t *, borrowed from the document */
    CM_JSON_ARRAY    /* const json_t *, borrowed; limit: elements */
} cm_json_kind_t;

enum { CM_JSON_OPTIONAL = 0, CM_JSON_REQUIRED = 1 };

typedef struct {
    const char *name; /* NULL ends a table */
    cm_json_kind_t kind;
    int required;
    apr_size_t offset; /* of the member in the record */
    apr_int64_t limit; /* see cm_json_kind_t; 0: none beyond the body's own */
    const char *about; /* one sentence for the OpenAPI document */
} cm_json_member_t;

/* Parse one JSON text (RFC 8259): UTF-8, no duplicate members, nothing after it. CM_E_SYNTAX names
 * line and column. The document lives as long as the pool. */
cm_error_t *cm_json_parse(json_t **document, cm_bytes_t text, apr_pool_t *pool);

/* Read the members of `object` into `record`, which starts zeroed: absent optional members stay 0.
 * `at` is the JSON Pointer of the object. All violations are joined: CM_E_MEMBER for a member that
 * is not in the table, CM_E_VALUE for one that is missing, of another type or over its limit. */
cm_error_t *cm_json_read(void *record, const cm_json_member_t *members, const json_t *object,
                         const char *at, apr_pool_t *pool);

/* Compact text of a value, keys in order of insertion. */
cm_bytes_t cm_json_dump(const json_t *value, apr_pool_t *pool);

/* The same value always gives the same bytes: keys sorted (what is hashed and signed). */
cm_bytes_t cm_json_canonical(const json_t *value, apr_pool_t *pool);

/* A new object or array that is released with the pool. */
json_t *cm_json_object(apr_pool_t *pool);
json_t *cm_json_array(apr_pool_t *pool);

/* Set a member; NULL text and time 0 become JSON null. */
void cm_json_set_text(json_t *object, const char *name, const char *text);
void cm_json_set_time(json_t *object, const char *name, apr_time_t time);
void cm_json_set_integer(json_t *object, const char *name, apr_int64_t value);
void cm_json_set_flag(json_t *object, const char *name, int value);
/* Keeps a reference of its own to `value`. */
void cm_json_set(json_t *object, const char *name, json_t *value);

/* `at` with one more token, escaped as RFC 6901 section 3 asks. */
const char *cm_json_pointer(const char *at, const char *token, apr_pool_t *pool);

#endif
