/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <apr_strings.h>

#include "store/events.h"
#include "store/work.h"

/* One call from outside, over as many attempts as it takes. */
typedef struct {
    cm_store_t *store;
    apr_pool_t *pool;
    apr_time_t deadline;
    cm_txn_fn *work; /* a transaction, or */
    void *baton;
    cm_audit_event_t *event;
    const cm_statement_t *statement; /* a single select */
    const cm_value_t *args;
    cm_rows_t **rows;
    int committing;   /* this attempt has sent its COMMIT */
    int uncertain;    /* an attempt has sent a COMMIT that was not answered */
    cm_fault_t fault; /* of the last attempt */
    int lost;         /* a connection that worked broke during this call */
    int tries[CM_FAULT_FINAL + 1];
    cm_member_t member; /* of a batch of writers */
    cm_error_t *error;  /* what came of it there */
} call_t;

cm_error_t *cm_store_make(cm_store_t **store, const cm_db_source_t *source,
                          const cm_store_config_t *config, apr_pool_t *pool)
{
    cm_store_t *made = apr_pcalloc(pool, sizeof *made);
    cm_error_t *error;

    made->source = source;
    made->config = config;
    made->deadline = config->deadline ? config->deadline : apr_time_from_sec(5);
    made->pgsql = strcmp(config->driver, "pgsql") == 0;
    *store = made;
    if (made->pgsql) {
        return NULL;
    }
    error = cm_turn_make(&made->turn, config->params, pool);
    return error ? error : cm_batch_make(&made->batch, made->turn, pool);
}

apr_pool_t *cm_txn_pool(const cm_txn_t *txn)
{
    return txn->link.pool;
}

static cm_error_t *send_inserts(cm_txn_t *txn)
{
    int count = txn->waiting;

    txn->waiting = 0;
    return count ? cm_link_insert(&txn->link, txn->inserts, count) : NULL;
}

cm_error_t *cm_txn_insert(cm_txn_t *txn, const cm_statement_t *statement, const cm_value_t *args)
{
    apr_size_t len = strlen(statement->params) * sizeof *args;
    cm_error_t *error = NULL;

    if (!txn->link.pgsql) {
        return cm_txn_execute(NULL, txn, statement, args);
    }
    if (txn->waiting == CM_STEPS_MAX) {
        error = send_inserts(txn);
    }
    txn->inserts[txn->waiting++] = (cm_step_t){statement, apr_pmemdup(txn->link.pool, args, len)};
    return error;
}

cm_error_t *cm_txn_execute(int *affected, cm_txn_t *txn, const cm_statement_t *statement,
                           const cm_value_t *args)
{
    int count;
    cm_error_t *error = send_inserts(txn);

    return error ? error
                 : cm_link_execute(affected ? affected : &count, &txn->link, statement, args);
}

cm_error_t *cm_txn_select(cm_rows_t **rows, cm_txn_t *txn, const cm_statement_t *statement,
                          const cm_value_t *args)
{
    cm_error_t *error = send_inserts(txn);

    return error ? error : cm_link_select(rows, &txn->link, statement, args);
}

static const char sqlite_begin[] = "BEGIN IMMEDIATE";

/* PostgreSQL: whoever runs the same event again waits here until the session that sent the
 * unanswered COMMIT has ended, one way or the other; so what is read after it is the truth. */
static cm_error_t *begin(cm_txn_t *txn, const call_t *call)
{
    apr_int64_t key = 0;
    const char *sql;

    if (!call->store->pgsql) {
        return cm_link_run(&txn->link, sqlite_begin);
    }
    sql = apr_psprintf(call->pool,
                       "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
                       " SET LOCAL lock_timeout TO %" APR_INT64_T_FMT,
                       call->store->deadline / 1000);
    if (call->event) {
        cm_bytes_t hash = cm_bytes_sha256(cm_bytes_of_text(call->event->id), call->pool);

        memcpy(&key, hash.data, sizeof key);
        sql = apr_psprintf(call->pool, "%s; SELECT pg_advisory_xact_lock(%" APR_INT64_T_FMT ")",
                           sql, key);
    }
    return cm_link_run(&txn->link, sql);
}

