/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of the check before signing that compare the certificate with its profile.
 */
#include <apr_cstr.h>
#include <apr_strings.h>

#include "base/text.h"
#include "pki/constraints.h"
#include "policy/evaluate.h"
#include "policy/lint.h"

int cm_lint_profile_key(const cm_lint_t *lint)
{
    return cm_text_is_among(lint->in->profile->keys, lint->key);
}

int cm_lint_profile_signature_hash(const cm_lint_t *lint)
{
    const cm_sigalg_t *wanted = cm_sigalg_with(lint->issuer_key, lint->in->profile->signature_hash);

    return wanted && lint->cert->sigalg == wanted;
}

/* The last second counts (RFC 5280 4.1.2.5). */
int cm_lint_profile_validity(const cm_lint_t *lint)
{
    return apr_time_sec(lint->cert->not_after - lint->cert->not_before) <
           lint->in->profile->validity.max;
}

int cm_lint_profile_key_usage(const cm_lint_t *lint)
{
    return lint->cert->key_usage == (lint->in->profile->key_usage & cm_key_usages_of(lint->key));
}

int cm_lint_profile_eku(const cm_lint_t *lint)
{
    const apr_array_header_t *wanted = lint->in->profile->eku, *eku = lint->cert->eku;

    if (wanted->nelts != eku->nelts) {
        return 0;
    }
    for (int i = 0; i < eku->nelts; i++) {
        if (strcmp(cm_ext_eku_oid(APR_ARRAY_IDX(wanted, i, const char *), lint->pool),
                   cm_ext_eku_oid(APR_ARRAY_IDX(eku, i, const char *), lint->pool)) != 0) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_profile_ca(const cm_lint_t *lint)
{
    const cm_profile_t *profile = lint->in->profile;
    const cm_cert_t *cert = lint->cert;

    return cert->is_ca == profile->is_ca &&
           (cert->has_path_len ? cert->path_len : -1) == (profile->is_ca ? profile->path_len : -1);
}

/* Names. A row of the profile has a type and says whether a name of it must be there. */

static int count_attributes(const cm_lint_t *lint, const char *type)
{
    const apr_array_header_t *list = lint->cert->subject->attributes;
    int count = 0;

    for (int i = 0; i < list->nelts; i++) {
        count += strcmp(APR_ARRAY_IDX(list, i, cm_name_attribute_t).type, type) == 0;
    }
    return count;
}

static int count_names(const cm_lint_t *lint, const char *type)
{
    const apr_array_header_t *list = lint->cert->san;
    int count = 0;

    for (int i = 0; i < list->nelts; i++) {
        count += strcmp(APR_ARRAY_IDX(list, i, cm_san_t).type, type) == 0;
    }
    return count;
}

/* Names of the rows' types: no more than their rows allow, one where a row needs one. Returns how
 * many there are in all, -1 when a row is not met. */
static int count_rows(const cm_lint_t *lint, const apr_array_header_t *rows,
                      int (*count)(const cm_lint_t *lint, const char *type), int is_san)
{
    int all = 0;

    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);
        int found = count(lint, row->type), most = 0, is_first = 1;

        for (int j = 0; j < rows->nelts; j++) {
            const cm_profile_name_t *other = &APR_ARRAY_IDX(rows, j, cm_profile_name_t);

            if (apr_cstr_casecmp(other->type, row->type) == 0) {
                most += is_san ? other->max : 1;
                is_first &= j >= i;
            }
        }
        if (found > most || (row->required && !found)) {
            return -1;
        }
        all += is_first ? found : 0;
    }
    return all;
}

int cm_lint_profile_subject(const cm_lint_t *lint)
{
    return count_rows(lint, lint->in->profile->subject, count_attributes, 0) ==
           lint->cert->subject->attributes->nelts;
}

int cm_lint_profile_san(const cm_lint_t *lint)
{
    return count_rows(lint, lint->in->profile->san, count_names, 1) == lint->cert->san->nelts;
}

int cm_lint_profile_policies(const cm_lint_t *lint)
{
    const apr_array_header_t *wanted = lint->in->profile->policies;

    if (!lint->says_is_read || lint->says.policies->nelts != wanted->nelts) {
        return 0;
    }
    for (int i = 0; i < wanted->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(wanted, i, cm_policy_t).oid,
                   APR_ARRAY_IDX(lint->says.policies, i, const char *)) != 0) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_profile_limits(const cm_lint_t *lint)
{
    const cm_policy_limits_t *wanted = &lint->in->profile->limits, *has = &lint->says.limits;

    return lint->says_is_read && has->require_explicit == wanted->require_explicit &&
           has->inhibit_mapping == wanted->inhibit_mapping &&
           has->inhibit_any == wanted->inhibit_any;
}

/* A name of the profile's is there as san.h makes it, an attribute just as it is written. */
static int is_fixed_value(const cm_profile_name_t *row, const char *value, int is_san,
                          apr_pool_t *pool)
{
    cm_san_t san;

    if (is_san) {
        return !cm_san_make(&san, row->type, row->value, pool) && strcmp(san.value, value) == 0;
    }
    return strcmp(row->value, value) == 0;
}

/* Whether the value is within the bounds of one of the rows of its type. */
static int fits_some(const apr_array_header_t *rows, const char *type, const char *value,
                     const cm_lint_t *lint)
{
    int is_san = rows == lint->in->profile->san;

    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);

        if (apr_cstr_casecmp(row->type, type) == 0 && cm_profile_fits(row, value, is_san) &&
            (row->from != CM_FROM_FIXED || is_fixed_value(row, value, is_san, lint->pool))) {
            return 1;
        }
    }
    return 0;
}

