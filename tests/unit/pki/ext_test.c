/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/objects.h>

/* One table, one test that walks it: names and OIDs are those of OpenSSL, and unique. */
START_TEST(the_table_of_extensions)
{
    for (const cm_ext_row_t *row = cm_ext_rows; row->name; row++) {
        ck_assert_msg(OBJ_txt2nid(row->name) == OBJ_txt2nid(row->oid), "%s", row->name);
        ck_assert_ptr_nonnull(row->build);
        for (const cm_ext_row_t *other = cm_ext_rows; other != row; other++) {
            ck_assert_str_ne(other->name, row->name);
            ck_assert_str_ne(other->oid, row->oid);
        }
    }
}
END_TEST

START_TEST(key_usages)
{
    apr_array_header_t *names = cm_ext_key_usage_names(0x1ff, pool);
    unsigned bits;

    ck_assert_int_eq(names->nelts, 9);
    for (int i = 0; i < 9; i++) {
        ck_assert_uint_eq(cm_ext_key_usage(APR_ARRAY_IDX(names, i, const char *)), 1U << i);
    }
    ck_assert_uint_eq(cm_ext_key_usage("contentCommitment"), CM_KU_NON_REPUDIATION);
    ck_assert_uint_eq(cm_ext_key_usage("fly"), 0);
    ck_assert_int_eq(cm_ext_key_usage_names(0, pool)->nelts, 0);
    assert_done(cm_ext_read_key_usage(&bits, test_hex("0303078080"), pool));
    ck_assert_uint_eq(bits, 0x101);
    assert_done(cm_ext_read_key_usage(&bits, test_hex("030100"), pool));
    ck_assert_uint_eq(bits, 0);
    assert_refused(cm_ext_read_key_usage(&bits, test_hex("030400808080"), pool), CM_E_VALUE,
                   "extension.syntax");
    assert_refused(cm_ext_read_key_usage(&bits, test_hex("0500"), pool), CM_E_VALUE,
                   "extension.syntax");
}
END_TEST

START_TEST(extended_key_usages)
{
    static const char *const names[] = {"serverAuth",  "clientAuth",   "emailProtection",
                                        "OCSPSigning", "timeStamping", "codeSigning"};
    apr_array_header_t *list;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *oid = cm_ext_eku_oid(names[i], pool);

        ck_assert_int_eq(OBJ_txt2nid(oid), OBJ_sn2nid(names[i]));
        ck_assert_str_eq(cm_ext_eku_name(oid), names[i]);
    }
    ck_assert_str_eq(cm_ext_eku_oid("1.2.3", pool), "1.2.3");
    ck_assert_ptr_null(cm_ext_eku_oid("fly", pool));
    ck_assert_str_eq(cm_ext_eku_name("1.2.3"), "1.2.3");
    assert_done(cm_ext_read_eku(&list, test_hex("300a 06082b06010505070302"), pool));
    ck_assert_str_eq(APR_ARRAY_IDX(list, 0, const char *), "clientAuth");
    assert_refused(cm_ext_read_eku(&list, test_hex("3000"), pool), CM_E_VALUE, "extension.syntax");
    assert_refused(cm_ext_read_eku(&list, test_hex("30020500"), pool), CM_E_VALUE,
                   "extension.syntax");
}
END_TEST

START_TEST(basic_constraints)
{
    static const struct {
        const char *hex;
        int is_ca, path_len; /* path_len -1: none */
        int refused;
    } cases[] = {
        {"3000", 0, -1, 0},
        {"30030101ff", 1, -1, 0},
        {"30060101ff020100", 1, 0, 0},
        {"30060101ff02017f", 1, 127, 0},
        {"3003010100", 0, -1, 1},
        {"30060101ff0201ff", 0, -1, 1},
        {"30080101ff0201000500", 0, -1, 1},
        {"3000 0500", 0, -1, 1},
        {"0500", 0, -1, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int is_ca, has, len;
        cm_error_t *error = cm_ext_read_basic(&is_ca, &has, &len, test_hex(cases[i].hex), pool);

        if (cases[i].refused) {
            assert_refused(error, CM_E_VALUE, "extension.syntax");
            continue;
        }
        assert_done(error);
        ck_assert_int_eq(is_ca, cases[i].is_ca);
        ck_assert_int_eq(has ? len : -1, cases[i].path_len);
    }
}
END_TEST

static apr_array_header_t *texts(const char *text)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = text;
    return list;
}

static cm_error_t *constrain(const char *text)
{
    test_key_t key = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&key, &key);
    cm_bytes_t tbs;

    spec.is_ca = 1;
    spec.permitted = texts(text);
    return cm_cert_tbs(&tbs, &spec, pool);
}

START_TEST(name_constraints)
{
    static const char *const good[] = {
        "dns:example.test", "dns:.example.test", "email:a.test",
        "uri:.a.test",      "ip:10.0.0.0/8",     "ip:0.0.0.0/0",
        "ip:192.0.2.1/32",  "ip:2001:db8::/32",  "ip:192.0.2.128/25"};
    static const char *const bad[] = {"dns:",
                                      "dns:*.example.test",
                                      "example.test",
                                      "ip:10.0.0.0",
                                      "ip:10.0.0.0/33",
                                      "ip:10.0.0.1/8",
                                      "ip:10.0.0.0/-1",
                                      "ip:10.0.0.0/8x",
                                      "ip:2001:db8::/129",
                                      "ip:x/8",
                                      "dir:x"};
    test_key_t key = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&key, &key);
    cm_bytes_t tbs;

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_done(constrain(good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(constrain(bad[i]), CM_E_VALUE, "extension.constraint");
    }
    spec.excluded = texts("dns:example.test");
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.constraint");
}
END_TEST

START_TEST(specs_that_are_refused)
{
    test_key_t key = test_key("P-256");
    const cm_cert_spec_t good = test_spec(&key, &key);
    cm_cert_spec_t spec = good;
    apr_array_header_t *policies = apr_array_make(pool, 1, sizeof(cm_policy_t));
    apr_array_header_t *extra = apr_array_make(pool, 1, sizeof(cm_ext_t));
    cm_bytes_t tbs;

    spec.eku = texts("fly");
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.eku");
    spec = good;
    APR_ARRAY_PUSH(policies, cm_policy_t) = (cm_policy_t){"1.2.3", "x", NULL};
    spec.policies = policies;
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.policy");
    APR_ARRAY_IDX(policies, 0, cm_policy_t) = (cm_policy_t){"x", NULL, NULL};
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.policy");
    spec = good;
    spec.limits = &(cm_policy_limits_t){-1, 0, -1};
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.policy");
    spec.limits = &(cm_policy_limits_t){-1, -1, 0};
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.policy");
    spec = good;
    APR_ARRAY_PUSH(extra, cm_ext_t) = (cm_ext_t){CM_OID_BASIC_CONSTRAINTS, 0, test_hex("3000")};
    spec.extra = extra;
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, "extension.duplicate");
}
END_TEST

TCase *ext_case(void)
{
    TCase *tcase = unit_case("ext");

    tcase_add_test(tcase, the_table_of_extensions);
    tcase_add_test(tcase, key_usages);
    tcase_add_test(tcase, extended_key_usages);
    tcase_add_test(tcase, basic_constraints);
    tcase_add_test(tcase, name_constraints);
    tcase_add_test(tcase, specs_that_are_refused);
    return tcase;
}
