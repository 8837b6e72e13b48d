/* SPDX-License-Identifier: Apache-2.0
 *
 * Collectors of evidence: what httpd's modules know about the caller. Whether that is anybody is
 * decided elsewhere.
 */
#include "httpd/module.h"

#include <apr_optional.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_request.h>
#include <mod_ssl.h>

/* Whether the log-in may be one that a cookie carries. What is not known to come with each call in
 * a header of its own counts as such, so a module that nobody thought of is not trusted too far. */
static int rests_on_cookie(const char *type)
{
    static const char *const carried[] = {"Basic",   "Digest", "Negotiate", "Kerberos",
                                          "oauth20", "Bearer", NULL};

    for (int i = 0; carried[i]; i++) {
        if (strcasecmp(type, carried[i]) == 0) {
            return 0;
        }
    }
    return 1;
}

/* mod_ssl writes PEM: the lines between its two banners are base64. */
static void read_pem(cm_bytes_t *der, const char *pem, apr_pool_t *pool)
{
    static const char banner[] = "-----BEGIN CERTIFICATE-----";
    const char *start = pem ? strstr(pem, banner) : NULL;
    const char *end = start ? strstr(start + sizeof banner - 1, "-----END") : NULL;

    if (end) {
        start += sizeof banner - 1;
        if (cm_bytes_unbase64(der, apr_pstrmemdup(pool, start, (apr_size_t)(end - start)), pool)) {
            *der = cm_bytes_make(NULL, 0);
        }
    }
}

static const char *ask(request_rec *r, const char *variable)
{
    APR_OPTIONAL_FN_TYPE(ssl_var_lookup) *lookup = APR_RETRIEVE_OPTIONAL_FN(ssl_var_lookup);

    return lookup ? lookup(r->pool, r->server, r->connection, r, apr_pstrdup(r->pool, variable))
                  : NULL;
}

/* A certificate counts only when mod_ssl has verified it: with "optional_no_ca" it lets others in
 * too ("GENEROUS"). */
static void collect_certificate(cm_evidence_t *evidence, request_rec *r)
{
    const char *verified = ask(r, "SSL_CLIENT_VERIFY");

    if (verified && strcmp(verified, "SUCCESS") == 0) {
        read_pem(&evidence->certificate, ask(r, "SSL_CLIENT_CERT"), r->pool);
    }
}

/* What a reverse proxy says of the client. The address is that of the connection: mod_remoteip may
 * have put another into the request. The proxy's own certificate logs nobody in. */
static void collect_handed(cm_evidence_t *evidence, request_rec *r)
{
    evidence->certificate = cm_bytes_make(NULL, 0);
    evidence->handed = apr_table_get(r->headers_in, "Client-Cert");
}

/* How log-ins of a type are told: what contract and log call them, and for those of a provider the
 * method of the identity and the variables that say who vouches and for whom. A bearer token and a
 * session in the browser from one provider are the same person. */
static const struct login_t {
    const char *type, *login, *method, *issuer, *subject;
} logins[] = {{"openid-connect", "oidc", "oidc", "OIDC_CLAIM_iss", "OIDC_CLAIM_sub"},
              {"auth-openidc", "oidc", "oidc", "OIDC_CLAIM_iss", "OIDC_CLAIM_sub"},
              {"oauth20", "bearer", "oidc", "OIDC_CLAIM_iss", "OIDC_CLAIM_sub"},
              {"Mellon", "saml", "saml", "MELLON_IDP", "MELLON_NAME_ID"},
              {"Bearer", "bearer", NULL, NULL, NULL},
              {NULL, "user", NULL, NULL, NULL}};

static const struct login_t *login_of(const char *type)
{
    const struct login_t *row = logins;

    while (row->type && strcasecmp(row->type, type) != 0) {
        row++;
    }
    return row;
}

/* Variables of the request: a header can't set one. NULL when it is not there, empty, or one of
 * several: mod_auth_mellon numbers them, and an attribute that the provider has named IDP would
 * come before what the module itself says. */
static const char *variable(request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->subprocess_env, name);
    const char *second = apr_pstrcat(r->pool, name, "_1", NULL);

    return value && *value && !apr_table_get(r->subprocess_env, second) ? value : NULL;
}

/* r->user without ap_auth_type was set by something that does not authenticate. mod_ssl's
 * SSLUserName puts a part of the certificate there, and says "ClientCert": the certificate itself
 * is looked up in our records, and a name in it must not pass for somebody's log-in name. */
static int is_log_in(const request_rec *r)
{
    return r->user && *r->user && r->ap_auth_type && strcasecmp(r->ap_auth_type, "ClientCert") != 0;
}

static void collect_user(cm_evidence_t *evidence, request_rec *r)
{
    const char *realm = ap_auth_name(r);
    const struct login_t *row;

    if (!is_log_in(r)) {
        return;
    }
    row = login_of(r->ap_auth_type);
    evidence->user = r->user;
    evidence->login = row->login;
    evidence->realm = realm ? realm : "";
    evidence->from_cookie = rests_on_cookie(r->ap_auth_type);
    if (row->method) {
        evidence->method = row->method;
        evidence->issuer = variable(r, row->issuer);
        evidence->subject = variable(r, row->subject);
    }
}

void cm_evidence_collect(cm_evidence_t *evidence, request_rec *r, const cm_service_t *service)
{
    memset(evidence, 0, sizeof *evidence);
    collect_certificate(evidence, r);
    if (cm_config_is_proxy(service->config, r->connection->client_addr)) {
        collect_handed(evidence, r);
    }
    collect_user(evidence, r);
    cm_claims_attach(evidence, r, service);
}
