/* SPDX-License-Identifier: Apache-2.0 */
#include "store/groups.h"

#include "ctl/govern.h"
#include "ctl/output.h"

enum { PAGE = 200 };

static json_t *names_of(const apr_array_header_t *names, apr_pool_t *pool)
{
    json_t *array = cm_json_array(pool);

    for (int i = 0; i < names->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(names, i, const char *)));
    }
    return array;
}

cm_error_t *cm_ctl_group_list(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"name", "NAME"}, {"profiles", "PROFILES"}, {"domains", "DOMAINS"}, {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);
    const char *after = NULL;
    apr_array_header_t *page;

    do {
        cm_error_t *error = cm_groups_list(&page, run->ctx->store, after, PAGE, run->pool);

        if (error) {
            return error;
        }
        for (int i = 0; i < page->nelts; i++) {
            const cm_group_t *group = APR_ARRAY_IDX(page, i, const cm_group_t *);
            json_t *item = cm_json_object(run->pool);

            cm_json_set_text(item, "name", group->name);
            cm_json_set(item, "profiles", names_of(group->profiles, run->pool));
            cm_json_set(item, "domains", names_of(group->domains, run->pool));
            cm_json_set_time(item, "created", group->created);
            json_array_append(items, item);
            after = group->name;
        }
    } while (page->nelts == PAGE);
    cm_output_list(run, columns, items);
    return NULL;
}

cm_error_t *cm_ctl_group_show(cm_run_t *run)
{
    static const cm_column_t columns[] = {{"person", "PERSON"}, {"role", "ROLE"}, {NULL, NULL}};
    cm_group_seat_t after = {cm_run_argument(run, 0), "", ""};
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *page;
    cm_group_t *group;
    cm_error_t *error = cm_group_read(&group, run->ctx->store, after.group, run->pool);

    if (error) {
        return error;
    }
    do {
        error = cm_group_people(&page, run->ctx->store, &after, PAGE, run->pool);
        if (error) {
            return error;
        }
        for (int i = 0; i < page->nelts; i++) {
            json_t *item = cm_json_object(run->pool);

            after = APR_ARRAY_IDX(page, i, cm_group_seat_t);
            cm_json_set_text(item, "person", after.person);
            cm_json_set_text(item, "role", after.role);
            json_array_append(items, item);
        }
    } while (page->nelts == PAGE);
    cm_output_list(run, columns, items);
    return NULL;
}

/* `member`: what the second argument is, or NULL. */
static cm_error_t *change(cm_run_t *run, const char *kind, const char *member)
{
    json_t *asked = cm_json_object(run->pool);
    cm_request_view_t *view;
    cm_error_t *error;

    cm_json_set_text(asked, "group", cm_run_argument(run, 0));
    if (member) {
        cm_json_set_text(asked, member, cm_run_argument(run, 1));
    }
    error = cm_ctl_change(&view, run, kind, asked);
    if (!error && view && run->json) {
        cm_output_object(run, cm_request_object(view->request, run->pool));
    }
    return error;
}

cm_error_t *cm_ctl_group_add(cm_run_t *run)
{
    return change(run, "group.add", NULL);
}

cm_error_t *cm_ctl_group_remove(cm_run_t *run)
{
    return change(run, "group.remove", NULL);
}

cm_error_t *cm_ctl_group_profile_add(cm_run_t *run)
{
    return change(run, "group.profile-add", "profile");
}

cm_error_t *cm_ctl_group_profile_remove(cm_run_t *run)
{
    return change(run, "group.profile-remove", "profile");
}

cm_error_t *cm_ctl_group_domain_add(cm_run_t *run)
{
    return change(run, "group.domain-add", "domain");
}

cm_error_t *cm_ctl_group_domain_remove(cm_run_t *run)
{
    return change(run, "group.domain-remove", "domain");
}

cm_error_t *cm_ctl_group_member_add(cm_run_t *run)
{
    return change(run, "group.seat", "person");
}

cm_error_t *cm_ctl_group_member_remove(cm_run_t *run)
{
    return change(run, "group.unseat", "person");
}
