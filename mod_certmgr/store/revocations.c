/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of certificates.h that is about revocation.
 */
#include "store/certificates.h"

#include "pki/crl.h"
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

static cm_error_t *record(cm_txn_t *txn, const cm_certificate_t *certificate, apr_int64_t sequence)
{
    const cm_value_t args[] = {cm_value_text(certificate->ca),
                               cm_value_integer(sequence),
                               cm_value_text(certificate->id),
                               cm_value_text(certificate->serial),
                               cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_REVOCATION_INSERT), args);
}

/* What CRLs say of it: a certificate that is active again is removed from those that build on a
 * list with it (RFC 5280 5.2.4). */
static cm_error_t *encode(cm_bytes_t *der, const cm_certificate_t *certificate, apr_time_t now,
                          apr_pool_t *pool)
{
    int lifted = certificate->status == CM_CERT_ACTIVE;
    cm_crl_entry_t entry = {.revoked_at = lifted ? now : certificate->revoked_at,
                            .reason = lifted ? CM_REASON_REMOVE_FROM_CRL
                                             : (cm_reason_t)certificate->reason,
                            .invalidity_date = certificate->invalidity_date};
    cm_error_t *error = cm_bytes_unhex(&entry.serial, certificate->serial, pool);

    return error ? error : cm_crl_entry(der, &entry, pool);
}

static cm_error_t *append_entry(cm_txn_t *txn, const cm_certificate_t *certificate,
                                apr_int64_t sequence, cm_bytes_t der)
{
    const cm_value_t replaced[] = {cm_value_integer(sequence), cm_value_text(certificate->ca),
                                   cm_value_text(certificate->serial)};
    const cm_value_t args[] = {cm_value_text(certificate->ca),
                               cm_value_integer(0),
                               cm_value_integer(sequence),
                               cm_value_text(certificate->serial),
                               cm_value_blob(der),
                               cm_value_integer(certificate->status == CM_CERT_ACTIVE),
                               cm_value_integer(certificate->not_after)};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_ENTRY_REPLACE), replaced);

    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_ENTRY_INSERT), args);
}

cm_error_t *cm_certificate_move(cm_txn_t *txn, const cm_certificate_t *certificate,
                                cm_status_t from, apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date),
                               cm_value_text(certificate->id),
                               cm_value_text(cm_status_name(from))};
    apr_int64_t sequence = 0;
    cm_bytes_t entry;
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_CERTIFICATE_MOVE), args,
                     (cm_miss_t){CM_E_CONFLICT, "the certificate's status has changed"});

    if (!error) {
        error = next_sequence(&sequence, txn, certificate->ca);
    }
    if (!error) {
        error = record(txn, certificate, sequence);
    }
    if (!error) {
        error = encode(&entry, certificate, now, cm_txn_pool(txn));
    }
    return error ? error : append_entry(txn, certificate, sequence, entry);
}
