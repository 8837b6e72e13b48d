/* SPDX-License-Identifier: Apache-2.0
 *
 * A certificate profile: what may be issued to whom, and what each operation asks for. It is a JSON
 * text, governed and versioned in the database; one table of fields (profile_fields.c) says what
 * can stand in it. The parser and the JSON Schema both walk that table.
 *
 *     error = cm_profile_parse(&profile, text, pool);
 *     if (cm_profile_allows(profile, CM_OP_ENROLL, who->roles)) ...
 */
#ifndef CERTMGR_POLICY_PROFILE_H
#define CERTMGR_POLICY_PROFILE_H

#include <apr_tables.h>

#include "base/json.h"
#include "model/words.h"
#include "pki/cert.h"

enum { CM_PROFILE_BYTES = 65536 }; /* of the text, at most */

/* Where a name in the certificate comes from. */
typedef enum {
    CM_FROM_LOGIN_NAME, /* "login.name": the name of the person, as we know it */
    CM_FROM_LOGIN_MAIL, /* "login.mail": the mail address of the person */
    CM_FROM_LOGIN_ID,   /* "login.id": the id of the person */
    CM_FROM_CSR,        /* "csr": what is asked for: subject and san of the request where they are
                           given, else those of the CSR */
    CM_FROM_FIXED,      /* "fixed": the value in the profile */
    CM_FROM_SAN         /* "san": what is asked for where it is one of the alternative names, else
                           the first of them that is a host or an address and fits */
} cm_source_t;

/* One attribute of the subject, or one kind of alternative name. */
typedef struct {
    const char *type; /* of name.h or san.h */
    int from;         /* cm_source_t */
    const char *value;
    int required;                       /* refused when there is none; else left out */
    int max;                            /* alternative names of this row */
    const apr_array_header_t *patterns; /* of const char *: one of them must match, with *, ? and
                                           [a-z]; empty: anything */
    int min_length, max_length;         /* of an attribute's value, in characters; 0: no limit */
} cm_profile_name_t;

/* An item of a checklist. */
typedef struct {
    const char *item; /* "csr", "approval" */
    int phase;        /* cm_phase_t */
    const char *role; /* of those who approve, else NULL */
    int count;        /* of different people; 1 but for approvals */
} cm_profile_item_t;

typedef struct {
    const apr_array_header_t *checklist; /* of cm_profile_item_t */
    unsigned roles;                      /* who may ask; 0: the operation is not offered */
} cm_profile_operation_t;

typedef struct cm_profile_t {
    const char *name;
    const char *title;
    const char *ca; /* name of the issuing authority */
    struct {
        apr_int64_t initial, max; /* seconds from notBefore to notAfter, both included */
        int choice;               /* whether another one than the default can be asked for */
    } validity;
    const apr_array_header_t *keys;    /* of const char *: accepted key algorithms */
    const char *signature_hash;        /* of cm_sigalg_with; NULL: the one of the authority's key */
    const apr_array_header_t *subject; /* of cm_profile_name_t, in the order of the DER */
    const apr_array_header_t *san;     /* of cm_profile_name_t */
    unsigned key_usage;                /* CM_KU_... */
    const apr_array_header_t *eku;     /* of const char *: names or dotted OIDs */
    int is_ca;
    int path_len;                       /* -1: none */
    const apr_array_header_t *policies; /* of cm_policy_t */
    cm_policy_limits_t limits;          /* of an authority */
    struct {
        const apr_array_header_t *permitted, *excluded; /* of const char *: constraints.h */
    } constraints;                                      /* of an authority */
    const apr_array_header_t *critical; /* of const char *: names of extensions, ext.h */
    int must_staple;                    /* TLS feature status_request (RFC 7633) */
    int crl, ocsp, ca_issuers;          /* whether our own addresses are put in */
    const apr_array_header_t *crl_urls, *ocsp_urls, *ca_issuers_urls; /* of const char *: others */
    cm_profile_operation_t operations[CM_OP_COUNT];
} cm_profile_t;

/* Read and check a profile; what it holds lives in the pool. CM_E_SYNTAX for what is no JSON; else
 * all violations joined, each with its field: CM_E_MEMBER and CM_E_VALUE with the rules of
 * cm_json_read, "value.word" (not one of the words listed), "value.duplicate" (twice in a list),
 * "value.duration", "value.range"; and, once each field is right by itself, CM_E_VALUE for what
 * contradicts each other:
 *   profile.validity         the default is longer than the longest
 *   profile.source           an alternative name that can't come from there
 *   profile.value            "fixed" without a value, or a value that is not used
 *   profile.name             a fixed value that the certificate can't hold
 *   profile.pattern          a fixed value that does not match its own patterns or lengths
 *   profile.nameless         neither a subject nor a required alternative name
 *   profile.ca-key-usage     an authority without keyCertSign (RFC 5280 4.2.1.3)
 *   profile.key-cert-sign    keyCertSign without an authority (RFC 5280 4.2.1.9)
 *   profile.path-length      a path length without an authority (RFC 5280 4.2.1.9)
 *   profile.constraints-ca   name constraints without an authority (RFC 5280 4.2.1.10)
 *   profile.policy-constraints-ca, profile.inhibit-any-policy-ca
 *                            limits for policies without an authority (4.2.1.11, 4.2.1.14)
 *   profile.policies-required  a policy is required at once, and there is none (6.1.3)
 *   profile.key-agreement    encipherOnly or decipherOnly without keyAgreement (4.2.1.3)
 *   profile.eku-key-usage    an extended key usage with none of its key usages (4.2.1.12)
 *   profile.csr-item         an operation with a new key without the item csr before issue, or
 *                            the item where there is no key
 *   profile.approval-item    an approval after issue, without a role, or with one that approves
 *                            nothing; a role or a count where nothing is approved
 *   profile.operations       no operation at all */
cm_error_t *cm_profile_parse(cm_profile_t **profile, cm_bytes_t text, apr_pool_t *pool);

/* JSON Schema (draft 2020-12) of a profile; it says all that is said by a field alone. */
json_t *cm_profile_schema(apr_pool_t *pool);

/* Names of the items that a checklist can have; array of const char *. */
apr_array_header_t *cm_profile_items(apr_pool_t *pool);

/* Whether a value is within the patterns and lengths of its row. */
int cm_profile_fits(const cm_profile_name_t *row, const char *value, int any_case);

/* Whether somebody with these roles may ask for the operation. */
int cm_profile_allows(const cm_profile_t *profile, cm_operation_t operation, unsigned roles);

/* Key usages of which an extended one, a name or a dotted OID, needs at least one (RFC 5280
 * 4.2.1.12); all bits for one without a rule. */
unsigned cm_eku_key_usage(const char *eku, apr_pool_t *pool);

/* The items of the operation, array of cm_profile_item_t; NULL when it is not offered. */
const apr_array_header_t *cm_profile_checklist(const cm_profile_t *profile,
                                               cm_operation_t operation);

#endif
