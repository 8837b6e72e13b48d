/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/audit.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/headfile.h"
#include "flow/merkle.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/pubkey.h"
#include "pki/sigalg.h"
#include "policy/config.h"
#include "policy/identity.h"
#include "store/events.h"

enum { SALT = 16, BATCH = 500, TRIES = 5 };

/* A head is signed a little after its job woke: without it the wake-up at the end of the interval
 * would come just too early, and the next one too late for the contract's 5 s. */
enum { EARLY = APR_USEC_PER_SEC / 2 };

cm_audit_draft_t *cm_audit_begin(const cm_ctx_t *ctx, const char *action, const char *object)
{
    cm_audit_draft_t *draft = apr_pcalloc(ctx->pool, sizeof *draft);

    draft->event.id = cm_ctx_id(ctx);
    draft->event.time = ctx->now;
    draft->event.action = action;
    draft->event.outcome = "done";
    draft->event.actor = ctx->who && !ctx->who->by_command ? ctx->who->person->id : NULL;
    draft->event.object = object;
    draft->event.trace = ctx->trace_id;
    draft->event.salt = cm_ctx_random(ctx, SALT);
    draft->event.position = -1;
    draft->detail = cm_json_object(ctx->pool);
    draft->personal = cm_json_object(ctx->pool);
    if (ctx->address) {
        cm_json_set_text(draft->personal, "address", ctx->address);
    }
    if (ctx->who) {
        cm_json_set_text(draft->personal, ctx->who->by_command ? "for" : "actor",
                         ctx->who->person->name);
        cm_json_set_text(draft->detail, "login", ctx->who->login);
    }
    if (ctx->who && ctx->who->by_command) {
        cm_json_set_text(draft->detail, "for", ctx->who->person->id);
    }
    return draft;
}

cm_audit_event_t *cm_audit_finish(cm_audit_draft_t *draft, const cm_ctx_t *ctx)
{
    draft->event.detail = (const char *)cm_json_canonical(draft->detail, ctx->pool).data;
    draft->event.personal = (const char *)cm_json_canonical(draft->personal, ctx->pool).data;
    return &draft->event;
}

static cm_error_t *nothing_else(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)txn;
    (void)event;
    (void)baton;
    return NULL;
}

