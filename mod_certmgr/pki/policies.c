/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/policies.h"

#include <limits.h>

#include "base/text.h"

enum { UNLIMITED = INT_MAX };

/* What a certificate says. */

static cm_error_t *read_policies(apr_array_header_t *oids, const cm_ext_t *ext, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(ext->value, "extension.syntax", pool), list, policy;
    cm_error_t *error = cm_der_enter(&list, &outer, CM_DER_SEQUENCE);

    if (!error && !cm_der_peek(&list)) {
        error = cm_der_error(&list, "certificatePolicies is empty");
    }
    while (!error && cm_der_peek(&list)) {
        const char *oid;

        error = cm_der_enter(&policy, &list, CM_DER_SEQUENCE);
        if (!error) {
            error = cm_der_expect_oid(&oid, &policy);
        }
        if (!error) {
            APR_ARRAY_PUSH(oids, const char *) = oid;
        }
    }
    return error ? error : cm_der_close(&outer);
}

static cm_error_t *read_mappings(apr_array_header_t *mappings, const cm_ext_t *ext,
                                 apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(ext->value, "extension.syntax", pool), list, pair;
    cm_error_t *error = cm_der_enter(&list, &outer, CM_DER_SEQUENCE);

    while (!error && cm_der_peek(&list)) {
        cm_policy_mapping_t *mapping = apr_array_push(mappings);

        error = cm_der_enter(&pair, &list, CM_DER_SEQUENCE);
        if (!error) {
            error = cm_der_expect_oid(&mapping->issuer, &pair);
        }
        if (!error) {
            error = cm_der_expect_oid(&mapping->subject, &pair);
        }
        if (!error) {
            error = cm_der_close(&pair);
        }
    }
    return error ? error : cm_der_close(&outer);
}

/* SkipCerts [number] IMPLICIT, absent: -1. */
static cm_error_t *read_skip(int *skip, cm_der_t *reader, int number)
{
    return cm_der_peek(reader) == CM_DER_CONTEXT(number)
               ? cm_der_expect_small(skip, reader, CM_DER_CONTEXT(number))
               : NULL;
}