static cm_error_t *event_is_there(int *there, cm_txn_t *txn, const char *id)
{
    const cm_value_t args[] = {cm_value_text(id)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_EVENT_EXISTS), args);

    *there = !error && cm_rows_count(rows) > 0;
    return error;
}

/* A COMMIT of an aborted transaction answers with success. The SAVEPOINT fails there, and outside
 * of a transaction too, and then COMMIT is not run. */
static cm_error_t *cm_txn_commit(cm_txn_t *txn)
{
    return cm_link_run(&txn->link, txn->link.pgsql ? "SAVEPOINT certmgr_commit; COMMIT" : "COMMIT");
}

static cm_error_t *run_work(cm_txn_t *txn, call_t *call)
{
    cm_error_t *error = call->work(txn, call->event, call->baton);

    /* the first error of the database counts, whatever the work made of it */
    if (txn->link.fault != CM_FAULT_NONE) {
        return error ? error : txn->link.error;
    }
    if (error) {
        call->fault = CM_FAULT_FINAL;
        return error;
    }
    error = call->event ? cm_event_insert(txn, call->event) : NULL;
    error = error ? error : send_inserts(txn);
    if (error) {
        return error;
    }
    call->committing = 1;
    return cm_txn_commit(txn);
}

static cm_error_t *attempt_work(cm_txn_t *txn, call_t *call)
{
    int there = 0;
    cm_error_t *error = begin(txn, call);

    if (!error && call->uncertain && call->event) {
        error = event_is_there(&there, txn, call->event->id);
        if (!error && there) {
            return cm_link_run(&txn->link, "ROLLBACK");
        }
    }
    if (error) {
        return error;
    }
    call->uncertain = 0;
    return run_work(txn, call);
}

static cm_error_t *attempt(call_t *call)
{
    cm_txn_t txn = {.waiting = 0};
    cm_link_t *link = &txn.link;
    cm_error_t *error =
        cm_link_open(link, call->store->source, call->store->config->driver, call->pool);

    call->fault = link->fault;
    call->committing = 0;
    if (error) {
        call->lost |= link->handle.conn != NULL; /* it was leased and broke while it was set up */
        return error;
    }
    error = call->work ? attempt_work(&txn, call)
                       : cm_link_select(call->rows, link, call->statement, call->args);
    if (error) {
        cm_error_t *told = cm_link_recover(link);

        if (link->fault != CM_FAULT_NONE) {
            call->fault = link->fault;
        }
        if (link->fault == CM_FAULT_LOST) {
            call->lost = 1;
            error = told;
        }
        /* a session that could roll back has answered; only a lost one leaves it open */
        call->uncertain = call->committing ? link->fault == CM_FAULT_LOST : call->uncertain;
    }
    cm_link_close(link);
    return error;
}

/* Whether the last attempt failed in a way that another one may mend; waits as long as is right. */
static int try_again(call_t *call)
{
    enum { STALE_TRIES = 3, CLASH_TRIES = 8, OTHER_TRIES = 1 };
    int tries = ++call->tries[call->fault];
    int in_time = apr_time_now() < call->deadline;
    apr_interval_time_t pause = apr_time_from_msec(10) << (tries < 6 ? tries : 6);

    switch (call->fault) {
    case CM_FAULT_LOST:
        /* a database that was away from the start is not waited for */
        if (!call->lost || !in_time) {
            return 0;
        }
        apr_sleep(pause);
        return 1;
    case CM_FAULT_CLASH:
        if ((tries > CLASH_TRIES && !call->uncertain) || !in_time) {
            return 0;
        }
        apr_sleep(pause);
        return 1;
    case CM_FAULT_STALE:
        return tries <= STALE_TRIES;
    case CM_FAULT_READONLY:
    case CM_FAULT_UNNAMED:
        return tries <= OTHER_TRIES;
    default:
        return 0;
    }
}

static cm_error_t *run(call_t *call)
{
    cm_error_t *error;

    if (!call->deadline) {
        call->deadline = apr_time_now() + call->store->deadline;
    }
    do {
        error = attempt(call);
    } while (error && try_again(call));
    if (error && call->uncertain) {
        error = cm_error_wrap(
            cm_error_locate(cm_error_make(call->pool, CM_E_DATABASE,
                                          "the database went away before it confirmed the change"),
                            NULL, "store.outcome"),
            error);
    }
    return error;
}

