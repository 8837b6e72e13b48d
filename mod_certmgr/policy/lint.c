/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/lint.h"

#include <apr_strings.h>
#include <openssl/sha.h>

#include "pki/constraints.h"

#define OID_RSA "1.2.840.113549.1.1.1"

enum { SERIAL_ENTROPY = 8, SERIAL_MOST = 20 }; /* octets */

/* Serial, names and dates. */

static int serial(const cm_lint_t *lint)
{
    cm_bytes_t magnitude = lint->cert->serial;

    return magnitude.len <= SERIAL_MOST && (magnitude.len > 1 || magnitude.data[0] != 0);
}

/* The first bit is 0 in each, so that 8 octets hold less than 64 random bits. */
static int serial_entropy(const cm_lint_t *lint)
{
    return lint->cert->serial.len > SERIAL_ENTROPY;
}

static int version(const cm_lint_t *lint)
{
    return lint->cert->extensions->nelts > 0;
}

static int unique_ids(const cm_lint_t *lint)
{
    return lint->after_key == CM_DER_CONSTRUCTED(3) || lint->after_key == 0;
}

static int signature_algorithm(const cm_lint_t *lint)
{
    return cm_bytes_equal(lint->cert->parts.identifier,
                          cm_sigalg_identifier(lint->in->sigalg, lint->pool));
}

/* One of the algorithms of the issuer's key that is as strong as it is. */
static int signature_hash(const cm_lint_t *lint)
{
    const cm_sigalg_t *least = cm_sigalg_for_key(lint->issuer_key), *alg = lint->cert->sigalg;

    return least && alg && strcmp(alg->key, least->key) == 0 && alg->digest >= least->digest;
}

static int validity_order(const cm_lint_t *lint)
{
    return lint->cert->not_before <= lint->cert->not_after;
}

static int is_encoded_right(int tag, apr_time_t time)
{
    apr_time_exp_t t;

    return apr_time_exp_gmt(&t, time) == APR_SUCCESS &&
           tag == (t.tm_year < 150 ? CM_DER_UTC_TIME : CM_DER_GENERALIZED_TIME);
}

static int validity_encoding(const cm_lint_t *lint)
{
    return is_encoded_right(lint->time_tags[0], lint->cert->not_before) &&
           is_encoded_right(lint->time_tags[1], lint->cert->not_after);
}

static int validity_issuer(const cm_lint_t *lint)
{
    return lint->cert->not_before >= lint->in->issuer->not_before &&
           lint->cert->not_after <= lint->in->issuer->not_after;
}

static int issuer_name(const cm_lint_t *lint)
{
    return lint->cert->issuer->attributes->nelts > 0 &&
           cm_bytes_equal(lint->cert->issuer->der, lint->in->issuer->subject->der);
}

static int issuer_ca(const cm_lint_t *lint)
{
    return lint->in->issuer->is_ca && (lint->in->issuer->key_usage & CM_KU_KEY_CERT_SIGN);
}

/* The issuer is number 0, those above it follow; NULL after the last. */
static const cm_cert_t *authority(const cm_lint_t *lint, int number)
{
    const apr_array_header_t *above = lint->in->above;

    if (number == 0) {
        return lint->in->issuer;
    }
    return above && number <= above->nelts ? APR_ARRAY_IDX(above, number - 1, const cm_cert_t *)
                                           : NULL;
}

/* Each authority above the issuer has room for one less (RFC 5280 6.1.4 (l) and (m)). */
static int issuer_path_length(const cm_lint_t *lint)
{
    const cm_cert_t *cert = lint->cert, *above;

    for (int i = 0; cert->is_ca && (above = authority(lint, i)) != NULL; i++) {
        if (above->has_path_len &&
            (above->path_len <= i ||
             (cert->has_path_len && cert->path_len >= above->path_len - i))) {
            return 0;
        }
    }
    return 1;
}

