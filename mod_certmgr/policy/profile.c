/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include <apr_fnmatch.h>
#include <apr_strings.h>

#include "pki/cert.h"
#include "policy/identity.h"
#include "policy/profile_fields.h"

static cm_error_t *refuse(const char *field, const char *rule, const char *message,
                          apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), field, rule);
}

/* Rules that look at more than one field and have one answer. */

static int validity_is_wrong(const cm_profile_t *profile)
{
    return profile->validity.initial > profile->validity.max;
}

static int ca_cannot_sign(const cm_profile_t *profile)
{
    return profile->is_ca && !(profile->key_usage & CM_KU_KEY_CERT_SIGN);
}

static int signs_without_ca(const cm_profile_t *profile)
{
    return !profile->is_ca && (profile->key_usage & CM_KU_KEY_CERT_SIGN);
}

static int path_without_ca(const cm_profile_t *profile)
{
    return !profile->is_ca && profile->path_len >= 0;
}

static int only_without_agreement(const cm_profile_t *profile)
{
    return (profile->key_usage & (CM_KU_ENCIPHER_ONLY | CM_KU_DECIPHER_ONLY)) &&
           !(profile->key_usage & CM_KU_KEY_AGREEMENT);
}

static int constrains_without_ca(const cm_profile_t *profile)
{
    return !profile->is_ca &&
           (profile->constraints.permitted->nelts || profile->constraints.excluded->nelts);
}

static int limits_policies_without_ca(const cm_profile_t *profile)
{
    return !profile->is_ca &&
           (profile->limits.require_explicit >= 0 || profile->limits.inhibit_mapping >= 0);
}

static int inhibits_without_ca(const cm_profile_t *profile)
{
    return !profile->is_ca && profile->limits.inhibit_any >= 0;
}

/* RFC 5280 6.1.5 (a) counts the last certificate, so that 1 is as 0. */
static int lacks_its_policy(const cm_profile_t *profile)
{
    return profile->is_ca && profile->limits.require_explicit >= 0 &&
           profile->limits.require_explicit <= 1 && !profile->policies->nelts;
}

static int is_nameless(const cm_profile_t *profile)
{
    for (int i = 0; i < profile->san->nelts; i++) {
        if (APR_ARRAY_IDX(profile->san, i, cm_profile_name_t).required) {
            return 0;
        }
    }
    for (int i = 0; i < profile->subject->nelts; i++) {
        if (APR_ARRAY_IDX(profile->subject, i, cm_profile_name_t).required) {
            return 0;
        }
    }
    return 1;
}

static int offers_nothing(const cm_profile_t *profile)
{
    for (int i = 0; i < CM_OP_COUNT; i++) {
        if (profile->operations[i].roles) {
            return 0;
        }
    }
    return 1;
}

static const struct {
    const char *rule, *field;
    int (*is_broken)(const cm_profile_t *profile);
    const char *message;
} rules[] = {
    {"profile.validity", "/validity/default", validity_is_wrong,
     "the default is longer than the longest validity"},
    {"profile.nameless", "/subject", is_nameless,
     "a required attribute of the subject or a required alternative name is needed"},
    {"profile.ca-key-usage", "/key_usage", ca_cannot_sign,
     "an authority needs keyCertSign (RFC 5280 4.2.1.3)"},
    {"profile.key-cert-sign", "/key_usage", signs_without_ca,
     "keyCertSign is for authorities only (RFC 5280 4.2.1.9)"},
    {"profile.path-length", "/path_length", path_without_ca,
     "a path length is for authorities only (RFC 5280 4.2.1.9)"},
    {"profile.constraints-ca", "/name_constraints", constrains_without_ca,
     "name constraints are for authorities only (RFC 5280 4.2.1.10)"},
    {"profile.policy-constraints-ca", "/policy_constraints", limits_policies_without_ca,
     "policy constraints are for authorities only (RFC 5280 4.2.1.11)"},
    {"profile.inhibit-any-policy-ca", "/inhibit_any_policy", inhibits_without_ca,
     "anyPolicy is inhibited by authorities only (RFC 5280 4.2.1.14)"},
    {"profile.policies-required", "/policies", lacks_its_policy,
     "an authority that requires a policy at once needs one itself (RFC 5280 6.1.3)"},
    {"profile.key-agreement", "/key_usage", only_without_agreement,
     "encipherOnly and decipherOnly need keyAgreement (RFC 5280 4.2.1.3)"},
    {"profile.operations", "/operations", offers_nothing, "no operation is offered"},
};

static cm_error_t *check_rules(const cm_profile_t *profile, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (apr_size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].is_broken(profile)) {
            error =
                cm_error_join(error, refuse(rules[i].field, rules[i].rule, rules[i].message, pool));
        }
    }
    return error;
}

/* Rules about each element of a list. */

