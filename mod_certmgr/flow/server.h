/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate for the TLS server of this installation itself: it can't ask for one before it has
 * one. Only certmgrctl offers this; everybody else goes through a request.
 */
#ifndef CERTMGR_FLOW_SERVER_H
#define CERTMGR_FLOW_SERVER_H

#include <apr_tables.h>

#include "base/context.h"
#include "model/certificate.h"

enum { CM_SERVER_DAYS = 365 };

typedef struct {
    const char *ca;                  /* name of the issuing authority */
    cm_bytes_t csr;                  /* PEM, base64 of DER, or DER; its names are ignored */
    const apr_array_header_t *names; /* of const char *: DNS names, the first is the commonName */
} cm_server_plan_t;

/* Server authentication for CM_SERVER_DAYS days, capped at the authority's end. One transaction
 * with its audit event "authority.server". CM_E_REFUSED, CM_E_VALUE for the request. */
cm_error_t *cm_server_certificate(cm_certificate_t **made, cm_ctx_t *ctx,
                                  const cm_server_plan_t *plan);

#endif
