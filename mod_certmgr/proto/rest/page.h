/* SPDX-License-Identifier: Apache-2.0
 *
 * Pages of lists, as every list of the API has them: the parameters `limit` and `before`, the
 * items, and the address of the page that follows.
 */
#ifndef CERTMGR_PROTO_REST_PAGE_H
#define CERTMGR_PROTO_REST_PAGE_H

#include "base/json.h"
#include "proto/proto.h"
#include "proto/rest/schema.h"

enum { CM_LIST_LIMIT_MAX = 200, CM_LIST_LIMIT_DEFAULT = 50 };

extern const char cm_list_limit_about[], cm_list_before_about[];

typedef struct {
    const apr_array_header_t *items; /* of const void * */
    const char *next;
} cm_list_t;

/* The first two parameters of a list. `record` has them as members of these names; cursor_max: the
 * longest `before`. */
/* clang-format off */
#define CM_LIST_MEMBERS(record, cursor_max)                                                        \
    {"limit", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(record, limit), CM_LIST_LIMIT_MAX,       \
     cm_list_limit_about},                                                                         \
    {"before", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(record, before), cursor_max,               \
     cm_list_before_about}

/* The fields of a cm_list_t whose items are of `schema`. */
#define CM_LIST_FIELDS(schema, about)                                                              \
    {"items", CM_FIELD_RECORDS, 0, offsetof(cm_list_t, items), &(schema), NULL, about},            \
    {"next", CM_FIELD_TEXT, 1, offsetof(cm_list_t, next), NULL, NULL, "Address of the next page."},\
    {.name = NULL}
/* clang-format on */

/* Errors: CM_E_VALUE with rule "value.limit". */
cm_error_t *cm_list_check_limit(apr_int64_t limit, apr_pool_t *pool);

/* An absolute path with the parameters of the call, read into `words` by the table of its route,
 * that begins at `before`; NULL where that is NULL. Times that were not given are 0 or
 * APR_INT64_MAX. */
const char *cm_list_next(const cm_call_t *call, const void *words, const char *before,
                         apr_pool_t *pool);

#endif
