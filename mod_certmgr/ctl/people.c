/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "ctl/govern.h"
#include "ctl/output.h"
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

static void set_given(json_t *object, const char *name, const char *text)
{
    if (text) {
        cm_json_set_text(object, name, text);
    }
}

/* The options of a log-in; *given: whether there were any. */
static cm_error_t *set_login(int *given, json_t *change, const cm_run_t *run)
{
    cm_login_t login = {NULL, NULL, NULL};
    cm_error_t *error = read_login(&login, run);

    *given = !error && login.subject != NULL;
    if (*given) {
        cm_json_set_text(change, "method", login.method);
        cm_json_set_text(change, "issuer", login.issuer);
        cm_json_set_text(change, "subject", login.subject);
    }
    return error;
}

cm_error_t *cm_ctl_person_add(cm_run_t *run)
{
    const apr_array_header_t *options = cm_run_options(run, "role");
    json_t *change = cm_json_object(run->pool), *roles = cm_json_array(run->pool);
    cm_request_view_t *view;
    cm_person_t *person;
    int has_login;
    cm_error_t *error = set_login(&has_login, change, run);

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

/* In a group it is a seat there. */
static cm_error_t *change_role(cm_run_t *run, const char *kind, const char *in_group)
{
    const char *group = cm_run_option(run, "group");
    json_t *change = cm_json_object(run->pool);

    set_given(change, "group", group);
    cm_json_set_text(change, "role", cm_run_argument(run, 1));
    return change_person(run, group ? in_group : kind, change);
}

cm_error_t *cm_ctl_person_role_add(cm_run_t *run)
{
    return change_role(run, "role.give", "group.seat");
}

cm_error_t *cm_ctl_person_role_remove(cm_run_t *run)
{
    return change_role(run, "role.take", "group.unseat");
}

cm_error_t *cm_ctl_person_activate(cm_run_t *run)
{
    return change_person(run, "person.activate", cm_json_object(run->pool));
}

cm_error_t *cm_ctl_person_deactivate(cm_run_t *run)
{
    return change_person(run, "person.deactivate", cm_json_object(run->pool));
}

static cm_error_t *change_login(cm_run_t *run, const char *kind)
{
    json_t *change = cm_json_object(run->pool);
    int has_login;
    cm_error_t *error = set_login(&has_login, change, run);

    if (!error && !has_login) {
        error = cm_error_make(run->pool, CM_E_VALUE,
                              "--user, or --method with --issuer and --subject, is missing");
    }
    return error ? error : change_person(run, kind, change);
}

cm_error_t *cm_ctl_person_login_add(cm_run_t *run)
{
    return change_login(run, "identity.tie");
}

cm_error_t *cm_ctl_person_login_remove(cm_run_t *run)
{
    return change_login(run, "identity.untie");
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
