/* SPDX-License-Identifier: Apache-2.0
 *
 * CRLs and CA certificates for everybody, at the addresses our certificates carry (RFC 5280
 * 4.2.1.13 and 4.2.2.1).
 */
#ifndef CERTMGR_PROTO_CRL_CRL_H
#define CERTMGR_PROTO_CRL_CRL_H

#include "proto/proto.h"

const cm_route_t *cm_crl_routes(void);

#endif
