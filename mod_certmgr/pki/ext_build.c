/* SPDX-License-Identifier: Apache-2.0
 *
 * One builder per extension; the table at the end puts them in order.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "pki/cert.h"
#include "pki/constraints.h"
#include "pki/ext.h"

#define OID_AD_OCSP       "1.3.6.1.5.5.7.48.1"
#define OID_AD_CA_ISSUERS "1.3.6.1.5.5.7.48.2"
#define OID_CPS           "1.3.6.1.5.5.7.2.1"
#define OID_USER_NOTICE   "1.3.6.1.5.5.7.2.2"
#define OID_TIME_STAMPING "1.3.6.1.5.5.7.3.8"

enum { TLS_STATUS_REQUEST = 5 };

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

static cm_error_t *check_url(const char *url, apr_pool_t *pool)
{
    cm_san_t uri;

    if (cm_san_make(&uri, "uri", url, pool)) {
        return refuse(apr_psprintf(pool, "%s is no absolute URI", url), "extension.url", pool);
    }
    return NULL;
}

static int count(const apr_array_header_t *list)
{
    return list ? list->nelts : 0;
}

static cm_error_t *basic_constraints(cm_bytes_t *value, const cm_cert_spec_t *spec,
                                     apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (spec->has_path_len && (!spec->is_ca || spec->path_len < 0)) {
        return refuse("only a CA has a path length, 0 or more", "cert.path-length", pool);
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    if (spec->is_ca) {
        cm_der_put_boolean(writer, 1);
    }
    if (spec->has_path_len) {
        cm_der_put_small(writer, CM_DER_INTEGER, (apr_uint64_t)spec->path_len);
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return NULL;
}

static cm_error_t *key_usage(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (!spec->key_usage) {
        return NULL;
    }
    /* RFC 5280 4.2.1.9: keyCertSign only with cA */
    if (spec->key_usage > 0x1ff || ((spec->key_usage & CM_KU_KEY_CERT_SIGN) && !spec->is_ca)) {
        return refuse("the key usage is not that of this kind of certificate",
                      "extension.key-usage", pool);
    }
    cm_der_put_named_bits(writer, CM_DER_BIT_STRING, spec->key_usage);
    *value = cm_der_written(writer);
    return NULL;
}

static cm_error_t *ext_key_usage(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (!count(spec->eku)) {
        return NULL;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < spec->eku->nelts; i++) {
        const char *name = APR_ARRAY_IDX(spec->eku, i, const char *);
        const char *oid = cm_ext_eku_oid(name, pool);

        if (!oid) {
            return refuse(apr_psprintf(pool, "%s is no extended key usage", name), "extension.eku",
                          pool);
        }
        cm_der_put_oid(writer, oid);
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return NULL;
}

static cm_error_t *subject_key_id(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (spec->key_id.len) {
        cm_der_put(writer, CM_DER_OCTET_STRING, spec->key_id);
        *value = cm_der_written(writer);
    }
    return NULL;
}

static cm_error_t *authority_key_id(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (spec->issuer_key_id.len) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put(writer, CM_DER_CONTEXT(0), spec->issuer_key_id);
        cm_der_end(writer);
        *value = cm_der_written(writer);
    }
    return NULL;
}

static cm_error_t *subject_alt_name(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    return count(spec->san) ? cm_san_encode(value, spec->san, pool) : NULL;
}

/* PolicyQualifierInfo of a CPS pointer, and of a notice with nothing but its text. */
static void put_qualifiers(cm_der_writer_t *writer, const cm_policy_t *policy)
{
    if (!policy->cps && !policy->notice) {
        return;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    if (policy->cps) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_oid(writer, OID_CPS);
        cm_der_put_text(writer, CM_DER_IA5, policy->cps);
        cm_der_end(writer);
    }
    if (policy->notice) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_oid(writer, OID_USER_NOTICE);
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_text(writer, CM_DER_UTF8, policy->notice);
        cm_der_end(writer);
        cm_der_end(writer);
    }
    cm_der_end(writer);
}

