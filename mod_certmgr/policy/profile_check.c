/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile_check.h"

#include <apr_strings.h>

#include "pki/constraints.h"
#include "pki/othername.h"
#include "pki/policies.h"
#include "policy/evaluate.h"

struct cm_profile_check_t {
    const cm_profile_check_in_t *in;
    const cm_profile_rule_t *rule;
    cm_error_t *error;
    apr_pool_t *pool;
};

static void refuse(cm_profile_check_t *check, const char *field)
{
    cm_error_t *error = cm_error_make(check->pool, CM_E_VALUE, "%s (%s)", check->rule->message,
                                      check->rule->source);

    cm_error_locate(error, field, check->rule->name);
    check->error = cm_error_join(check->error, error);
}

static void refuse_element(cm_profile_check_t *check, const char *list, int place,
                           const char *member)
{
    refuse(check, apr_psprintf(check->pool, "/%s/%d%s", list, place, member));
}

static const cm_profile_name_t *row_of(const apr_array_header_t *rows, int place)
{
    return &APR_ARRAY_IDX(rows, place, cm_profile_name_t);
}

static int has_row(const apr_array_header_t *rows, const char *type)
{
    for (int i = 0; i < rows->nelts; i++) {
        if (strcmp(row_of(rows, i)->type, type) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The place of an extended key usage in the list, -1 when it is not there. */
static int place_of_usage(const cm_profile_check_t *check, const char *name)
{
    const apr_array_header_t *eku = check->in->profile->eku;
    const char *oid = cm_ext_eku_oid(name, check->pool);

    for (int i = 0; i < eku->nelts; i++) {
        if (strcmp(cm_ext_eku_oid(APR_ARRAY_IDX(eku, i, const char *), check->pool), oid) == 0) {
            return i;
        }
    }
    return -1;
}

/* The authority. */

static void ca_is_authority(cm_profile_check_t *check)
{
    const cm_cert_t *issuer = check->in->issuer;

    if (!issuer->is_ca || (issuer->key_usage && !(issuer->key_usage & CM_KU_KEY_CERT_SIGN))) {
        refuse(check, "/ca");
    }
}

static void ca_validity(cm_profile_check_t *check)
{
    const cm_profile_check_in_t *in = check->in;

    if (in->now + apr_time_from_sec(in->profile->validity.max - CM_BACKDATE) >
        in->issuer->not_after) {
        refuse(check, "/validity/max");
    }
}

/* Authorities that may follow below the issuer, by its own path length and by those above it; -1:
 * no limit. */
static int path_left(const cm_profile_check_in_t *in)
{
    int left = in->issuer->has_path_len ? in->issuer->path_len : -1;

    for (int i = 0; i < in->above->nelts; i++) {
        const cm_cert_t *cert = APR_ARRAY_IDX(in->above, i, const cm_cert_t *);
        int here = cert->has_path_len ? cert->path_len - i - 1 : -1;

        if (cert->has_path_len && (left < 0 || here < left)) {
            left = here > 0 ? here : 0;
        }
    }
    return left;
}

static void ca_path_length(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;
    int left = path_left(check->in);

    if (profile->is_ca && left >= 0 && (left == 0 || profile->path_len >= left)) {
        refuse(check, left ? "/path_length" : "/is_ca");
    }
}

static void ca_ocsp(cm_profile_check_t *check)
{
    if (check->in->profile->ocsp && !check->in->has_responder) {
        refuse(check, "/ocsp");
    }
}

static void ca_signature_hash(cm_profile_check_t *check)
{
    const cm_profile_check_in_t *in = check->in;
    cm_pubkey_t *key;

    if (in->profile->signature_hash &&
        (cm_pubkey_parse(&key, in->issuer->spki, check->pool) ||
         !cm_sigalg_with(key->algorithm, in->profile->signature_hash))) {
        refuse(check, "/signature_hash");
    }
}

/* Certificates of authorities. */

static void ca_subject(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;
    int is_required = 0;

    for (int i = 0; i < profile->subject->nelts; i++) {
        is_required |= row_of(profile->subject, i)->required;
    }
    if (profile->is_ca && !is_required) {
        refuse(check, "/subject");
    }
}

static void ca_san(cm_profile_check_t *check)
{
    static const char *const odd[] = {"dns", "ip", "upn"};
    const cm_profile_t *profile = check->in->profile;

    for (int i = 0; profile->is_ca && i < profile->san->nelts; i++) {
        for (apr_size_t j = 0; j < sizeof odd / sizeof *odd; j++) {
            if (strcmp(row_of(profile->san, i)->type, odd[j]) == 0) {
                refuse_element(check, "san", i, "/type");
            }
        }
    }
}

static void ca_responder(cm_profile_check_t *check)
{
    int place = place_of_usage(check, "OCSPSigning");

    if (check->in->profile->is_ca && place >= 0) {
        refuse_element(check, "ext_key_usage", place, "");
    }
}

/* Names. */

static int is_same_row(const cm_profile_name_t *row, const cm_profile_name_t *other)
{
    return strcmp(row->type, other->type) == 0 && row->from == other->from &&
           (row->from != CM_FROM_FIXED || strcmp(row->value, other->value) == 0);
}

static void attribute_twice(cm_profile_check_t *check)
{
    const apr_array_header_t *rows = check->in->profile->subject;

    for (int i = 0; i < rows->nelts; i++) {
        for (int j = 0; j < i; j++) {
            if (is_same_row(row_of(rows, i), row_of(rows, j))) {
                refuse_element(check, "subject", i, "/type");
                break;
            }
        }
    }
}

static void san_twice(cm_profile_check_t *check)
{
    const apr_array_header_t *rows = check->in->profile->san;

    for (int i = 0; i < rows->nelts; i++) {
        for (int j = 0; j < i; j++) {
            if (is_same_row(row_of(rows, i), row_of(rows, j))) {
                refuse_element(check, "san", i, "/type");
                break;
            }
        }
    }
}

static void othername(cm_profile_check_t *check)
{
    const apr_array_header_t *rows = check->in->profile->san;

    for (int i = 0; i < rows->nelts; i++) {
        cm_othername_t kind;

        if (cm_othername_read(&kind, row_of(rows, i)->type, check->pool) &&
            !cm_othername_fits(&kind)) {
            refuse_element(check, "san", i, "/type");
        }
    }
}

static void server_san(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    if (!profile->is_ca && place_of_usage(check, "serverAuth") >= 0 &&
        !has_row(profile->san, "dns") && !has_row(profile->san, "ip")) {
        refuse(check, "/san");
    }
}

static void email_san(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    if (!profile->is_ca && place_of_usage(check, "emailProtection") >= 0 &&
        !has_row(profile->san, "email")) {
        refuse(check, "/san");
    }
}

static void subject_san(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    for (int i = 0; i < profile->subject->nelts; i++) {
        if (row_of(profile->subject, i)->from == CM_FROM_SAN && !has_row(profile->san, "dns") &&
            !has_row(profile->san, "ip")) {
            refuse_element(check, "subject", i, "/from");
        }
    }
}

static void length(cm_profile_check_t *check)
{
    const apr_array_header_t *rows = check->in->profile->subject;

    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = row_of(rows, i);

        if (row->max_length && row->min_length > row->max_length) {
            refuse_element(check, "subject", i, "/min_length");
        }
    }
}

/* Name constraints. */

/* The n-th authority from the issuer upwards, NULL after the last. */
static const cm_cert_t *authority(const cm_profile_check_in_t *in, int n)
{
    if (n == 0) {
        return in->issuer;
    }
    return n <= in->above->nelts ? APR_ARRAY_IDX(in->above, n - 1, const cm_cert_t *) : NULL;
}

static const cm_ext_t *constraints_of(const cm_cert_t *cert)
{
    return cert->extensions ? cm_ext_find(cert->extensions, CM_OID_NAME_CONSTRAINTS) : NULL;
}

/* A name that lies within the base of a constraint, as san.h writes it. */
static const char *name_within(const char *base, apr_pool_t *pool)
{
    const char *value = base + strcspn(base, ":") + 1;
    const char *host = *value == '.' ? apr_pstrcat(pool, "a", value, NULL) : value;

    if (strncmp(base, "dns:", 4) == 0) {
        return apr_pstrcat(pool, "dns:", host, NULL);
    }
    if (strncmp(base, "uri:", 4) == 0) {
        return apr_pstrcat(pool, "uri:https://", host, "/", NULL);
    }
    if (strncmp(base, "email:", 6) == 0 && !strchr(value, '@')) {
        return apr_pstrcat(pool, "email:a@", host, NULL);
    }
    /* of an address what stands before its "/bits" */
    return apr_pstrmemdup(pool, base,
                          strncmp(base, "ip:", 3) == 0 ? strcspn(base, "/") : strlen(base));
}

static int is_certifiable(const cm_profile_check_t *check, const char *name)
{
    static const unsigned char nothing[] = {0x30, 0x00};
    apr_array_header_t *san = apr_array_make(check->pool, 1, sizeof(cm_san_t));
    const cm_name_t subject = {cm_bytes_make(nothing, sizeof nothing),
                               apr_array_make(check->pool, 1, sizeof(cm_name_attribute_t))};
    const cm_cert_t cert = {.subject = &subject, .san = san};
    const cm_cert_t *above;

    if (cm_san_read(apr_array_push(san), name, check->pool)) {
        return 0;
    }
    for (int i = 0; (above = authority(check->in, i)) != NULL; i++) {
        const cm_ext_t *ext = constraints_of(above);

        if (ext && cm_constraints_check(ext->value, &cert, check->pool)) {
            return 0;
        }
    }
    return 1;
}

static void constraints_within(cm_profile_check_t *check)
{
    const apr_array_header_t *list = check->in->profile->constraints.permitted;

    for (int i = 0; i < list->nelts; i++) {
        if (!is_certifiable(check,
                            name_within(APR_ARRAY_IDX(list, i, const char *), check->pool))) {
            refuse(check, apr_psprintf(check->pool, "/name_constraints/permitted/%d", i));
        }
    }
}

static int is_closed(const cm_profile_check_t *check, const char *type)
{
    const cm_cert_t *above;

    for (int i = 0; (above = authority(check->in, i)) != NULL; i++) {
        const cm_ext_t *ext = constraints_of(above);

        if (ext && cm_constraints_close(ext->value, type, check->pool)) {
            return 1;
        }
    }
    return 0;
}

static void san_constrained(cm_profile_check_t *check)
{
    const apr_array_header_t *rows = check->in->profile->san;

    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = row_of(rows, i);

        if (is_closed(check, row->type)) {
            refuse_element(check, "san", i, "/type");
        } else if (row->value && !is_certifiable(check, apr_pstrcat(check->pool, row->type, ":",
                                                                    row->value, NULL))) {
            refuse_element(check, "san", i, "/value");
        }
    }
}

/* Usages. */

static void time_stamping(cm_profile_check_t *check)
{
    int place = place_of_usage(check, "timeStamping");

    if (!check->in->profile->is_ca && place >= 0 && check->in->profile->eku->nelts > 1) {
        refuse_element(check, "ext_key_usage", place, "");
    }
}

static void key_unusable(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    for (int i = 0; i < profile->keys->nelts; i++) {
        unsigned left =
            profile->key_usage & cm_key_usages_of(APR_ARRAY_IDX(profile->keys, i, const char *));

        if (!cm_profile_is_usable(profile, left, check->pool)) {
            refuse_element(check, "keys", i, "");
        }
    }
}

static void any_policy(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    for (int i = 0; !profile->is_ca && i < profile->policies->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(profile->policies, i, cm_policy_t).oid, CM_OID_ANY_POLICY) == 0) {
            refuse_element(check, "policies", i, "/oid");
        }
    }
}

