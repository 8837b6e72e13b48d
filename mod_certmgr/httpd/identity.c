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

/* What contract and log call it; all but the certificate's are looked up as names. */
static const char *login_of(const char *type)
{
    static const struct {
        const char *type, *login;
    } known[] = {{"openid-connect", "oidc"}, {"auth-openidc", "oidc"}, {"Mellon", "saml"},
                 {"oauth20", "bearer"},      {"Bearer", "bearer"},     {NULL, NULL}};

    for (int i = 0; known[i].type; i++) {
        if (strcasecmp(type, known[i].type) == 0) {
            return known[i].login;
        }
    }
    return "user";
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
    if (is_log_in(r)) {
        const char *realm = ap_auth_name(r);

        evidence->user = r->user;
        evidence->login = login_of(r->ap_auth_type);
        evidence->realm = realm ? realm : "";
        evidence->from_cookie = rests_on_cookie(r->ap_auth_type);
    }
}

void cm_evidence_collect(cm_evidence_t *evidence, request_rec *r, const cm_config_t *config)
{
    memset(evidence, 0, sizeof *evidence);
    collect_certificate(evidence, r);
    if (cm_config_is_proxy(config, r->connection->client_addr)) {
        collect_handed(evidence, r);
    }
    collect_user(evidence, r);
}
