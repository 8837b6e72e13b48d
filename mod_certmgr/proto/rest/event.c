/* SPDX-License-Identifier: Apache-2.0
 *
 * One event of the audit log, with the proof that it is under a signed head.
 */
#include <apr_strings.h>

#include "flow/audit_read.h"
#include "proto/eventfile.h"
#include "proto/reply.h"
#include "proto/rest/audit.h"

typedef struct {
    apr_int64_t size;
    const char *root;
    apr_time_t time;
    const char *signature, *key;
} head_t;

static const cm_field_t head_fields[] = {
    {"size", CM_FIELD_INTEGER, 0, offsetof(head_t, size), NULL, NULL,
     "How many events the log had: leaves of the tree."},
    {"root", CM_FIELD_TEXT, 0, offsetof(head_t, root), NULL, NULL, "Root hash of the tree, hex."},
    {"time", CM_FIELD_TIME, 0, offsetof(head_t, time), NULL, NULL, "When it was signed."},
    {"signature", CM_FIELD_TEXT, 0, offsetof(head_t, signature), NULL, NULL,
     "By the audit key, over the four lines certmgr-audit-head-v1, size, root and time, each with "
     "its line feed; base64."},
    {"key", CM_FIELD_TEXT, 0, offsetof(head_t, key), NULL, NULL,
     "SubjectPublicKeyInfo of the audit key, base64. Compare it with a copy of your own."},
    {.name = NULL}};
const cm_schema_t cm_schema_head = {
    "AuditHead", "A signed head of the audit log, as in the file of CertMgrAuditHeads.",
    head_fields};

typedef struct {
    const char *input, *salt, *personal;
    const apr_array_header_t *hashes;
    const head_t *head;
} proof_t;

static const cm_field_t proof_fields[] = {
    {"input", CM_FIELD_TEXT, 0, offsetof(proof_t, input), NULL, NULL,
     "Text of the leaf, whose hash is SHA-256 of a zero byte and this: the event as JSON, with "
     "`time` in microseconds since 1970 and `personal` as the hex of SHA-256 of salt and personal "
     "part."},
    {"salt", CM_FIELD_TEXT, 1, offsetof(proof_t, salt), NULL, NULL, "Hex."},
    {"personal", CM_FIELD_TEXT, 1, offsetof(proof_t, personal), NULL, NULL,
     "The personal part, byte by byte as it was hashed."},
    {"hashes", CM_FIELD_TEXTS, 0, offsetof(proof_t, hashes), NULL, NULL,
     "Inclusion proof of RFC 9162 2.1.3, from the leaf up, hex. The index of the leaf is `leaf`."},
    {"head", CM_FIELD_RECORD, 0, offsetof(proof_t, head), &cm_schema_head, NULL,
     "The first head that covers the event."},
    {.name = NULL}};
const cm_schema_t cm_schema_proof = {"AuditProof", "What shows that an event is in the log.",
                                     proof_fields};

typedef struct {
    const char *id;
    apr_time_t happened;
    const char *action, *outcome, *actor, *object, *trace;
    json_t *detail, *personal;
    apr_int64_t leaf;
    const proof_t *proof; /* of one event only */
} event_t;

/* clang-format off */
#define EVENT_FIELDS                                                                                \
    {"id", CM_FIELD_TEXT, 0, offsetof(event_t, id), NULL, NULL, "Opaque id."},                      \
    {"happened", CM_FIELD_TIME, 0, offsetof(event_t, happened), NULL, NULL, "When."},               \
    {"action", CM_FIELD_TEXT, 0, offsetof(event_t, action), NULL, NULL, "What was done."},          \
    {"outcome", CM_FIELD_TEXT, 0, offsetof(event_t, outcome), NULL, NULL,                           \
     "done, or refused."},                                                                          \
    {"actor", CM_FIELD_TEXT, 1, offsetof(event_t, actor), NULL, NULL,                               \
     "Id of the person who did it; null for a job, a command or a stranger."},                      \
    {"object", CM_FIELD_TEXT, 1, offsetof(event_t, object), NULL, NULL,                             \
     "Id or name of what it was done to."},                                                         \
    {"trace", CM_FIELD_TEXT, 1, offsetof(event_t, trace), NULL, NULL,                               \
     "X-Request-Id of the call, or what stands for it in a job or a command."},                     \
    {"detail", CM_FIELD_OBJECT, 1, offsetof(event_t, detail), NULL, NULL,                           \
     "More about it, without personal data."},                                                      \
    {"personal", CM_FIELD_OBJECT, 1, offsetof(event_t, personal), NULL, NULL,                       \
     "Names, addresses, remarks; null once they are erased."},                                      \
    {"leaf", CM_FIELD_INTEGER, 1, offsetof(event_t, leaf), NULL, NULL,                              \
     "Place in the sealed log, from 0; null when it is not sealed yet."}

