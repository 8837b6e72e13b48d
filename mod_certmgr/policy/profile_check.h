/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a profile may be stored: what cm_profile_parse lets pass field by field is held against
 * RFC 5280, against common practice and against the authority that is to issue under it. One table
 * of rules; to add one: its function and its row, and in tests/unit/policy/profile_check_test.c a
 * profile that it refuses and a near miss that passes.
 *
 * A profile that is stored already is never asked again: an authority that is about to end must not
 * stop the certificates that it can still issue.
 */
#ifndef CERTMGR_POLICY_PROFILE_CHECK_H
#define CERTMGR_POLICY_PROFILE_CHECK_H

#include "pki/cert.h"
#include "policy/profile.h"

typedef struct {
    const cm_profile_t *profile;
    const cm_cert_t *issuer;         /* certificate of the authority profile->ca */
    const apr_array_header_t *above; /* of const cm_cert_t *: its issuer and so on; may be empty */
    int has_responder;               /* the authority answers OCSP */
    apr_time_t now;
} cm_profile_check_in_t;

/* A check on its way. */
typedef struct cm_profile_check_t cm_profile_check_t;

typedef struct {
    const char *name;   /* "profile.ca-validity"; NULL ends the table */
    const char *source; /* "RFC 5280 4.1.2.5", or "practice" */
    void (*check)(cm_profile_check_t *check);
    const char *message; /* what is wrong */
} cm_profile_rule_t;

extern const cm_profile_rule_t cm_profile_rules[];

/* All violations joined, CM_E_VALUE each, with the field and the name of the rule. */
cm_error_t *cm_profile_check(const cm_profile_check_in_t *in, apr_pool_t *pool);

#endif
