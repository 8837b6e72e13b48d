/* SPDX-License-Identifier: Apache-2.0
 *
 * Profiles as their users see them: what can be asked for, and what has to be done for it.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "flow/profiles.h"
#include "pki/ext.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"

typedef struct {
    const char *initial, *max;
    int choice;
} validity_t;

static const cm_field_t validity_fields[] = {
    {"default", CM_FIELD_TEXT, 0, offsetof(validity_t, initial), NULL, NULL,
     "Life of a certificate when none is asked for, such as 365d."},
    {"max", CM_FIELD_TEXT, 0, offsetof(validity_t, max), NULL, NULL, "Longest life."},
    {"choice", CM_FIELD_FLAG, 0, offsetof(validity_t, choice), NULL, NULL,
     "Whether another life than the default can be asked for."},
    {.name = NULL}};
const cm_schema_t cm_schema_profile_validity = {"ProfileValidity", "How long a certificate lives.",
                                                validity_fields};

static const cm_field_t name_fields[] = {
    {"type", CM_FIELD_TEXT, 0, offsetof(cm_profile_name_t, type), NULL, NULL,
     "Attribute type of the subject, or kind of alternative name."},
    {"required", CM_FIELD_FLAG, 0, offsetof(cm_profile_name_t, required), NULL, NULL,
     "Whether there must be one."},
    {"max", CM_FIELD_NUMBER, 0, offsetof(cm_profile_name_t, max), NULL, NULL,
     "How many there may be."},
    {"patterns", CM_FIELD_TEXTS, 0, offsetof(cm_profile_name_t, patterns), NULL, NULL,
     "One of these must match: * stands for anything, ? for a character, [a-z] for one of these."},
    {.name = NULL}};
const cm_schema_t cm_schema_profile_name = {"ProfileName", "A name that can be chosen.",
                                            name_fields};

typedef struct {
    const char *item, *phase, *role;
    int count;
} item_t;

static const cm_field_t item_fields[] = {
    {"item", CM_FIELD_TEXT, 0, offsetof(item_t, item), NULL, NULL, "What has to be done."},
    {"phase", CM_FIELD_TEXT, 0, offsetof(item_t, phase), NULL, "before-issue before-delivery ",
     "Until when."},
    {"role", CM_FIELD_TEXT, 1, offsetof(item_t, role), NULL, NULL, "Role of those who approve."},
    {"count", CM_FIELD_NUMBER, 0, offsetof(item_t, count), NULL, NULL,
     "How many different people have to."},
    {.name = NULL}};
const cm_schema_t cm_schema_profile_item = {"ProfileItem", "An item of a checklist.", item_fields};

typedef struct {
    const char *operation;
    int allowed;
    const apr_array_header_t *checklist;
} operation_t;

static const cm_field_t operation_fields[] = {
    {"operation", CM_FIELD_TEXT, 0, offsetof(operation_t, operation), NULL, NULL,
     "Name of the operation."},
    {"allowed", CM_FIELD_FLAG, 0, offsetof(operation_t, allowed), NULL, NULL,
     "Whether the caller may ask for it."},
    {"checklist", CM_FIELD_RECORDS, 0, offsetof(operation_t, checklist), &cm_schema_profile_item,
     NULL, "What has to be done before it happens, or is delivered."},
    {.name = NULL}};
const cm_schema_t cm_schema_profile_operation = {"ProfileOperation",
                                                 "An operation that is offered.", operation_fields};

typedef struct {
    const char *name, *title, *ca;
    apr_int64_t version;
    const validity_t *validity;
    const apr_array_header_t *keys, *subject, *san, *key_usage, *eku, *operations;
} answer_t;

static const cm_field_t fields[] = {
    {"name", CM_FIELD_TEXT, 0, offsetof(answer_t, name), NULL, NULL, "Name, for requests."},
    {"title", CM_FIELD_TEXT, 0, offsetof(answer_t, title), NULL, NULL, "What people call it."},
    {"version", CM_FIELD_INTEGER, 0, offsetof(answer_t, version), NULL, NULL, "Version in force."},
    {"ca", CM_FIELD_TEXT, 0, offsetof(answer_t, ca), NULL, NULL,
     "Name of the authority that issues."},
    {"validity", CM_FIELD_RECORD, 0, offsetof(answer_t, validity), &cm_schema_profile_validity,
     NULL, "How long a certificate lives."},
    {"keys", CM_FIELD_TEXTS, 0, offsetof(answer_t, keys), NULL, NULL, "Accepted key algorithms."},
    {"subject", CM_FIELD_RECORDS, 0, offsetof(answer_t, subject), &cm_schema_profile_name, NULL,
     "Attributes of the subject that can be chosen."},
    {"san", CM_FIELD_RECORDS, 0, offsetof(answer_t, san), &cm_schema_profile_name, NULL,
     "Alternative names that can be chosen."},
    {"key_usage", CM_FIELD_TEXTS, 0, offsetof(answer_t, key_usage), NULL, NULL,
     "Key usages, as far as the key can have them."},
    {"ext_key_usage", CM_FIELD_TEXTS, 0, offsetof(answer_t, eku), NULL, NULL,
     "Extended key usages."},
    {"operations", CM_FIELD_RECORDS, 0, offsetof(answer_t, operations),
     &cm_schema_profile_operation, NULL, "What is offered for certificates of this profile."},
    {.name = NULL}};
const cm_schema_t cm_schema_profile = {"Profile", "A certificate profile as its users see it.",
                                       fields};

typedef struct {
    const apr_array_header_t *items; /* of const void * */
    const char *next;
} list_t;

