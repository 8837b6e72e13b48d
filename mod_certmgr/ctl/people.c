/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/people.h"

#include <apr_strings.h>

#include "ctl/output.h"
#include "flow/requests.h"
#include "pki/cert.h"
#include "store/people.h"

enum { PAGE = 200 };

static const cm_column_t columns[] = {{"id", "ID"},       {"name", "NAME"},   {"mail", "MAIL"},
                                      {"roles", "ROLES"}, {"state", "STATE"}, {NULL, NULL}};

static json_t *render(const cm_person_t *person, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool), *roles = cm_json_array(pool);

    for (int i = 0; person->roles && i < person->roles->nelts; i++) {
        json_array_append_new(roles, json_string(APR_ARRAY_IDX(person->roles, i, const char *)));
    }
    cm_json_set_text(object, "id", person->id);
    cm_json_set_text(object, "name", person->name);
    cm_json_set_text(object, "mail", person->mail);
    cm_json_set_text(object, "state", person->state);
    cm_json_set(object, "roles", roles);
    cm_json_set_time(object, "created", person->created);
    return object;
}

cm_error_t *cm_ctl_person_add(cm_run_t *run)
{
    apr_array_header_t *roles = cm_run_options(run, "role");
    cm_person_t *person = apr_pcalloc(run->pool, sizeof(*person));
    const char *realm = cm_run_option(run, "realm");
    cm_login_t login = {"user", realm ? realm : "", cm_run_option(run, "user")};
    cm_error_t *error;

    if (realm && !login.subject) {
        return cm_error_make(run->pool, CM_E_VALUE, "--realm belongs to --user, which is missing");
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

cm_error_t *cm_ctl_person_role_add(cm_run_t *run)
{
    return cm_person_grant(run->ctx, cm_run_argument(run, 0), cm_run_argument(run, 1));
}

cm_error_t *cm_ctl_person_role_remove(cm_run_t *run)
{
    return cm_person_deny(run->ctx, cm_run_argument(run, 0), cm_run_argument(run, 1));
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
    cm_identity_t *who = apr_pcalloc(run->pool, sizeof(*who));
    cm_submission_t submission = {.operation = CM_OP_ENROLL};

    who->person = person;
    who->login = "certmgrctl";
    who->roles = cm_roles_of(person->roles);
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
