/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of certificates.h that is about revocation.
 */
#include "store/certificates.h"

#include "store/read.h"

/* The authority's row is locked until the transaction ends, so that numbers have no gaps and are
 * committed in their order. */
static cm_error_t *next_sequence(apr_int64_t *sequence, cm_txn_t *txn, const char *ca)
{
    const cm_value_t name[] = {cm_value_text(ca)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_COUNT), name,
                     (cm_miss_t){CM_E_NOT_FOUND, "the certificate's authority is not known"});

    if (!error) {
        error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_AUTHORITY_COUNTER), name);
    }
    if (!error) {
        *sequence = cm_row_integer(rows, 0, 0);
    }
    return error;
}

static cm_error_t *record(cm_txn_t *txn, const cm_certificate_t *certificate)
{
    const cm_value_t args[] = {cm_value_text(certificate->ca),
                               cm_value_integer(certificate->sequence),
                               cm_value_text(certificate->id),
                               cm_value_text(certificate->serial),
                               cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_REVOCATION_INSERT), args);
}

static cm_error_t *change_set(cm_txn_t *txn, const cm_certificate_t *certificate)
{
    const cm_value_t args[] = {
        cm_value_text(certificate->ca),         cm_value_text(certificate->serial),
        cm_value_time(certificate->revoked_at), cm_value_time(certificate->invalidity_date),
        cm_value_integer(certificate->reason),  cm_value_integer(certificate->not_after)};
    int leaves = certificate->status == CM_CERT_ACTIVE;

    return cm_txn_execute(NULL, txn,
                          cm_statement(leaves ? CM_SQL_REVOKED_DELETE : CM_SQL_REVOKED_SET), args);
}

cm_error_t *cm_certificate_move(cm_txn_t *txn, cm_certificate_t *certificate, cm_status_t from)
{
    const cm_value_t args[] = {cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date),
                               cm_value_text(certificate->id),
                               cm_value_text(cm_status_name(from))};
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_CERTIFICATE_MOVE), args,
                     (cm_miss_t){CM_E_CONFLICT, "the certificate's status has changed"});

    if (!error) {
        error = next_sequence(&certificate->sequence, txn, certificate->ca);
    }
    if (!error) {
        error = record(txn, certificate);
    }
    return error ? error : change_set(txn, certificate);
}

cm_error_t *cm_revocations_since(apr_array_header_t **changes, cm_store_t *store, const char *ca,
                                 apr_int64_t sequence, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(ca), cm_value_integer(sequence),
                               cm_value_integer(CM_REVOCATIONS_PAGE)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_REVOCATIONS_SINCE), args, pool);

    if (error) {
        return error;
    }
    *changes = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_revocation_t));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*changes, cm_revocation_t) =
            (cm_revocation_t){cm_row_text(rows, i, 0), cm_row_integer(rows, i, 1)};
    }
    return NULL;
}

cm_error_t *cm_revoked_page(apr_array_header_t **entries, cm_store_t *store,
                            const cm_revoked_query_t *query, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(query->ca), cm_value_integer(query->alive_at),
                               cm_value_text(query->after), cm_value_integer(query->limit)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_REVOKED_PAGE), args, pool);

    if (error) {
        return error;
    }
    *entries = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_revoked_t));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*entries, cm_revoked_t) =
            (cm_revoked_t){.serial = cm_row_text(rows, i, 0),
                           .revoked_at = cm_row_time(rows, i, 1),
                           .invalidity_date = cm_row_time(rows, i, 2),
                           .reason = (int)cm_row_integer(rows, i, 3)};
    }
    return NULL;
}
