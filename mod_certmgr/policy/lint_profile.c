/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of the check before signing that compare the certificate with its profile.
 */
#include <apr_cstr.h>
#include <apr_strings.h>

#include "policy/evaluate.h"
#include "policy/lint.h"

int cm_lint_profile_key(const cm_lint_t *lint)
{
    const apr_array_header_t *keys = lint->in->profile->keys;

    for (int i = 0; i < keys->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(keys, i, const char *), lint->key) == 0) {
            return 1;
        }
    }
    return 0;
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
    const apr_array_header_t *oids = cm_lint_policy_oids(lint);

    if (!oids || oids->nelts != wanted->nelts) {
        return 0;
    }
    for (int i = 0; i < oids->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(wanted, i, cm_policy_t).oid,
                   APR_ARRAY_IDX(oids, i, const char *)) != 0) {
            return 0;
        }
    }
    return 1;
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
               {CM_OID_CRL_POINTS, profile->crl},
               {CM_OID_AUTHORITY_INFO, profile->ocsp || profile->ca_issuers}};
    int count = 0;

    for (apr_size_t i = 0; i < sizeof due / sizeof *due; i++) {
        if (!cm_ext_find(lint->cert->extensions, due[i].oid) != !due[i].is_due) {
            return 0;
        }
        count += due[i].is_due != 0;
    }
    return count == lint->cert->extensions->nelts;
}
