/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/strangers.h"

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "base/text.h"
#include "flow/audit.h"

/* GRACE: a process that counted in the last seconds of an hour has written that by then. */
enum { RULES = 32, RULE_MAX = 64, HOUR = 3600, GRACE = 60, HOURS_AT_ONCE = 24 };

typedef struct {
    char rule[RULE_MAX];
    apr_int64_t waiting; /* not written yet */
    apr_int64_t written; /* in the present hour */
} slot_t;

struct cm_strangers_t {
    apr_thread_mutex_t *lock;
    apr_thread_mutex_t *writing; /* held while counts are on their way */
    const char *holder;
    apr_time_t hour; /* of `written` */
    int used;
    slot_t slots[RULES];
};

cm_error_t *cm_strangers_make(cm_strangers_t **strangers, const char *holder, apr_pool_t *pool)
{
    cm_strangers_t *made = apr_pcalloc(pool, sizeof *made);
    apr_status_t status = apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_thread_mutex_create(&made->writing, APR_THREAD_MUTEX_DEFAULT, pool);
    }
    made->holder = holder;
    *strangers = made;
    return status == APR_SUCCESS
               ? NULL
               : cm_error_apr(pool, CM_E_INTERNAL, "a lock can't be made", status);
}

void cm_stranger_count(cm_strangers_t *strangers, const char *rule)
{
    int i = 0;

    if (!strangers) {
        return;
    }
    apr_thread_mutex_lock(strangers->lock);
    if (strangers->used == RULES - 1) {
        apr_cpystrn(strangers->slots[strangers->used++].rule, "other", RULE_MAX);
    }
    while (i < strangers->used && strcmp(strangers->slots[i].rule, rule) != 0) {
        i++;
    }
    if (i == RULES) {
        i = RULES - 1;
    } else if (i == strangers->used) {
        apr_cpystrn(strangers->slots[strangers->used++].rule, rule, RULE_MAX);
    }
    strangers->slots[i].waiting++;
    apr_thread_mutex_unlock(strangers->lock);
}

static apr_time_t hour_of(apr_time_t time)
{
    return time - time % apr_time_from_sec(HOUR);
}

/* What is to be written: counts of the hour so far, which are the same however often they are. */
typedef struct {
    cm_stranger_count_t counts[RULES];
    apr_int64_t taken[RULES];
    int used;
} batch_t;

static int take_batch(batch_t *batch, cm_strangers_t *strangers, const cm_ctx_t *ctx)
{
    apr_time_t hour = hour_of(ctx->now);
    int any = 0;

    apr_thread_mutex_lock(strangers->lock);
    batch->used = strangers->used;
    for (int i = 0; i < strangers->used; i++) {
        slot_t *slot = &strangers->slots[i];

        slot->written = hour == strangers->hour ? slot->written : 0;
        batch->taken[i] = slot->waiting;
        batch->counts[i] = (cm_stranger_count_t){hour, apr_pstrdup(ctx->pool, slot->rule),
                                                 strangers->holder, slot->written + slot->waiting};
        any |= slot->waiting > 0;
    }
    strangers->hour = hour;
    apr_thread_mutex_unlock(strangers->lock);
    return any;
}

static void settle_batch(const batch_t *batch, cm_strangers_t *strangers)
{
    apr_thread_mutex_lock(strangers->lock);
    for (int i = 0; i < batch->used; i++) {
        strangers->slots[i].waiting -= batch->taken[i];
        strangers->slots[i].written += batch->taken[i];
    }
    apr_thread_mutex_unlock(strangers->lock);
}

static cm_error_t *store_batch(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const batch_t *batch = baton;
    cm_error_t *error = NULL;

    (void)event;
    for (int i = 0; !error && i < batch->used; i++) {
        if (batch->taken[i]) {
            error = cm_stranger_set(txn, &batch->counts[i]);
        }
    }
    return error;
}

cm_error_t *cm_strangers_flush(cm_strangers_t *strangers, cm_ctx_t *ctx)
{
    batch_t batch;
    cm_error_t *error = NULL;

    if (!strangers) {
        return NULL;
    }
    apr_thread_mutex_lock(strangers->writing);
    if (take_batch(&batch, strangers, ctx)) {
        error = cm_store_maintain(ctx->store, store_batch, &batch, ctx->pool);
        if (!error) {
            settle_batch(&batch, strangers);
        }
    }
    apr_thread_mutex_unlock(strangers->writing);
    return error;
}

static cm_error_t *oldest(apr_time_t *hour, const cm_ctx_t *ctx)
{
    return cm_strangers_oldest(hour, ctx->store, ctx->now - apr_time_from_sec(HOUR + GRACE) + 1,
                               ctx->pool);
}

cm_error_t *cm_strangers_is_due(int *due, cm_ctx_t *ctx)
{
    apr_time_t hour = 0;
    cm_error_t *error = oldest(&hour, ctx);

    *due = hour != 0;
    return error;
}

typedef struct {
    const cm_ctx_t *ctx;
    cm_audit_draft_t *draft;
    apr_time_t hour;
} close_t;

/* Fills in the event: what it says is what this very transaction takes. */
static cm_error_t *store_close(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    close_t *work = baton;
    json_t *refusals = cm_json_object(cm_txn_pool(txn));
    apr_array_header_t *counts;
    cm_error_t *error = cm_strangers_open(&counts, txn, work->hour);

    for (int i = 0; !error && i < counts->nelts; i++) {
        const cm_stranger_count_t *count = APR_ARRAY_IDX(counts, i, cm_stranger_count_t *);
        json_int_t sum = json_integer_value(json_object_get(refusals, count->rule));

        cm_json_set_integer(refusals, count->rule, sum + count->refused);
        error = cm_stranger_close(txn, count);
    }
    if (!error && !counts->nelts) {
        error =
            cm_error_make(cm_txn_pool(txn), CM_E_CONFLICT, "another process recorded this hour");
    }
    if (!error) {
        cm_json_set(work->draft->detail, "refusals", refusals);
        event->detail = cm_audit_finish(work->draft, work->ctx)->detail;
    }
    return error;
}

static cm_error_t *record_hour(const cm_ctx_t *ctx, apr_time_t hour)
{
    close_t work = {ctx, cm_audit_begin(ctx, "stranger.refuse", NULL), hour};

    work.draft->event.outcome = "refused";
    cm_json_set_time(work.draft->detail, "hour", hour);
    return cm_store_transact(ctx->store, store_close, &work, cm_audit_finish(work.draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_strangers_job(cm_ctx_t *ctx)
{
    apr_time_t hour = 0;
    cm_error_t *error = oldest(&hour, ctx);

    for (int i = 0; !error && hour && i < HOURS_AT_ONCE; i++) {
        error = record_hour(ctx, hour);
        error = error ? error : oldest(&hour, ctx);
    }
    return error && error->code == CM_E_CONFLICT ? NULL : error;
}
