/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile_fields.h"

#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "pki/cert.h"
#include "pki/constraints.h"
#include "pki/othername.h"
#include "policy/identity.h"

#define YEARS(n) ((apr_int64_t)(n)*366 * 86400)

static int position(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static int find_label(const char *name, apr_pool_t *pool)
{
    apr_size_t len = strlen(name);

    (void)pool;
    for (const char *c = name; *c; c++) {
        if (!apr_islower(*c) && !apr_isdigit(*c) && *c != '-') {
            return -1;
        }
    }
    return len >= 1 && len <= 64 ? 0 : -1;
}

static const char *const key_names[] = {"P-256",    "P-384",    "P-521", "RSA-2048",
                                        "RSA-3072", "RSA-4096", NULL};

static int find_key(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return position(key_names, name);
}

static const char *const hash_names[] = {"SHA-256", "SHA-384", "SHA-512", NULL};

static int find_hash(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return position(hash_names, name);
}

/* An OID of the table is refused: the CSR's own attributes are found by name. */
static int find_attribute(const char *name, apr_pool_t *pool)
{
    for (const cm_name_type_t *type = cm_name_types; type->name; type++) {
        if (strcmp(type->name, name) == 0) {
            return 0;
        }
        if (strcmp(type->oid, name) == 0) {
            return -1;
        }
    }
    return cm_der_check_oid(name, pool) ? -1 : 0;
}

static const char *const san_names[] = {"dns", "email", "ip", "uri", "upn", "dirname", "rid", NULL};

static int find_san(const char *name, apr_pool_t *pool)
{
    cm_othername_t kind;

    return cm_othername_read(&kind, name, pool) ? 0 : position(san_names, name);
}

/* In the order of cm_source_t. */
static const char *const source_names[] = {"login.name", "login.mail", "login.id", "csr",
                                           "fixed",      "san",        NULL};
static const char *const san_source_names[] = {"login.mail", "csr", "fixed", NULL};

static int find_source(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return position(source_names, name);
}

static int find_san_source(const char *name, apr_pool_t *pool)
{
    return position(san_source_names, name) < 0 ? -1 : find_source(name, pool);
}

static const char *const key_usage_names[] = {
    "digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement",
    "keyCertSign",      "cRLSign",        "encipherOnly",    "decipherOnly",     NULL};

static int find_key_usage(const char *name, apr_pool_t *pool)
{
    unsigned bit = position(key_usage_names, name) < 0 ? 0 : cm_ext_key_usage(name);

    (void)pool;
    return bit ? (int)bit : -1;
}

static const char *const eku_names[] = {"serverAuth",      "clientAuth",       "codeSigning",
                                        "emailProtection", "timeStamping",     "OCSPSigning",
                                        "documentSigning", "msSmartcardLogin", NULL};

static int find_eku(const char *name, apr_pool_t *pool)
{
    return cm_ext_eku_oid(name, pool) ? 0 : -1;
}

static int find_oid(const char *name, apr_pool_t *pool)
{
    return cm_der_check_oid(name, pool) ? -1 : 0;
}

static const char *const critical_names[] = {"extendedKeyUsage", "certificatePolicies", NULL};

static int find_critical(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return position(critical_names, name);
}

static int find_constraint(const char *text, apr_pool_t *pool)
{
    return cm_constraints_is_base(text, pool) ? 0 : -1;
}

static int find_url(const char *text, apr_pool_t *pool)
{
    cm_san_t uri;

    return cm_san_make(&uri, "uri", text, pool) ? -1 : 0;
}

/* Printable, so that it can be shown in a message. */
static int find_pattern(const char *text, apr_pool_t *pool)
{
    apr_size_t len = strlen(text);

    return len >= 1 && len <= 256 && strcmp(cm_text_escape(text, pool), text) == 0 ? 0 : -1;
}

static const char *const item_names[] = {"csr", "approval", NULL};

apr_array_header_t *cm_profile_items(apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));

    for (int i = 0; item_names[i]; i++) {
        APR_ARRAY_PUSH(names, const char *) = item_names[i];
    }
    return names;
}

