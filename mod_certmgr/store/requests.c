/* SPDX-License-Identifier: Apache-2.0 */
#include "store/requests.h"

#include "store/read.h"

enum {
    ID,
    OPERATION,
    PROFILE,
    PROFILE_VERSION,
    STATE,
    REQUESTER,
    CREATED,
    UPDATED,
    MESSAGE,
    WISH,
    CSR,
    CERTIFICATE,
    GROUP,
    CLAIMS,
    ITEM,
    ITEM_PHASE,
    ITEM_STATE,
    ITEM_WHO,
    ITEM_DETAIL,
    ITEM_UPDATED,
    ITEM_ROLE,
    ITEM_NEEDED,
    ITEM_EVERYWHERE
};

/* The columns hold "" for what a request does not have: SQLite can't take back a NOT NULL. */
static const char *known(const char *text)
{
    return text && *text ? text : NULL;
}

static cm_value_t stored(const char *text)
{
    return cm_value_text(text ? text : "");
}

static cm_error_t *request_of(cm_request_t **request, const cm_rows_t *rows, int row,
                              apr_pool_t *pool)
{
    const char *operation = cm_row_text(rows, row, OPERATION);
    const char *state = cm_row_text(rows, row, STATE);
    cm_request_t *made = apr_pcalloc(pool, sizeof *made);
    int code = 0;
    cm_error_t *error = cm_read_word(&code, cm_operation_of(operation), operation, pool);

    made->operation = (cm_operation_t)code;
    if (!error) {
        error = cm_read_word(&code, cm_state_of(state), state, pool);
        made->state = (cm_state_t)code;
    }
    made->id = cm_row_text(rows, row, ID);
    made->profile = known(cm_row_text(rows, row, PROFILE));
    made->profile_version = cm_row_integer(rows, row, PROFILE_VERSION);
    made->requester = known(cm_row_text(rows, row, REQUESTER));
    made->created = cm_row_time(rows, row, CREATED);
    made->updated = cm_row_time(rows, row, UPDATED);
    made->message = cm_row_text(rows, row, MESSAGE);
    made->wish = cm_row_text(rows, row, WISH);
    made->csr = cm_row_blob(rows, row, CSR);
    made->certificate = cm_row_text(rows, row, CERTIFICATE);
    made->group = cm_row_text(rows, row, GROUP);
    made->claims = cm_row_text(rows, row, CLAIMS);
    *request = made;
    return error;
}

static cm_error_t *item_of(cm_item_t *item, const cm_rows_t *rows, int row, apr_pool_t *pool)
{
    const char *phase = cm_row_text(rows, row, ITEM_PHASE);
    const char *state = cm_row_text(rows, row, ITEM_STATE);
    int code = 0;
    cm_error_t *error = cm_read_word(&code, cm_phase_of(phase), phase, pool);

    item->phase = (cm_phase_t)code;
    if (!error) {
        error = cm_read_word(&code, cm_item_state_of(state), state, pool);
        item->state = (cm_item_state_t)code;
    }
    item->item = cm_row_text(rows, row, ITEM);
    item->who = cm_row_text(rows, row, ITEM_WHO);
    item->detail = cm_row_text(rows, row, ITEM_DETAIL);
    item->updated = cm_row_time(rows, row, ITEM_UPDATED);
    item->role = cm_row_text(rows, row, ITEM_ROLE);
    item->needed = (int)cm_row_integer(rows, row, ITEM_NEEDED);
    item->everywhere = cm_row_integer(rows, row, ITEM_EVERYWHERE) != 0;
    return error;
}

cm_error_t *cm_requests_of_rows(apr_array_header_t **requests, const cm_rows_t *rows,
                                apr_pool_t *pool)
{
    apr_array_header_t *checklist = NULL;
    cm_request_t *request = NULL;
    cm_error_t *error = NULL;

    *requests = apr_array_make(pool, 1, sizeof(cm_request_t *));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        if (!request || strcmp(request->id, cm_row_text(rows, i, ID)) != 0) {
            error = request_of(&request, rows, i, pool);
            checklist = apr_array_make(pool, 2, sizeof(cm_item_t));
            request->checklist = checklist;
            APR_ARRAY_PUSH(*requests, cm_request_t *) = request;
        }
        if (!error && !cm_row_is_null(rows, i, ITEM)) {
            error = item_of(apr_array_push(checklist), rows, i, pool);
        }
    }
    return error;
}

cm_error_t *cm_request_read(cm_request_t **request, cm_store_t *store, const char *id,
                            apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(id)};
    apr_array_header_t *requests;
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_REQUEST_READ), args, pool);

    if (!error) {
        error = cm_requests_of_rows(&requests, rows, pool);
    }
    if (!error) {
        *request = APR_ARRAY_IDX(requests, 0, cm_request_t *);
    }
    return error;
}

