/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate policies along a path (RFC 5280 6.1): which of them are still valid below a line of
 * authorities, and whether something below it still needs one. Whoever verifies takes any policy
 * here (user-initial-policy-set anyPolicy); who wants a certain one can only find less.
 *
 *     cm_policy_path(&path, issuer, above, pool);
 *     if (cm_policy_path_allows(&path, &says, pool)) ...
 */
#ifndef CERTMGR_PKI_POLICIES_H
#define CERTMGR_PKI_POLICIES_H

#include "pki/cert.h"

typedef struct {
    const char *issuer, *subject; /* dotted OIDs: issuerDomainPolicy, subjectDomainPolicy */
} cm_policy_mapping_t;

/* What one certificate says. */
typedef struct {
    const apr_array_header_t *policies; /* of const char *, dotted OIDs; empty: none */
    const apr_array_header_t *mappings; /* of cm_policy_mapping_t; may be empty */
    cm_policy_limits_t limits;
    int is_ca;
    int is_self_issued; /* subject and issuer are the same name */
} cm_policy_says_t;

/* CM_E_VALUE with rule extension.syntax. */
cm_error_t *cm_policy_read(cm_policy_says_t *says, const cm_cert_t *cert, apr_pool_t *pool);

/* State of RFC 5280 6.1.2 before the next certificate; all three count certificates. */
typedef struct {
    int explicit_policy, policy_mapping, inhibit_any; /* 0: holds from the next certificate on */
    const apr_array_header_t *valid; /* of const char *: policies that the next one may have */
    int is_broken;                   /* no path through this line is valid */
} cm_policy_path_t;

/* The state below the issuer. `above`: of const cm_cert_t *, its issuer and so on; may be NULL. Of
 * the topmost one, when it is self-issued, only the limits count (RFC 5937 3.2). The line is broken
 * where an authority has no valid policy and needs one, or can't be read. */
void cm_policy_path(cm_policy_path_t *path, const cm_cert_t *issuer,
                    const apr_array_header_t *above, apr_pool_t *pool);

/* Whether a path that ends with this certificate is valid or, for an authority, whether one can be
 * that goes on below it. */
int cm_policy_path_allows(const cm_policy_path_t *path, const cm_policy_says_t *says,
                          apr_pool_t *pool);

#endif
