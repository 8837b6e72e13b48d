/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of certificates.h that is about revocation.
 */
#include "store/certificates.h"

#include "pki/cert.h"
#include "pki/crl.h"
#include "policy/address.h"
#include "store/read.h"

/* The authority's row is locked until the transaction ends, so that numbers have no gaps and are
 * committed in their order. */
static cm_error_t *next_sequence(apr_int64_t *sequence, apr_int64_t *shards, cm_txn_t *txn,
                                 const char *ca)
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
        *shards = cm_row_integer(rows, 0, 1);
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

/* The list that the certificate names, which was settled when it was issued: a shard in its first
 * address, or the one list of those that name none. */
static apr_int64_t shard_of(const cm_certificate_t *certificate, apr_int64_t shards,
                            apr_pool_t *pool)
{
    apr_int64_t shard = 0;
    const char *name;
    cm_cert_t *cert;

    if (!shards || cm_cert_parse(&cert, certificate->der, pool)) {
        return 0;
    }
    name = cm_address_list_of(cm_cert_crl_url(cert, pool), pool);
    return name && cm_address_strip_shard(&name, &shard, pool) &&
                   strcmp(name, certificate->ca) == 0 && shard <= shards
               ? shard
               : 0;
}

typedef struct {
    apr_int64_t sequence, shard;
    cm_bytes_t der;
} place_t;

static cm_error_t *append_entry(cm_txn_t *txn, const cm_certificate_t *certificate,
                                const place_t *place)
{
    const cm_value_t replaced[] = {cm_value_integer(place->sequence),
                                   cm_value_text(certificate->ca),
                                   cm_value_text(certificate->serial)};
    const cm_value_t args[] = {cm_value_text(certificate->ca),
                               cm_value_integer(place->shard),
                               cm_value_integer(place->sequence),
                               cm_value_text(certificate->serial),
                               cm_value_blob(place->der),
                               cm_value_integer(certificate->status == CM_CERT_ACTIVE),
                               cm_value_integer(certificate->not_after)};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_ENTRY_REPLACE), replaced);

    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_ENTRY_INSERT), args);
}

cm_error_t *cm_certificate_move(cm_txn_t *txn, cm_certificate_t *certificate, cm_status_t from,
                                apr_time_t now)
{
    const cm_value_t args[] = {cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date),
                               cm_value_text(certificate->id),
                               cm_value_text(cm_status_name(from))};
    apr_int64_t shards = 0;
    place_t place;
    cm_error_t *error =
        cm_write_one(txn, cm_statement(CM_SQL_CERTIFICATE_MOVE), args,
                     (cm_miss_t){CM_E_CONFLICT, "the certificate's status has changed"});

    if (!error) {
        error = next_sequence(&certificate->sequence, &shards, txn, certificate->ca);
    }
    if (!error) {
        error = record(txn, certificate);
    }
    if (!error) {
        error = encode(&place.der, certificate, now, cm_txn_pool(txn));
    }
    if (error) {
        return error;
    }
    place.sequence = certificate->sequence;
    place.shard = shard_of(certificate, shards, cm_txn_pool(txn));
    return append_entry(txn, certificate, &place);
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
