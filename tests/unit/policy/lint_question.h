/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate to be checked, sound unless a test changes it.
 */
#ifndef CERTMGR_TESTS_POLICY_LINT_QUESTION_H
#define CERTMGR_TESTS_POLICY_LINT_QUESTION_H

#include "policy/lint.h"
#include "unit/policy/suite.h"

#define LINT_NOW apr_time_from_sec(1795363426) /* 2026-11-22T16:03:46Z */
#define LINT_DAY apr_time_from_sec(86400)

/* Members of TBSCertificate, in their order. */
enum { VERSION, SERIAL, ALGORITHM, ISSUER, VALIDITY, SUBJECT, KEY, EXTENSIONS, MEMBERS };

typedef struct {
    cm_cert_spec_t spec;
    cm_cert_t issuer;
    apr_array_header_t *above; /* of const cm_cert_t *: authorities above the issuer, or NULL */
    cm_profile_t *profile;     /* NULL: none */
    const cm_sigalg_t *sigalg;
    cm_bytes_t member[MEMBERS]; /* taken in place of what the writer makes; empty: left out */
    int is_replaced[MEMBERS];
    const char *flip, *drop;   /* OIDs of extensions: critical or not, there or not */
    apr_array_header_t *extra; /* of cm_ext_t, put in place of one with the same OID, or added */
    int is_twice;              /* the extra extension is added and nothing is replaced */
} question_t;

/* A personal certificate under conf/profiles/user.json with a DNS name besides. */
question_t *question_make(void);

/* The TBSCertificate with all that was changed. */
cm_bytes_t question_tbs(question_t *question);

/* A new key on the curve. */
cm_pubkey_t *question_key(const char *algorithm);

cm_error_t *question_lint(question_t *question);

/* Bytes of hexadecimal text. */
cm_bytes_t hex(const char *text);

/* A Name of one CN with the tag, not looked at by the writer's checks. */
cm_bytes_t raw_name(int tag, const char *cn);

/* A list of const char *; NULL second: of one. */
apr_array_header_t *texts(const char *first, const char *second);

/* Alternative names in place of those there are. */
void use_san(question_t *question, const char *first, const char *second);

void replace(question_t *question, int member, cm_bytes_t der);
void add_ext(question_t *question, const char *oid, int critical, cm_bytes_t value);

/* An authority under no profile, with or without (-1) a path length. */
void use_ca(question_t *question, int path_len);

/* The extensions that an authority with these policies (NULL: none) and limits has. */
apr_array_header_t *policy_extensions(const char *oid, cm_policy_limits_t limits);

/* Samples of lint_test.c about policies; `near`: it stays just within the rule. */
void sample_issuer_policies(question_t *q, int near);
void sample_any_policy(question_t *q, int near);
void sample_policy_mappings(question_t *q, int near);
void sample_policy_constraints(question_t *q, int near);
void sample_inhibit_any_policy(question_t *q, int near);

/* The issuer gets name constraints, as cm_cert_spec_t has them; either may be NULL. */
void constrain(question_t *question, const apr_array_header_t *permitted,
               const apr_array_header_t *excluded);

#endif
