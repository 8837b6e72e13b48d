/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/groups.h"
#include "flow/people.h"

#include <apr_strings.h>

#include "ctl/output.h"
#include "flow/requests.h"
#include "pki/cert.h"
#include "store/people.h"

enum { PAGE = 200 };

static const cm_column_t columns[] = {{"id", "ID"},       {"name", "NAME"},     {"mail", "MAIL"},
                                      {"roles", "ROLES"}, {"groups", "GROUPS"}, {"state", "STATE"},
                                      {NULL, NULL}};

static json_t *render(const cm_person_t *person, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool), *roles = cm_json_array(pool);
    json_t *groups = cm_json_array(pool);

    for (int i = 0; person->group_roles && i < person->group_roles->nelts; i++) {
        const cm_group_role_t *held = &APR_ARRAY_IDX(person->group_roles, i, cm_group_role_t);

        json_array_append_new(groups,
                              json_string(apr_pstrcat(pool, held->group, ":", held->role, NULL)));
    }
    for (int i = 0; person->roles && i < person->roles->nelts; i++) {
        json_array_append_new(roles, json_string(APR_ARRAY_IDX(person->roles, i, const char *)));
    }
    cm_json_set_text(object, "id", person->id);
    cm_json_set_text(object, "name", person->name);
    cm_json_set_text(object, "mail", person->mail);
    cm_json_set_text(object, "state", person->state);
    cm_json_set(object, "roles", roles);
    cm_json_set(object, "groups", groups);
    cm_json_set_time(object, "created", person->created);
    return object;
}

/* --user with --realm, or --method with --issuer and --subject; login->subject stays NULL when none
 * of them was given. */
static cm_error_t *read_login(cm_login_t *login, const cm_run_t *run)
{
    const char *user = cm_run_option(run, "user"), *realm = cm_run_option(run, "realm");
    const char *method = cm_run_option(run, "method");
    const char *issuer = cm_run_option(run, "issuer"), *subject = cm_run_option(run, "subject");

    if (realm && !user) {
        return cm_error_make(run->pool, CM_E_VALUE, "--realm belongs to --user, which is missing");
    }
    if (user && (method || issuer || subject)) {
        return cm_error_make(run->pool, CM_E_VALUE,
                             "either --user, or --method with --issuer and --subject");
    }
    if (user) {
        *login = (cm_login_t){"user", realm ? realm : "", user};
        return NULL;
    }
    if ((method || issuer || subject) && !(method && issuer && subject)) {
        return cm_error_make(run->pool, CM_E_VALUE,
                             "--method, --issuer and --subject belong together");
    }
    *login = (cm_login_t){method, issuer, subject};
    return NULL;
}

cm_error_t *cm_ctl_person_add(cm_run_t *run)
{
    apr_array_header_t *roles = cm_run_options(run, "role");
    cm_person_t *person = apr_pcalloc(run->pool, sizeof(*person));
    cm_login_t login = {NULL, NULL, NULL};
    cm_error_t *error = read_login(&login, run);

    if (error) {
        return error;
    }
    person->name = cm_run_argument(run, 0);
    person->mail = cm_run_option(run, "mail");
    person->roles = roles;
    if ((error = cm_person_create(run->ctx, person, login.subject ? &login : NULL))) {
        return error;
    }
    if (run->json) {
        cm_output_object(run, render(person, run->pool));
    } else {
        puts(person->id);
    }
    return NULL;
}

static cm_error_t *change_login(cm_run_t *run,
                                cm_error_t *(*change)(const cm_ctx_t *ctx, const char *person,
                                                      const cm_login_t *login))
{
    cm_login_t login = {NULL, NULL, NULL};
    cm_error_t *error = read_login(&login, run);

    if (!error && !login.subject) {
        error = cm_error_make(run->pool, CM_E_VALUE,
                              "--user, or --method with --issuer and --subject, is missing");
    }
    return error ? error : change(run->ctx, cm_run_argument(run, 0), &login);
}

cm_error_t *cm_ctl_person_login_add(cm_run_t *run)
{
    return change_login(run, cm_person_tie);
}