/* What the certificate would say. */
static cm_policy_says_t policies_of(const cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;
    apr_array_header_t *oids = apr_array_make(check->pool, 2, sizeof(const char *));
    const cm_policy_says_t says = {oids,
                                   apr_array_make(check->pool, 1, sizeof(cm_policy_mapping_t)),
                                   profile->limits, profile->is_ca, 0};

    for (int i = 0; i < profile->policies->nelts; i++) {
        APR_ARRAY_PUSH(oids, const char *) = APR_ARRAY_IDX(profile->policies, i, cm_policy_t).oid;
    }
    return says;
}

static void ca_policies(cm_profile_check_t *check)
{
    const cm_policy_says_t says = policies_of(check);
    cm_policy_path_t path;

    cm_policy_path(&path, check->in->issuer, check->in->above, check->pool);
    if (!cm_policy_path_allows(&path, &says, check->pool)) {
        refuse(check, "/policies");
    }
}

static void any_policy_inhibited(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;
    cm_policy_path_t path;

    cm_policy_path(&path, check->in->issuer, check->in->above, check->pool);
    for (int i = 0; profile->is_ca && !path.inhibit_any && i < profile->policies->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(profile->policies, i, cm_policy_t).oid, CM_OID_ANY_POLICY) == 0) {
            refuse_element(check, "policies", i, "/oid");
        }
    }
}

