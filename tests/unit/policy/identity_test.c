/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/identity.h"

#include "unit/policy/suite.h"

/* The matrix of the contract, copied by hand: x in the column of a role that has the permission. */
static const char *const columns[] = {"user",     "operator", "officer", "administrator",
                                      "ca-admin", "auditor",  "client"};
enum { COLUMNS = sizeof columns / sizeof *columns };

static const struct {
    cm_permission_t permission;
    const char *name;
    const char cells[COLUMNS + 1];
} matrix[] = {
    {CM_MAY_OWN, "own", "xxxxx-x"},
    {CM_MAY_SEE, "see", "xxxxxxx"},
    {CM_MAY_SEE_GROUP, "see-group", "-xxxxx-"},
    {CM_MAY_SUBMIT_FOR_OTHERS, "submit-for-others", "-xx----"},
    {CM_MAY_DECIDE, "decide", "--x----"},
    {CM_MAY_APPROVE, "approve", "--xxx--"},
    {CM_MAY_PROPOSE, "propose", "---xx--"},
    {CM_MAY_GOVERN, "govern", "---x---"},
    {CM_MAY_GOVERN_CAS, "govern-cas", "----x--"},
    {CM_MAY_AUDIT, "audit", "-----x-"},
};
enum { ROWS = sizeof matrix / sizeof *matrix };

START_TEST(the_matrix_is_that_of_the_contract)
{
    cm_person_t person = {.id = "p1", .state = "active"};

    ck_assert_int_eq(ROWS + 1, CM_MAY_COUNT); /* and CM_MAY_ANYONE, which no role has to give */
    for (int row = 0; row < ROWS; row++) {
        ck_assert_str_eq(cm_permission_name(matrix[row].permission), matrix[row].name);
        for (int column = 0; column < COLUMNS; column++) {
            unsigned bit = cm_role_of(columns[column]);
            cm_identity_t who = {.person = &person, .login = "tls", .roles = bit};
            int expected = matrix[row].cells[column] == 'x';

            ck_assert_uint_ne(bit, 0);
            ck_assert_msg(cm_identity_may(&who, matrix[row].permission) == expected, "%s of %s",
                          matrix[row].name, columns[column]);
            ck_assert_int_eq((cm_permission_roles(matrix[row].permission) & bit) != 0, expected);
        }
    }
}
END_TEST

START_TEST(a_role_may_hold_in_a_group_only)
{
    const cm_group_role_t held[] = {{"web", "officer"},
                                    {"web", "user"},
                                    {"web", CM_MEMBER},
                                    {"mail", "auditor"},
                                    {"mail", "administrator"}};
    apr_array_header_t *roles = apr_array_make(pool, 5, sizeof(cm_group_role_t));
    cm_person_t person = {.id = "p1", .state = "active", .group_roles = roles};
    cm_identity_t *who;

    for (size_t i = 0; i < sizeof held / sizeof *held; i++) {
        APR_ARRAY_PUSH(roles, cm_group_role_t) = held[i];
    }
    who = cm_identity_make(&person, pool);
    ck_assert_uint_eq(who->roles, 0);
    ck_assert(cm_identity_is_in(who, "web") && !cm_identity_is_in(who, "mail"));
    ck_assert_uint_eq(cm_identity_roles(who, "web"), CM_ROLE_OFFICER | CM_ROLE_USER);
    ck_assert_uint_eq(cm_identity_roles(who, NULL), 0);
    ck_assert_uint_eq(cm_identity_roles(who, "other"), 0);
    ck_assert_int_eq(cm_identity_role_names(who, pool)->nelts, 4);
    ck_assert(cm_identity_may(who, CM_MAY_DECIDE));
    ck_assert(cm_identity_may_in(who, CM_MAY_DECIDE, "web"));
    ck_assert(!cm_identity_may_in(who, CM_MAY_DECIDE, "mail"));
    ck_assert(!cm_identity_may_in(who, CM_MAY_DECIDE, NULL));
    ck_assert(cm_identity_may_in(who, CM_MAY_SEE_GROUP, "mail"));
    /* the whole of the audit log, or of the configuration, belongs to no group */
    ck_assert(!cm_identity_may(who, CM_MAY_AUDIT) && !cm_identity_may(who, CM_MAY_GOVERN));
    ck_assert(!cm_identity_may_in(who, CM_MAY_GOVERN, "mail"));
    cm_identity_grant(who, CM_ROLE_AUDITOR, NULL, pool);
    cm_identity_join(who, "all", pool);
    ck_assert(cm_identity_may(who, CM_MAY_AUDIT));
    ck_assert_uint_eq(cm_identity_roles(who, "web"),
                      CM_ROLE_OFFICER | CM_ROLE_USER | CM_ROLE_AUDITOR);
    ck_assert_str_eq(APR_ARRAY_IDX(who->groups, 0, const char *), "all");
    ck_assert(!cm_identity_may_in(NULL, CM_MAY_SEE, "web") && cm_identity_may(NULL, CM_MAY_ANYONE));
}
END_TEST