static cm_error_t *read_constraints(cm_policy_limits_t *limits, const cm_ext_t *ext,
                                    apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(ext->value, "extension.syntax", pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = read_skip(&limits->require_explicit, &inner, 0);
    }
    if (!error) {
        error = read_skip(&limits->inhibit_mapping, &inner, 1);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    return error ? error : cm_der_close(&outer);
}

static cm_error_t *read_inhibit_any(cm_policy_limits_t *limits, const cm_ext_t *ext,
                                    apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(ext->value, "extension.syntax", pool);
    cm_error_t *error = cm_der_expect_small(&limits->inhibit_any, &outer, CM_DER_INTEGER);

    return error ? error : cm_der_close(&outer);
}

static const cm_ext_t *find(const cm_cert_t *cert, const char *oid)
{
    return cert->extensions ? cm_ext_find(cert->extensions, oid) : NULL;
}

static int is_self_issued(const cm_cert_t *cert)
{
    return cert->issuer && cm_bytes_equal(cert->issuer->der, cert->subject->der);
}

cm_error_t *cm_policy_read(cm_policy_says_t *says, const cm_cert_t *cert, apr_pool_t *pool)
{
    const cm_ext_t *policies = find(cert, CM_OID_POLICIES);
    const cm_ext_t *mappings = find(cert, CM_OID_POLICY_MAPPINGS);
    const cm_ext_t *constraints = find(cert, CM_OID_POLICY_CONSTRAINTS);
    const cm_ext_t *inhibit = find(cert, CM_OID_INHIBIT_ANY_POLICY);
    apr_array_header_t *oids = apr_array_make(pool, 2, sizeof(const char *));
    apr_array_header_t *pairs = apr_array_make(pool, 1, sizeof(cm_policy_mapping_t));
    cm_error_t *error = policies ? read_policies(oids, policies, pool) : NULL;

    *says = (cm_policy_says_t){oids, pairs, {-1, -1, -1}, cert->is_ca, is_self_issued(cert)};
    if (!error && mappings) {
        error = read_mappings(pairs, mappings, pool);
    }
    if (!error && constraints) {
        error = read_constraints(&says->limits, constraints, pool);
    }
    if (!error && inhibit) {
        error = read_inhibit_any(&says->limits, inhibit, pool);
    }
    return error;
}

/* The walk. A set of policies stands for the valid_policy_tree: as any policy will do for whoever
 * verifies, only its lowest level decides, and there each policy counts once (RFC 9618). */

static void add(apr_array_header_t *list, const char *oid)
{
    if (!cm_text_is_among(list, oid)) {
        APR_ARRAY_PUSH(list, const char *) = oid;
    }
}

/* 6.1.3 (d) to (f). */
static void enter(cm_policy_path_t *path, const cm_policy_says_t *says, apr_pool_t *pool)
{
    const apr_array_header_t *before = path->valid, *policies = says->policies;
    apr_array_header_t *valid = apr_array_make(pool, 2, sizeof(const char *));
    int takes_any = cm_text_is_among(before, CM_OID_ANY_POLICY);

    for (int i = 0; i < policies->nelts; i++) {
        const char *oid = APR_ARRAY_IDX(policies, i, const char *);

        if (strcmp(oid, CM_OID_ANY_POLICY) != 0 && (takes_any || cm_text_is_among(before, oid))) {
            add(valid, oid);
        }
    }
    if (cm_text_is_among(policies, CM_OID_ANY_POLICY) &&
        (path->inhibit_any > 0 || (says->is_ca && says->is_self_issued))) {
        for (int i = 0; i < before->nelts; i++) {
            add(valid, APR_ARRAY_IDX(before, i, const char *));
        }
    }
    path->valid = valid;
    path->is_broken |= !path->explicit_policy && !valid->nelts;
}

/* 6.1.4 (a) and (b). */
static void map(cm_policy_path_t *path, const cm_policy_says_t *says, apr_pool_t *pool)
{
    const apr_array_header_t *before = path->valid, *mappings = says->mappings;
    apr_array_header_t *from = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *valid = apr_array_make(pool, 2, sizeof(const char *));
    int takes_any = cm_text_is_among(before, CM_OID_ANY_POLICY);

    for (int i = 0; i < mappings->nelts; i++) {
        const cm_policy_mapping_t *mapping = &APR_ARRAY_IDX(mappings, i, cm_policy_mapping_t);

        path->is_broken |= strcmp(mapping->issuer, CM_OID_ANY_POLICY) == 0 ||
                           strcmp(mapping->subject, CM_OID_ANY_POLICY) == 0;
        add(from, mapping->issuer);
        if (path->policy_mapping > 0 && (takes_any || cm_text_is_among(before, mapping->issuer))) {
            add(valid, mapping->subject);
        }
    }
    for (int i = 0; i < before->nelts; i++) {
        const char *oid = APR_ARRAY_IDX(before, i, const char *);

        if (!cm_text_is_among(from, oid)) {
            add(valid, oid);
        }
    }
    path->valid = valid;
}

static void lower(int *count, int limit)
{
    if (limit >= 0 && limit < *count) {
        *count = limit;
    }
}

/* 6.1.4 (i) and (j). */
static void apply(cm_policy_path_t *path, const cm_policy_limits_t *limits)
{
    lower(&path->explicit_policy, limits->require_explicit);
    lower(&path->policy_mapping, limits->inhibit_mapping);
    lower(&path->inhibit_any, limits->inhibit_any);
}

static void leave(cm_policy_path_t *path, const cm_policy_says_t *says, apr_pool_t *pool)
{
    map(path, says, pool);
    if (!says->is_self_issued) { /* 6.1.4 (h) */
        path->explicit_policy -= path->explicit_policy > 0;
        path->policy_mapping -= path->policy_mapping > 0;
        path->inhibit_any -= path->inhibit_any > 0;
    }
    apply(path, &says->limits);
}

void cm_policy_path(cm_policy_path_t *path, const cm_cert_t *issuer,
                    const apr_array_header_t *above, apr_pool_t *pool)
{
    apr_array_header_t *any = apr_array_make(pool, 1, sizeof(const char *));
    int count = above ? above->nelts : 0;

    APR_ARRAY_PUSH(any, const char *) = CM_OID_ANY_POLICY;
    *path = (cm_policy_path_t){UNLIMITED, UNLIMITED, UNLIMITED, any, 0};
    for (int i = count; i >= 0; i--) {
        const cm_cert_t *cert = i ? APR_ARRAY_IDX(above, i - 1, const cm_cert_t *) : issuer;
        cm_policy_says_t says;

        if (cm_policy_read(&says, cert, pool)) {
            path->is_broken = 1;
        } else if (i == count && says.is_self_issued) {
            apply(path, &says.limits);
        } else {
            enter(path, &says, pool);
            leave(path, &says, pool);
        }
    }
}

int cm_policy_path_allows(const cm_policy_path_t *path, const cm_policy_says_t *says,
                          apr_pool_t *pool)
{
    cm_policy_path_t end = *path;

    enter(&end, says, pool);
    if (says->is_ca) {
        leave(&end, says, pool);
    }
    /* 6.1.5 (a) and (g), of this certificate or of one below it */
    return !end.is_broken && (end.explicit_policy > 1 || end.valid->nelts > 0);
}
