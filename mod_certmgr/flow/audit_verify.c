/* SPDX-License-Identifier: Apache-2.0
 *
 * Recompute the audit log from its rows and say what does not fit. Leaves and events are walked
 * side by side in order of their positions; at the size of each signed head the tree must have its
 * root.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/merkle.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "policy/config.h"
#include "store/events.h"

enum { PAGE = 500 };

/* A cursor over pages of events or leaves, which both begin with the same question. */
typedef cm_error_t *page_fn(apr_array_header_t **page, cm_store_t *store, apr_int64_t from,
                            int limit, apr_pool_t *pool);

typedef struct {
    page_fn *read;
    apr_array_header_t *page;
    int at;
    apr_pool_t *pool;
} cursor_t;

typedef struct {
    const cm_ctx_t *ctx;
    cm_audit_report_t *report;
    cm_bytes_t spki; /* of the audit key */
    cursor_t events, leaves;
    cm_merkle_t stored;            /* as the leaves say */
    cm_merkle_t computed;          /* as the events say */
    int batch_findings;            /* number of findings at the last head */
    apr_array_header_t *batch_ids; /* of const char *: events since the last good head */
    apr_array_header_t *heads;     /* of cm_audit_head_t *, by size */
    int head;
    apr_int64_t later; /* positions below were sealed while this goes on */
} verify_t;

static void find(verify_t *verify, const char *event, const char *what, const char *why)
{
    cm_audit_finding_t *finding;

    for (int i = verify->report->findings->nelts - 1; i >= 0; i--) {
        finding = &APR_ARRAY_IDX(verify->report->findings, i, cm_audit_finding_t);
        if (strcmp(finding->event, event) == 0) {
            return; /* said once is enough */
        }
    }
    finding = apr_array_push(verify->report->findings);
    finding->event = apr_pstrdup(verify->ctx->pool, event);
    finding->what = what;
    finding->why = why;
}

static const char *position_name(const verify_t *verify, apr_int64_t position)
{
    return apr_psprintf(verify->ctx->pool, "position %" APR_INT64_T_FMT, position);
}

/* The element at the cursor, NULL at the end. */
static cm_error_t *look(void **element, cursor_t *cursor, const verify_t *verify, apr_int64_t from)
{
    cm_error_t *error = NULL;

    if (!cursor->page || cursor->at == cursor->page->nelts) {
        if (cursor->page && cursor->page->nelts < PAGE) {
            *element = NULL;
            return NULL;
        }
        if (cursor->pool) {
            apr_pool_clear(cursor->pool);
        } else {
            apr_pool_create(&cursor->pool, verify->ctx->pool);
        }
        cursor->at = 0;
        error = cursor->read(&cursor->page, verify->ctx->store, from, PAGE, cursor->pool);
    }
    if (!error) {
        *element = cursor->at < cursor->page->nelts
                       ? APR_ARRAY_IDX(cursor->page, cursor->at, void *)
                       : NULL;
    }
    return error;
}

/* The rows of the batch changed in step, so that only the signed root gives it away: which of them
 * can't be told, unless the events still lead to the root. */
static void blame_batch(verify_t *verify, const cm_audit_head_t *head)
{
    const char *why = "does not lead to the signed root; one or more events of this batch changed";

    if (cm_bytes_equal(cm_merkle_root(&verify->computed, verify->ctx->pool), head->root)) {
        why = "the stored hash changed, the event did not";
    } else if (verify->batch_findings < verify->report->findings->nelts) {
        return; /* named already, one by one */
    }
    for (int i = 0; i < verify->batch_ids->nelts; i++) {
        find(verify, APR_ARRAY_IDX(verify->batch_ids, i, const char *), "changed", why);
    }
}