START_TEST(the_table_of_roles_is_whole)
{
    unsigned seen = 0;
    int count = 0;

    for (const cm_role_info_t *role = cm_roles(); role->name; role++, count++) {
        ck_assert_uint_ne(role->bit, 0);
        ck_assert_uint_eq(role->bit & (role->bit - 1), 0); /* one bit */
        ck_assert_uint_eq(seen & role->bit, 0);
        ck_assert_uint_eq(cm_role_of(role->name), role->bit);
        ck_assert(*role->about);
        seen |= role->bit;
    }
    ck_assert_int_eq(count, COLUMNS);
}
END_TEST

START_TEST(the_table_of_permissions_is_whole)
{
    for (int i = 0; i < CM_MAY_COUNT; i++) {
        cm_permission_t permission = (cm_permission_t)i;

        ck_assert(*cm_permission_name(permission) && *cm_permission_about(permission));
        ck_assert_int_eq(cm_permission_roles(permission) == 0, permission == CM_MAY_ANYONE);
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(cm_permission_name(permission),
                             cm_permission_name((cm_permission_t)k));
        }
    }
}
END_TEST

START_TEST(names_become_bits)
{
    apr_array_header_t *names = apr_array_make(pool, 3, sizeof(const char *));

    ck_assert_uint_eq(cm_roles_of(NULL), 0);
    ck_assert_uint_eq(cm_roles_of(names), 0);
    APR_ARRAY_PUSH(names, const char *) = "officer";
    APR_ARRAY_PUSH(names, const char *) = "emperor";
    APR_ARRAY_PUSH(names, const char *) = "User";
    APR_ARRAY_PUSH(names, const char *) = "auditor";
    ck_assert_uint_eq(cm_roles_of(names), CM_ROLE_OFFICER | CM_ROLE_AUDITOR);
}
END_TEST

START_TEST(everything_is_denied_until_a_role_allows_it)
{
    cm_person_t person = {.id = "p1", .state = "active"};
    cm_identity_t stranger = {.roles = CM_ROLE_OFFICER};
    cm_identity_t nobody_yet = {.person = &person};
    cm_identity_t officer = {.person = &person, .roles = CM_ROLE_USER | CM_ROLE_OFFICER};

    assert_done(cm_identity_require(NULL, CM_MAY_ANYONE, pool));
    assert_done(cm_identity_require(&officer, CM_MAY_DECIDE, pool));
    assert_refused(cm_identity_require(NULL, CM_MAY_OWN, pool), CM_E_IDENTITY, "identity.missing");
    assert_refused(cm_identity_require(&stranger, CM_MAY_DECIDE, pool), CM_E_IDENTITY,
                   "identity.missing");
    assert_refused(cm_identity_require(&nobody_yet, CM_MAY_OWN, pool), CM_E_FORBIDDEN,
                   "permission.own");
    assert_refused(cm_identity_require(&officer, CM_MAY_AUDIT, pool), CM_E_FORBIDDEN,
                   "permission.audit");
}
END_TEST

TCase *identity_case(void)
{
    TCase *tcase = unit_case("identity");

    tcase_add_test(tcase, the_matrix_is_that_of_the_contract);
    tcase_add_test(tcase, a_role_may_hold_in_a_group_only);
    tcase_add_test(tcase, the_table_of_roles_is_whole);
    tcase_add_test(tcase, the_table_of_permissions_is_whole);
    tcase_add_test(tcase, names_become_bits);
    tcase_add_test(tcase, everything_is_denied_until_a_role_allows_it);
    return tcase;
}
