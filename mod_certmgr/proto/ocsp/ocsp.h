/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP over HTTP (RFC 6960 appendix A, caching by RFC 5019 section 6.2).
 */
#ifndef CERTMGR_PROTO_OCSP_OCSP_H
#define CERTMGR_PROTO_OCSP_OCSP_H

#include "proto/proto.h"

const cm_route_t *cm_ocsp_routes(void);

/* An OCSPResponse with the error's status and HTTP status 200; only what concerns HTTP itself
 * (method, media type, size) is said in HTTP. */
void cm_ocsp_fail(cm_reply_t *reply, const cm_error_t *error, cm_ctx_t *ctx);

#endif