static cm_error_t *store_checklist(cm_txn_t *txn, const cm_request_t *request)
{
    int count = request->checklist ? request->checklist->nelts : 0;
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < count; i++) {
        const cm_item_t *item = &APR_ARRAY_IDX(request->checklist, i, cm_item_t);
        const cm_value_t args[] = {cm_value_text(request->id),
                                   cm_value_integer(i),
                                   cm_value_text(item->item),
                                   cm_value_text(cm_phase_name(item->phase)),
                                   cm_value_text(cm_item_state_name(item->state)),
                                   cm_value_text(item->who),
                                   cm_value_text(item->detail),
                                   cm_value_time(item->updated),
                                   cm_value_text(item->role),
                                   cm_value_integer(item->needed),
                                   cm_value_integer(item->everywhere)};

        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_ITEM_SET), args);
    }
    return error;
}

cm_error_t *cm_request_insert(cm_txn_t *txn, const cm_request_t *request)
{
    const cm_value_t args[] = {cm_value_text(request->id),
                               cm_value_text(cm_operation_name(request->operation)),
                               stored(request->profile),
                               cm_value_integer(request->profile_version),
                               cm_value_text(cm_state_name(request->state)),
                               stored(request->requester),
                               cm_value_time(request->created),
                               cm_value_time(request->updated),
                               cm_value_text(request->message),
                               cm_value_text(request->wish),
                               cm_value_blob(request->csr),
                               cm_value_text(request->certificate),
                               cm_value_text(request->group),
                               cm_value_text(request->claims)};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_REQUEST_INSERT), args);

    return error ? error : store_checklist(txn, request);
}

cm_error_t *cm_request_move(cm_txn_t *txn, const cm_request_t *request, cm_state_t from)
{
    const cm_value_t args[] = {cm_value_text(cm_state_name(request->state)),
                               cm_value_time(request->updated),
                               cm_value_text(request->message),
                               cm_value_text(request->wish),
                               cm_value_blob(request->csr),
                               cm_value_text(request->certificate),
                               cm_value_text(request->group),
                               cm_value_text(request->claims),
                               cm_value_text(request->id),
                               cm_value_text(cm_state_name(from))};
    const cm_value_t rest[] = {
        cm_value_text(request->id),
        cm_value_integer(request->checklist ? request->checklist->nelts : 0)};
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_REQUEST_MOVE), args,
                     (cm_miss_t){CM_E_CONFLICT, "the request is not in this state any more"});

    if (!error) {
        error = store_checklist(txn, request);
    }
    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_ITEM_PRUNE), rest);
}

cm_error_t *cm_request_lock(cm_request_t **request, cm_txn_t *txn, const cm_request_lock_t *lock)
{
    const cm_value_t args[] = {cm_value_text(lock->id), cm_value_text(cm_state_name(lock->from))};
    const cm_value_t id[] = {cm_value_text(lock->id)};
    apr_array_header_t *requests;
    cm_rows_t *rows;
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_REQUEST_LOCK), args,
                     (cm_miss_t){CM_E_CONFLICT, "the request is not in this state any more"});

    if (!error) {
        error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_REQUEST_READ), id);
    }
    if (!error) {
        error = cm_requests_of_rows(&requests, rows, cm_txn_pool(txn));
    }
    if (!error) {
        *request = APR_ARRAY_IDX(requests, 0, cm_request_t *);
    }
    return error;
}

cm_error_t *cm_request_claim(cm_txn_t *txn, const char *id, const char *holder, apr_time_t until,
                             apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(holder), cm_value_integer(until),
                               cm_value_integer(now), cm_value_integer(now),
                               cm_value_text(id),     cm_value_integer(now)};

    return cm_write_one(txn, cm_statement(CM_SQL_REQUEST_CLAIM), args,
                        (cm_miss_t){CM_E_CONFLICT, "the request is being worked on"});
}

cm_error_t *cm_requests_stale(apr_array_header_t **ids, cm_store_t *store, apr_time_t now,
                              int limit, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(now), cm_value_integer(limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_REQUEST_STALE), args, pool);

    if (error) {
        return error;
    }
    *ids = apr_array_make(pool, cm_rows_count(rows), sizeof(const char *));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*ids, const char *) = cm_row_text(rows, i, 0);
    }
    return NULL;
}

cm_error_t *cm_requests_waiting(apr_array_header_t **waiting, cm_store_t *store,
                                const cm_waiting_page_t *page, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_integer(page->before),
                               cm_value_integer(page->after ? page->after->updated : INT64_MIN),
                               cm_value_text(page->after ? page->after->id : CM_ID_FIRST),
                               cm_value_integer(page->limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_REQUEST_WAITING), args, pool);

    if (error) {
        return error;
    }
    *waiting = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_waiting_t));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*waiting, cm_waiting_t) =
            (cm_waiting_t){cm_row_text(rows, i, 0), cm_row_time(rows, i, 1)};
    }
    return NULL;
}

cm_error_t *cm_request_expire(cm_txn_t *txn, const cm_request_t *request, apr_time_t before,
                              apr_time_t now)
{
    const cm_value_t args[] = {cm_value_integer(now), cm_value_text(request->id),
                               cm_value_text(cm_state_name(request->state)),
                               cm_value_integer(before)};

    return cm_write_one(
        txn, cm_statement(CM_SQL_REQUEST_EXPIRE), args,
        (cm_miss_t){CM_E_CONFLICT, "the request does not wait, or not for so long"});
}