int cm_lint_profile_patterns(const cm_lint_t *lint)
{
    const cm_profile_t *profile = lint->in->profile;
    const apr_array_header_t *attributes = lint->cert->subject->attributes, *san = lint->cert->san;

    for (int i = 0; i < attributes->nelts; i++) {
        const cm_name_attribute_t *one = &APR_ARRAY_IDX(attributes, i, cm_name_attribute_t);

        if (!fits_some(profile->subject, one->type, one->value, lint)) {
            return 0;
        }
    }
    for (int i = 0; i < san->nelts; i++) {
        const cm_san_t *one = &APR_ARRAY_IDX(san, i, cm_san_t);

        if (!fits_some(profile->san, one->type, one->value, lint)) {
            return 0;
        }
    }
    return 1;
}

static int is_alternative_name(const cm_lint_t *lint, const char *value)
{
    for (int i = 0; i < lint->cert->san->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(lint->cert->san, i, cm_san_t).value, value) == 0) {
            return 1;
        }
    }
    return 0;
}

int cm_lint_profile_subject_san(const cm_lint_t *lint)
{
    const apr_array_header_t *rows = lint->in->profile->subject;

    for (int i = 0; i < rows->nelts; i++) {
        const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, i, cm_profile_name_t);
        const char *value =
            row->from == CM_FROM_SAN ? cm_name_get(lint->cert->subject, row->type) : NULL;

        if (value && !is_alternative_name(lint, value)) {
            return 0;
        }
    }
    return 1;
}

/* RFC 3161 2.3: the one extended key usage of a time stamp's signer is critical by itself. */
static int is_sole_time_stamping(const cm_lint_t *lint)
{
    return lint->cert->eku->nelts == 1 &&
           strcmp(APR_ARRAY_IDX(lint->cert->eku, 0, const char *), "timeStamping") == 0;
}

int cm_lint_profile_critical(const cm_lint_t *lint)
{
    const apr_array_header_t *wanted = lint->in->profile->critical;
    const cm_ext_t *eku = cm_ext_find(lint->cert->extensions, CM_OID_EXT_KEY_USAGE);
    const cm_ext_t *policies = cm_ext_find(lint->cert->extensions, CM_OID_POLICIES);

    return (!eku || eku->critical == (cm_text_is_among(wanted, "extendedKeyUsage") ||
                                      is_sole_time_stamping(lint))) &&
           (!policies || policies->critical == cm_text_is_among(wanted, "certificatePolicies"));
}

int cm_lint_profile_constraints(const cm_lint_t *lint)
{
    const cm_profile_t *profile = lint->in->profile;
    const cm_ext_t *ext = cm_ext_find(lint->cert->extensions, CM_OID_NAME_CONSTRAINTS);
    int is_due = profile->constraints.permitted->nelts || profile->constraints.excluded->nelts;
    cm_bytes_t wanted;

    if (!ext || !is_due) {
        return !ext == !is_due;
    }
    return !cm_constraints_write(&wanted, profile->constraints.permitted,
                                 profile->constraints.excluded, lint->pool) &&
           cm_bytes_equal(wanted, ext->value);
}

static int holds_urls(const cm_lint_t *lint, const char *oid, const apr_array_header_t *urls)
{
    const cm_ext_t *ext = cm_ext_find(lint->cert->extensions, oid);

    for (int i = 0; i < urls->nelts; i++) {
        const char *url = APR_ARRAY_IDX(urls, i, const char *);

        if (!ext || !memmem(ext->value.data, ext->value.len, url, strlen(url))) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_profile_addresses(const cm_lint_t *lint)
{
    const cm_profile_t *profile = lint->in->profile;

    return holds_urls(lint, CM_OID_CRL_POINTS, profile->crl_urls) &&
           holds_urls(lint, CM_OID_AUTHORITY_INFO, profile->ocsp_urls) &&
           holds_urls(lint, CM_OID_AUTHORITY_INFO, profile->ca_issuers_urls);
}

/* The list is exact: nothing can be smuggled in as an extension. Alternative names and policies
 * have rules of their own that say when they must be there. */
int cm_lint_profile_extensions(const cm_lint_t *lint)
{
    const cm_profile_t *profile = lint->in->profile;
    const struct {
        const char *oid;
        int is_due;
    } due[] = {{CM_OID_BASIC_CONSTRAINTS, 1},
               {CM_OID_KEY_USAGE, 1},
               {CM_OID_SUBJECT_KEY_ID, 1},
               {CM_OID_AUTHORITY_KEY_ID, 1},
               {CM_OID_EXT_KEY_USAGE, profile->eku->nelts > 0},
               {CM_OID_SAN, lint->cert->san->nelts > 0},
               {CM_OID_POLICIES, profile->policies->nelts > 0},
               {CM_OID_NAME_CONSTRAINTS,
                profile->constraints.permitted->nelts || profile->constraints.excluded->nelts},
               {CM_OID_POLICY_CONSTRAINTS,
                profile->limits.require_explicit >= 0 || profile->limits.inhibit_mapping >= 0},
               {CM_OID_INHIBIT_ANY_POLICY, profile->limits.inhibit_any >= 0},
               {CM_OID_TLS_FEATURE, profile->must_staple},
               {CM_OID_CRL_POINTS, profile->crl || profile->crl_urls->nelts},
               {CM_OID_AUTHORITY_INFO, profile->ocsp || profile->ca_issuers ||
                                           profile->ocsp_urls->nelts ||
                                           profile->ca_issuers_urls->nelts}};
    int count = 0;

    for (apr_size_t i = 0; i < sizeof due / sizeof *due; i++) {
        if (!cm_ext_find(lint->cert->extensions, due[i].oid) != !due[i].is_due) {
            return 0;
        }
        count += due[i].is_due != 0;
    }
    return count == lint->cert->extensions->nelts;
}
