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

/* The change that a command asks for. */
static const struct {
    const char *words, *kind;
    const char *member; /* what the second argument is, or NULL */
} changes[] = {{"group add", "group.add", NULL},
               {"group remove", "group.remove", NULL},
               {"group profile add", "group.profile-add", "profile"},
               {"group profile remove", "group.profile-remove", "profile"},
               {"group domain add", "group.domain-add", "domain"},
               {"group domain remove", "group.domain-remove", "domain"},
               {"group member add", "group.seat", "person"},
               {"group member remove", "group.unseat", "person"}};

cm_error_t *cm_ctl_group_change(cm_run_t *run)
{
    json_t *asked = cm_json_object(run->pool);
    cm_request_view_t *view;
    cm_error_t *error;
    size_t i = 0;

    while (i < sizeof changes / sizeof *changes - 1 &&
           strcmp(changes[i].words, run->command->words) != 0) {
        i++;
    }
    cm_json_set_text(asked, "group", cm_run_argument(run, 0));
    if (changes[i].member) {
        cm_json_set_text(asked, changes[i].member, cm_run_argument(run, 1));
    }
    error = cm_ctl_change(&view, run, changes[i].kind, asked);
    if (!error && view && run->json) {
        cm_output_object(run, cm_request_object(view->request, run->pool));
    }
    return error;
}
