/* SPDX-License-Identifier: Apache-2.0
 *
 * What the configuration makes of the caller of a request: roles, groups, a name and a mail
 * address, by expressions of Apache.
 */
#include "httpd/module.h"

#include <ap_expr.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <http_log.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

APLOG_USE_MODULE(certmgr);

typedef struct {
    cm_config_claim_t claim;
    const ap_expr_info_t *condition;
} rule_t;

typedef struct {
    const ap_expr_info_t *name, *mail; /* mail may be NULL */
    const ap_expr_info_t *condition;   /* or NULL: always */
} registration_t;

struct cm_claims_t {
    apr_array_header_t *roles;         /* of rule_t */
    apr_array_header_t *groups;        /* of rule_t */
    apr_array_header_t *registrations; /* of registration_t */
};

cm_claims_t *cm_claims_make(apr_pool_t *pool)
{
    cm_claims_t *claims = apr_palloc(pool, sizeof *claims);

    claims->roles = apr_array_make(pool, 4, sizeof(rule_t));
    claims->groups = apr_array_make(pool, 4, sizeof(rule_t));
    claims->registrations = apr_array_make(pool, 1, sizeof(registration_t));
    return claims;
}

/* Before the handlers of httpd, which would take down what belongs to the parent. */
static void leave(void)
{
    _exit(2);
}

/* The scanner of httpd ends its process over some texts ("flex scanner jammed"), and with it, at a
 * reload, all of httpd. So a process of its own reads each text first. */
static int can_be_scanned(const char *text, ap_expr_info_t info, apr_pool_t *pool)
{
    apr_exit_why_e why;
    apr_proc_t child;
    int code = 0;
    apr_status_t status = apr_proc_fork(&child, pool);

    if (status == APR_INCHILD) {
        if (atexit(leave) == 0 && freopen("/dev/null", "w", stderr)) {
            ap_expr_parse(pool, pool, &info, text, NULL);
            _exit(0);
        }
        _exit(1);
    }
    return status == APR_INPARENT &&
           apr_proc_wait(&child, &code, &why, APR_WAIT) == APR_CHILD_DONE &&
           APR_PROC_CHECK_EXIT(why) && code == 0;
}

/* NULL text gives NULL. Not by the directive itself: an error there would end httpd at a reload. */
static cm_error_t *parse(const ap_expr_info_t **parsed, const char *text, unsigned flags,
                         const cm_line_t *line, apr_pool_t *pool)
{
    ap_expr_info_t *info = apr_pcalloc(pool, sizeof *info);
    const char *wrong;

    *parsed = NULL;
    if (!text) {
        return NULL;
    }
    info->filename = line->file;
    info->line_number = (unsigned)line->number;
    info->flags = flags | AP_EXPR_FLAG_DONT_VARY;
    info->module_index = APLOG_MODULE_INDEX;
    wrong = can_be_scanned(text, *info, pool) ? ap_expr_parse(pool, pool, info, text, NULL)
                                              : "it breaks off amid a string or a variable";
    *parsed = info;
    return wrong ? cm_error_locate(cm_error_make(pool, CM_E_CONFIG,
                                                 "%s: the expression \"%s\" can't be read: %s",
                                                 line->name, text, wrong),
                                   NULL, "config.expression")
                 : NULL;
}

static cm_error_t *read_rules(apr_array_header_t *rules, const apr_array_header_t *claims,
                              const cm_line_t *line, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = rules->nelts; !error && i < claims->nelts; i++) {
        rule_t *rule = apr_array_push(rules);

        rule->claim = APR_ARRAY_IDX(claims, i, cm_config_claim_t);
        error = parse(&rule->condition, rule->claim.condition, 0, line, pool);
    }
    return error;
}

cm_error_t *cm_claims_read(cm_claims_t *claims, const cm_config_t *config, const cm_line_t *line,
                           apr_pool_t *pool)
{
    cm_error_t *error = read_rules(claims->roles, config->role_claims, line, pool);

    if (!error) {
        error = read_rules(claims->groups, config->memberships, line, pool);
    }
    for (int i = claims->registrations->nelts; !error && i < config->registrations->nelts; i++) {
        const cm_config_registration_t *said =
            &APR_ARRAY_IDX(config->registrations, i, cm_config_registration_t);
        registration_t *registration = apr_array_push(claims->registrations);

        error = parse(&registration->name, said->name, AP_EXPR_FLAG_STRING_RESULT, line, pool);
        if (!error) {
            error = parse(&registration->mail, said->mail, AP_EXPR_FLAG_STRING_RESULT, line, pool);
        }
        if (!error) {
            error = parse(&registration->condition, said->condition, 0, line, pool);
        }
    }
    return error;
}

typedef struct {
    request_rec *r;
    const cm_claims_t *claims;
} caller_t;

static void report(const request_rec *r, const ap_expr_info_t *expr, const char *why)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "the expression of %s:%u can't be evaluated: %s",
                  expr->filename, expr->line_number, why);
}

/* What can't be evaluated gives nothing. */
static int holds(request_rec *r, const ap_expr_info_t *condition)
{
    const char *why = NULL;
    int answer = ap_expr_exec(r, condition, &why);

    if (why) {
        report(r, condition, why);
    }
    return !why && answer > 0;
}

static void claim(cm_identity_t *who, const cm_evidence_t *evidence, apr_pool_t *pool)
{
    const caller_t *caller = evidence->self;
    const apr_array_header_t *roles = caller->claims->roles, *groups = caller->claims->groups;

    for (int i = 0; i < roles->nelts; i++) {
        const rule_t *rule = &APR_ARRAY_IDX(roles, i, rule_t);

        if (holds(caller->r, rule->condition)) {
            cm_identity_grant(who, rule->claim.role, rule->claim.group, pool);
        }
    }
    for (int i = 0; i < groups->nelts; i++) {
        const rule_t *rule = &APR_ARRAY_IDX(groups, i, rule_t);

        if (holds(caller->r, rule->condition)) {
            cm_identity_join(who, rule->claim.group, pool);
        }
    }
}

static const char *text_of(request_rec *r, const ap_expr_info_t *expr)
{
    const char *why = NULL;
    const char *text = ap_expr_str_exec(r, expr, &why);

    if (why) {
        report(r, expr, why);
    }
    return !why && text && *text ? text : NULL;
}

static cm_error_t *introduce(cm_person_t **person, const cm_evidence_t *evidence, apr_pool_t *pool)
{
    const caller_t *caller = evidence->self;
    const apr_array_header_t *registrations = caller->claims->registrations;

    *person = NULL;
    for (int i = 0; i < registrations->nelts; i++) {
        const registration_t *line = &APR_ARRAY_IDX(registrations, i, registration_t);

        if (!line->condition || holds(caller->r, line->condition)) {
            const char *name = text_of(caller->r, line->name);

            *person = apr_pcalloc(pool, sizeof **person);
            (*person)->name = name ? name : "";
            (*person)->mail = line->mail ? text_of(caller->r, line->mail) : NULL;
            return NULL;
        }
    }
    return NULL;
}

void cm_claims_attach(cm_evidence_t *evidence, request_rec *r, const cm_service_t *service)
{
    caller_t *caller = apr_palloc(r->pool, sizeof *caller);

    *caller = (caller_t){r, service->claims};
    evidence->self = caller;
    evidence->claim = claim;
    evidence->introduce = introduce;
}