static const cm_field_t list_fields[] = {{"items", CM_FIELD_RECORDS, 0, offsetof(list_t, items),
                                          &cm_schema_profile, NULL,
                                          "Profiles that the caller may use or see, by name."},
                                         {"next", CM_FIELD_TEXT, 1, offsetof(list_t, next), NULL,
                                          NULL, "Always null: profiles are few, and come at once."},
                                         {.name = NULL}};
const cm_schema_t cm_schema_profiles = {"ProfileList", "All profiles of the caller.", list_fields};

/* Rows whose names the requester gives; `max` of an attribute is 1. */
static const apr_array_header_t *chosen(const apr_array_header_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, rows->nelts + 1, sizeof(const void *));

    for (int i = 0; i < rows->nelts; i++) {
        cm_profile_name_t *row =
            apr_pmemdup(pool, &APR_ARRAY_IDX(rows, i, cm_profile_name_t), sizeof *row);

        row->max = row->max ? row->max : 1;
        if (row->from == CM_FROM_CSR || row->from == CM_FROM_SAN) {
            APR_ARRAY_PUSH(list, const void *) = row;
        }
    }
    return list;
}

static const apr_array_header_t *checklist_of(const cm_profile_operation_t *offered,
                                              apr_pool_t *pool)
{
    const apr_array_header_t *asked = offered->checklist;
    apr_array_header_t *list = apr_array_make(pool, asked->nelts + 1, sizeof(const void *));

    for (int i = 0; i < asked->nelts; i++) {
        const cm_profile_item_t *one = &APR_ARRAY_IDX(asked, i, cm_profile_item_t);
        item_t *item = apr_palloc(pool, sizeof *item);

        *item = (item_t){one->item, cm_phase_name((cm_phase_t)one->phase), one->role, one->count};
        APR_ARRAY_PUSH(list, const void *) = item;
    }
    return list;
}

static const apr_array_header_t *operations_of(const cm_profile_view_t *view, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, CM_OP_COUNT, sizeof(const void *));

    for (int i = 0; i < CM_OP_COUNT; i++) {
        const cm_profile_operation_t *offered = &view->profile->operations[i];
        operation_t *operation = apr_palloc(pool, sizeof *operation);

        if (offered->roles) {
            *operation =
                (operation_t){cm_operation_name((cm_operation_t)i),
                              (offered->roles & view->roles) != 0, checklist_of(offered, pool)};
            APR_ARRAY_PUSH(list, const void *) = operation;
        }
    }
    return list;
}

static const answer_t *answer_of(const cm_profile_view_t *view, apr_pool_t *pool)
{
    const cm_profile_t *profile = view->profile;
    validity_t *validity = apr_palloc(pool, sizeof *validity);
    answer_t *answer = apr_palloc(pool, sizeof *answer);

    *validity =
        (validity_t){cm_text_of_duration(profile->validity.initial, pool),
                     cm_text_of_duration(profile->validity.max, pool), profile->validity.choice};
    *answer = (answer_t){.name = profile->name,
                         .title = profile->title,
                         .ca = profile->ca,
                         .version = view->version,
                         .validity = validity,
                         .keys = profile->keys,
                         .subject = chosen(profile->subject, pool),
                         .san = chosen(profile->san, pool),
                         .key_usage = cm_ext_key_usage_names(profile->key_usage, pool),
                         .eku = profile->eku,
                         .operations = operations_of(view, pool)};
    return answer;
}

cm_error_t *cm_rest_profiles(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    apr_array_header_t *views, *items;
    list_t list = {NULL, NULL};
    cm_error_t *error = cm_profiles_visible(&views, ctx);

    (void)call;
    if (error) {
        return error;
    }
    items = apr_array_make(ctx->pool, views->nelts + 1, sizeof(const void *));
    for (int i = 0; i < views->nelts; i++) {
        APR_ARRAY_PUSH(items, const void *) =
            answer_of(&APR_ARRAY_IDX(views, i, cm_profile_view_t), ctx->pool);
    }
    list.items = items;
    cm_reply_json(reply, 200, cm_schema_render(&cm_schema_profiles, &list, ctx->pool), ctx->pool);
    return NULL;
}

cm_error_t *cm_rest_profile(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_profile_view_t view;
    cm_error_t *error = cm_profile_visible(&view, ctx, apr_table_get(call->words, "name"));

    if (error) {
        return error;
    }
    cm_reply_json(reply, 200,
                  cm_schema_render(&cm_schema_profile, answer_of(&view, ctx->pool), ctx->pool),
                  ctx->pool);
    return NULL;
}

cm_error_t *cm_rest_profile_schema(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    (void)call;
    cm_reply_bytes(reply, 200, "application/schema+json",
                   cm_json_dump(cm_profile_schema(ctx->pool), ctx->pool));
    return NULL;
}
