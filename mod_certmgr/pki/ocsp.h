/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP (RFC 6960, nonces by RFC 9654): requests read strictly, responses written as ResponseData,
 * signed by the caller, wrapped.
 *
 *     error = cm_ocsp_parse(&request, body, pool);   for each id: cm_ocsp_issuer_match, look up
 *     error = cm_ocsp_tbs(&tbs, &spec, pool);        the responder's key signs tbs
 *     response = cm_ocsp_wrap(tbs, &seal, pool);
 */
#ifndef CERTMGR_PKI_OCSP_H
#define CERTMGR_PKI_OCSP_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "pki/reason.h"
#include "pki/sigalg.h"

enum { CM_OCSP_IDS = 32, CM_OCSP_NONCE = 128, CM_OCSP_BYTES = 16384 }; /* at most */

/* Hashes of a CertID. */
typedef enum {
    CM_OCSP_SHA1,
    CM_OCSP_SHA256,
    CM_OCSP_SHA384,
    CM_OCSP_SHA512,
    CM_OCSP_HASHES,
    CM_OCSP_OTHER = CM_OCSP_HASHES /* matches no issuer */
} cm_ocsp_hash_t;

typedef struct {
    cm_bytes_t der; /* CertID as it came, to be echoed */
    cm_ocsp_hash_t hash;
    cm_bytes_t name_hash;
    cm_bytes_t key_hash;
    cm_bytes_t serial;      /* magnitude without leading zeros */
    const char *serial_hex; /* of `serial`, as cm_cert_t.serial_hex */
    int negative;           /* the serial is: no certificate of ours */
} cm_ocsp_id_t;

typedef struct cm_ocsp_request_t {
    const apr_array_header_t *ids; /* of cm_ocsp_id_t, 1 to CM_OCSP_IDS */
    cm_bytes_t nonce;              /* octets of the nonce, empty: none */
    int is_signed;                 /* the signature is not looked at (RFC 6960 4.1.2 allows it) */
} cm_ocsp_request_t;

/* Read an OCSPRequest; `der` must live as long as the record. CM_E_SYNTAX (malformedRequest) with
 * the rules of der.h or:
 *   ocsp.size       longer than CM_OCSP_BYTES
 *   ocsp.syntax     no OCSPRequest
 *   ocsp.version    not version 1
 *   ocsp.count      no certificate, or more than CM_OCSP_IDS
 *   ocsp.hash       a hash whose length is not that of its algorithm
 *   ocsp.nonce      not 1 to CM_OCSP_NONCE octets
 *   ocsp.extension  no extensions, a critical extension that is not known
 *   extension.duplicate, extension.count */
cm_error_t *cm_ocsp_parse(cm_ocsp_request_t **request, cm_bytes_t der, apr_pool_t *pool);

/* Read one CertID, as it stands in cm_ocsp_id_t.der; errors as above. */
cm_error_t *cm_ocsp_id_parse(cm_ocsp_id_t *id, cm_bytes_t der, apr_pool_t *pool);

/* The hashes of one issuer, made once for each CA. */
typedef struct {
    cm_bytes_t name_hash[CM_OCSP_HASHES];
    cm_bytes_t key_hash[CM_OCSP_HASHES];
} cm_ocsp_issuer_t;

/* `name`: the issuer's subject, DER; `key`: cm_pubkey_t.octets of the issuer. */
void cm_ocsp_issuer_make(cm_ocsp_issuer_t *issuer, cm_bytes_t name, cm_bytes_t key,
                         apr_pool_t *pool);

/* Whether the id asks about a certificate of this issuer. */
int cm_ocsp_issuer_match(const cm_ocsp_issuer_t *issuer, const cm_ocsp_id_t *id);

typedef enum { CM_OCSP_GOOD, CM_OCSP_REVOKED, CM_OCSP_UNKNOWN } cm_ocsp_status_t;

typedef struct {
    cm_bytes_t id; /* CertID, DER: cm_ocsp_id_t.der */
    cm_ocsp_status_t status;
    apr_time_t revoked_at; /* with CM_OCSP_REVOKED */
    cm_reason_t reason;    /* with CM_OCSP_REVOKED; unspecified is left out */
    apr_time_t this_update;
    apr_time_t next_update; /* 0: newer information is always there */
} cm_ocsp_single_t;

typedef struct cm_ocsp_spec_t {
    cm_bytes_t responder_key_id; /* cm_pubkey_t.id of the key that signs: responderID byKey */
    apr_time_t produced_at;
    const apr_array_header_t *singles; /* of cm_ocsp_single_t */
    cm_bytes_t nonce;                  /* of the request, empty: none */
} cm_ocsp_spec_t;

/* ResponseData, DER: what the responder signs. CM_E_VALUE, rule "ocsp.response", when the spec is
 * not complete. */
cm_error_t *cm_ocsp_tbs(cm_bytes_t *tbs, const cm_ocsp_spec_t *spec, apr_pool_t *pool);

/* What is added to the ResponseData. */
typedef struct {
    const cm_sigalg_t *sigalg;
    cm_bytes_t signature;
    const apr_array_header_t *certs; /* of cm_bytes_t, DER: the responder's first; NULL: none */
} cm_ocsp_seal_t;

/* OCSPResponse "successful" with the BasicOCSPResponse, DER. */
cm_bytes_t cm_ocsp_wrap(cm_bytes_t tbs, const cm_ocsp_seal_t *seal, apr_pool_t *pool);

/* OCSPResponse without an answer. `status` is a word of RFC 6960 4.2.1 as in cm_code_info_t.ocsp:
 * "malformedRequest", "internalError", "tryLater", "sigRequired", "unauthorized"; another word is
 * internalError. */
cm_bytes_t cm_ocsp_error(const char *status, apr_pool_t *pool);

#endif
