/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules of the check before signing that are about certificate policies.
 */
#include "base/text.h"
#include "policy/lint.h"

static const cm_ext_t *find(const cm_lint_t *lint, const char *oid)
{
    return cm_ext_find(lint->cert->extensions, oid);
}

int cm_lint_policies(const cm_lint_t *lint)
{
    int holds = lint->says_is_read;

    for (int i = 0; holds && i < lint->says.policies->nelts; i++) {
        for (int j = 0; j < i; j++) {
            holds &= strcmp(APR_ARRAY_IDX(lint->says.policies, i, const char *),
                            APR_ARRAY_IDX(lint->says.policies, j, const char *)) != 0;
        }
    }
    return holds;
}

/* What can't be read is for the rule above. */
int cm_lint_any_policy(const cm_lint_t *lint)
{
    return lint->path.inhibit_any > 0 || !lint->says_is_read ||
           !cm_text_is_among(lint->says.policies, CM_OID_ANY_POLICY) ||
           (lint->says.is_ca && lint->says.is_self_issued);
}

int cm_lint_policy_constraints(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_POLICY_CONSTRAINTS);

    return !ext ||
           (ext->critical && lint->cert->is_ca && lint->says_is_read &&
            (lint->says.limits.require_explicit >= 0 || lint->says.limits.inhibit_mapping >= 0));
}

int cm_lint_inhibit_any_policy(const cm_lint_t *lint)
{
    const cm_ext_t *ext = find(lint, CM_OID_INHIBIT_ANY_POLICY);

    return !ext || (ext->critical && lint->cert->is_ca && lint->says_is_read);
}

int cm_lint_policy_mappings(const cm_lint_t *lint)
{
    if (!find(lint, CM_OID_POLICY_MAPPINGS)) {
        return 1;
    }
    if (!lint->says_is_read || !lint->says.is_ca || !lint->says.mappings->nelts ||
        !lint->path.policy_mapping) {
        return 0;
    }
    for (int i = 0; i < lint->says.mappings->nelts; i++) {
        const cm_policy_mapping_t *mapping =
            &APR_ARRAY_IDX(lint->says.mappings, i, cm_policy_mapping_t);

        if (strcmp(mapping->issuer, CM_OID_ANY_POLICY) == 0 ||
            strcmp(mapping->subject, CM_OID_ANY_POLICY) == 0) {
            return 0;
        }
    }
    return 1;
}

int cm_lint_issuer_policies(const cm_lint_t *lint)
{
    return lint->says_is_read && cm_policy_path_allows(&lint->path, &lint->says, lint->pool);
}
