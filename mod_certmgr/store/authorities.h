/* SPDX-License-Identifier: Apache-2.0
 *
 * Certification authorities and their CRLs.
 */
#ifndef CERTMGR_STORE_AUTHORITIES_H
#define CERTMGR_STORE_AUTHORITIES_H

#include "model/authority.h"
#include "store/store.h"

/* CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_authority_read(cm_authority_t **authority, cm_store_t *store, const char *name,
                              apr_pool_t *pool);

/* All of them, by name; array of cm_authority_t *. */
cm_error_t *cm_authorities_list(apr_array_header_t **authorities, cm_store_t *store,
                                apr_pool_t *pool);

/* The authority, its parent, and so on up to the topmost one of ours; array of cm_authority_t *, in
 * one reading. CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_authority_line(apr_array_header_t **line, cm_store_t *store, const char *name,
                              apr_pool_t *pool);

cm_error_t *cm_authority_insert(cm_txn_t *txn, const cm_authority_t *authority);

/* Stores ocsp_key, ocsp_der and ocsp_not_after. */
cm_error_t *cm_authority_set_ocsp(cm_txn_t *txn, const cm_authority_t *authority);

/* An authority that waits for its certificate. */
typedef struct {
    const char *name;
    const char *key; /* RFC 7512 URI */
    cm_bytes_t csr;  /* DER */
    apr_time_t created;
} cm_authority_request_t;

/* CM_E_NOT_FOUND when there is none. */
cm_error_t *cm_authority_request_read(cm_authority_request_t **request, cm_store_t *store,
                                      const char *name, apr_pool_t *pool);

cm_error_t *cm_authority_request_insert(cm_txn_t *txn, const cm_authority_request_t *request);

/* Also when there is none. */
cm_error_t *cm_authority_request_delete(cm_txn_t *txn, const char *name);

/* A CRL as it is published. */
typedef struct {
    const char *ca;
    apr_int64_t number;
    apr_int64_t through; /* value of the authority's `revocations` that it shows */
    apr_time_t this_update, next_update;
    const char *sha256; /* of the DER, lower-case hex: the ETag */
    apr_int64_t size;   /* bytes */
} cm_crl_record_t;

/* Stores the CRL in rows of 256 KiB, makes it the authority's newest (crl_number, crl_through,
 * crl_next) and removes all but the newest three. CM_E_CONFLICT when `number` is taken. */
cm_error_t *cm_crl_insert(cm_txn_t *txn, const cm_crl_record_t *crl, cm_bytes_t der);

/* The newest one; CM_E_NOT_FOUND when there is none yet. */
cm_error_t *cm_crl_newest(cm_crl_record_t **crl, cm_store_t *store, const char *ca,
                          apr_pool_t *pool);

/* The whole DER of one. */
cm_error_t *cm_crl_content(cm_bytes_t *der, cm_store_t *store, const cm_crl_record_t *crl,
                           apr_pool_t *pool);

#endif
