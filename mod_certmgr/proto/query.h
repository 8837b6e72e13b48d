/* SPDX-License-Identifier: Apache-2.0
 *
 * Parameters of a URL's query, read by a table of members as JSON bodies are.
 */
#ifndef CERTMGR_PROTO_QUERY_H
#define CERTMGR_PROTO_QUERY_H

#include "base/json.h"

/* query: "a=b&c=d" as it was sent, or NULL. Members are CM_JSON_TEXT or CM_JSON_INTEGER. Errors as
 * cm_json_read's (the field is "/name"), and CM_E_VALUE with rule "query.twice" or
 * "query.encoding". */
cm_error_t *cm_query_read(void *record, const cm_json_member_t *members, const char *query,
                          apr_pool_t *pool);

#endif
