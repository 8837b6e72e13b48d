/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/govern.h"
#include "ctl/output.h"
#include "store/profiles.h"

static const cm_column_t columns[] = {
    {"name", "NAME"}, {"version", "VERSION"}, {"created", "STORED"}, {NULL, NULL}};

cm_error_t *cm_ctl_profile_list(cm_run_t *run)
{
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *all;
    cm_error_t *error = cm_profiles_list(&all, run->ctx->store, run->pool);

    if (error) {
        return error;
    }
    for (int i = 0; i < all->nelts; i++) {
        const cm_profile_record_t *profile = APR_ARRAY_IDX(all, i, const cm_profile_record_t *);
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "name", profile->name);
        cm_json_set_integer(item, "version", profile->version);
        cm_json_set_time(item, "created", profile->created);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

cm_error_t *cm_ctl_profile_show(cm_run_t *run)
{
    cm_profile_record_t *profile;
    cm_error_t *error =
        cm_profile_read(&profile, run->ctx->store, cm_run_argument(run, 0), 0, run->pool);

    if (!error) {
        puts(profile->text);
    }
    return error;
}

static cm_error_t *import_one(cm_run_t *run, const char *path)
{
    json_t *change = cm_json_object(run->pool), *profile;
    cm_request_view_t *view;
    cm_bytes_t text;
    cm_error_t *error = cm_run_file(&text, run, path);

    if (!error) {
        error = cm_json_parse(&profile, text, run->pool);
    }
    if (error) {
        return error;
    }
    cm_json_set(change, "profile", profile);
    error = cm_ctl_change(&view, run, "profile.store", change);
    if (!error && view && run->json) {
        cm_output_object(run, cm_request_object(view->request, run->pool));
    } else if (!error && view) {
        cm_output_step(run, path, "stored");
    }
    return error;
}

cm_error_t *cm_ctl_profile_import(cm_run_t *run)
{
    return import_one(run, cm_run_argument(run, 0));
}
