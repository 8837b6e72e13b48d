/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "flow/change.h"
#include "flow/retry.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"
#include "proto/rest/changes.h"
#include "proto/rest/rest.h"

enum { KEY_MAX = 255 };
#define KEY_CHARACTERS                                                                             \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~:/+=\"@,;!$&'()*#?[]"

typedef struct {
    const char *item, *phase, *state, *who, *detail;
} item_t;

typedef struct {
    const char *id, *operation, *profile, *state, *requester;
    apr_time_t created, updated;
    const char *message;
    const apr_array_header_t *checklist; /* of const item_t * */
    const apr_array_header_t *events;
    const void *certificate;
    const json_t *change;
} answer_t;

#define CM_OPERATION(code, name, title) name " "
static const char operations[] =
#include "model/operations.def"
    ;
#undef CM_OPERATION

#define CM_STATE(code, name, final, about) name " "
static const char states[] =
#include "model/states.def"
    ;
#undef CM_STATE

static const cm_field_t item_fields[] = {
    {"item", CM_FIELD_TEXT, 0, offsetof(item_t, item), NULL, NULL, "Name of the item."},
    {"phase", CM_FIELD_TEXT, 0, offsetof(item_t, phase), NULL, "before-issue before-delivery ",
     "What the item holds up while it is open."},
    {"state", CM_FIELD_TEXT, 0, offsetof(item_t, state), NULL, "open done refused ",
     "Where it stands."},
    {"who", CM_FIELD_TEXT, 1, offsetof(item_t, who), NULL, NULL,
     "Id of the person who did it last."},
    {"detail", CM_FIELD_TEXT, 1, offsetof(item_t, detail), NULL, NULL, "A sentence for people."},
    {.name = NULL}};
const cm_schema_t cm_schema_item = {"ChecklistItem", "One condition of a request.", item_fields};

static const cm_field_t fields[] = {
    {"id", CM_FIELD_TEXT, 0, offsetof(answer_t, id), NULL, NULL, "Opaque id."},
    {"operation", CM_FIELD_TEXT, 0, offsetof(answer_t, operation), NULL, operations,
     "What is asked for."},
    {"profile", CM_FIELD_TEXT, 1, offsetof(answer_t, profile), NULL, NULL, "Name of the profile."},
    {"state", CM_FIELD_TEXT, 0, offsetof(answer_t, state), NULL, states, "Where it stands."},
    {"requester", CM_FIELD_TEXT, 1, offsetof(answer_t, requester), NULL, NULL,
     "Id of the person who asked."},
    {"created", CM_FIELD_TIME, 0, offsetof(answer_t, created), NULL, NULL, "When it was made."},
    {"updated", CM_FIELD_TIME, 0, offsetof(answer_t, updated), NULL, NULL,
     "Its last change. Each event gives another one."},
    {"message", CM_FIELD_TEXT, 1, offsetof(answer_t, message), NULL, NULL,
     "What the requester wrote."},
    {"checklist", CM_FIELD_RECORDS, 0, offsetof(answer_t, checklist), &cm_schema_item, NULL,
     "What must be done before the operation happens."},
    {"events", CM_FIELD_TEXTS, 0, offsetof(answer_t, events), NULL, NULL,
     "Events that the caller may send now."},
    {"certificate", CM_FIELD_RECORD, 1, offsetof(answer_t, certificate), &cm_schema_certificate,
     NULL, "The certificate made or acted upon."},
    {"change", CM_FIELD_OBJECT, CM_FIELD_LEFT_OUT, offsetof(answer_t, change), &cm_schema_change,
     NULL, "What a governed change asks for; other requests have none."},
    {.name = NULL}};
const cm_schema_t cm_schema_request = {"Request", "An operation, its checklist and its state.",
                                       fields};

static const apr_array_header_t *items_of(const cm_request_t *request, apr_pool_t *pool)
{
    int count = request->checklist ? request->checklist->nelts : 0;
    apr_array_header_t *items = apr_array_make(pool, count, sizeof(const item_t *));

    for (int i = 0; i < count; i++) {
        const cm_item_t *stored = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);
        item_t *item = apr_palloc(pool, sizeof *item);

        *item = (item_t){.item = stored->item,
                         .phase = cm_phase_name(stored->phase),
                         .state = cm_item_state_name(stored->state),
                         .who = stored->who,
                         .detail = stored->detail};
        APR_ARRAY_PUSH(items, const item_t *) = item;
    }
    return items;
}

const void *cm_answer_of_request(const cm_request_view_t *view, const cm_ctx_t *ctx)
{
    const cm_request_t *request = view->request;
    answer_t *answer = apr_palloc(ctx->pool, sizeof *answer);

    *answer = (answer_t){
        .id = request->id,
        .operation = cm_operation_name(request->operation),
        .profile = request->profile,
        .state = cm_state_name(request->state),
        .requester = request->requester,
        .created = request->created,
        .updated = request->updated,
        .message = request->message,
        .checklist = items_of(request, ctx->pool),
        .events = view->events,
        .certificate = cm_answer_of_certificate(view->certificate, ctx),
        .change = cm_change_show(request, ctx->pool),
    };
    return answer;
}

static void reply_view(cm_reply_t *reply, int status, const cm_request_view_t *view,
                       const cm_ctx_t *ctx)
{
    cm_reply_json(reply, status,
                  cm_schema_render(&cm_schema_request, cm_answer_of_request(view, ctx), ctx->pool),
                  ctx->pool);
}

