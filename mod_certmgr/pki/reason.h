/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a certificate was revoked: CRLReason (RFC 5280 5.3.1), for CRLs and OCSP alike. Its names are
 * in model/reasons.def.
 */
#ifndef CERTMGR_PKI_REASON_H
#define CERTMGR_PKI_REASON_H

typedef enum {
    CM_REASON_UNSPECIFIED = 0,
    CM_REASON_KEY_COMPROMISE = 1,
    CM_REASON_CA_COMPROMISE = 2,
    CM_REASON_AFFILIATION_CHANGED = 3,
    CM_REASON_SUPERSEDED = 4,
    CM_REASON_CESSATION_OF_OPERATION = 5,
    CM_REASON_CERTIFICATE_HOLD = 6,
    CM_REASON_REMOVE_FROM_CRL = 8,
    CM_REASON_PRIVILEGE_WITHDRAWN = 9,
    CM_REASON_AA_COMPROMISE = 10
} cm_reason_t;

#endif
