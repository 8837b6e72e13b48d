/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/crl/crl.h"
#include "proto/ocsp/ocsp.h"
#include "proto/problem.h"
#include "proto/rest/rest.h"

const cm_protocol_t *cm_protocols(void)
{
    static const cm_protocol_t protocols[] = {
        {"rest", cm_rest_routes, cm_problem_reply, "The JSON API"},
        {"ocsp", cm_ocsp_routes, cm_ocsp_fail, "OCSP (RFC 6960)"},
        {"crl", cm_crl_routes, cm_problem_reply, "CRLs and CA certificates over HTTP (RFC 4387)"},
        {NULL, NULL, NULL, NULL}};

    return protocols;
}