cm_error_t *cm_audit_record(const cm_ctx_t *ctx, cm_audit_draft_t *draft)
{
    return cm_store_transact(ctx->store, nothing_else, NULL, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

void cm_audit_refusal(const cm_ctx_t *ctx, cm_audit_draft_t *draft, const cm_error_t *error)
{
    cm_error_t *failed;

    draft->event.outcome = "refused";
    cm_json_set_text(draft->detail, "problem", cm_code_info(error->code)->name);
    cm_json_set_text(draft->detail, "rule", error->rule);
    failed = cm_audit_record(ctx, draft);
    if (failed) {
        cm_ctx_log_error(ctx, CM_LOG_ERROR, failed);
    }
}

cm_bytes_t cm_audit_leaf_input(const cm_audit_event_t *event, apr_pool_t *pool)
{
    const cm_bytes_t salted[] = {event->salt,
                                 cm_bytes_of_text(event->personal ? event->personal : "")};
    cm_bytes_t personal = cm_bytes_sha256(cm_bytes_concat(salted, 2, pool), pool);
    json_t *entry = cm_json_object(pool);

    cm_json_set_text(entry, "id", event->id);
    cm_json_set_integer(entry, "time", event->time);
    cm_json_set_text(entry, "action", event->action);
    cm_json_set_text(entry, "outcome", event->outcome);
    cm_json_set_text(entry, "actor", event->actor);
    cm_json_set_text(entry, "object", event->object);
    cm_json_set_text(entry, "trace", event->trace);
    cm_json_set_text(entry, "detail", event->detail);
    cm_json_set_text(entry, "personal", cm_bytes_hex(personal, pool));
    return cm_json_canonical(entry, pool);
}

cm_bytes_t cm_audit_leaf_hash(const cm_audit_event_t *event, apr_pool_t *pool)
{
    return cm_merkle_leaf(cm_audit_leaf_input(event, pool), pool);
}

const char *cm_audit_head_text(const cm_audit_head_t *head, apr_pool_t *pool)
{
    return apr_psprintf(pool, "certmgr-audit-head-v1\n%" APR_INT64_T_FMT "\n%s\n%s\n", head->size,
                        cm_bytes_hex(head->root, pool), cm_text_time(head->time, pool));
}

int cm_audit_head_is_signed(const cm_audit_head_t *head, cm_bytes_t spki, apr_pool_t *pool)
{
    const cm_sigalg_t *alg;
    cm_pubkey_t *key;
    cm_signed_t parts;

    if (cm_pubkey_parse(&key, spki, pool)) {
        return 0;
    }
    alg = cm_sigalg_for_key(key->algorithm);
    parts.tbs = cm_bytes_of_text(cm_audit_head_text(head, pool));
    parts.identifier = cm_sigalg_identifier(alg, pool);
    parts.signature = head->signature;
    return cm_signed_verify(&parts, key, pool) == NULL;
}

const char *cm_audit_head_line(const cm_audit_head_t *head, cm_bytes_t spki, apr_pool_t *pool)
{
    json_t *line = cm_json_object(pool);

    cm_json_set_integer(line, "size", head->size);
    cm_json_set_text(line, "root", cm_bytes_hex(head->root, pool));
    cm_json_set_time(line, "time", head->time);
    cm_json_set_text(line, "signature", cm_bytes_base64(head->signature, pool));
    cm_json_set_text(line, "key", cm_bytes_base64(spki, pool));
    return (const char *)cm_json_dump(line, pool).data;
}

typedef struct {
    const apr_array_header_t *events;
    apr_array_header_t *leaves;
    cm_audit_head_t head;
} seal_t;

static cm_error_t *store_seal(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const seal_t *seal = baton;
    cm_error_t *error = cm_events_seal(txn, seal->leaves);

    (void)event;
    return error ? error : cm_head_insert(txn, &seal->head);
}

static cm_error_t *sign_head(cm_audit_head_t *head, cm_key_t *key, const cm_ctx_t *ctx)
{
    const cm_sigalg_t *alg = cm_sigalg_for_key(cm_key_algorithm(key));

    return cm_key_sign(&head->signature, key, alg->digest,
                       cm_bytes_of_text(cm_audit_head_text(head, ctx->pool)), ctx->pool);
}

/* Outside of the database as well: a database put back as a whole has lost what these say. */
static void publish_head(const cm_ctx_t *ctx, const cm_audit_head_t *head, cm_key_t *key)
{
    const char *line = cm_audit_head_line(head, cm_key_spki(key), ctx->pool);
    cm_error_t *error = NULL;

    cm_ctx_log(ctx, CM_LOG_INFO, "audit head %s", line);
    if (ctx->config->audit_heads) {
        error = cm_headfile_append(ctx->config->audit_heads, line, ctx->pool);
    }
    if (error) {
        cm_ctx_log_error(ctx, CM_LOG_ERROR, error);
    }
}

/* Go on from the newest head. What stands in the database is not believed: a head that was put
 * there, or peaks that were, would have us sign a tree that we never saw. */
static cm_error_t *resume(cm_merkle_t *tree, const cm_audit_head_t *newest, cm_key_t *key,
                          apr_pool_t *pool)
{
    cm_error_t *error = cm_merkle_resume(tree, newest->size, newest->peaks, pool);

    if (!error && (!cm_bytes_equal(cm_merkle_root(tree, pool), newest->root) ||
                   !cm_audit_head_is_signed(newest, cm_key_spki(key), pool))) {
        error = cm_error_make(pool, CM_E_INTEGRITY,
                              "the newest head of the audit log is not what was signed: run "
                              "certmgrctl audit verify");
    }
    return error;
}

/* A command writes to its own terminal; the server's log says it too, wherever the server runs. */
static void announce(const cm_ctx_t *ctx, const apr_array_header_t *events)
{
    for (int i = 0; i < events->nelts; i++) {
        const cm_audit_event_t *event = APR_ARRAY_IDX(events, i, cm_audit_event_t *);

        if (strstr(event->action, ".break-glass")) {
            /* who and why stand in the event: of a log nothing can be erased */
            cm_ctx_log(ctx, CM_LOG_NOTICE, "break-glass: %s %s, %s (event %s)",
                       event->object ? "request" : "command",
                       event->object ? event->object : event->detail, event->outcome, event->id);
        }
    }
}

/* One batch: *sealed is the number of events. */
static cm_error_t *seal_batch(int *sealed, cm_ctx_t *ctx, cm_key_t *key)
{
    seal_t seal = {NULL, apr_array_make(ctx->pool, BATCH, sizeof(cm_audit_leaf_t)), {0}};
    cm_merkle_t tree = {0};
    apr_array_header_t *events;
    cm_audit_head_t *newest;
    cm_error_t *error = cm_events_unsealed(&events, ctx->store, BATCH, ctx->pool);

    *sealed = 0;
    if (error || !events->nelts) {
        return error;
    }
    error = cm_head_newest(&newest, ctx->store, ctx->pool);
    if (!error && newest) {
        error = resume(&tree, newest, key, ctx->pool);
    }
    if (error) {
        return error;
    }
    for (int i = 0; i < events->nelts; i++) {
        const cm_audit_event_t *event = APR_ARRAY_IDX(events, i, cm_audit_event_t *);
        cm_audit_leaf_t *leaf = apr_array_push(seal.leaves);

        leaf->position = tree.size;
        leaf->event = event->id;
        leaf->hash = cm_audit_leaf_hash(event, ctx->pool);
        cm_merkle_append(&tree, leaf->hash);
    }
    seal.head.size = tree.size;
    seal.head.root = cm_merkle_root(&tree, ctx->pool);
    seal.head.peaks = cm_merkle_peaks(&tree, ctx->pool);
    seal.head.time = ctx->host->now(ctx->host);
    error = sign_head(&seal.head, key, ctx);
    if (!error) {
        error = cm_store_maintain(ctx->store, store_seal, &seal, ctx->pool);
    }
    if (!error) {
        *sealed = events->nelts;
        publish_head(ctx, &seal.head, key);
        announce(ctx, events);
    }
    return error;
}

cm_error_t *cm_audit_seal(cm_ctx_t *ctx)
{
    cm_key_t *key;
    int sealed = 0;
    int conflicts = 0;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, ctx->config->audit_key, ctx->pool);

    while (!error) {
        error = seal_batch(&sealed, ctx, key);
        if (error && error->code == CM_E_CONFLICT && ++conflicts < TRIES) {
            error = NULL; /* another process sealed the same events: look again */
        } else if (!error && !sealed) {
            break;
        }
    }
    return error;
}

cm_error_t *cm_audit_is_due(int *due, cm_ctx_t *ctx)
{
    cm_audit_head_t *newest = NULL;
    apr_int64_t waiting = 0;
    apr_time_t oldest;
    cm_error_t *error = cm_events_waiting(&waiting, &oldest, ctx->store, ctx->pool);

    if (!error && waiting) {
        error = cm_head_newest(&newest, ctx->store, ctx->pool);
    }
    /* a head of the future, of a clock that was wrong or by somebody's hand, is not waited for */
    *due = waiting &&
           (!newest || newest->time > ctx->now + EARLY ||
            ctx->now + EARLY >= newest->time + apr_time_from_sec(ctx->config->audit_interval));
    return error;
}

cm_error_t *cm_audit_head(const char **line, cm_ctx_t *ctx)
{
    cm_audit_head_t *head = NULL;
    cm_key_t *key;
    cm_error_t *error = cm_audit_seal(ctx);

    if (!error) {
        error = cm_head_newest(&head, ctx->store, ctx->pool);
    }
    if (!error && !head) {
        error = cm_error_make(ctx->pool, CM_E_NOT_FOUND, "the audit log has no events yet");
    }
    if (!error) {
        error = cm_keyring_find(&key, ctx->keys, ctx->config->audit_key, ctx->pool);
    }
    if (!error) {
        *line = cm_audit_head_line(head, cm_key_spki(key), ctx->pool);
    }
    return error;
}
