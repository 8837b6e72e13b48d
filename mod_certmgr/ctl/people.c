/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/govern.h"
#include "ctl/output.h"
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

static void set_given(json_t *object, const char *name, const char *text)
{
    if (text) {
        cm_json_set_text(object, name, text);
    }
}

/* The options of a log-in. */
static cm_error_t *set_login(json_t *change, const cm_run_t *run)
{
    const char *realm = cm_run_option(run, "realm"), *user = cm_run_option(run, "user");

    if (realm && !user) {
        return cm_error_make(run->pool, CM_E_VALUE, "--realm belongs to --user, which is missing");
    }
    set_given(change, "issuer", user ? realm : NULL);
    set_given(change, "subject", user);
    return NULL;
}

cm_error_t *cm_ctl_person_add(cm_run_t *run)
{
    const apr_array_header_t *options = cm_run_options(run, "role");
    json_t *change = cm_json_object(run->pool), *roles = cm_json_array(run->pool);
    cm_request_view_t *view;
    cm_person_t *person;
    cm_error_t *error = set_login(change, run);

    for (int i = 0; i < options->nelts; i++) {
        json_array_append_new(roles, json_string(APR_ARRAY_IDX(options, i, const char *)));
    }
    cm_json_set_text(change, "name", cm_run_argument(run, 0));
    set_given(change, "mail", cm_run_option(run, "mail"));
    cm_json_set(change, "roles", roles);
    if (error || (error = cm_ctl_change(&view, run, "person.add", change)) || !view) {
        return error;
    }
    if (!run->json) {
        puts(view->request->id); /* which is the person's */
        return NULL;
    }
    error = cm_person_read(&person, run->ctx->store, view->request->id, run->pool);
    if (!error) {
        cm_output_object(run, render(person, run->pool));
    }
    return error;
}

/* A change of the person whose id is the first argument, and nothing to say when it is done. */
static cm_error_t *change_person(cm_run_t *run, const char *kind, json_t *change)
{
    cm_request_view_t *view;
    cm_error_t *error;

    cm_json_set_text(change, "person", cm_run_argument(run, 0));
    error = cm_ctl_change(&view, run, kind, change);
    if (!error && view && run->json) {
        cm_output_object(run, cm_request_object(view->request, run->pool));
    }
    return error;
}

static cm_error_t *change_role(cm_run_t *run, const char *kind)
{
    json_t *change = cm_json_object(run->pool);

    cm_json_set_text(change, "role", cm_run_argument(run, 1));
    return change_person(run, kind, change);
}

cm_error_t *cm_ctl_person_role_add(cm_run_t *run)
{
    return change_role(run, "role.give");
}

cm_error_t *cm_ctl_person_role_remove(cm_run_t *run)
{
    return change_role(run, "role.take");
}

cm_error_t *cm_ctl_person_activate(cm_run_t *run)
{
    return change_person(run, "person.activate", cm_json_object(run->pool));
}

cm_error_t *cm_ctl_person_deactivate(cm_run_t *run)
{
    return change_person(run, "person.deactivate", cm_json_object(run->pool));
}

static cm_error_t *change_identity(cm_run_t *run, const char *kind)
{
    json_t *change = cm_json_object(run->pool);
    cm_error_t *error = set_login(change, run);

    if (!error && !cm_run_option(run, "user")) {
        error = cm_error_make(run->pool, CM_E_VALUE, "--user LOGIN is missing");
    }
    return error ? error : change_person(run, kind, change);
}

cm_error_t *cm_ctl_person_identity_add(cm_run_t *run)
{
    return change_identity(run, "identity.tie");
}

cm_error_t *cm_ctl_person_identity_remove(cm_run_t *run)
{
    return change_identity(run, "identity.untie");
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