static cm_error_t *run_in_turn(call_t *call)
{
    cm_turn_t *turn = call->store->turn;
    cm_error_t *error;

    if (!turn) {
        return run(call);
    }
    error = cm_turn_take(turn, apr_time_now() + call->store->deadline, call->pool);
    if (error) {
        return error;
    }
    error = run(call);
    cm_turn_give(turn);
    return error;
}

/* One member's work in the transaction of all, as if it were its own. */
static cm_error_t *run_member(cm_link_t *link, call_t *call)
{
    cm_txn_t txn = {.link = *link};
    cm_error_t *error;

    txn.link.pool = call->pool;
    error = call->work(&txn, call->event, call->baton);
    if (!error && txn.link.fault == CM_FAULT_NONE) {
        error = cm_event_insert(&txn, call->event);
    }
    link->fault = txn.link.fault;
    return error ? error : txn.link.error;
}

/* A COMMIT that failed otherwise than by waiting may stand: each reads back whether it does. */
static void doubt(cm_member_t *members)
{
    for (cm_member_t *member = members; member; member = member->next) {
        ((call_t *)member->self)->uncertain = 1;
    }
}

/* All that the members want in one transaction; 0 when any of it failed, and none of it is done. */
static int run_together(cm_member_t *members)
{
    call_t *first = members->self;
    cm_link_t link;
    cm_error_t *error =
        cm_link_open(&link, first->store->source, first->store->config->driver, first->pool);

    if (error) {
        return 0;
    }
    error = cm_link_run(&link, sqlite_begin);
    for (cm_member_t *member = members; !error && member; member = member->next) {
        error = run_member(&link, member->self);
    }
    if (!error) {
        error = cm_link_run(&link, "COMMIT");
        if (error && link.fault != CM_FAULT_CLASH) {
            doubt(members);
        }
    }
    if (error) {
        cm_link_recover(&link);
    }
    cm_link_close(&link);
    return !error;
}

/* One after the other when something failed: an error is nobody's but of whoever made it. All have
 * one deadline, or the last would wait as many times as there are members. */
static void run_members(cm_member_t *members)
{
    apr_time_t deadline = apr_time_now() + ((call_t *)members->self)->store->deadline;

    if (members->next && run_together(members)) {
        return;
    }
    for (cm_member_t *member = members; member; member = member->next) {
        call_t *call = member->self;

        call->deadline = deadline;
        call->error = member != members && apr_time_now() >= deadline
                          ? cm_error_make(call->pool, CM_E_BUSY,
                                          "too many writers are waiting for the database")
                          : run(call);
    }
}

static cm_error_t *run_in_batch(call_t *call)
{
    cm_batch_t *batch = call->store->batch;
    cm_member_t *members;
    cm_error_t *error;

    if (!batch) {
        return run(call);
    }
    call->member.self = call;
    error = cm_batch_join(&members, batch, &call->member, apr_time_now() + call->store->deadline,
                          call->pool);
    if (error) {
        return error;
    }
    if (members) {
        run_members(members);
        cm_batch_finish(batch, members);
    }
    return call->error;
}

cm_error_t *cm_store_select(cm_rows_t **rows, cm_store_t *store, const cm_statement_t *statement,
                            const cm_value_t *args, apr_pool_t *pool)
{
    call_t call = {
        .store = store, .pool = pool, .statement = statement, .args = args, .rows = rows};

    return run(&call);
}

cm_error_t *cm_store_transact(cm_store_t *store, cm_txn_fn *work, void *baton,
                              cm_audit_event_t *event, apr_pool_t *pool)
{
    call_t call = {.store = store, .pool = pool, .work = work, .baton = baton, .event = event};

    return run_in_batch(&call);
}

cm_error_t *cm_store_maintain(cm_store_t *store, cm_txn_fn *work, void *baton, apr_pool_t *pool)
{
    call_t call = {.store = store, .pool = pool, .work = work, .baton = baton};

    return run_in_turn(&call);
}
