/* SPDX-License-Identifier: Apache-2.0
 *
 * The check before signing: the finished TBSCertificate, read back from its bytes, against RFC
 * 5280, its issuer and its profile. It does not trust what wrote the bytes; a certificate that
 * fails is never signed. One table of rules; to add one: its function and its row, and in
 * tests/unit/policy/lint_test.c a sample that it refuses and a near miss that passes.
 */
#ifndef CERTMGR_POLICY_LINT_H
#define CERTMGR_POLICY_LINT_H

#include "pki/policies.h"
#include "policy/profile.h"

typedef struct {
    cm_bytes_t tbs;                  /* DER */
    const cm_sigalg_t *sigalg;       /* that the issuer is about to sign with */
    const cm_cert_t *issuer;         /* the issuer's certificate */
    const apr_array_header_t *above; /* of const cm_cert_t *: authorities above it, or NULL */
    const cm_profile_t *profile;     /* or NULL: issued under none (authorities, responders) */
} cm_lint_in_t;

/* What the rules look at. */
typedef struct {
    const cm_lint_in_t *in;
    const cm_cert_t *cert;  /* parsed back, with a signature of no meaning */
    const char *key;        /* algorithm of the subject's key: "P-256", "RSA-2048", ... or "" */
    const char *issuer_key; /* of the issuer's key */
    cm_bytes_t key_octets;  /* content of subjectPublicKey */
    int time_tags[2];       /* of notBefore and notAfter */
    int after_key;          /* tag of what follows subjectPublicKeyInfo */
    cm_policy_path_t path;  /* policies below the issuer */
    cm_policy_says_t says;  /* what the certificate says of them */
    int says_is_read;
    apr_pool_t *pool;
} cm_lint_t;

typedef struct {
    const char *name;   /* "lint.serial"; NULL ends the table */
    const char *source; /* "RFC 5280 4.1.2.2" */
    int needs_profile;  /* passed over when there is none */
    int (*holds)(const cm_lint_t *lint);
    const char *message; /* what is wrong when it does not hold */
} cm_lint_rule_t;

extern const cm_lint_rule_t cm_lint_rules[];

/* All violations joined: CM_E_REFUSED, each with the name of its rule. What can't even be read is
 * refused with the rule of the reader (cert.h, der.h, ext.h, name.h, san.h), such as
 * "extension.duplicate", "cert.serial" or "san.dns". */
cm_error_t *cm_lint(const cm_lint_in_t *in, apr_pool_t *pool);

/* Rules in files of their own: what extensions hold (lint_ext.c), what they say of policies
 * (lint_policies.c), what the profile says (lint_profile.c). 1 when the certificate is as it should
 * be. */
int cm_lint_basic_constraints(const cm_lint_t *lint);
int cm_lint_key_usage(const cm_lint_t *lint);
int cm_lint_key_cert_sign(const cm_lint_t *lint);
int cm_lint_key_agreement(const cm_lint_t *lint);
int cm_lint_key_usage_key(const cm_lint_t *lint);
int cm_lint_eku_key_usage(const cm_lint_t *lint);
int cm_lint_path_length(const cm_lint_t *lint);
int cm_lint_critical(const cm_lint_t *lint);
int cm_lint_san_critical(const cm_lint_t *lint);
int cm_lint_san_encoding(const cm_lint_t *lint);
int cm_lint_san_othername(const cm_lint_t *lint);
int cm_lint_san_type(const cm_lint_t *lint);
int cm_lint_crl_points(const cm_lint_t *lint);
int cm_lint_authority_info(const cm_lint_t *lint);
int cm_lint_policies(const cm_lint_t *lint);
int cm_lint_any_policy(const cm_lint_t *lint);
int cm_lint_policy_constraints(const cm_lint_t *lint);
int cm_lint_inhibit_any_policy(const cm_lint_t *lint);
int cm_lint_policy_mappings(const cm_lint_t *lint);
int cm_lint_issuer_policies(const cm_lint_t *lint);
int cm_lint_name_constraints(const cm_lint_t *lint);
int cm_lint_profile_key(const cm_lint_t *lint);
int cm_lint_profile_signature_hash(const cm_lint_t *lint);
int cm_lint_profile_validity(const cm_lint_t *lint);
int cm_lint_profile_key_usage(const cm_lint_t *lint);
int cm_lint_profile_eku(const cm_lint_t *lint);
int cm_lint_profile_ca(const cm_lint_t *lint);
int cm_lint_profile_subject(const cm_lint_t *lint);
int cm_lint_profile_san(const cm_lint_t *lint);
int cm_lint_profile_policies(const cm_lint_t *lint);
int cm_lint_profile_limits(const cm_lint_t *lint);
int cm_lint_profile_patterns(const cm_lint_t *lint);
int cm_lint_profile_subject_san(const cm_lint_t *lint);
int cm_lint_profile_critical(const cm_lint_t *lint);
int cm_lint_profile_constraints(const cm_lint_t *lint);
int cm_lint_profile_addresses(const cm_lint_t *lint);
int cm_lint_profile_extensions(const cm_lint_t *lint);

#endif
