/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate for a TLS server of this installation itself, which belongs to nobody. A governed
 * change (flow/change_authorities.c); everybody else's server asks under a profile.
 */
#ifndef CERTMGR_FLOW_SERVER_H
#define CERTMGR_FLOW_SERVER_H

#include <apr_tables.h>

#include "flow/sign.h"

enum { CM_SERVER_DAYS = 365 };

typedef struct {
    const char *ca;                  /* name of the issuing authority */
    cm_bytes_t csr;                  /* PEM, base64 of DER, or DER; its names are ignored */
    const apr_array_header_t *names; /* of const char *: DNS names, the first is the commonName */
} cm_server_plan_t;

/* What is to be signed, and by whom: server authentication for CM_SERVER_DAYS days, capped at the
 * authority's end. CM_E_REFUSED, CM_E_VALUE at the members of the change: /csr, /dns, /ca. */
cm_error_t *cm_server_describe(cm_cert_spec_t **spec, cm_issuer_t **issuer, const cm_ctx_t *ctx,
                               const cm_server_plan_t *plan);

#endif
