/* SPDX-License-Identifier: Apache-2.0
 *
 * A certification authority of ours.
 */
#ifndef CERTMGR_MODEL_AUTHORITY_H
#define CERTMGR_MODEL_AUTHORITY_H

#include <apr_time.h>

#include "base/bytes.h"

typedef struct {
    const char *name;        /* "root", "issuing": in URLs, [a-z0-9-] */
    const char *parent;      /* name of the authority of ours that signed it, or NULL */
    const char *state;       /* as read: "active" or "retired"; "revoked" or "suspended" where its
                                certificate is that */
    const char *key;         /* RFC 7512 URI of the CA key */
    const char *certificate; /* id in the table of certificates; "" when others signed it */
    cm_bytes_t der;          /* the CA certificate */
    const char *ocsp_key;    /* RFC 7512 URI of the responder's key, or NULL: no OCSP for this CA */
    cm_bytes_t ocsp_der;     /* the responder's certificate, or empty */
    apr_time_t ocsp_not_after;
    apr_int64_t crl_period;  /* seconds from thisUpdate to nextUpdate; 0: CertMgrCRLValidity */
    apr_int64_t crl_number;  /* of the newest CRL, 0: none yet */
    apr_int64_t revocations; /* counts every revocation, hold and reinstatement */
    apr_int64_t crl_through; /* the value of `revocations` that the newest CRL shows */
    apr_time_t crl_next;     /* nextUpdate of the newest CRL, 0: none yet */
    apr_int64_t crl_shards;  /* lists that its new certificates are spread over; 0: one for all */
    apr_int64_t crl_delta;   /* least seconds between two full lists, with deltas between; 0: no
                                delta CRLs */
    apr_time_t created;
    cm_bytes_t outside; /* certificates of others above it, DER, its own issuer first; empty when
                           the parent is ours or it is self-signed */
} cm_authority_t;

#endif
