/* SPDX-License-Identifier: Apache-2.0
 *
 * Certification requests, PKCS#10 (RFC 2986), from people and machines nobody trusts yet. Reading
 * one costs the check of its DER, one key and, for cm_csr_verify, one signature.
 */
#ifndef CERTMGR_PKI_CSR_H
#define CERTMGR_PKI_CSR_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/bytes.h"
#include "base/error.h"
#include "pki/ext.h"
#include "pki/name.h"
#include "pki/pubkey.h"
#include "pki/san.h"
#include "pki/sigalg.h"

enum { CM_CSR_BYTES = 65536, CM_CSR_ATTRIBUTES = 16 }; /* at most */

typedef struct cm_csr_t {
    cm_bytes_t der;
    cm_signed_t parts;
    const cm_name_t *subject;
    const cm_pubkey_t *key;
    const cm_sigalg_t *sigalg;            /* NULL: not one we accept; cm_csr_verify refuses it */
    const apr_array_header_t *extensions; /* of cm_ext_t, those asked for; may be empty */
    const apr_array_header_t *san;        /* of cm_san_t, from the extensions; may be empty */
    int wants_ca;                         /* basicConstraints with cA TRUE is asked for */
    const char *challenge;                /* challengePassword in UTF-8, or NULL: a secret */
} cm_csr_t;

/* DER of a request from PEM (CERTIFICATE REQUEST or NEW CERTIFICATE REQUEST, one block), from
 * base64 of the DER, or from the DER itself. CM_E_VALUE with rules of pem.h, "csr.encoding" or
 * "csr.size". */
cm_error_t *cm_csr_decode(cm_bytes_t *der, cm_bytes_t text, apr_pool_t *pool);

/* Read a request; `der` must live as long as the record. Besides the rules of der.h, pubkey.h,
 * name.h and san.h:
 *   csr.size                 longer than CM_CSR_BYTES
 *   csr.syntax               no CertificationRequest
 *   csr.version              not version 1 (encoded as 0)
 *   csr.attribute-duplicate  an attribute type twice, or two extension requests of any kind
 *   csr.attribute-count      more than CM_CSR_ATTRIBUTES attributes
 *   csr.challenge            a challengePassword that is no string
 *   extension.duplicate, extension.count, extension.syntax
 * The extension request is that of PKCS#9 (1.2.840.113549.1.9.14) or Microsoft's
 * (1.3.6.1.4.1.311.2.1.14). Attributes of other types are passed over. */
cm_error_t *cm_csr_parse(cm_csr_t **csr, cm_bytes_t der, apr_pool_t *pool);

/* Proof of possession: CM_E_REFUSED with rule "csr.signature-algorithm" or "csr.signature". */
cm_error_t *cm_csr_verify(const cm_csr_t *csr, apr_pool_t *pool);

/* CertificationRequestInfo, DER, that asks for subject, key and extensions of the spec; the key
 * signs it, cm_signed_wrap joins both (csr_write.c). */
cm_error_t *cm_csr_info(cm_bytes_t *info, const struct cm_cert_spec_t *spec, apr_pool_t *pool);

/* Whether basicConstraints with cA TRUE is among the extensions asked for. */
int cm_csr_wants_ca(const cm_csr_t *csr);

/* The extension asked for, or NULL. */
const cm_ext_t *cm_csr_extension(const cm_csr_t *csr, const char *oid);

#endif