static void critical_absent(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    for (int i = 0; i < profile->critical->nelts; i++) {
        const char *name = APR_ARRAY_IDX(profile->critical, i, const char *);
        const apr_array_header_t *list =
            strcmp(name, "extendedKeyUsage") == 0 ? profile->eku : profile->policies;

        if (!list->nelts) {
            refuse_element(check, "critical", i, "");
        }
    }
}

static void must_staple(cm_profile_check_t *check)
{
    const cm_profile_t *profile = check->in->profile;

    if (profile->must_staple && (place_of_usage(check, "serverAuth") < 0 ||
                                 (!profile->ocsp && !profile->ocsp_urls->nelts))) {
        refuse(check, "/must_staple");
    }
}

/* Operations. */

static void reinstate_alone(cm_profile_check_t *check)
{
    const cm_profile_operation_t *operations = check->in->profile->operations;

    if (operations[CM_OP_REINSTATE].roles && !operations[CM_OP_SUSPEND].roles) {
        refuse(check, "/operations/reinstate");
    }
}

/* clang-format off */
const cm_profile_rule_t cm_profile_rules[] = {
    {"profile.ca", "RFC 5280 4.2.1.9", ca_is_authority, "the certificate of this authority is none that may sign certificates"},
    {"profile.ca-validity", "RFC 5280 6.1", ca_validity, "the authority ends before a certificate of this life would"},
    {"profile.ca-path-length", "RFC 5280 4.2.1.9", ca_path_length, "the authority, or one above it, allows no authority with this path length below it"},
    {"profile.ca-ocsp", "RFC 6960 2.2", ca_ocsp, "the authority has no OCSP responder to point at"},
    {"profile.ca-signature-hash", "RFC 5480 4", ca_signature_hash, "the hash is weaker than the authority's key"},
    {"profile.ca-subject", "RFC 5280 4.1.2.6", ca_subject, "an authority needs a required attribute of its subject"},
    {"profile.ca-san", "practice", ca_san, "an authority is neither a host nor a person who logs in"},
    {"profile.ca-responder", "RFC 6960 4.2.2.2", ca_responder, "an authority with OCSPSigning could answer for its own issuer"},
    {"profile.attribute-twice", "X.501 9.3", attribute_twice, "the same attribute from the same source stands here twice"},
    {"profile.san-twice", "RFC 5280 4.2.1.6", san_twice, "the same kind of name from the same source stands here twice: raise max instead"},
    {"profile.san-othername", "RFC 5280 4.2.1.6", othername, "an otherName with this identifier has another syntax, or is no string"},
    {"profile.subject-san", "CA/Browser Forum BR 7.1.4.3", subject_san, "there is no alternative name of type dns or ip to take"},
    {"profile.length", "practice", length, "the least length is more than the most"},
    {"profile.constraints-within", "RFC 5280 4.2.1.10", constraints_within, "the authority, or one above it, may not certify these names itself"},
    {"profile.san-constrained", "RFC 5280 4.2.1.10", san_constrained, "the authority, or one above it, may certify no such name"},
    {"profile.server-san", "CA/Browser Forum BR 7.1.2.7", server_san, "serverAuth needs an alternative name of type dns or ip"},
    {"profile.email-san", "RFC 8550 3", email_san, "emailProtection needs an alternative name of type email"},
    {"profile.time-stamping", "RFC 3161 2.3", time_stamping, "timeStamping stands alone"},
    {"profile.key-unusable", "RFC 8813 3, RFC 3279 2.3.1", key_unusable, "a key of this kind can't have the key usages that the profile is for"},
    {"profile.critical-absent", "RFC 5280 4.2", critical_absent, "an extension that is not put in can't be critical"},
    {"profile.must-staple", "RFC 7633 4", must_staple, "an answer to staple needs serverAuth and an OCSP responder"},
    {"profile.any-policy", "RFC 5280 4.2.1.4", any_policy, "anyPolicy is for authorities"},
    {"profile.any-policy-inhibited", "RFC 5280 4.2.1.14", any_policy_inhibited, "the authority, or one above it, lets anyPolicy stand for no other"},
    {"profile.ca-policies", "RFC 5280 6.1", ca_policies, "paths would lack a policy that the authority, one above it or this profile asks for"},
    {"profile.reinstate", "practice", reinstate_alone, "there is nothing to reinstate where nothing can be suspended"},
    {NULL, NULL, NULL, NULL}};
/* clang-format on */

cm_error_t *cm_profile_check(const cm_profile_check_in_t *in, apr_pool_t *pool)
{
    cm_profile_check_t check = {in, NULL, NULL, pool};

    for (check.rule = cm_profile_rules; check.rule->name; check.rule++) {
        check.rule->check(&check);
    }
    return check.error;
}
