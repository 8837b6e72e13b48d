/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate revocation lists (RFC 5280 section 5). Each revocation is encoded once, when it
 * happens, and appended to the encoded entries of its list; a new list is a head, those bytes as
 * they are, and a tail. So neither time nor memory of a list depends on more than its bytes, and
 * with cm_crl_frame and cm_signed_frame (sigalg.h) even those need never be in memory at once:
 *
 *     frame[0] | frame of tbs [0] | entries ... | frame of tbs [1] | frame[1]
 */
#ifndef CERTMGR_PKI_CRL_H
#define CERTMGR_PKI_CRL_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "pki/reason.h"
#include "pki/sigalg.h"

typedef struct cm_crl_entry_t {
    cm_bytes_t serial; /* magnitude, big-endian */
    apr_time_t revoked_at;
    cm_reason_t reason;         /* unspecified is left out (RFC 5280 5.3.1) */
    apr_time_t invalidity_date; /* 0: none */
} cm_crl_entry_t;

/* One element of revokedCertificates. CM_E_VALUE: "crl.serial", "crl.reason". */
cm_error_t *cm_crl_entry(cm_bytes_t *der, const cm_crl_entry_t *entry, apr_pool_t *pool);

typedef struct cm_crl_spec_t {
    const cm_sigalg_t *sigalg;
    cm_bytes_t issuer;        /* Name, DER */
    cm_bytes_t issuer_key_id; /* AKI */
    apr_time_t this_update;
    apr_time_t next_update;
    apr_uint64_t number;      /* CRLNumber */
    apr_uint64_t base_number; /* of the full list this delta builds on */
    int is_delta;             /* write the delta indicator (critical) with base_number */
    const char *idp_url;      /* IssuingDistributionPoint, fullName (critical), or NULL */
    const char *idp_url_also; /* another name of the same point, or NULL */
    const char *freshest_url; /* FreshestCRL of a full list (5.2.6): its delta CRL, or NULL */
} cm_crl_spec_t;

/* TBSCertList up to and behind the entries, which are `entries_len` bytes long. CM_E_VALUE:
 * "crl.times" unless next_update is later than this_update, "crl.incomplete", "crl.number" for a
 * delta that is not above its base. */
cm_error_t *cm_crl_frame(cm_bytes_t frame[2], const cm_crl_spec_t *spec, apr_size_t entries_len,
                         apr_pool_t *pool);

/* The whole TBSCertList; `entries` are encoded entries one after the other, maybe none. */
cm_error_t *cm_crl_tbs(cm_bytes_t *tbs, const cm_crl_spec_t *spec, cm_bytes_t entries,
                       apr_pool_t *pool);

/* What a list says, for programs and tests (read with OpenSSL, the whole list in memory). */
typedef struct cm_crl_info_t {
    const char *issuer_text; /* RFC 4514 */
    apr_time_t this_update;
    apr_time_t next_update;  /* 0: none */
    apr_int64_t number;      /* -1: none, or too large */
    apr_int64_t base_number; /* -1: no delta */
    int count;               /* entries */
    struct X509_crl_st *crl; /* lives as long as the pool */
} cm_crl_info_t;

/* CM_E_VALUE, rule "crl.syntax". */
cm_error_t *cm_crl_parse(cm_crl_info_t **info, cm_bytes_t der, apr_pool_t *pool);

/* Whether the serial (lower-case hex) is listed; its reason goes to *reason, its time of revocation
 * to *revoked_at (either may be NULL). */
int cm_crl_find(const cm_crl_info_t *info, const char *serial_hex, int *reason,
                apr_time_t *revoked_at);

const char *cm_crl_pem(cm_bytes_t der, apr_pool_t *pool);

#endif
