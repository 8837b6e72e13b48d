/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate as we keep it: what it says, whose it is, what became of it.
 */
#ifndef CERTMGR_MODEL_CERTIFICATE_H
#define CERTMGR_MODEL_CERTIFICATE_H

#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "model/words.h"

typedef struct {
    const char *id;
    const char *ca;               /* name of the issuing authority */
    const char *serial;           /* lower-case hex without separators, as in the certificate */
    const char *subject, *issuer; /* RFC 4514 */
    const char *cn;               /* the subject's first commonName, or NULL */
    const apr_array_header_t
        *san; /* of const char *: "email:a@example.test", "dns:...", "ip:..." */
    apr_time_t not_before, not_after;
    const char *sha256;      /* of the DER, lower-case hex */
    const char *spki_sha256; /* of the SubjectPublicKeyInfo, lower-case hex */
    cm_bytes_t der;
    const char *owner;   /* person id, or NULL (our own OCSP certificates) */
    const char *profile; /* and the version it was issued under */
    apr_int64_t profile_version;
    const char *group;   /* it was issued in, or NULL */
    const char *request; /* request id, or NULL for the ceremony */
    cm_status_t status;  /* as stored: CM_CERT_EXPIRED is derived, see cm_certificate_status */
    int reason;          /* CRLReason; meaningful when suspended or revoked */
    apr_time_t revoked_at, invalidity_date; /* 0: none */
    apr_int64_t sequence; /* of the change of status that was just stored; 0 when read */
    const char *replaces, *replaced_by; /* certificate ids, or NULL */
    apr_time_t created;
} cm_certificate_t;

/* The status at a moment: an active certificate whose not_after has passed is expired. */
cm_status_t cm_certificate_status(const cm_certificate_t *certificate, apr_time_t now);

#endif
