/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of the check before signing that are about extensions.
 */
#include <apr_strings.h>

#include "pki/othername.h"
#include "policy/evaluate.h"
#include "policy/lint.h"

#define OID_AD_OCSP       "1.3.6.1.5.5.7.48.1"
#define OID_AD_CA_ISSUERS "1.3.6.1.5.5.7.48.2"

static const cm_ext_t *find(const cm_lint_t *lint, const char *oid)
{
    return cm_ext_find(lint->cert->extensions, oid);
}

int cm_lint_basic_constraints(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_BASIC_CONSTRAINTS);

    return ext ? ext->critical : !(lint->cert->key_usage & CM_KU_KEY_CERT_SIGN);
}

int cm_lint_path_length(const cm_lint_t *lint)
{
    return !lint->cert->has_path_len || lint->cert->is_ca;
}

int cm_lint_key_usage(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_KEY_USAGE);

    return ext && ext->critical && lint->cert->key_usage;
}

int cm_lint_key_cert_sign(const cm_lint_t *lint)
{
    return lint->cert->is_ca == ((lint->cert->key_usage & CM_KU_KEY_CERT_SIGN) != 0);
}

int cm_lint_key_agreement(const cm_lint_t *lint)
{
    return !(lint->cert->key_usage & (CM_KU_ENCIPHER_ONLY | CM_KU_DECIPHER_ONLY)) ||
           (lint->cert->key_usage & CM_KU_KEY_AGREEMENT);
}

int cm_lint_key_usage_key(const cm_lint_t *lint)
{
    return !(lint->cert->key_usage & ~cm_key_usages_of(lint->key));
}

/* An authority's own usages are about certificates, its extended ones bound those below it. */
int cm_lint_eku_key_usage(const cm_lint_t *lint)
{
    const apr_array_header_t *eku = lint->cert->eku;

    for (int i = 0; !lint->cert->is_ca && i < eku->nelts; i++) {
        if (!(cm_eku_key_usage(APR_ARRAY_IDX(eku, i, const char *), lint->pool) &
              lint->cert->key_usage)) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_name_constraints(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_NAME_CONSTRAINTS);

    return !ext || (ext->critical && lint->cert->is_ca);
}

/* subjectKeyIdentifier, authorityKeyIdentifier and authorityInfoAccess must not be critical, what
 * is not in this list can't be expected to be known. */
int cm_lint_critical(const cm_lint_t *lint)
{
    static const char *const known[] = {CM_OID_KEY_USAGE,         CM_OID_SAN,
                                        CM_OID_BASIC_CONSTRAINTS, CM_OID_NAME_CONSTRAINTS,
                                        CM_OID_POLICIES,          CM_OID_EXT_KEY_USAGE,
                                        CM_OID_POLICY_MAPPINGS,   CM_OID_POLICY_CONSTRAINTS,
                                        CM_OID_INHIBIT_ANY_POLICY};
    const apr_array_header_t *list = lint->cert->extensions;

    for (int i = 0; i < list->nelts; i++) {
        const cm_ext_t *ext = &APR_ARRAY_IDX(list, i, cm_ext_t);
        int is_known = !ext->critical;

        for (apr_size_t j = 0; !is_known && j < sizeof known / sizeof *known; j++) {
            is_known = strcmp(ext->oid, known[j]) == 0;
        }
        if (!is_known) {
            return 0;
        }
    }
    return 1;
}

/* Alternative names. */

int cm_lint_san_critical(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_SAN);

    return !ext || ext->critical == (lint->cert->subject->attributes->nelts == 0);
}

int cm_lint_san_type(const cm_lint_t *lint)
{
    for (int i = 0; i < lint->cert->san->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(lint->cert->san, i, cm_san_t).type, "other") == 0) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_san_othername(const cm_lint_t *lint)
{
    for (int i = 0; i < lint->cert->san->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(lint->cert->san, i, cm_san_t);
        cm_othername_t kind;

        if (cm_othername_read(&kind, san->type, lint->pool) && !cm_othername_fits(&kind)) {
            return 0;
        }
    }
    return 1;
}

/* The reader drops what is there twice and makes names canonical: written anew they differ. */
int cm_lint_san_encoding(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_SAN);
    cm_bytes_t again;

    return !ext || !cm_lint_san_type(lint) ||
           (!cm_san_encode(&again, lint->cert->san, lint->pool) &&
            cm_bytes_equal(again, ext->value));
}

/* Addresses. */

static int is_uri(cm_bytes_t value, apr_pool_t *pool)
{
    cm_san_t uri;

    return !memchr(value.data, '\0', value.len) &&
           !cm_san_make(&uri, "uri", apr_pstrmemdup(pool, (const char *)value.data, value.len),
                        pool);
}

/* DistributionPoint ::= SEQUENCE { distributionPoint [0] { fullName [0] GeneralNames }, ... } */
static int is_point(cm_der_t *points)
{
    cm_der_t point, choice, names;
    cm_bytes_t uri;
    int count = 0;

    if (cm_der_enter(&point, points, CM_DER_SEQUENCE) ||
        cm_der_enter(&choice, &point, CM_DER_CONSTRUCTED(0)) ||
        cm_der_enter(&names, &choice, CM_DER_CONSTRUCTED(0)) || cm_der_close(&choice)) {
        return 0;
    }
    for (; cm_der_peek(&names); count++) {
        if (cm_der_expect(&uri, &names, CM_DER_CONTEXT(6)) || !is_uri(uri, names.pool)) {
            return 0;
        }
    }
    return count > 0;
}

int cm_lint_crl_points(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_CRL_POINTS);
    cm_der_t outer, points;
    int count = 0;

    if (!ext) {
        return 1;
    }
    outer = cm_der_reader(ext->value, "extension.syntax", lint->pool);
    if (cm_der_enter(&points, &outer, CM_DER_SEQUENCE)) {
        return 0;
    }
    for (; cm_der_peek(&points); count++) {
        if (!is_point(&points)) {
            return 0;
        }
    }
    return count > 0;
}

/* AccessDescription ::= SEQUENCE { accessMethod, accessLocation GeneralName } */
static int is_access(cm_der_t *list)
{
    const char *method = "";
    cm_der_t access;
    cm_bytes_t uri;

    return !cm_der_enter(&access, list, CM_DER_SEQUENCE) && !cm_der_expect_oid(&method, &access) &&
           (strcmp(method, OID_AD_OCSP) == 0 || strcmp(method, OID_AD_CA_ISSUERS) == 0) &&
           !cm_der_expect(&uri, &access, CM_DER_CONTEXT(6)) && is_uri(uri, list->pool) &&
           !cm_der_close(&access);
}

int cm_lint_authority_info(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_AUTHORITY_INFO);
    cm_der_t outer, list;
    int count = 0;

    if (!ext) {
        return 1;
    }
    outer = cm_der_reader(ext->value, "extension.syntax", lint->pool);
    if (cm_der_enter(&list, &outer, CM_DER_SEQUENCE)) {
        return 0;
    }
    for (; cm_der_peek(&list); count++) {
        if (!is_access(&list)) {
            return 0;
        }
    }
    return count > 0;
}
