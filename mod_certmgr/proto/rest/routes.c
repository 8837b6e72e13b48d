/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rest/answers.h"
#include "proto/rest/audit.h"
#include "proto/rest/rest.h"

enum { BODY_MAX = 65536, EVENT_MAX = 65536 }; /* bytes */

/* clang-format off */
/* The routes of one operation's collection. */
#define COLLECTION(name, title, may)                                                                \
    {.method = "POST", .path = CM_REST_ROOT "/" name, .permission = may,                            \
     .flags = CM_ROUTE_CHANGES, .accepts = "application/json", .max_body = BODY_MAX,                \
     .members = cm_rest_submission_members, .run = cm_rest_submit, .answers = "Request",            \
     .statuses = "201 202", .summary = title},                                                      \
    {.method = "GET", .path = CM_REST_ROOT "/" name, .permission = CM_MAY_SEE,                      \
     .query = cm_request_list_members, .run = cm_rest_requests, .answers = "RequestList",           \
     .summary = "Requests of this operation: " name},                                               \
    {.method = "GET", .path = CM_REST_ROOT "/" name "/{id}", .permission = CM_MAY_SEE,              \
     .run = cm_rest_request, .answers = "Request", .summary = "One request: " name},                \
    {.method = "POST", .path = CM_REST_ROOT "/" name "/{id}/events", .permission = may,             \
     .flags = CM_ROUTE_CHANGES, .accepts = "application/json", .max_body = EVENT_MAX,               \
     .members = cm_rest_action_members, .run = cm_rest_act, .answers = "Request",                   \
     .summary = "Act on a request: " name}

static const cm_route_t routes[] = {
    {.method = "GET", .path = CM_REST_ROOT "/me", .permission = CM_MAY_SEE,
     .run = cm_rest_me, .answers = "Me", .summary = "Who the caller is"},
    {.method = "GET", .path = CM_REST_ROOT "/health", .permission = CM_MAY_ANYONE,
     .run = cm_rest_health, .answers = "Health", .statuses = "200 503",
     .summary = "Whether database and token can be reached"},
    {.method = "GET", .path = CM_REST_ROOT "/openapi.json", .permission = CM_MAY_ANYONE,
     .flags = CM_ROUTE_PUBLIC_CACHE, .run = cm_rest_openapi, .answers = "application/json",
     .summary = "This document"},
    COLLECTION("enroll", "Enroll a new certificate", CM_MAY_OWN),
    COLLECTION("renew", "Same key and names, new dates", CM_MAY_OWN),
    COLLECTION("rekey", "New key, same names and same expiry", CM_MAY_OWN),
    COLLECTION("suspend", "Put a certificate on hold", CM_MAY_OWN),
    COLLECTION("reinstate", "Lift a hold", CM_MAY_OWN),
    COLLECTION("revoke", "End a certificate before its time", CM_MAY_OWN),
    COLLECTION("change", "Change people, roles, profiles or authorities under dual control", CM_MAY_PROPOSE),
    {.method = "GET", .path = CM_REST_ROOT "/requests", .permission = CM_MAY_SEE,
     .query = cm_request_list_members, .run = cm_rest_requests, .answers = "RequestList",
     .summary = "Requests of all operations"},
    {.method = "GET", .path = CM_REST_ROOT "/requests/{id}", .permission = CM_MAY_SEE,
     .run = cm_rest_request, .answers = "Request", .summary = "One request"},
    {.method = "GET", .path = CM_REST_ROOT "/profiles", .permission = CM_MAY_SEE,
     .run = cm_rest_profiles, .answers = "ProfileList",
     .summary = "Certificate profiles that the caller may use or see"},
    {.method = "GET", .path = CM_REST_ROOT "/profiles/schema.json", .permission = CM_MAY_SEE,
     .run = cm_rest_profile_schema, .answers = "application/schema+json",
     .summary = "JSON Schema of the files of profiles"},
    {.method = "GET", .path = CM_REST_ROOT "/profiles/{name}", .permission = CM_MAY_SEE,
     .run = cm_rest_profile, .answers = "Profile", .summary = "One certificate profile"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates", .permission = CM_MAY_SEE,
     .query = cm_certificate_list_members, .run = cm_rest_certificates, .answers = "CertificateList",
     .summary = "Certificates, or those that meet all criteria given"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates/{id}/chain.pem",
     .permission = CM_MAY_SEE, .run = cm_rest_chain,
     .answers = "application/pem-certificate-chain",
     .summary = "A certificate and those of its issuers, PEM"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates/{id}.cer", .permission = CM_MAY_SEE,
     .run = cm_rest_cer, .answers = "application/pkix-cert", .summary = "A certificate, DER"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates/{id}.pem", .permission = CM_MAY_SEE,
     .run = cm_rest_pem, .answers = "application/x-pem-file", .summary = "A certificate, PEM"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates/{id}.p7b", .permission = CM_MAY_SEE,
     .run = cm_rest_p7b, .answers = "application/pkcs7-mime",
     .summary = "A certificate and those of its issuers, PKCS #7"},
    {.method = "GET", .path = CM_REST_ROOT "/certificates/{id}", .permission = CM_MAY_SEE,
     .run = cm_rest_certificate,
     .answers = "Certificate application/pkix-cert application/x-pem-file application/pkcs7-mime "
                "application/pem-certificate-chain",
     .summary = "One certificate, in the form that Accept asks for"},
    {.method = "GET", .path = CM_REST_ROOT "/audit", .permission = CM_MAY_AUDIT,
     .query = cm_audit_members, .run = cm_rest_events, .answers = "AuditEventList",
     .summary = "Events of the audit log"},
    {.method = "GET", .path = CM_REST_ROOT "/audit.csv", .permission = CM_MAY_AUDIT,
     .query = cm_audit_members + CM_AUDIT_FILTERS, .run = cm_rest_events_csv,
     .answers = "text/csv", .summary = "All events that the filters let through, as CSV"},
    {.method = "GET", .path = CM_REST_ROOT "/audit/head", .permission = CM_MAY_AUDIT,
     .run = cm_rest_head, .answers = "AuditHead", .summary = "The newest signed head"},
    {.method = "GET", .path = CM_REST_ROOT "/audit/refusals", .permission = CM_MAY_AUDIT,
     .query = cm_stranger_members, .run = cm_rest_strangers, .answers = "RefusalCountList",
     .summary = "How many calls of strangers were refused, by hour and rule"},
    {.method = "GET", .path = CM_REST_ROOT "/audit/{id}", .permission = CM_MAY_AUDIT,
     .run = cm_rest_event, .answers = "ProvenAuditEvent",
     .summary = "One event, with the proof that it is in the sealed log"},
    {.method = NULL}};
/* clang-format on */

const cm_route_t *cm_rest_routes(void)
{
    return routes;
}