cm_error_t *cm_ctl_person_login_remove(cm_run_t *run)
{
    return change_login(run, cm_person_untie);
}

cm_error_t *cm_ctl_person_login_list(cm_run_t *run)
{
    static const cm_column_t login_columns[] = {
        {"method", "METHOD"}, {"issuer", "ISSUER"}, {"subject", "SUBJECT"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *logins;
    cm_error_t *error =
        cm_person_logins(&logins, run->ctx->store, cm_run_argument(run, 0), run->pool);

    for (int i = 0; !error && i < logins->nelts; i++) {
        const cm_login_t *login = &APR_ARRAY_IDX(logins, i, cm_login_t);
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "method", login->method);
        cm_json_set_text(item, "issuer", login->issuer);
        cm_json_set_text(item, "subject", login->subject);
        json_array_append(items, item);
    }
    if (!error) {
        cm_output_list(run, login_columns, items);
    }
    return error;
}

static cm_error_t *change_role(cm_run_t *run, cm_group_verb_t verb,
                               cm_error_t *(*change)(const cm_ctx_t *ctx, const char *person,
                                                     const char *role))
{
    const cm_group_change_t in_group = {verb, cm_run_option(run, "group"), cm_run_argument(run, 0),
                                        cm_run_argument(run, 1)};

    return in_group.group ? cm_group_change(run->ctx, &in_group)
                          : change(run->ctx, in_group.value, in_group.role);
}

cm_error_t *cm_ctl_person_role_add(cm_run_t *run)
{
    return change_role(run, CM_GROUP_ADD_PERSON, cm_person_grant);
}

cm_error_t *cm_ctl_person_role_remove(cm_run_t *run)
{
    return change_role(run, CM_GROUP_REMOVE_PERSON, cm_person_deny);
}

cm_error_t *cm_ctl_person_list(cm_run_t *run)
{
    json_t *items = cm_json_array(run->pool);
    const char *after = NULL;
    apr_array_header_t *page;

    do {
        cm_error_t *error = cm_people_list(&page, run->ctx->store, after, PAGE, run->pool);

        if (error) {
            return error;
        }
        for (int i = 0; i < page->nelts; i++) {
            const cm_person_t *person = APR_ARRAY_IDX(page, i, const cm_person_t *);

            json_array_append(items, render(person, run->pool));
            after = person->id;
        }
    } while (page->nelts == PAGE);
    cm_output_list(run, columns, items);
    return NULL;
}

/* The command stands for the person: what the profile refuses to the person, it refuses here. */
static cm_error_t *submit_for(cm_request_view_t **view, cm_run_t *run, const cm_person_t *person,
                              cm_bytes_t csr)
{
    cm_identity_t *who = cm_identity_make(person, run->pool);
    cm_submission_t submission = {.operation = CM_OP_ENROLL};

    who->login = "certmgrctl";
    run->ctx->who = who;
    submission.profile = cm_run_option(run, "profile") ? cm_run_option(run, "profile") : "user";
    submission.csr = (const char *)csr.data;
    return cm_request_submit(view, run->ctx, &submission);
}

cm_error_t *cm_ctl_person_certificate(cm_run_t *run)
{
    const char *path = cm_run_option(run, "csr");
    cm_request_view_t *view;
    cm_person_t *person;
    cm_bytes_t csr;
    cm_error_t *error;

    if (!path) {
        return cm_error_make(run->pool, CM_E_VALUE, "--csr FILE is missing");
    }
    if ((error = cm_run_file(&csr, run, path)) ||
        (error = cm_person_read(&person, run->ctx->store, cm_run_argument(run, 0), run->pool)) ||
        (error = submit_for(&view, run, person, csr))) {
        return error;
    }
    if (!view->certificate) {
        return cm_error_make(run->pool, CM_E_REFUSED, "request %s waits: it is %s",
                             view->request->id, cm_state_name(view->request->state));
    }
    fputs(cm_cert_pem(view->certificate->der, run->pool), stdout);
    return NULL;
}
