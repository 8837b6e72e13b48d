/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/audit_read.h"

#include "base/text.h"
#include "flow/audit.h"
#include "flow/merkle.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "policy/config.h"
#include "store/events.h"

#define CM_ACTION(name, about) name,
static const char *const actions[] = {
#include "flow/actions.def"
    NULL};
#undef CM_ACTION

static const char *const outcomes[] = {"done", "refused", NULL};

static cm_error_t *check_word(const char *word, const char *const *words, const char *field,
                              apr_pool_t *pool)
{
    for (; word && *words; words++) {
        if (strcmp(*words, word) == 0) {
            return NULL;
        }
    }
    return word ? cm_error_locate(cm_error_make(pool, CM_E_VALUE, "there is no such word here"),
                                  field, "value.word")
                : NULL;
}

static cm_error_t *check_query(const cm_event_query_t *query, apr_pool_t *pool)
{
    return cm_error_join(check_word(query->action, actions, "/action", pool),
                         check_word(query->outcome, outcomes, "/outcome", pool));
}

cm_error_t *cm_audit_page(cm_event_page_t *page, const cm_ctx_t *ctx, const cm_event_query_t *query)
{
    cm_error_t *error = check_query(query, ctx->pool);

    return error ? error : cm_events_find(page, ctx->store, query, ctx->pool);
}

static void set_if(json_t *object, const char *name, const char *text)
{
    if (text) {
        cm_json_set_text(object, name, text);
    }
}

cm_error_t *cm_audit_export(const cm_ctx_t *ctx, const cm_event_query_t *query, const char *format)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "audit.export", NULL);
    cm_error_t *error = check_query(query, ctx->pool);

    if (error) {
        return error;
    }
    cm_json_set_text(draft->detail, "format", format);
    set_if(draft->detail, "action", query->action);
    set_if(draft->detail, "outcome", query->outcome);
    set_if(draft->detail, "actor", query->actor);
    set_if(draft->detail, "object", query->object);
    set_if(draft->detail, "trace", query->trace);
    if (query->since) {
        cm_json_set_time(draft->detail, "happened_after", query->since);
    }
    if (query->until != APR_INT64_MAX) {
        cm_json_set_time(draft->detail, "happened_before", query->until);
    }
    return cm_audit_record(ctx, draft);
}

static cm_error_t *broken(apr_pool_t *pool, const char *what)
{
    return cm_error_advise(cm_error_make(pool, CM_E_INTEGRITY, "%s", what),
                           "certmgrctl audit verify tells what was changed");
}

static cm_error_t *find_key(cm_bytes_t *spki, const cm_ctx_t *ctx)
{
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, ctx->config->audit_key, ctx->pool);

    if (!error) {
        *spki = cm_key_spki(key);
    }
    return error;
}

/* The first head that covers the position, and what was sealed with it. */
static cm_error_t *read_batch(cm_audit_head_t **head, cm_merkle_batch_t *batch, const cm_ctx_t *ctx,
                              apr_int64_t position)
{
    apr_array_header_t *heads, *leaves, *hashes;
    cm_audit_head_t *before;
    apr_int64_t start;
    cm_error_t *error = cm_heads_page(&heads, ctx->store, position, 1, ctx->pool);

    if (!error && !heads->nelts) {
        error = broken(ctx->pool, "no signed head covers this event");
    }
    if (!error) {
        *head = APR_ARRAY_IDX(heads, 0, cm_audit_head_t *);
        error = cm_head_within(&before, ctx->store, position, ctx->pool);
    }
    if (!error && before) {
        error = cm_merkle_resume(&batch->before, before->size, before->peaks, ctx->pool);
    }
    start = batch->before.size;
    if (!error && (*head)->size - start > CM_STORE_ROWS_MAX) {
        error = broken(ctx->pool, "a signed head is missing before this event");
    }
    if (!error) {
        error = cm_leaves_page(&leaves, ctx->store, start, (int)((*head)->size - start), ctx->pool);
    }
    if (error) {
        return error;
    }
    hashes = apr_array_make(ctx->pool, leaves->nelts, sizeof(cm_bytes_t));
    for (int i = 0; i < leaves->nelts; i++) {
        const cm_audit_leaf_t *leaf = APR_ARRAY_IDX(leaves, i, cm_audit_leaf_t *);

        if (leaf->position != start + i || leaf->hash.len != CM_MERKLE_HASH) {
            break;
        }
        APR_ARRAY_PUSH(hashes, cm_bytes_t) = leaf->hash;
    }
    batch->leaves = hashes;
    return hashes->nelts == (*head)->size - start
               ? NULL
               : broken(ctx->pool, "what was sealed with this event is not complete");
}

/* A proof that does not lead to the signed root is not handed out. */
static cm_error_t *prove(cm_audit_proof_t **proof, const cm_ctx_t *ctx,
                         const cm_audit_event_t *event)
{
    cm_audit_proof_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    cm_merkle_batch_t batch = {.leaves = NULL};
    cm_audit_head_t *head;
    cm_bytes_t input = cm_audit_leaf_input(event, ctx->pool), root;
    cm_error_t *error = find_key(&made->spki, ctx);

    if (!error) {
        error = read_batch(&head, &batch, ctx, event->position);
    }
    if (error) {
        return error;
    }
    made->input = (const char *)input.data;
    made->hashes = cm_merkle_prove(&batch, event->position, ctx->pool);
    made->head = head;
    root = cm_merkle_follow(cm_merkle_leaf(input, ctx->pool), event->position, head->size,
                            made->hashes, ctx->pool);
    if (!cm_bytes_equal(root, head->root) ||
        !cm_audit_head_is_signed(head, made->spki, ctx->pool)) {
        return broken(ctx->pool, "this event is not what was sealed");
    }
    *proof = made;
    return NULL;
}

cm_error_t *cm_audit_show(cm_audit_event_t **event, cm_audit_proof_t **proof, const cm_ctx_t *ctx,
                          const char *id)
{
    cm_error_t *error = cm_event_read(event, ctx->store, id, ctx->pool);

    *proof = NULL;
    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such event");
    }
    if (error || (*event)->position < 0) {
        return error;
    }
    return prove(proof, ctx, *event);
}

cm_error_t *cm_audit_newest(cm_audit_head_t **head, cm_bytes_t *spki, const cm_ctx_t *ctx)
{
    cm_error_t *error = cm_head_newest(head, ctx->store, ctx->pool);

    if (!error && !*head) {
        error = cm_error_make(ctx->pool, CM_E_NOT_FOUND, "the audit log has no head yet");
    }
    return error ? error : find_key(spki, ctx);
}
