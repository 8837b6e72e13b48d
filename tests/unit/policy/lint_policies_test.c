/* SPDX-License-Identifier: Apache-2.0
 *
 * The rules of the check before signing that are about policies: what lint_test.c asks of each, and
 * what else each refuses.
 */
#include "unit/policy/lint_question.h"

#include <apr_strings.h>

/* A root, whose own policies don't count. */
static const cm_cert_t *self_issued(void)
{
    cm_cert_t *root = apr_pmemdup(pool, &question_make()->issuer, sizeof *root);

    root->issuer = root->subject;
    return root;
}

/* The issuer wants 1.2.3.4 of all that it issues. */
void sample_issuer_policies(question_t *q, int near)
{
    const cm_policy_limits_t limits = {0, -1, -1};
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_policy_t));

    q->profile = NULL;
    q->issuer.extensions = policy_extensions("1.2.3.4", limits);
    q->above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    APR_ARRAY_PUSH(q->above, const cm_cert_t *) = self_issued();
    APR_ARRAY_PUSH(list, cm_policy_t) = (cm_policy_t){near ? "1.2.3.4" : "1.2.3.5", NULL, NULL};
    q->spec.policies = list;
}

void sample_any_policy(question_t *q, int near)
{
    const cm_policy_limits_t limits = {-1, -1, near ? 1 : 0};
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_policy_t));

    use_ca(q, -1);
    q->issuer.extensions = policy_extensions(NULL, limits);
    APR_ARRAY_PUSH(list, cm_policy_t) = (cm_policy_t){CM_OID_ANY_POLICY, NULL, NULL};
    q->spec.policies = list;
}

/* From 1.2.3 to 1.2.4. */
void sample_policy_mappings(question_t *q, int near)
{
    const cm_policy_limits_t limits = {-1, near ? 1 : 0, -1};

    use_ca(q, -1);
    q->issuer.extensions = policy_extensions(NULL, limits);
    add_ext(q, CM_OID_POLICY_MAPPINGS, 1, hex("300a300806022a0306022a04"));
}

void sample_policy_constraints(question_t *q, int near)
{
    use_ca(q, -1);
    add_ext(q, CM_OID_POLICY_CONSTRAINTS, 1, hex(near ? "3003810100" : "3000"));
}

void sample_inhibit_any_policy(question_t *q, int near)
{
    use_ca(q, -1);
    add_ext(q, CM_OID_INHIBIT_ANY_POLICY, near, hex("020100"));
}

/* What each rule about policies refuses besides. */
START_TEST(other_ways_to_be_wrong_with_policies)
{
    static const struct {
        const char *oid, *hex;
        int critical, is_ca;
        const char *rule;
    } cases[] = {
        {CM_OID_POLICY_CONSTRAINTS, "3003800100", 1, 0, "lint.policy-constraints"},
        {CM_OID_POLICY_CONSTRAINTS, "3003800100", 0, 1, "lint.policy-constraints"},
        {CM_OID_POLICY_CONSTRAINTS, "0500", 1, 1, "lint.policy-constraints"},
        {CM_OID_INHIBIT_ANY_POLICY, "020100", 1, 0, "lint.inhibit-any-policy"},
        {CM_OID_INHIBIT_ANY_POLICY, "0500", 1, 1, "lint.inhibit-any-policy"},
        {CM_OID_POLICY_MAPPINGS, "300a300806022a0306022a04", 1, 0, "lint.policy-mappings"},
        {CM_OID_POLICY_MAPPINGS, "3000", 1, 1, "lint.policy-mappings"},
        {CM_OID_POLICY_MAPPINGS, "300c300a0604551d200006022a04", 1, 1, "lint.policy-mappings"},
        {CM_OID_POLICIES, "3000", 0, 1, "lint.policies"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        question_t *q = question_make();
        int found = 0;

        q->profile = NULL;
        if (cases[i].is_ca) {
            use_ca(q, -1);
        }
        add_ext(q, cases[i].oid, cases[i].critical, hex(cases[i].hex));
        for (const cm_error_t *at = question_lint(q); at; at = at->also) {
            found |= strcmp(at->rule, cases[i].rule) == 0;
        }
        ck_assert_msg(found, "%s %s", cases[i].rule, cases[i].hex);
    }
}
END_TEST

TCase *lint_policies_case(void)
{
    TCase *tests = unit_case("lint policies");

    tcase_add_test(tests, other_ways_to_be_wrong_with_policies);
    return tests;
}