/* Heads whose size is reached. */
static void check_heads(verify_t *verify)
{
    while (verify->head < verify->heads->nelts) {
        const cm_audit_head_t *head = APR_ARRAY_IDX(verify->heads, verify->head, cm_audit_head_t *);

        if (head->size > verify->stored.size) {
            return;
        }
        verify->head++;
        if (!cm_bytes_equal(cm_merkle_root(&verify->stored, verify->ctx->pool), head->root)) {
            blame_batch(verify, head);
            if (head->peaks.len) {
                /* go on from what was signed, so that one change is found once */
                cm_merkle_resume(&verify->stored, head->size, head->peaks, verify->ctx->pool);
            }
        }
        verify->computed = verify->stored;
        verify->batch_findings = verify->report->findings->nelts;
        apr_array_clear(verify->batch_ids);
    }
}

static void compare(verify_t *verify, const cm_audit_leaf_t *leaf, const cm_audit_event_t *event)
{
    cm_bytes_t hash;

    if (strcmp(leaf->event, event->id) != 0) {
        find(verify, event->id, "inserted", "stands where another event was sealed");
        find(verify, leaf->event, "missing", "its place is taken by another event");
        cm_merkle_append(&verify->computed, leaf->hash);
        return;
    }
    hash = cm_audit_leaf_hash(event, verify->events.pool);
    if (!cm_bytes_equal(hash, leaf->hash)) {
        find(verify, event->id, "changed", "is not what was sealed");
    }
    cm_merkle_append(&verify->computed, hash);
}

/* What stands past the last signed head, or twice at one position, was put there. */
static int pass_inserted(verify_t *verify, const cm_audit_leaf_t *leaf,
                         const cm_audit_event_t *event)
{
    const apr_int64_t position = verify->stored.size;
    const int past = verify->head == verify->heads->nelts;

    if (event && (past || event->position < position)) {
        find(verify, event->id, "inserted",
             past ? "is sealed under no signed head" : "its position is taken");
        verify->events.at++;
        return 1;
    }
    if (leaf && past) {
        find(verify, leaf->event, "inserted", "its leaf is under no signed head");
        verify->leaves.at++;
        return 1;
    }
    return 0;
}

/* Whether this position was sealed after the heads were read; asked after it was read itself. */
static cm_error_t *is_later(int *is, verify_t *verify, apr_int64_t position)
{
    cm_audit_head_t *head = NULL;
    cm_error_t *error = position < verify->later
                            ? NULL
                            : cm_head_newest(&head, verify->ctx->store, verify->ctx->pool);

    if (head && cm_audit_head_is_signed(head, verify->spki, verify->ctx->pool)) {
        verify->later = head->size;
    }
    *is = !error && position < verify->later;
    return error;
}

/* What others seal meanwhile is for the next time. */
static cm_error_t *pass_later(int *passed, verify_t *verify, const cm_audit_leaf_t *leaf,
                              const cm_audit_event_t *event)
{
    cm_error_t *error;

    *passed = 0;
    if (verify->head < verify->heads->nelts) {
        return NULL;
    }
    error = is_later(passed, verify, event ? event->position : leaf->position);
    verify->events.at += *passed && event;
    verify->leaves.at += *passed && !event;
    return error;
}

/* The next leaf and the next event, NULL where there is none. */
static cm_error_t *look_at_both(cm_audit_leaf_t **leaf, cm_audit_event_t **event, verify_t *verify)
{
    void *element;
    cm_error_t *error = look(&element, &verify->leaves, verify, verify->stored.size);

    if (!error) {
        *leaf = element;
        error = look(&element, &verify->events, verify, verify->stored.size);
    }
    if (!error) {
        *event = element;
    }
    return error;
}