/* They hold for the whole path below (RFC 5280 4.2.1.10). */
static int issuer_constraints(const cm_lint_t *lint)
{
    const cm_cert_t *above;

    for (int i = 0; (above = authority(lint, i)) != NULL; i++) {
        const cm_ext_t *ext =
            above->extensions ? cm_ext_find(above->extensions, CM_OID_NAME_CONSTRAINTS) : NULL;

        if (ext && cm_constraints_check(ext->value, lint->cert, lint->pool)) {
            return 0;
        }
    }
    return 1;
}

static int subject(const cm_lint_t *lint)
{
    return lint->cert->subject->attributes->nelts > 0 ||
           (!lint->cert->is_ca && lint->cert->san->nelts > 0);
}

/* Written anew it must be the same bytes: string types, bounds and order within a SET. */
static int subject_encoding(const cm_lint_t *lint)
{
    const cm_name_t *name = lint->cert->subject;
    cm_name_t *again;

    return !cm_name_make(&again, name->attributes, lint->pool) &&
           cm_bytes_equal(again->der, name->der);
}

/* Key ids. */

static int subject_key_id(const cm_lint_t *lint)
{
    const cm_ext_t *ext = cm_ext_find(lint->cert->extensions, CM_OID_SUBJECT_KEY_ID);
    unsigned char id[SHA_DIGEST_LENGTH];

    if (!ext || ext->critical) {
        return 0;
    }
    SHA1(lint->key_octets.data, lint->key_octets.len, id);
    return cm_bytes_equal(lint->cert->ski, cm_bytes_make(id, sizeof id));
}

static int authority_key_id(const cm_lint_t *lint)
{
    const cm_ext_t *ext = cm_ext_find(lint->cert->extensions, CM_OID_AUTHORITY_KEY_ID);

    return ext && !ext->critical && lint->cert->aki.len > 0 &&
           cm_bytes_equal(lint->cert->aki, lint->in->issuer->ski);
}

static int key(const cm_lint_t *lint)
{
    return *lint->key != '\0';
}

