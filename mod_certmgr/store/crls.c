/* SPDX-License-Identifier: Apache-2.0 */
#include "store/crls.h"

#include "pki/crl.h"
#include "store/read.h"

/* Entries of one reading: about half a megabyte. */
enum { RUN = 10000 };

static void put_row(apr_array_header_t *states, const cm_crl_record_t *row, apr_int64_t last)
{
    cm_crl_state_t *state =
        states->nelts ? &APR_ARRAY_IDX(states, states->nelts - 1, cm_crl_state_t) : NULL;

    if (!state || state->shard != row->shard) {
        state = apr_array_push(states);
        *state = (cm_crl_state_t){.shard = row->shard, .last = last};
    }
    if (row->is_delta) {
        state->delta = *row;
    } else {
        /* in the order of their numbers: the last is the newest, the first the base */
        state->base = state->full.number ? state->base : *row;
        state->full = *row;
    }
}

cm_error_t *cm_crl_states(apr_array_header_t **states, cm_store_t *store, const char *ca,
                          apr_pool_t *pool)
{
    enum { SHARD, DELTA, NUMBER, BASE, SINCE, THROUGH, THIS_UPDATE, NEXT_UPDATE, SIZE, LAST };
    const cm_value_t args[] = {cm_value_text(ca)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_CRL_STATES), args, pool);

    if (error) {
        return error;
    }
    *states = apr_array_make(pool, 1, sizeof(cm_crl_state_t));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        const cm_crl_record_t row = {.ca = ca,
                                     .shard = cm_row_integer(rows, i, SHARD),
                                     .is_delta = (int)cm_row_integer(rows, i, DELTA),
                                     .number = cm_row_integer(rows, i, NUMBER),
                                     .base = cm_row_integer(rows, i, BASE),
                                     .since = cm_row_integer(rows, i, SINCE),
                                     .through = cm_row_integer(rows, i, THROUGH),
                                     .this_update = cm_row_time(rows, i, THIS_UPDATE),
                                     .next_update = cm_row_time(rows, i, NEXT_UPDATE),
                                     .size = cm_row_integer(rows, i, SIZE)};

        put_row(*states, &row, cm_row_integer(rows, i, LAST));
    }
    return NULL;
}

cm_error_t *cm_crl_newest(cm_crl_record_t **crl, cm_store_t *store, const cm_crl_record_t *wanted,
                          apr_pool_t *pool)
{
    enum {
        CA,
        SHARD,
        DELTA,
        NUMBER,
        BASE,
        SINCE,
        THROUGH,
        ALIVE_AT,
        THIS_UPDATE,
        NEXT_UPDATE,
        SIZE,
        KEY_ALGORITHM,
        HEAD,
        TAIL,
        SIGNATURE,
        HASH
    };
    const cm_value_t args[] = {cm_value_text(wanted->ca), cm_value_integer(wanted->shard),
                               cm_value_integer(wanted->is_delta)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_CRL_NEWEST), args, pool);

    if (error) {
        return error;
    }
    *crl = apr_pcalloc(pool, sizeof **crl);
    **crl = (cm_crl_record_t){.ca = cm_row_text(rows, 0, CA),
                              .shard = cm_row_integer(rows, 0, SHARD),
                              .is_delta = (int)cm_row_integer(rows, 0, DELTA),
                              .number = cm_row_integer(rows, 0, NUMBER),
                              .base = cm_row_integer(rows, 0, BASE),
                              .since = cm_row_integer(rows, 0, SINCE),
                              .through = cm_row_integer(rows, 0, THROUGH),
                              .alive_at = cm_row_integer(rows, 0, ALIVE_AT),
                              .this_update = cm_row_time(rows, 0, THIS_UPDATE),
                              .next_update = cm_row_time(rows, 0, NEXT_UPDATE),
                              .size = cm_row_integer(rows, 0, SIZE),
                              .key_algorithm = cm_row_text(rows, 0, KEY_ALGORITHM),
                              .head = cm_row_blob(rows, 0, HEAD),
                              .tail = cm_row_blob(rows, 0, TAIL),
                              .signature = cm_row_blob(rows, 0, SIGNATURE),
                              .hash = cm_row_blob(rows, 0, HASH)};
    return NULL;
}

cm_error_t *cm_crl_entries_size(apr_int64_t *size, cm_store_t *store, const cm_crl_record_t *crl,
                                apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(crl->ca),         cm_value_integer(crl->shard),
                               cm_value_integer(crl->since),   cm_value_integer(crl->through),
                               cm_value_integer(crl->through), cm_value_integer(crl->is_delta),
                               cm_value_integer(crl->alive_at)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_CRL_ENTRIES_SIZE), args, pool);

    if (!error) {
        *size = cm_row_integer(rows, 0, 0);
    }
    return error;
}

cm_error_t *cm_crl_entries_next(cm_bytes_t *run, apr_int64_t *after, cm_store_t *store,
                                const cm_crl_record_t *crl, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(crl->ca),          cm_value_integer(crl->shard),
                               cm_value_integer(*after),        cm_value_integer(crl->through),
                               cm_value_integer(crl->through),  cm_value_integer(crl->is_delta),
                               cm_value_integer(crl->alive_at), cm_value_integer(RUN)};
    cm_rows_t *rows;
    cm_error_t *error = cm_store_select(&rows, store, cm_statement(CM_SQL_CRL_ENTRIES), args, pool);

    *run = cm_bytes_make(NULL, 0);
    if (error || cm_row_is_null(rows, 0, 0)) {
        return error;
    }
    *after = cm_row_integer(rows, 0, 0);
    return cm_row_is_null(rows, 0, 1) ? NULL : cm_bytes_unhex(run, cm_row_text(rows, 0, 1), pool);
}