/* What stands at this position of the tree: a leaf, an event, both or neither. */
static void check_position(verify_t *verify, const cm_audit_leaf_t *leaf,
                           const cm_audit_event_t *event)
{
    const cm_bytes_t filler = cm_merkle_leaf(cm_bytes_make("", 0), verify->ctx->pool);

    if (leaf && event) {
        compare(verify, leaf, event);
    } else if (leaf) {
        find(verify, leaf->event, "missing", "was sealed and is gone");
        cm_merkle_append(&verify->computed, leaf->hash);
    } else if (event) {
        find(verify, event->id, "inserted", "was never sealed, or its leaf is gone");
        cm_merkle_append(&verify->computed, cm_audit_leaf_hash(event, verify->events.pool));
    } else {
        find(verify, position_name(verify, verify->stored.size), "missing",
             "event and leaf are gone");
        cm_merkle_append(&verify->computed, filler);
    }
    if (leaf || event) {
        APR_ARRAY_PUSH(verify->batch_ids, const char *) =
            apr_pstrdup(verify->ctx->pool, leaf ? leaf->event : event->id);
    }
    cm_merkle_append(&verify->stored, leaf ? leaf->hash : filler);
}

/* One step of the walk. *more is 0 at the end of both. */
static cm_error_t *step(int *more, verify_t *verify)
{
    const apr_int64_t position = verify->stored.size;
    cm_audit_event_t *event = NULL;
    cm_audit_leaf_t *leaf = NULL;
    int passed = 0;
    cm_error_t *error = look_at_both(&leaf, &event, verify);

    *more = !error && (leaf || event);
    if (*more) {
        error = pass_later(&passed, verify, leaf, event);
    }
    if (error || !*more || passed || pass_inserted(verify, leaf, event)) {
        return error;
    }
    leaf = leaf && leaf->position == position ? leaf : NULL;
    event = event && event->position == position ? event : NULL;
    verify->leaves.at += leaf != NULL;
    verify->events.at += event != NULL;
    check_position(verify, leaf, event);
    check_heads(verify);
    return NULL;
}

/* Before the last signed head nothing may be missing. */
static void check_end(verify_t *verify)
{
    for (; verify->head < verify->heads->nelts; verify->head++) {
        const cm_audit_head_t *head = APR_ARRAY_IDX(verify->heads, verify->head, cm_audit_head_t *);

        for (; verify->stored.size < head->size; verify->stored.size++) {
            find(verify, position_name(verify, verify->stored.size), "missing",
                 "a signed head counts it, the log ends before it");
        }
    }
}

typedef struct {
    apr_int64_t size;
    const char *root, *signature, *key;
    apr_time_t time;
} line_t;

