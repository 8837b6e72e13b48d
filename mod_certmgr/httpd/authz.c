/* SPDX-License-Identifier: Apache-2.0
 *
 * "Require certmgr-role ROLE...": our roles for any other place of this httpd. Granted to whoever
 * has one of them everywhere, by certificate or by the name that Apache's own authentication has
 * found. A role that is limited to a group does not count: what lies there belongs to no group.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_request.h>
#include <mod_auth.h>

APLOG_USE_MODULE(certmgr);

/* Roles are looked at while the configuration is read, so that configtest finds a wrong name. */
static const char *read_roles(cmd_parms *cmd, const char *line, const void **parsed)
{
    unsigned *roles = apr_pcalloc(cmd->pool, sizeof *roles);
    const char *word;

    while (*(word = ap_getword_conf(cmd->pool, &line))) {
        unsigned role = cm_role_of(word);

        if (!role) {
            return apr_psprintf(cmd->pool, "Require certmgr-role: there is no role \"%s\"", word);
        }
        *roles |= role;
    }
    *parsed = roles;
    return *roles ? NULL : "Require certmgr-role needs the name of a role";
}

/* NULL when nobody is there who may be somebody; why goes to the log. */
static const cm_identity_t *identify(request_rec *r, const cm_service_t *service)
{
    cm_evidence_t evidence;
    cm_identity_t *who;
    cm_error_t *error;
    cm_ctx_t ctx;

    cm_call_context(&ctx, r, service);
    cm_evidence_collect(&evidence, r, service);
    evidence.introduce = NULL; /* to look at a page of another place is not to come to us */
    error = cm_identity_resolve(&who, &ctx, &evidence);
    if (error) {
        cm_ctx_log_error(
            &ctx, cm_code_info(error->code)->status >= 500 ? CM_LOG_ERROR : CM_LOG_INFO, error);
        return NULL;
    }
    return who;
}

/* Without a user, httpd goes on to authenticate one and asks again; where no AuthType says how, it
 * would answer 500. */
static authz_status check_role(request_rec *r, const char *line, const void *parsed)
{
    const cm_server_t *server = ap_get_module_config(r->server->module_config, &certmgr_module);
    const cm_service_t *service = server->service;
    const unsigned *roles = parsed;
    const cm_identity_t *who;

    (void)line;
    if (!service || service->error) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "Require certmgr-role: the certificate manager is not configured");
        return AUTHZ_DENIED;
    }
    who = identify(r, service);
    if (who && (who->roles & *roles)) {
        return AUTHZ_GRANTED;
    }
    return !r->user && ap_auth_type(r) ? AUTHZ_DENIED_NO_USER : AUTHZ_DENIED;
}

static const authz_provider provider = {check_role, read_roles};

void cm_authz_register(apr_pool_t *pool)
{
    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "certmgr-role", AUTHZ_PROVIDER_VERSION,
                              &provider, AP_AUTH_INTERNAL_PER_CONF);
}
