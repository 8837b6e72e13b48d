/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/govern.h"

#include <apr_strings.h>

#include "ctl/output.h"
#include "flow/change.h"
#include "flow/govern.h"

cm_error_t *cm_break_glass_reason(const char **reason, const cm_run_t *run)
{
    const char *given = cm_run_option(run, "break-glass");

    *reason = given;
    if (given && !given[strspn(given, " \t")]) {
        return cm_error_make(run->pool, CM_E_VALUE, "--break-glass needs a reason");
    }
    return NULL;
}

static json_t *checklist_of(const cm_request_t *request, apr_pool_t *pool)
{
    json_t *list = cm_json_array(pool);

    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);
        json_t *object = cm_json_object(pool);

        cm_json_set_text(object, "item", item->item);
        cm_json_set_text(object, "state", cm_item_state_name(item->state));
        cm_json_set_text(object, "who", item->who);
        cm_json_set_text(object, "detail", item->detail);
        json_array_append(list, object);
    }
    return list;
}

json_t *cm_request_object(const cm_request_t *request, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);
    const json_t *change = cm_change_show(request, pool);

    cm_json_set_text(object, "id", request->id);
    cm_json_set_text(object, "operation", cm_operation_name(request->operation));
    cm_json_set_text(object, "profile", request->profile);
    cm_json_set_text(object, "state", cm_state_name(request->state));
    cm_json_set_text(object, "requester", request->requester);
    cm_json_set_time(object, "created", request->created);
    cm_json_set_time(object, "updated", request->updated);
    cm_json_set_text(object, "message", request->message);
    cm_json_set_text(object, "certificate", request->certificate);
    cm_json_set(object, "checklist", checklist_of(request, pool));
    if (change) {
        cm_json_set(object, "change", (json_t *)change);
    }
    return object;
}

void cm_say_it_waits(const cm_run_t *run, const cm_request_t *request)
{
    const char *what = "";

    if (run->json) {
        cm_output_object(run, cm_request_object(request, run->pool));
        return;
    }
    for (int i = 0; i < request->checklist->nelts; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);

        if (item->state == CM_ITEM_OPEN) {
            what = apr_pstrcat(run->pool, what, *what ? ", " : ": ", item->item, " ",
                               item->detail ? item->detail : "", NULL);
        }
    }
    printf("request %s waits%s\n", request->id, what);
}

void cm_options_set(json_t *change, const cm_run_t *run, const char *const *names)
{
    for (; *names; names++) {
        const char *value = cm_run_option(run, *names);
        char *member = apr_pstrdup(run->pool, *names);

        for (char *c = strchr(member, '-'); c; c = strchr(c, '-')) {
            *c = '_';
        }
        if (value) {
            cm_json_set_text(change, member, value);
        }
    }
}

cm_error_t *cm_ctl_change(cm_request_view_t **view, cm_run_t *run, const char *kind,
                          const json_t *change)
{
    const cm_submission_t submission = {.operation = CM_OP_CHANGE, .kind = kind, .change = change};
    const char *reason;
    cm_error_t *error = cm_break_glass_reason(&reason, run);

    if (!error) {
        error = cm_govern_change(view, run->ctx, &submission, reason);
    }
    if (!error && !cm_state_is_final((*view)->request->state)) {
        cm_say_it_waits(run, (*view)->request);
        *view = NULL;
    }
    return error;
}