static cm_error_t *policies(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (!count(spec->policies)) {
        return NULL;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < spec->policies->nelts; i++) {
        const cm_policy_t *policy = &APR_ARRAY_IDX(spec->policies, i, cm_policy_t);

        if (cm_der_check_oid(policy->oid, pool) || (policy->cps && check_url(policy->cps, pool))) {
            return refuse("a certificate policy has no valid OID or CPS", "extension.policy", pool);
        }
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_oid(writer, policy->oid);
        put_qualifiers(writer, policy);
        cm_der_end(writer);
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return NULL;
}

/* Our own address, if any, then those of the profile. */
static apr_array_header_t *urls_of(const char *ours, const apr_array_header_t *others,
                                   apr_pool_t *pool)
{
    apr_array_header_t *urls = apr_array_make(pool, count(others) + 1, sizeof(const char *));

    if (ours) {
        APR_ARRAY_PUSH(urls, const char *) = ours;
    }
    if (others) {
        apr_array_cat(urls, others);
    }
    return urls;
}

/* SEQUENCE { DistributionPoint { [0] DistributionPointName { [0] fullName { [6] URI, ... } } } }:
 * one list at several places. */
static cm_error_t *crl_points(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    const apr_array_header_t *urls = urls_of(spec->crl_url, spec->crl_urls, pool);
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_error_t *error = NULL;

    if (!urls->nelts) {
        return NULL;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    for (int i = 0; !error && i < urls->nelts; i++) {
        const char *url = APR_ARRAY_IDX(urls, i, const char *);

        cm_der_put_text(writer, CM_DER_CONTEXT(6), url);
        error = check_url(url, pool);
    }
    for (int i = 0; i < 4; i++) {
        cm_der_end(writer);
    }
    *value = cm_der_written(writer);
    return error;
}

static cm_error_t *put_access(cm_der_writer_t *writer, const char *method,
                              const apr_array_header_t *urls, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < urls->nelts; i++) {
        const char *url = APR_ARRAY_IDX(urls, i, const char *);

        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_oid(writer, method);
        cm_der_put_text(writer, CM_DER_CONTEXT(6), url);
        cm_der_end(writer);
        error = check_url(url, pool);
    }
    return error;
}

static cm_error_t *authority_info(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    const apr_array_header_t *ocsp = urls_of(spec->ocsp_url, spec->ocsp_urls, pool);
    const apr_array_header_t *issuers = urls_of(spec->ca_issuers_url, spec->ca_issuers_urls, pool);
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_error_t *error;

    if (!ocsp->nelts && !issuers->nelts) {
        return NULL;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    error = put_access(writer, OID_AD_OCSP, ocsp, pool);
    if (!error) {
        error = put_access(writer, OID_AD_CA_ISSUERS, issuers, pool);
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return error;
}

static cm_error_t *name_constraints(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    if (!count(spec->permitted) && !count(spec->excluded)) {
        return NULL;
    }
    if (!spec->is_ca) {
        return refuse("only a CA has name constraints", "extension.constraint", pool);
    }
    return cm_constraints_write(value, spec->permitted, spec->excluded, pool);
}

static cm_error_t *check_limits(const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    return spec->is_ca ? NULL
                       : refuse("only a CA has limits for policies", "extension.policy", pool);
}

/* PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0], inhibitPolicyMapping [1] } */
static cm_error_t *policy_constraints(cm_bytes_t *value, const cm_cert_spec_t *spec,
                                      apr_pool_t *pool)
{
    const cm_policy_limits_t none = {-1, -1, -1}, *limits = spec->limits ? spec->limits : &none;
    const int skip[] = {limits->require_explicit, limits->inhibit_mapping};
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (skip[0] < 0 && skip[1] < 0) {
        return NULL;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < 2; i++) {
        if (skip[i] >= 0) {
            cm_der_put_small(writer, CM_DER_CONTEXT(i), (apr_uint64_t)skip[i]);
        }
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return check_limits(spec, pool);
}

static cm_error_t *inhibit_any_policy(cm_bytes_t *value, const cm_cert_spec_t *spec,
                                      apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (!spec->limits || spec->limits->inhibit_any < 0) {
        return NULL;
    }
    cm_der_put_small(writer, CM_DER_INTEGER, (apr_uint64_t)spec->limits->inhibit_any);
    *value = cm_der_written(writer);
    return check_limits(spec, pool);
}

static cm_error_t *ocsp_no_check(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (spec->ocsp_no_check) {
        cm_der_put_null(writer);
        *value = cm_der_written(writer);
    }
    return NULL;
}

static cm_error_t *tls_feature(cm_bytes_t *value, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (spec->must_staple) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_small(writer, CM_DER_INTEGER, TLS_STATUS_REQUEST);
        cm_der_end(writer);
        *value = cm_der_written(writer);
    }
    return NULL;
}

const cm_ext_row_t cm_ext_rows[] = {
    {"basicConstraints", CM_OID_BASIC_CONSTRAINTS, 1, basic_constraints},
    {"keyUsage", CM_OID_KEY_USAGE, 1, key_usage},
    {"extendedKeyUsage", CM_OID_EXT_KEY_USAGE, 0, ext_key_usage},
    {"subjectKeyIdentifier", CM_OID_SUBJECT_KEY_ID, 0, subject_key_id},
    {"authorityKeyIdentifier", CM_OID_AUTHORITY_KEY_ID, 0, authority_key_id},
    {"subjectAltName", CM_OID_SAN, 0, subject_alt_name},
    {"certificatePolicies", CM_OID_POLICIES, 0, policies},
    {"nameConstraints", CM_OID_NAME_CONSTRAINTS, 1, name_constraints},
    {"policyConstraints", CM_OID_POLICY_CONSTRAINTS, 1, policy_constraints},
    {"inhibitAnyPolicy", CM_OID_INHIBIT_ANY_POLICY, 1, inhibit_any_policy},
    {"crlDistributionPoints", CM_OID_CRL_POINTS, 0, crl_points},
    {"authorityInfoAccess", CM_OID_AUTHORITY_INFO, 0, authority_info},
    {"noCheck", CM_OID_OCSP_NO_CHECK, 0, ocsp_no_check},
    {"tlsfeature", CM_OID_TLS_FEATURE, 0, tls_feature},
    {NULL, NULL, 0, NULL},
};

static int is_sole_time_stamping(const apr_array_header_t *eku, apr_pool_t *pool)
{
    const char *oid =
        count(eku) == 1 ? cm_ext_eku_oid(APR_ARRAY_IDX(eku, 0, const char *), pool) : NULL;

    return oid && strcmp(oid, OID_TIME_STAMPING) == 0;
}

static int is_critical(const cm_ext_row_t *row, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    if (cm_text_is_among(spec->critical, row->name)) {
        return 1;
    }
    /* RFC 5280 4.2.1.6: the only name there is; an empty SEQUENCE has two octets */
    if (strcmp(row->oid, CM_OID_SAN) == 0 && spec->subject.len == 2) {
        return 1;
    }
    /* RFC 3161 2.3 */
    if (strcmp(row->oid, CM_OID_EXT_KEY_USAGE) == 0 && is_sole_time_stamping(spec->eku, pool)) {
        return 1;
    }
    return row->critical;
}

cm_error_t *cm_ext_write(cm_der_writer_t *writer, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    apr_array_header_t *done = apr_array_make(pool, 16, sizeof(cm_ext_t));

    for (const cm_ext_row_t *row = cm_ext_rows; row->name; row++) {
        cm_ext_t ext = {row->oid, 0, {NULL, 0}};
        cm_error_t *error = row->build(&ext.value, spec, pool);

        if (error) {
            return error;
        }
        if (ext.value.len) {
            ext.critical = is_critical(row, spec, pool);
            APR_ARRAY_PUSH(done, cm_ext_t) = ext;
        }
    }
    for (int i = 0; i < count(spec->extra); i++) {
        const cm_ext_t *ext = &APR_ARRAY_IDX(spec->extra, i, cm_ext_t);

        if (cm_ext_find(done, ext->oid)) {
            return refuse("one extension twice", "extension.duplicate", pool);
        }
        APR_ARRAY_PUSH(done, cm_ext_t) = *ext;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < done->nelts; i++) {
        cm_ext_put(writer, &APR_ARRAY_IDX(done, i, cm_ext_t));
    }
    cm_der_end(writer);
    return NULL;
}
