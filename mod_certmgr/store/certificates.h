/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates, and what becomes of them.
 */
#ifndef CERTMGR_STORE_CERTIFICATES_H
#define CERTMGR_STORE_CERTIFICATES_H

#include "model/certificate.h"
#include "store/store.h"

/* All reads: CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_certificate_read(cm_certificate_t **certificate, cm_store_t *store, const char *id,
                                apr_pool_t *pool);
cm_error_t *cm_certificate_by_serial(cm_certificate_t **certificate, cm_store_t *store,
                                     const char *ca, const char *serial, apr_pool_t *pool);

/* What OCSP needs to know, by one read on the unique index: *found is 0 for a serial never issued.
 */
typedef struct {
    int found;
    cm_status_t status; /* as stored */
    int reason;
    apr_time_t revoked_at;
    apr_int64_t revocations; /* of its authority, at that moment */
} cm_revocation_state_t;
cm_error_t *cm_certificate_state(cm_revocation_state_t *state, cm_store_t *store, const char *ca,
                                 const char *serial, apr_pool_t *pool);

/* The certificate in a row with the columns of CM_SQL_CERTIFICATE_READ. */
cm_error_t *cm_certificate_of_row(cm_certificate_t **certificate, const cm_rows_t *rows, int row,
                                  apr_pool_t *pool);

/* What a subject alternative name is found by: in lower case (A to Z), without its kind. */
const char *cm_certificate_name_key(const char *name, apr_pool_t *pool);

/* With the rows of its names. CM_E_CONFLICT with rule "store.unique" when (ca, serial) is taken. */
cm_error_t *cm_certificate_insert(cm_txn_t *txn, const cm_certificate_t *certificate);

/* Says that `id` has the successor `by`. CM_E_CONFLICT unless it is active and has none. */
cm_error_t *cm_certificate_replace(cm_txn_t *txn, const char *id, const char *by);

/* Moves the status from `from` to certificate->status and, in the same transaction, counts the
 * change (the authority's `revocations`) and appends what CRLs say of it: an entry with reason,
 * revoked_at and invalidity_date, or that the certificate, active again since `now`, is to be
 * removed. Sets
 * certificate->sequence. CM_E_CONFLICT when the stored status is not `from` any more. */
cm_error_t *cm_certificate_move(cm_txn_t *txn, cm_certificate_t *certificate, cm_status_t from,
                                apr_time_t now);

/* A change of a certificate's status. */
typedef struct {
    const char *serial; /* lower-case hex */
    apr_int64_t sequence;
} cm_revocation_t;

/* Those of `ca` after this value of its counter, in their order; array of cm_revocation_t. */
cm_error_t *cm_revocations_since(apr_array_header_t **changes, cm_store_t *store, const char *ca,
                                 apr_int64_t sequence, apr_pool_t *pool);
enum { CM_REVOCATIONS_PAGE = 1000 }; /* as many at most */

#endif
