/* SPDX-License-Identifier: Apache-2.0
 *
 * Expressions of CertMgrRole, CertMgrGroup and CertMgrRegister in a real httpd: the body of a call
 * is one, parsed and evaluated for that call by httpd/claims.c, which is linked in place of the
 * module.
 *
 *     X-Kind: role, group or register      X-Claim: base64, which expressions see as
 * %{reqenv:CLAIM} X-Plant: the text is parsed at once, which ends the process over some texts: for
 * the self-test
 *
 * 200: "given", "not given", or "name " and the name that was found; 422: what is wrong.
 */
#include <ap_expr.h>
#include <apr_escape.h>
#include <apr_strings.h>
#include <http_protocol.h>

#include "httpd/module.h"
#include "policy/identity.h"

module AP_MODULE_DECLARE_DATA certmgr_module;

enum { BODY_MOST = 65536 };

static const struct {
    const char *name, *directive;
    int count;
    const char *first; /* before the expression, or NULL */
} kinds[] = {{"role", "CertMgrRole", 2, "officer"},
             {"group", "CertMgrGroup", 2, "web"},
             {"register", "CertMgrRegister", 1, NULL}};

static const char *header(const request_rec *r, const char *name)
{
    const char *value = apr_table_get(r->headers_in, name);

    return value ? value : "";
}

static const char *read_text(request_rec *r)
{
    char *text = apr_pcalloc(r->pool, BODY_MOST + 1);
    long len = 0, got = 0;

    if (ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) == OK && ap_should_client_block(r)) {
        while (len < BODY_MOST &&
               (got = ap_get_client_block(r, text + len, (apr_size_t)(BODY_MOST - len))) > 0) {
            len += got;
        }
    }
    return text;
}

static cm_error_t *read_claims(cm_claims_t *claims, const char *kind, const char *text,
                               apr_pool_t *pool)
{
    cm_line_t line = {.file = "fuzz.conf", .number = 1};
    cm_config_t *config;
    cm_error_t *error = cm_config_make(&config, pool);
    size_t i = 0;

    while (i < sizeof kinds / sizeof *kinds - 1 && strcmp(kinds[i].name, kind) != 0) {
        i++;
    }
    line.name = kinds[i].directive;
    if (!error) {
        const char *const words[] = {kinds[i].first ? kinds[i].first : text, text};

        error = cm_config_set(config, line.name, kinds[i].count, words, pool);
    }
    return error ? error : cm_claims_read(claims, config, &line, pool);
}

static const char *evaluate(request_rec *r, const cm_claims_t *claims)
{
    const cm_service_t service = {.claims = claims};
    cm_evidence_t evidence = {0};
    cm_identity_t who = {0};
    cm_person_t *person;

    cm_claims_attach(&evidence, r, &service);
    evidence.claim(&who, &evidence, r->pool);
    if (evidence.introduce(&person, &evidence, r->pool)) {
        return "an error";
    }
    if (person) {
        return apr_pstrcat(r->pool, "name ", person->name, NULL);
    }
    return who.roles || who.groups ? "given" : "not given";
}

static int handle(request_rec *r)
{
    cm_claims_t *claims = cm_claims_make(r->pool);
    const char *text, *claim = header(r, "X-Claim");
    cm_error_t *error;

    if (!r->handler || strcmp(r->handler, "expressions") != 0) {
        return DECLINED;
    }
    text = read_text(r);
    apr_table_setn(r->subprocess_env, "CLAIM", ap_pbase64decode(r->pool, claim));
    if (*header(r, "X-Plant")) {
        ap_expr_info_t info = {.flags = AP_EXPR_FLAG_DONT_VARY};

        ap_expr_parse(r->pool, r->pool, &info, text, NULL);
    }
    error = read_claims(claims, header(r, "X-Kind"), text, r->pool);
    ap_set_content_type(r, "text/plain");
    r->status = error ? 422 : 200;
    ap_rputs(error ? cm_error_text(error, r->pool) : evaluate(r, claims), r);
    return OK;
}

static void register_hooks(apr_pool_t *pool)
{
    (void)pool;
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_MIDDLE);
}

module AP_MODULE_DECLARE_DATA certmgr_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
#if defined(AP_MODULE_FLAG_NONE)
    AP_MODULE_FLAG_NONE
#endif
};