int cm_rest_operation(const char *path)
{
    const char *name = path + strlen(CM_REST_ROOT "/");
    apr_size_t len = strcspn(name, "/");

    for (int i = 0; i < CM_OP_COUNT; i++) {
        const char *known = cm_operation_name((cm_operation_t)i);

        if (strlen(known) == len && strncmp(known, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

const cm_json_member_t *cm_rest_submission_members(const char *path)
{
    int operation = cm_rest_operation(path);

    return operation < 0 ? NULL : cm_submission_members((cm_operation_t)operation);
}

#define EVENT                                                                                      \
    {                                                                                              \
        "event", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_request_action_t, event), 64,         \
            "One of the request's events."                                                         \
    }
#define REMARKS                                                                                    \
    {                                                                                              \
        "remarks", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, remarks), 4096,  \
            "Why, for those who read the record; decline and reject need them."                    \
    }
#define UPDATED                                                                                    \
    {                                                                                              \
        "updated", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, updated), 0,      \
            "The request's `updated` as it was read: when it has changed since, nothing happens "  \
            "(409, rule request.changed)."                                                         \
    }
#define MESSAGE                                                                                    \
    {                                                                                              \
        "message", CM_JSON_LINES, CM_JSON_OPTIONAL,                                                \
            offsetof(cm_request_action_t, changes.message), 4096,                                  \
            "With resubmit: another message."                                                      \
    }

static const cm_json_member_t certificate_events[] = {
    EVENT,
    REMARKS,
    UPDATED,
    {"csr", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, changes.csr), 98304,
     "With resubmit: another PKCS#10 certification request."},
    {"subject", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, changes.subject),
     1024, "With resubmit: another subject."},
    {"san", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, changes.san), 100,
     "With resubmit: other subject alternative names."},
    {"validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, changes.validity),
     32, "With resubmit: another life."},
    MESSAGE,
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t change_events[] = {
    EVENT,
    REMARKS,
    UPDATED,
    {"change", CM_JSON_OBJECT, CM_JSON_OPTIONAL, offsetof(cm_request_action_t, changes.change), 0,
     "With resubmit: other members, of the same kind of change."},
    MESSAGE,
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

const cm_json_member_t *cm_rest_action_members(const char *path)
{
    return cm_rest_operation(path) == CM_OP_CHANGE ? change_events : certificate_events;
}

/* The body as a record. */
static cm_error_t *read_body(void *record, const cm_json_member_t *members, const cm_call_t *call,
                             const cm_ctx_t *ctx)
{
    json_t *document;
    cm_error_t *error = cm_json_parse(&document, call->body, ctx->pool);

    if (!error) {
        error = cm_json_read(record, members, document, "", ctx->pool);
    }
    if (error) {
        cm_dispatch_record(ctx, call, error);
    }
    return error;
}

/* A key by which a call that is sent again is known, from the header Idempotency-Key; *retry stays
 * NULL without one. */
static cm_error_t *read_retry(const cm_retry_t **retry, const cm_call_t *call, const cm_ctx_t *ctx)
{
    const char *key = call->header(call, "Idempotency-Key");
    const cm_bytes_t sent[] = {cm_bytes_of_text(call->path), cm_bytes_make("", 1), call->body};
    cm_retry_t *made;
    cm_error_t *error;

    if (!key) {
        return NULL;
    }
    if (!*key || strlen(key) > KEY_MAX || strspn(key, KEY_CHARACTERS) != strlen(key)) {
        error = cm_error_make(ctx->pool, CM_E_VALUE,
                              "an Idempotency-Key has 1 to %d letters, digits or marks", KEY_MAX);
        cm_error_locate(error, NULL, "idempotency.key");
        cm_dispatch_record(ctx, call, error);
        return error;
    }
    made = apr_palloc(ctx->pool, sizeof *made);
    made->key = key;
    made->digest =
        cm_bytes_hex(cm_bytes_sha256(cm_bytes_concat(sent, 3, ctx->pool), ctx->pool), ctx->pool);
    *retry = made;
    return NULL;
}

static int has_happened(cm_state_t state)
{
    return state == CM_STATE_COMPLETED || state == CM_STATE_ISSUED;
}

cm_error_t *cm_rest_submit(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    const cm_json_member_t *members = cm_rest_submission_members(call->path);
    int operation = cm_rest_operation(call->path);
    cm_submission_t submission = {0};
    cm_request_view_t *view;
    cm_error_t *error;

    if (!members) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such operation");
    }
    error = read_body(&submission, members, call, ctx);
    if (!error) {
        error = read_retry(&submission.retry, call, ctx);
    }
    if (error) {
        return error;
    }
    submission.operation = (cm_operation_t)operation;
    error = cm_request_submit(&view, ctx, &submission);
    if (error) {
        return error;
    }
    cm_reply_header(reply, "Location",
                    apr_pstrcat(ctx->pool, call->mount, CM_REST_ROOT "/",
                                cm_operation_name(view->request->operation), "/", view->request->id,
                                NULL));
    reply_view(reply, has_happened(view->request->state) ? 201 : 202, view, ctx);
    return NULL;
}

cm_error_t *cm_rest_act(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_request_action_t action = {0};
    cm_request_view_t *view;
    cm_error_t *error = read_body(&action, cm_rest_action_members(call->path), call, ctx);

    if (!error) {
        error = read_retry(&action.retry, call, ctx);
    }
    if (!error) {
        error = cm_request_act(&view, ctx, cm_rest_operation(call->path),
                               apr_table_get(call->words, "id"), &action);
    }
    if (error) {
        return error;
    }
    reply_view(reply, 200, view, ctx);
    return NULL;
}

cm_error_t *cm_rest_request(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_request_view_t *view;
    cm_error_t *error = cm_request_show(&view, ctx, cm_rest_operation(call->path),
                                        apr_table_get(call->words, "id"));

    if (error) {
        return error;
    }
    reply_view(reply, 200, view, ctx);
    return NULL;
}
