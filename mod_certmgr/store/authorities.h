/* SPDX-License-Identifier: Apache-2.0
 *
 * Certification authorities.
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

/* CM_E_CONFLICT when the name is that of a list of another authority (cm_address_list). */
cm_error_t *cm_authority_insert(cm_txn_t *txn, const cm_authority_t *authority);

/* Stores ocsp_key, ocsp_der and ocsp_not_after. */
cm_error_t *cm_authority_set_ocsp(cm_txn_t *txn, const cm_authority_t *authority);

/* Stores crl_shards and crl_delta. */
cm_error_t *cm_authority_set_crl_plan(cm_txn_t *txn, const cm_authority_t *authority);

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

#endif