static cm_error_t *check_fixed(const cm_profile_name_t *row, const char *at, apr_pool_t *pool)
{
    const cm_name_attribute_t attribute = {row->type, row->value, 0};
    apr_array_header_t *attributes = apr_array_make(pool, 1, sizeof attribute);
    cm_name_t *name;
    cm_error_t *error;

    APR_ARRAY_PUSH(attributes, cm_name_attribute_t) = attribute;
    error = cm_name_make(&name, attributes, pool);
    return error ? cm_error_locate(error, at, "profile.name") : NULL;
}

static int has_source_wrong(const cm_profile_name_t *row)
{
    return (row->from == CM_FROM_FIXED) != (row->value != NULL);
}

static cm_error_t *refuse_value(const cm_profile_name_t *row, const char *at, apr_pool_t *pool)
{
    return refuse(at, "profile.value",
                  row->value ? "a value needs \"from\": \"fixed\"" : "\"fixed\" needs a value",
                  pool);
}

static cm_error_t *check_subject(const cm_profile_t *profile, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < profile->subject->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(profile->subject, i, cm_profile_name_t);
        const char *at = apr_psprintf(pool, "/subject/%d/value", i);

        if (has_source_wrong(row)) {
            error = cm_error_join(error, refuse_value(row, at, pool));
        } else if (row->value) {
            error = cm_error_join(error, check_fixed(row, at, pool));
        }
        if (row->value && !cm_profile_fits(row, row->value, 0)) {
            error = cm_error_join(error, refuse(at, "profile.pattern",
                                                "the value is not within its own bounds", pool));
        }
    }
    return error;
}

static cm_error_t *check_san_row(const cm_profile_name_t *row, const char *at, apr_pool_t *pool)
{
    const char *value = apr_pstrcat(pool, at, "/value", NULL);
    cm_error_t *error;
    cm_san_t san;

    if (row->from == CM_FROM_LOGIN_MAIL && strcmp(row->type, "email") != 0 &&
        strcmp(row->type, "upn") != 0) {
        return refuse(apr_pstrcat(pool, at, "/from", NULL), "profile.source",
                      "login.mail gives an email or a upn only", pool);
    }
    if (has_source_wrong(row)) {
        return refuse_value(row, value, pool);
    }
    if (!row->value) {
        return NULL;
    }
    error = cm_san_make(&san, row->type, row->value, pool);
    if (error) {
        return cm_error_locate(error, value, "profile.name");
    }
    return cm_profile_fits(row, san.value, 1)
               ? NULL
               : refuse(value, "profile.pattern", "the value is not within its own bounds", pool);
}

static cm_error_t *check_san(const cm_profile_t *profile, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < profile->san->nelts; i++) {
        error =
            cm_error_join(error, check_san_row(&APR_ARRAY_IDX(profile->san, i, cm_profile_name_t),
                                               apr_psprintf(pool, "/san/%d", i), pool));
    }
    return error;
}

static const struct {
    const char *eku;
    unsigned key_usage;
} eku_needs[] = {
    {"serverAuth", CM_KU_DIGITAL_SIGNATURE | CM_KU_KEY_ENCIPHERMENT | CM_KU_KEY_AGREEMENT},
    {"clientAuth", CM_KU_DIGITAL_SIGNATURE | CM_KU_KEY_AGREEMENT},
    {"codeSigning", CM_KU_DIGITAL_SIGNATURE},
    {"emailProtection", CM_KU_DIGITAL_SIGNATURE | CM_KU_NON_REPUDIATION | CM_KU_KEY_ENCIPHERMENT |
                            CM_KU_KEY_AGREEMENT},
    {"timeStamping", CM_KU_DIGITAL_SIGNATURE | CM_KU_NON_REPUDIATION},
    {"OCSPSigning", CM_KU_DIGITAL_SIGNATURE | CM_KU_NON_REPUDIATION},
    {"msSmartcardLogin", CM_KU_DIGITAL_SIGNATURE},
};

unsigned cm_eku_key_usage(const char *eku, apr_pool_t *pool)
{
    const char *oid = cm_ext_eku_oid(eku, pool);

    for (apr_size_t i = 0; i < sizeof eku_needs / sizeof *eku_needs; i++) {
        if (strcmp(cm_ext_eku_oid(eku_needs[i].eku, pool), oid) == 0) {
            return eku_needs[i].key_usage;
        }
    }
    return ~0U;
}

/* An authority's own usages are about certificates, its extended ones bound those below it. */
static cm_error_t *check_eku(const cm_profile_t *profile, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; !profile->is_ca && i < profile->eku->nelts; i++) {
        const char *eku = APR_ARRAY_IDX(profile->eku, i, const char *);

        if (!(cm_eku_key_usage(eku, pool) & profile->key_usage)) {
            error = cm_error_join(
                error,
                refuse(apr_psprintf(pool, "/ext_key_usage/%d", i), "profile.eku-key-usage",
                       apr_psprintf(pool, "%s goes with none of the key usages (RFC 5280 4.2.1.12)",
                                    eku),
                       pool));
        }
    }
    return error;
}

