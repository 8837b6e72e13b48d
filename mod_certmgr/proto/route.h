/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of routes. {name} stands for one segment, or for the part of it that a literal tail leaves
 * over ("/crl/{name}.crl"); it is never empty. A closing "*" stands for a non-empty rest, slashes
 * included.
 */
#ifndef CERTMGR_PROTO_ROUTE_H
#define CERTMGR_PROTO_ROUTE_H

#include "proto/proto.h"

/* Whether `path` is of this pattern; then `words` gets the value of each name ("*" for the rest).
 */
int cm_route_match(apr_table_t *words, const char *pattern, const char *path);

typedef struct {
    const cm_protocol_t *protocol; /* of the first route with this path, or NULL */
    const cm_route_t *route;       /* NULL: no route with this path and method */
    const char *allow;             /* methods of this path for Allow; NULL: no such path */
} cm_route_found_t;

/* HEAD is served by the route of GET. Fills call->route and
 * call->words. */
void cm_route_find(cm_route_found_t *found, const cm_protocol_t *protocols, cm_call_t *call,
                   apr_pool_t *pool);

#endif