/* clang-format off */
const cm_lint_rule_t cm_lint_rules[] = {
    {"lint.version", "RFC 5280 4.1.2.1", 0, version, "it has no extensions, thus is not of version 3"},
    {"lint.serial", "RFC 5280 4.1.2.2", 0, serial, "its serial number is not positive"},
    {"lint.serial-entropy", "CA/Browser Forum BR 7.1", 0, serial_entropy, "its serial number holds less than 64 random bits"},
    {"lint.signature-algorithm", "RFC 5280 4.1.1.2", 0, signature_algorithm, "its signature algorithm is not that of the issuer's key"},
    {"lint.signature-hash", "RFC 5480 4", 0, signature_hash, "its signature algorithm is not of the kind of the issuer's key, or weaker"},
    {"lint.issuer-name", "RFC 5280 4.1.2.4", 0, issuer_name, "its issuer is not the subject of the issuing authority"},
    {"lint.issuer-ca", "RFC 5280 4.2.1.9", 0, issuer_ca, "its issuer is no authority that may sign certificates"},
    {"lint.issuer-path-length", "RFC 5280 4.2.1.9", 0, issuer_path_length, "its issuer, or an authority above it, allows no authority with this path length"},
    {"lint.issuer-constraints", "RFC 5280 4.2.1.10", 0, issuer_constraints, "it names what the name constraints of its issuer, or of an authority above it, exclude"},
    {"lint.issuer-policies", "RFC 5280 6.1", 0, cm_lint_issuer_policies, "paths with it lack a policy that its issuer, an authority above it or it itself asks for"},
    {"lint.validity-order", "RFC 5280 4.1.2.5", 0, validity_order, "it ends before it begins"},
    {"lint.validity-encoding", "RFC 5280 4.1.2.5", 0, validity_encoding, "a date is not UTCTime until 2049, or not GeneralizedTime from 2050 on"},
    {"lint.validity-issuer", "RFC 5280 6.1", 0, validity_issuer, "it begins before its issuer or ends after it"},
    {"lint.subject", "RFC 5280 4.1.2.6", 0, subject, "it names nobody, or an authority by an alternative name only"},
    {"lint.subject-encoding", "RFC 5280 4.1.2.6", 0, subject_encoding, "an attribute of its subject is too long, or of the wrong string type"},
    {"lint.unique-ids", "RFC 5280 4.1.2.8", 0, unique_ids, "it has a unique identifier"},
    {"lint.key", "RFC 5280 4.1.2.7", 0, key, "its key is of no kind that we certify"},
    {"lint.authority-key-id", "RFC 5280 4.2.1.1", 0, authority_key_id, "its authority key identifier is not the issuer's"},
    {"lint.subject-key-id", "RFC 5280 4.2.1.2", 0, subject_key_id, "its subject key identifier is not that of its key"},
    {"lint.key-usage", "RFC 5280 4.2.1.3", 0, cm_lint_key_usage, "its key usage is absent, empty or not critical"},
    {"lint.key-cert-sign", "RFC 5280 4.2.1.9", 0, cm_lint_key_cert_sign, "it may sign certificates but is no authority, or the reverse"},
    {"lint.key-agreement", "RFC 5280 4.2.1.3", 0, cm_lint_key_agreement, "encipherOnly or decipherOnly has no meaning without keyAgreement"},
    {"lint.key-usage-key", "RFC 8813 3, RFC 3279 2.3.1", 0, cm_lint_key_usage_key, "a key usage is none of this kind of key"},
    {"lint.eku-key-usage", "RFC 5280 4.2.1.12", 0, cm_lint_eku_key_usage, "an extended key usage goes with none of its key usages"},
    {"lint.basic-constraints", "RFC 5280 4.2.1.9", 0, cm_lint_basic_constraints, "its basic constraints are not critical, or absent in an authority"},
    {"lint.path-length", "RFC 5280 4.2.1.9", 0, cm_lint_path_length, "it has a path length but is no authority"},
    {"lint.name-constraints", "RFC 5280 4.2.1.10", 0, cm_lint_name_constraints, "its name constraints are not critical, or it is no authority"},
    {"lint.san-critical", "RFC 5280 4.2.1.6", 0, cm_lint_san_critical, "its alternative names are critical exactly when the subject is not empty"},
    {"lint.san-encoding", "RFC 5280 4.2.1.6", 0, cm_lint_san_encoding, "its alternative names are not in canonical form, or one is there twice"},
    {"lint.san-type", "RFC 5280 4.2.1.6", 0, cm_lint_san_type, "it has an alternative name of an unknown kind"},
    {"lint.san-othername", "RFC 5280 4.2.1.6", 0, cm_lint_san_othername, "an otherName is not of the syntax that belongs to its identifier"},
    {"lint.critical", "RFC 5280 4.2", 0, cm_lint_critical, "an extension is critical that readers need not know, or must not be"},
    {"lint.policies", "RFC 5280 4.2.1.4", 0, cm_lint_policies, "its certificate policies can't be read, or one is there twice"},
    {"lint.any-policy", "RFC 5280 4.2.1.14", 0, cm_lint_any_policy, "it asserts anyPolicy, which its issuer or an authority above it inhibits"},
    {"lint.policy-mappings", "RFC 5280 4.2.1.5", 0, cm_lint_policy_mappings, "it maps policies where its issuer or an authority above it inhibits that, anyPolicy among them, or without being an authority"},
    {"lint.policy-constraints", "RFC 5280 4.2.1.11", 0, cm_lint_policy_constraints, "its policy constraints are empty or not critical, or it is no authority"},
    {"lint.inhibit-any-policy", "RFC 5280 4.2.1.14", 0, cm_lint_inhibit_any_policy, "it inhibits anyPolicy, but not critically or without being an authority"},
    {"lint.crl-points", "RFC 5280 4.2.1.13", 0, cm_lint_crl_points, "an address of its CRLs is no URI"},
    {"lint.authority-info", "RFC 5280 4.2.2.1", 0, cm_lint_authority_info, "an address of its authority information access is no URI, or of no known kind"},
    {"lint.profile-key", "profile", 1, cm_lint_profile_key, "the profile does not accept its kind of key"},
    {"lint.profile-signature-hash", "profile", 1, cm_lint_profile_signature_hash, "it is signed with another hash than the profile asks for"},
    {"lint.profile-validity", "profile", 1, cm_lint_profile_validity, "it lives longer than the profile allows"},
    {"lint.profile-key-usage", "profile", 1, cm_lint_profile_key_usage, "its key usage is not that of the profile"},
    {"lint.profile-ext-key-usage", "profile", 1, cm_lint_profile_eku, "its extended key usage is not that of the profile"},
    {"lint.profile-ca", "profile", 1, cm_lint_profile_ca, "its basic constraints are not those of the profile"},
    {"lint.profile-subject", "profile", 1, cm_lint_profile_subject, "its subject has an attribute that the profile does not list, or lacks one"},
    {"lint.profile-san", "profile", 1, cm_lint_profile_san, "it has alternative names that the profile does not allow, or lacks one"},
    {"lint.profile-policies", "profile", 1, cm_lint_profile_policies, "its certificate policies are not those of the profile"},
    {"lint.profile-policy-constraints", "profile", 1, cm_lint_profile_limits, "its limits for policies are not those of the profile"},
    {"lint.profile-patterns", "profile", 1, cm_lint_profile_patterns, "a name is not as the profile wants it"},
    {"lint.profile-subject-san", "CA/Browser Forum BR 7.1.4.3", 1, cm_lint_profile_subject_san, "an attribute of its subject is none of its alternative names"},
    {"lint.profile-critical", "profile", 1, cm_lint_profile_critical, "an extension is critical and should not be, or the reverse"},
    {"lint.profile-constraints", "profile", 1, cm_lint_profile_constraints, "its name constraints are not those of the profile"},
    {"lint.profile-addresses", "profile", 1, cm_lint_profile_addresses, "it lacks an address that the profile lists"},
    {"lint.profile-extensions", "profile", 1, cm_lint_profile_extensions, "it has an extension that the profile does not ask for, or lacks one"},
    {NULL, NULL, 0, NULL, NULL}};