/* RFC 5280 4.2.1.4: a policy at most once. */
static cm_error_t *check_policies(const cm_profile_t *profile, apr_pool_t *pool)
{
    const apr_array_header_t *list = profile->policies;
    cm_error_t *error = NULL;

    for (int i = 0; i < list->nelts; i++) {
        int j = 0;

        while (strcmp(APR_ARRAY_IDX(list, i, cm_policy_t).oid,
                      APR_ARRAY_IDX(list, j, cm_policy_t).oid) != 0) {
            j++;
        }
        if (j < i) {
            error = cm_error_join(error,
                                  refuse(apr_psprintf(pool, "/policies/%d/oid", i),
                                         "value.duplicate", "the policy stands here twice", pool));
        }
    }
    return error;
}

/* Whether the requester brings a key with the operation. */
static int brings_key(int operation)
{
    return operation == CM_OP_ENROLL || operation == CM_OP_REKEY;
}

static int may_bring_key(int operation)
{
    return brings_key(operation) || operation == CM_OP_REISSUE;
}

static int is_approval_wrong(const cm_profile_item_t *item)
{
    if (strcmp(item->item, "approval") != 0) {
        return item->role || item->count != 1;
    }
    return !item->role || item->phase != CM_BEFORE_ISSUE ||
           !(cm_role_of(item->role) & cm_permission_roles(CM_MAY_APPROVE));
}

static cm_error_t *check_approvals(const apr_array_header_t *list, const char *at, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < list->nelts; i++) {
        if (is_approval_wrong(&APR_ARRAY_IDX(list, i, cm_profile_item_t))) {
            error = cm_error_join(
                error, refuse(apr_psprintf(pool, "%s/%d", at, i), "profile.approval-item",
                              "an approval stands before issue and has a role that approves; no "
                              "other item has role or count",
                              pool));
        }
    }
    return error;
}

static cm_error_t *check_checklist(const cm_profile_t *profile, int operation, apr_pool_t *pool)
{
    const apr_array_header_t *list = profile->operations[operation].checklist;
    const char *at = apr_psprintf(pool, "/operations/%s/checklist",
                                  cm_operation_name((cm_operation_t)operation));
    int has_csr = 0;

    for (int i = 0; i < list->nelts; i++) {
        const cm_profile_item_t *item = &APR_ARRAY_IDX(list, i, cm_profile_item_t);

        if (strcmp(item->item, "csr") != 0) {
            continue;
        }
        if (!may_bring_key(operation) || has_csr || item->phase != CM_BEFORE_ISSUE) {
            return refuse(apr_psprintf(pool, "%s/%d", at, i), "profile.csr-item",
                          "csr stands here once, before issue, where there is a new key", pool);
        }
        has_csr = 1;
    }
    if (brings_key(operation) && !has_csr) {
        return refuse(at, "profile.csr-item", "a new key needs the item csr", pool);
    }
    return check_approvals(list, at, pool);
}

static cm_error_t *check_checklists(const cm_profile_t *profile, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < CM_OP_COUNT; i++) {
        if (profile->operations[i].roles) {
            error = cm_error_join(error, check_checklist(profile, i, pool));
        }
    }
    return error;
}

cm_error_t *cm_profile_parse(cm_profile_t **profile, cm_bytes_t text, apr_pool_t *pool)
{
    cm_profile_t *made = apr_pcalloc(pool, sizeof *made);
    json_t *document;
    cm_error_t *error;

    if (text.len > CM_PROFILE_BYTES) {
        return cm_error_make(pool, CM_E_TOO_LARGE, "a profile has at most %d bytes",
                             CM_PROFILE_BYTES);
    }
    error = cm_json_parse(&document, text, pool);
    if (!error) {
        error = cm_fields_read(made, cm_profile_fields, document, "", pool);
    }
    if (!error) {
        error = cm_error_join(check_rules(made, pool), check_subject(made, pool));
        error = cm_error_join(error, check_san(made, pool));
        error = cm_error_join(error, check_eku(made, pool));
        error = cm_error_join(error, check_policies(made, pool));
        error = cm_error_join(error, check_checklists(made, pool));
    }
    if (!error) {
        *profile = made;
    }
    return error;
}

/* Characters of UTF-8. */
static int length_of(const char *text)
{
    int length = 0;

    for (; *text; text++) {
        length += (*text & 0xc0) != 0x80;
    }
    return length;
}

int cm_profile_fits(const cm_profile_name_t *row, const char *value, int any_case)
{
    int length = length_of(value);

    if (length < row->min_length || (row->max_length && length > row->max_length)) {
        return 0;
    }
    for (int i = 0; i < row->patterns->nelts; i++) {
        if (apr_fnmatch(APR_ARRAY_IDX(row->patterns, i, const char *), value,
                        any_case ? APR_FNM_CASE_BLIND : 0) == APR_SUCCESS) {
            return 1;
        }
    }
    return row->patterns->nelts == 0;
}

int cm_profile_allows(const cm_profile_t *profile, cm_operation_t operation, unsigned roles)
{
    return (profile->operations[operation].roles & roles) != 0;
}

const apr_array_header_t *cm_profile_checklist(const cm_profile_t *profile,
                                               cm_operation_t operation)
{
    return profile->operations[operation].roles ? profile->operations[operation].checklist : NULL;
}