static cm_error_t *insert(cm_txn_t *txn, const cm_crl_record_t *crl)
{
    const cm_value_t args[] = {cm_value_text(crl->ca),          cm_value_integer(crl->shard),
                               cm_value_integer(crl->is_delta), cm_value_integer(crl->number),
                               cm_value_integer(crl->base),     cm_value_integer(crl->since),
                               cm_value_integer(crl->through),  cm_value_integer(crl->alive_at),
                               cm_value_time(crl->this_update), cm_value_time(crl->next_update),
                               cm_value_integer(crl->size),     cm_value_text(crl->key_algorithm),
                               cm_value_blob(crl->head),        cm_value_blob(crl->tail),
                               cm_value_blob(crl->signature),   cm_value_blob(crl->hash)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_INSERT), args);
}

/* What is older than `number` goes, but for `kept`. */
static cm_error_t *forget(cm_txn_t *txn, const cm_crl_record_t *crl, apr_int64_t kept)
{
    const cm_value_t args[] = {cm_value_text(crl->ca), cm_value_integer(crl->shard),
                               cm_value_integer(crl->is_delta), cm_value_integer(crl->number),
                               cm_value_integer(kept)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_FORGET), args);
}

cm_error_t *cm_crl_insert(cm_txn_t *txn, const cm_crl_record_t *full, const cm_crl_record_t *delta)
{
    const cm_crl_record_t *one = full ? full : delta;
    const cm_value_t newest[] = {cm_value_integer(one->number), cm_value_integer(one->through),
                                 cm_value_time(one->next_update), cm_value_text(one->ca),
                                 cm_value_integer(one->number)};
    cm_error_t *error = cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_SET_CRL), newest,
                                     (cm_miss_t){CM_E_CONFLICT, "a newer CRL is stored already"});

    if (!error && full) {
        error = insert(txn, full);
    }
    if (!error && full) {
        error = forget(txn, full, full->base);
    }
    if (!error && delta) {
        error = insert(txn, delta);
    }
    if (!error && delta) {
        error = forget(txn, delta, 0);
    } else if (!error) {
        /* delta CRLs were given up: what the last one covers will be pruned */
        const cm_crl_record_t beyond = {
            .ca = full->ca, .shard = full->shard, .is_delta = 1, .number = full->number};

        error = forget(txn, &beyond, 0);
    }
    return error;
}

cm_error_t *cm_crl_prune(cm_txn_t *txn, cm_crl_prune_t *prune)
{
    const cm_crl_record_t *full = prune->full;
    const cm_value_t gone[] = {cm_value_text(full->ca), cm_value_integer(full->shard),
                               cm_value_text(full->ca), cm_value_integer(full->shard),
                               cm_value_integer(full->through)};
    const cm_value_t ended[] = {gone[0],
                                gone[1],
                                gone[2],
                                gone[3],
                                cm_value_integer(full->alive_at),
                                cm_value_integer(prune->since)};
    int more = 0;
    cm_error_t *error =
        cm_txn_execute(&prune->count, txn, cm_statement(CM_SQL_CRL_PRUNE_GONE), gone);

    if (!error) {
        error = cm_txn_execute(&more, txn, cm_statement(CM_SQL_CRL_PRUNE_ENDED), ended);
        prune->count += more;
    }
    return error;
}

static cm_error_t *encode_row(cm_txn_t *txn, const char *ca, const cm_rows_t *rows, int row)
{
    enum { SHARD, SEQUENCE, SERIAL, REASON, REVOKED_AT, INVALIDITY_DATE };
    apr_pool_t *pool = cm_txn_pool(txn);
    cm_crl_entry_t entry = {.revoked_at = cm_row_time(rows, row, REVOKED_AT),
                            .reason = (cm_reason_t)cm_row_integer(rows, row, REASON),
                            .invalidity_date = cm_row_time(rows, row, INVALIDITY_DATE)};
    cm_bytes_t der;
    cm_error_t *error = cm_bytes_unhex(&entry.serial, cm_row_text(rows, row, SERIAL), pool);

    if (!error) {
        error = cm_crl_entry(&der, &entry, pool);
    }
    if (!error) {
        const cm_value_t args[] = {cm_value_blob(der), cm_value_text(ca),
                                   cm_value_integer(cm_row_integer(rows, row, SHARD)),
                                   cm_value_integer(cm_row_integer(rows, row, SEQUENCE))};

        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_FORMER_SET), args);
    }
    return error;
}

cm_error_t *cm_crl_encode_former(int *count, cm_txn_t *txn, const char *ca)
{
    const cm_value_t args[] = {cm_value_text(ca)};
    cm_rows_t *rows;
    cm_error_t *error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_CRL_FORMER), args);

    *count = error ? 0 : cm_rows_count(rows);
    for (int i = 0; !error && i < *count; i++) {
        error = encode_row(txn, ca, rows, i);
    }
    return error;
}