/* clang-format on */

/* Reading back. */

static int bits_of(cm_bytes_t magnitude)
{
    int bits;

    while (magnitude.len && !magnitude.data[0]) {
        magnitude = cm_bytes_make(magnitude.data + 1, magnitude.len - 1);
    }
    bits = (int)magnitude.len * 8;
    for (int bit = 0x80; bits && !(magnitude.data[0] & bit); bit >>= 1) {
        bits--;
    }
    return bits;
}

static const char *curve_of(const char *oid)
{
    static const char *const curves[][2] = {
        {"1.2.840.10045.3.1.7", "P-256"}, {"1.3.132.0.34", "P-384"}, {"1.3.132.0.35", "P-521"}};

    for (int i = 0; i < 3; i++) {
        if (strcmp(curves[i][0], oid) == 0) {
            return curves[i][1];
        }
    }
    return "";
}

/* Its kind and size only: cm_pubkey_parse, which the CSR went through, costs more than all the rest
 * of the check. `octets`: content of subjectPublicKey. */
static cm_error_t *read_key(const char **key, cm_bytes_t *octets, cm_bytes_t der, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(der, "key.syntax", pool), spki, id;
    const char *algorithm = "", *curve = "";
    cm_error_t *error = cm_der_enter(&spki, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_enter(&id, &spki, CM_DER_SEQUENCE);
    }
    if (!error) {
        error = cm_der_expect_oid(&algorithm, &id);
    }
    if (!error && cm_der_peek(&id) == CM_DER_OID) {
        error = cm_der_expect_oid(&curve, &id);
    }
    if (!error) {
        error = cm_der_expect_octets(octets, &spki);
    }
    *key = error ? "" : curve_of(curve);
    if (!error && strcmp(algorithm, OID_RSA) == 0) {
        cm_der_t sequence = cm_der_reader(*octets, "key.syntax", pool), numbers;
        cm_bytes_t modulus = {NULL, 0};

        error = cm_der_enter(&numbers, &sequence, CM_DER_SEQUENCE);
        if (!error) {
            error = cm_der_expect(&modulus, &numbers, CM_DER_INTEGER);
        }
        *key = error ? "" : apr_psprintf(pool, "RSA-%d", bits_of(modulus));
    }
    return error;
}