static int find_item(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return position(item_names, name);
}

static const char *const phase_names[] = {"before-issue", "before-delivery", NULL};

static int find_phase(const char *name, apr_pool_t *pool)
{
    (void)pool;
    return cm_phase_of(name);
}

#define CM_ROLE(code, bit, name, about) name,
static const char *const role_names[] = {
#include "policy/roles.def"
    NULL};
#undef CM_ROLE

static int find_role(const char *name, apr_pool_t *pool)
{
    unsigned bit = cm_role_of(name);

    (void)pool;
    return bit ? (int)bit : -1;
}

#define OID_PATTERN "^[0-2](\\.(0|[1-9][0-9]*))+$"

static const cm_vocabulary_t labels = {NULL, find_label, "^[a-z0-9-]{1,64}$"};
static const cm_vocabulary_t keys = {key_names, find_key, NULL};
static const cm_vocabulary_t hashes = {hash_names, find_hash, NULL};
static const cm_vocabulary_t attributes = {NULL, find_attribute,
                                           "^([A-Za-z]+|[0-2](\\.(0|[1-9][0-9]*))+)$"};
static const cm_vocabulary_t sans = {san_names, find_san, CM_OTHERNAME_TYPE_PATTERN};
static const cm_vocabulary_t sources = {source_names, find_source, NULL};
static const cm_vocabulary_t san_sources = {san_source_names, find_san_source, NULL};
static const cm_vocabulary_t key_usages = {key_usage_names, find_key_usage, NULL};
static const cm_vocabulary_t ekus = {eku_names, find_eku, OID_PATTERN};
static const cm_vocabulary_t oids = {NULL, find_oid, OID_PATTERN};
static const cm_vocabulary_t criticals = {critical_names, find_critical, NULL};
static const cm_vocabulary_t constraints = {NULL, find_constraint,
                                            "^(dns|email|uri|ip|dirname):.+$"};
static const cm_vocabulary_t urls = {NULL, find_url, "^[A-Za-z][A-Za-z0-9+.-]*:.+$"};
static const cm_vocabulary_t patterns = {NULL, find_pattern, "^.{1,256}$"};
static const cm_vocabulary_t items = {item_names, find_item, NULL};
static const cm_vocabulary_t phases = {phase_names, find_phase, NULL};
static const cm_vocabulary_t roles = {role_names, find_role, NULL};

