/* SPDX-License-Identifier: Apache-2.0
 *
 * The JSON API, below /api/v1.
 */
#ifndef CERTMGR_PROTO_REST_REST_H
#define CERTMGR_PROTO_REST_REST_H

#include "proto/proto.h"

#define CM_REST_ROOT "/api/v1"

const cm_route_t *cm_rest_routes(void);

#endif