/* What the record of the parser does not keep: the kinds of the dates, what follows the key, and
 * the algorithm, which the parser wants outside as well. */
static cm_error_t *walk(cm_lint_t *lint, cm_bytes_t *identifier)
{
    cm_der_t outer = cm_der_reader(lint->in->tbs, "cert.syntax", lint->pool), tbs, dates;
    cm_bytes_t skipped;
    cm_error_t *error = cm_der_enter(&tbs, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_maybe(&skipped, &tbs, CM_DER_CONSTRUCTED(0));
    }
    if (!error) {
        error = cm_der_next(&skipped, NULL, &tbs); /* serialNumber */
    }
    if (!error) {
        error = cm_der_next(identifier, NULL, &tbs);
    }
    if (!error) {
        error = cm_der_next(&skipped, NULL, &tbs); /* issuer */
    }
    if (!error) {
        error = cm_der_enter(&dates, &tbs, CM_DER_SEQUENCE);
    }
    for (int i = 0; !error && i < 2; i++) {
        lint->time_tags[i] = cm_der_peek(&dates);
        error = cm_der_next(&skipped, NULL, &dates);
    }
    for (int i = 0; !error && i < 2; i++) {
        error = cm_der_next(&skipped, NULL, &tbs); /* subject, subjectPublicKeyInfo */
    }
    lint->after_key = error ? 0 : cm_der_peek(&tbs);
    return error;
}

static cm_error_t *read_back(cm_lint_t *lint)
{
    static const unsigned char nothing[] = {0};
    cm_der_writer_t *writer = cm_der_writer(lint->pool);
    cm_bytes_t identifier, octets;
    cm_cert_t *cert;
    cm_error_t *error = cm_der_check(lint->in->tbs, lint->pool);

    if (!error) {
        error = walk(lint, &identifier);
    }
    if (error) {
        return error;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_raw(writer, lint->in->tbs);
    cm_der_raw(writer, identifier);
    cm_der_put_octets(writer, cm_bytes_make(nothing, sizeof nothing));
    cm_der_end(writer);
    error = cm_cert_parse(&cert, cm_der_written(writer), lint->pool);
    if (error) {
        return error;
    }
    lint->cert = cert;
    /* one that can't be read is of no kind, which a rule refuses */
    (void)read_key(&lint->issuer_key, &octets, lint->in->issuer->spki, lint->pool);
    return read_key(&lint->key, &lint->key_octets, cert->spki, lint->pool);
}

static cm_error_t *refuse(const char *rule, const char *message, const char *source,
                          apr_pool_t *pool)
{
    cm_error_t *error = cm_error_make(
        pool, CM_E_REFUSED, "the certificate would not be sound: %s (%s)", message, source);

    cm_error_locate(error, NULL, rule);
    return cm_error_advise(error, "this is a mistake of the profile, of the authority or of this "
                                  "program; an administrator has to look at it");
}

cm_error_t *cm_lint(const cm_lint_in_t *in, apr_pool_t *pool)
{
    cm_lint_t lint = {.in = in, .key = "", .issuer_key = "", .pool = pool};
    cm_error_t *error = read_back(&lint);

    if (error) {
        return cm_error_wrap(refuse(error->rule, error->message, "RFC 5280 4.1", pool), error);
    }
    cm_policy_path(&lint.path, in->issuer, in->above, pool);
    lint.says_is_read = !cm_policy_read(&lint.says, lint.cert, pool);
    for (const cm_lint_rule_t *rule = cm_lint_rules; rule->name; rule++) {
        if ((in->profile || !rule->needs_profile) && !rule->holds(&lint)) {
            error = cm_error_join(error, refuse(rule->name, rule->message, rule->source, pool));
        }
    }
    return error;
}