/* clang-format off */
static const cm_field_t validity_fields[] = {
    {"default", CM_FIELD_DURATION, 1, offsetof(cm_profile_t, validity.initial) - offsetof(cm_profile_t, validity),
     120, YEARS(100), NULL, NULL, NULL, 0,
     "Life of a certificate when none is asked for, such as 365d; cut at the end of the issuing CA."},
    {"max", CM_FIELD_DURATION, 1, offsetof(cm_profile_t, validity.max) - offsetof(cm_profile_t, validity),
     120, YEARS(100), NULL, NULL, NULL, 0, "Longest life that can be asked for."},
    {"choice", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, validity.choice) - offsetof(cm_profile_t, validity),
     0, 0, "true", NULL, NULL, 0, "Whether another life than the default can be asked for."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t subject_fields[] = {
    {"type", CM_FIELD_NAME, 1, offsetof(cm_profile_name_t, type), 0, 0, NULL, &attributes, NULL, 0,
     "Attribute type, such as CN, O, OU, C, emailAddress, or a dotted OID."},
    {"from", CM_FIELD_WORD, 1, offsetof(cm_profile_name_t, from), 0, 0, NULL, &sources, NULL, 0,
     "Where the value comes from; csr: the subject asked for, else that of the CSR; san: one of the "
     "alternative names, the first host or address unless another one is asked for."},
    {"value", CM_FIELD_TEXT, 0, offsetof(cm_profile_name_t, value), 1, 1024, NULL, NULL, NULL, 0,
     "The value, with fixed only."},
    {"required", CM_FIELD_FLAG, 0, offsetof(cm_profile_name_t, required), 0, 0, "true", NULL, NULL, 0,
     "Refuse when there is no value; else the attribute is left out."},
    {"patterns", CM_FIELD_NAMES, 0, offsetof(cm_profile_name_t, patterns), 0, 16, "[]", &patterns, NULL, 0,
     "One of these must match the whole value: * stands for anything, ? for a character, [a-z] for one of these."},
    {"min_length", CM_FIELD_NUMBER, 0, offsetof(cm_profile_name_t, min_length), 0, 1024, "0", NULL, NULL, 0,
     "Least characters of the value."},
    {"max_length", CM_FIELD_NUMBER, 0, offsetof(cm_profile_name_t, max_length), 0, 1024, "0", NULL, NULL, 0,
     "Most characters of the value; 0: as many as the attribute type allows."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t san_fields[] = {
    {"type", CM_FIELD_NAME, 1, offsetof(cm_profile_name_t, type), 0, 0, NULL, &sans, NULL, 0,
     "Kind of name; othername;OID;utf8 (or ia5, printable): an otherName with this type and kind of string, such as "
     "othername;1.3.6.1.5.5.7.8.7;ia5 (RFC 5280 4.2.1.6)."},
    {"from", CM_FIELD_WORD, 1, offsetof(cm_profile_name_t, from), 0, 0, NULL, &san_sources, NULL, 0,
     "Where the names come from; csr: those asked for, else those of the CSR."},
    {"value", CM_FIELD_TEXT, 0, offsetof(cm_profile_name_t, value), 1, 2048, NULL, NULL, NULL, 0,
     "The name, with fixed only."},
    {"patterns", CM_FIELD_NAMES, 0, offsetof(cm_profile_name_t, patterns), 0, 64, "[]", &patterns, NULL, 0,
     "One of these must match each name, whatever its case, such as *.example.test."},
    {"required", CM_FIELD_FLAG, 0, offsetof(cm_profile_name_t, required), 0, 0, "false", NULL, NULL, 0,
     "Refuse when there is no name of this kind."},
    {"max", CM_FIELD_NUMBER, 0, offsetof(cm_profile_name_t, max), 1, 100, "1", NULL, NULL, 0,
     "Most names of this kind."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t policy_fields[] = {
    {"oid", CM_FIELD_NAME, 1, offsetof(cm_policy_t, oid), 0, 0, NULL, &oids, NULL, 0,
     "Policy identifier."},
    {"cps", CM_FIELD_NAME, 0, offsetof(cm_policy_t, cps), 0, 0, NULL, &urls, NULL, 0,
     "Address of the practice statement."},
    {"notice", CM_FIELD_TEXT, 0, offsetof(cm_policy_t, notice), 1, 200, NULL, NULL, NULL, 0,
     "Text shown to those who rely on the certificate, at most 200 bytes (RFC 5280 4.2.1.4)."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t constraint_fields[] = {
    {"permitted", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, constraints.permitted) - offsetof(cm_profile_t, constraints),
     0, 64, "[]", &constraints, NULL, 0,
     "What names must lie within, if there are any of its kind: dns:example.test, email:example.test, "
     "uri:example.test, ip:192.0.2.0/24, dirname:O=Example."},
    {"excluded", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, constraints.excluded) - offsetof(cm_profile_t, constraints),
     0, 64, "[]", &constraints, NULL, 0, "What names must not lie within."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t limit_fields[] = {
    {"require_explicit", CM_FIELD_NUMBER, 0, offsetof(cm_policy_limits_t, require_explicit), -1, 16, "-1", NULL, NULL, 0,
     "Certificates that may follow before a path needs a valid policy (skipCerts): with 0 or 1 all that the authority issues "
     "needs one, with 2 all that authorities below it issue; -1: no constraint."},
    {"inhibit_mapping", CM_FIELD_NUMBER, 0, offsetof(cm_policy_limits_t, inhibit_mapping), -1, 16, "-1", NULL, NULL, 0,
     "Authorities that may follow before policies can't be mapped any more: with 0 in none that it certifies; -1: no constraint."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t item_fields[] = {
    {"item", CM_FIELD_NAME, 1, offsetof(cm_profile_item_t, item), 0, 0, NULL, &items, NULL, 0,
     "What has to be done."},
    {"phase", CM_FIELD_WORD, 0, offsetof(cm_profile_item_t, phase), 0, 0, "\"before-issue\"", &phases, NULL, 0,
     "Until when."},
    {"role", CM_FIELD_NAME, 0, offsetof(cm_profile_item_t, role), 0, 0, NULL, &roles, NULL, 0,
     "Role of those who approve: officer, administrator or ca-admin."},
    {"count", CM_FIELD_NUMBER, 0, offsetof(cm_profile_item_t, count), 1, 9, "1", NULL, NULL, 0,
     "How many different people have to approve, none of them the requester."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

static const cm_field_t operation_fields[] = {
    {"roles", CM_FIELD_BITS, 1, offsetof(cm_profile_operation_t, roles), 1, 16, NULL, &roles, NULL, 0,
     "Who may ask for it."},
    {"checklist", CM_FIELD_RECORDS, 0, offsetof(cm_profile_operation_t, checklist), 0, 16, "[]", NULL,
     item_fields, sizeof(cm_profile_item_t), "What must be done before it happens, or is delivered."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};

#define CM_OPERATION(code, name, title)                                                            \
    {name, CM_FIELD_RECORD, 0, code * sizeof(cm_profile_operation_t), 0, 0, NULL, NULL,            \
     operation_fields, 0, title "."},
static const cm_field_t operations_fields[] = {
#include "model/operations.def"
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};
#undef CM_OPERATION

const cm_field_t cm_profile_fields[] = {
    {"name", CM_FIELD_NAME, 1, offsetof(cm_profile_t, name), 0, 0, NULL, &labels, NULL, 0,
     "Name of the profile."},
    {"title", CM_FIELD_TEXT, 1, offsetof(cm_profile_t, title), 1, 200, NULL, NULL, NULL, 0,
     "What people call it."},
    {"ca", CM_FIELD_NAME, 1, offsetof(cm_profile_t, ca), 0, 0, NULL, &labels, NULL, 0,
     "Name of the authority that issues."},
    {"validity", CM_FIELD_RECORD, 1, offsetof(cm_profile_t, validity), 0, 0, NULL, NULL, validity_fields, 0,
     "Life of a certificate, from notBefore to notAfter."},
    {"keys", CM_FIELD_NAMES, 1, offsetof(cm_profile_t, keys), 1, 16, NULL, &keys, NULL, 0,
     "Accepted key algorithms."},
    {"signature_hash", CM_FIELD_NAME, 0, offsetof(cm_profile_t, signature_hash), 0, 0, NULL, &hashes, NULL, 0,
     "Hash that the authority signs with, no weaker than its key (RFC 5480 4): SHA-384 or more with P-384, SHA-512 "
     "with P-521. Absent: the weakest of these, SHA-256 with RSA."},
    {"subject", CM_FIELD_RECORDS, 0, offsetof(cm_profile_t, subject), 0, 32, "[]", NULL, subject_fields,
     sizeof(cm_profile_name_t), "Attributes of the subject, country or organisation first. What is not listed here is left out."},
    {"san", CM_FIELD_RECORDS, 0, offsetof(cm_profile_t, san), 0, 16, "[]", NULL, san_fields,
     sizeof(cm_profile_name_t), "Subject alternative names. When none comes from the CSR, those of the CSR are ignored."},
    {"key_usage", CM_FIELD_BITS, 1, offsetof(cm_profile_t, key_usage), 1, 9, NULL, &key_usages, NULL, 0,
     "Key usage (RFC 5280 4.2.1.3)."},
    {"ext_key_usage", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, eku), 0, 16, "[]", &ekus, NULL, 0,
     "Extended key usage (RFC 5280 4.2.1.12), names or dotted OIDs."},
    {"is_ca", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, is_ca), 0, 0, "false", NULL, NULL, 0,
     "Issue certificates of authorities."},
    {"path_length", CM_FIELD_NUMBER, 0, offsetof(cm_profile_t, path_len), -1, 16, "-1", NULL, NULL, 0,
     "Authorities that may follow below an authority; -1: no constraint."},
    {"name_constraints", CM_FIELD_RECORD, 0, offsetof(cm_profile_t, constraints), 0, 0, "{}", NULL, constraint_fields, 0,
     "Names that an authority may certify (RFC 5280 4.2.1.10)."},
    {"policies", CM_FIELD_RECORDS, 0, offsetof(cm_profile_t, policies), 0, 16, "[]", NULL, policy_fields,
     sizeof(cm_policy_t), "Certificate policies (RFC 5280 4.2.1.4)."},
    {"policy_constraints", CM_FIELD_RECORD, 0, offsetof(cm_profile_t, limits), 0, 0, "{}", NULL, limit_fields, 0,
     "Policies that paths below an authority must have (RFC 5280 4.2.1.11). The extension is always critical: GnuTLS and "
     "NSS, which do not know it, accept nothing below such an authority."},
    {"inhibit_any_policy", CM_FIELD_NUMBER, 0, offsetof(cm_profile_t, limits.inhibit_any), -1, 16, "-1", NULL, NULL, 0,
     "Certificates that may follow below an authority before anyPolicy stands for no other policy (RFC 5280 4.2.1.14): "
     "with 0 in none that it issues; -1: no constraint. NSS does not know this critical extension either."},
    {"critical", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, critical), 0, 2, "[]", &criticals, NULL, 0,
     "Extensions that are critical besides those that must be."},
    {"must_staple", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, must_staple), 0, 0, "false", NULL, NULL, 0,
     "Put in the TLS feature that asks a server to staple OCSP answers (RFC 7633)."},
    {"crl", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, crl), 0, 0, "true", NULL, NULL, 0,
     "Put in the address of the CRL."},
    {"ocsp", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, ocsp), 0, 0, "true", NULL, NULL, 0,
     "Put in the address of the OCSP responder."},
    {"ca_issuers", CM_FIELD_FLAG, 0, offsetof(cm_profile_t, ca_issuers), 0, 0, "true", NULL, NULL, 0,
     "Put in the address of the issuer's certificate."},
    {"crl_urls", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, crl_urls), 0, 8, "[]", &urls, NULL, 0,
     "Other addresses of the same CRL, behind ours."},
    {"ocsp_urls", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, ocsp_urls), 0, 8, "[]", &urls, NULL, 0,
     "Addresses of other OCSP responders, behind ours."},
    {"ca_issuers_urls", CM_FIELD_NAMES, 0, offsetof(cm_profile_t, ca_issuers_urls), 0, 8, "[]", &urls, NULL, 0,
     "Other addresses of the issuer's certificate, behind ours."},
    {"operations", CM_FIELD_RECORD, 1, offsetof(cm_profile_t, operations), 0, 0, NULL, NULL, operations_fields, 0,
     "What may be asked for; an operation that is not listed is not offered."},
    {NULL, CM_FIELD_TEXT, 0, 0, 0, 0, NULL, NULL, NULL, 0, NULL}};
/* clang-format on */