static const cm_field_t event_fields[] = {EVENT_FIELDS, {.name = NULL}};
static const cm_field_t proven_fields[] = {
    EVENT_FIELDS,
    {"proof", CM_FIELD_RECORD, 1, offsetof(event_t, proof), &cm_schema_proof, NULL,
     "Null when the event is not sealed yet."},
    {.name = NULL}};
/* clang-format on */
const cm_schema_t cm_schema_event = {"AuditEvent", "An event of the audit log.", event_fields};
const cm_schema_t cm_schema_proven_event = {
    "ProvenAuditEvent", "An event, and what shows that it is in the log.", proven_fields};

const void *cm_answer_of_event(const cm_audit_event_t *event, apr_pool_t *pool)
{
    event_t *answer = apr_pcalloc(pool, sizeof *answer);

    *answer = (event_t){.id = event->id,
                        .happened = event->time,
                        .action = event->action,
                        .outcome = event->outcome,
                        .actor = event->actor,
                        .object = event->object,
                        .trace = event->trace,
                        .detail = cm_event_part(event->detail, pool),
                        .personal = cm_event_part(event->personal, pool),
                        .leaf = event->position};
    return answer;
}

json_t *cm_event_render(const cm_audit_event_t *event, apr_pool_t *pool)
{
    return cm_schema_render(&cm_schema_event, cm_answer_of_event(event, pool), pool);
}

static const head_t *answer_of_head(const cm_audit_head_t *head, cm_bytes_t spki, apr_pool_t *pool)
{
    head_t *answer = apr_pcalloc(pool, sizeof *answer);

    *answer = (head_t){head->size, cm_bytes_hex(head->root, pool), head->time,
                       cm_bytes_base64(head->signature, pool), cm_bytes_base64(spki, pool)};
    return answer;
}

static const proof_t *answer_of_proof(const cm_audit_proof_t *proof, const cm_audit_event_t *event,
                                      apr_pool_t *pool)
{
    apr_array_header_t *hashes;
    proof_t *answer;

    if (!proof) {
        return NULL;
    }
    hashes = apr_array_make(pool, proof->hashes->nelts, sizeof(const char *));
    for (int i = 0; i < proof->hashes->nelts; i++) {
        APR_ARRAY_PUSH(hashes, const char *) =
            cm_bytes_hex(APR_ARRAY_IDX(proof->hashes, i, cm_bytes_t), pool);
    }
    answer = apr_pcalloc(pool, sizeof *answer);
    *answer = (proof_t){proof->input, event->salt.data ? cm_bytes_hex(event->salt, pool) : NULL,
                        event->personal, hashes, answer_of_head(proof->head, proof->spki, pool)};
    return answer;
}

cm_error_t *cm_rest_event(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_audit_event_t *event;
    cm_audit_proof_t *proof;
    event_t answer;
    cm_error_t *error = cm_audit_show(&event, &proof, ctx, apr_table_get(call->words, "id"));

    if (error) {
        return error;
    }
    answer = *(const event_t *)cm_answer_of_event(event, ctx->pool);
    answer.proof = answer_of_proof(proof, event, ctx->pool);
    cm_reply_json(reply, 200, cm_schema_render(&cm_schema_proven_event, &answer, ctx->pool),
                  ctx->pool);
    return NULL;
}

cm_error_t *cm_rest_head(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_audit_head_t *head;
    cm_bytes_t spki;
    cm_error_t *error = cm_audit_newest(&head, &spki, ctx);

    (void)call;
    if (!error) {
        cm_reply_json(
            reply, 200,
            cm_schema_render(&cm_schema_head, answer_of_head(head, spki, ctx->pool), ctx->pool),
            ctx->pool);
    }
    return error;
}