static const cm_json_member_t line_members[] = {
    {"size", CM_JSON_INTEGER, CM_JSON_REQUIRED, offsetof(line_t, size), 0, "Number of events."},
    {"root", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(line_t, root), 64, "Root hash, hex."},
    {"time", CM_JSON_TIME, CM_JSON_REQUIRED, offsetof(line_t, time), 0, "When it was signed."},
    {"signature", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(line_t, signature), 2048, "Base64."},
    {"key", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(line_t, key), 2048,
     "SubjectPublicKeyInfo of the audit key, base64."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *read_line(cm_audit_head_t **head, const char *text, apr_pool_t *pool)
{
    cm_audit_head_t *made = apr_pcalloc(pool, sizeof *made);
    line_t line = {0};
    json_t *document;
    cm_error_t *error = cm_json_parse(&document, cm_bytes_of_text(text), pool);

    if (!error) {
        error = cm_json_read(&line, line_members, document, "", pool);
    }
    if (!error) {
        error = cm_bytes_unhex(&made->root, line.root, pool);
    }
    if (!error) {
        error = cm_bytes_unbase64(&made->signature, line.signature, pool);
    }
    made->size = line.size;
    made->time = line.time;
    *head = made;
    return error;
}

static int by_size(const void *a, const void *b)
{
    const cm_audit_head_t *const *left = a;
    const cm_audit_head_t *const *right = b;

    if ((*left)->size == (*right)->size) {
        /* one with peaks first: it can mend the walk for the other */
        return (int)((*right)->peaks.len > 0) - (int)((*left)->peaks.len > 0);
    }
    return (*left)->size < (*right)->size ? -1 : 1;
}

/* A head without a good signature says nothing about the tree, only about itself. */
static void drop_unsigned(verify_t *verify)
{
    int kept = 0;

    for (int i = 0; i < verify->heads->nelts; i++) {
        cm_audit_head_t *head = APR_ARRAY_IDX(verify->heads, i, cm_audit_head_t *);

        if (cm_audit_head_is_signed(head, verify->spki, verify->ctx->pool)) {
            APR_ARRAY_IDX(verify->heads, kept++, cm_audit_head_t *) = head;
        } else {
            find(verify, apr_psprintf(verify->ctx->pool, "head %" APR_INT64_T_FMT, head->size),
                 "changed", "the signature of this head is wrong");
        }
    }
    verify->heads->nelts = kept;
}

/* A line that was cut by a crash, or by somebody's hand, must not keep the rest from being checked.
 */
static void take_lines(verify_t *verify, const char *lines)
{
    apr_pool_t *pool = verify->ctx->pool;
    char *rest = lines ? apr_pstrdup(pool, lines) : NULL;

    for (int number = 1; rest && *rest; number++) {
        char *line = rest;
        cm_audit_head_t *head;

        rest = strchr(line, '\n');
        if (rest) {
            *rest++ = '\0';
        }
        if (*line && read_line(&head, line, pool)) {
            find(verify, apr_psprintf(pool, "line %d of the heads", number), "changed",
                 "is no head of an audit log");
        } else if (*line) {
            APR_ARRAY_PUSH(verify->heads, cm_audit_head_t *) = head;
        }
    }
}

static cm_error_t *gather_heads(verify_t *verify, const char *lines)
{
    apr_array_header_t *page;
    cm_error_t *error = NULL;
    apr_int64_t after = 0;

    do {
        error = cm_heads_page(&page, verify->ctx->store, after, PAGE, verify->ctx->pool);
        if (!error && page->nelts) {
            apr_array_cat(verify->heads, page);
            after = APR_ARRAY_IDX(page, page->nelts - 1, cm_audit_head_t *)->size;
        }
    } while (!error && page->nelts == PAGE);
    if (error) {
        return error;
    }
    take_lines(verify, lines);
    drop_unsigned(verify);
    if (verify->heads->nelts) {
        qsort(verify->heads->elts, (size_t)verify->heads->nelts, sizeof(cm_audit_head_t *),
              by_size);
    }
    return NULL;
}

static cm_error_t *open_key(verify_t *verify)
{
    const cm_ctx_t *ctx = verify->ctx;
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, ctx->config->audit_key, ctx->pool);

    if (!error) {
        verify->spki = cm_key_spki(key);
    }
    return error;
}

cm_error_t *cm_audit_verify(cm_audit_report_t **report, const cm_ctx_t *ctx, const char *heads)
{
    verify_t *verify = apr_pcalloc(ctx->pool, sizeof *verify);
    apr_time_t oldest;
    int more = 1;
    cm_error_t *error;

    verify->ctx = ctx;
    verify->report = apr_pcalloc(ctx->pool, sizeof *verify->report);
    verify->report->findings = apr_array_make(ctx->pool, 4, sizeof(cm_audit_finding_t));
    verify->batch_ids = apr_array_make(ctx->pool, PAGE, sizeof(const char *));
    verify->heads = apr_array_make(ctx->pool, PAGE, sizeof(cm_audit_head_t *));
    verify->events.read = cm_events_page;
    verify->leaves.read = cm_leaves_page;
    error = open_key(verify);
    if (!error) {
        error = gather_heads(verify, heads);
    }
    while (!error && more) {
        error = step(&more, verify);
    }
    if (!error) {
        verify->report->sealed = verify->stored.size;
        check_end(verify);
        error = cm_events_waiting(&verify->report->waiting, &oldest, ctx->store, ctx->pool);
    }
    *report = verify->report;
    return error;
}
