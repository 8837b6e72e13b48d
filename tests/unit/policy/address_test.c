/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of CRLs in their addresses.
 */
#include "policy/address.h"
#include "unit/policy/suite.h"

START_TEST(names_of_lists_are_read_as_they_are_written)
{
    static const struct {
        const char *ca;
        apr_int64_t shard;
        int is_delta;
        const char *name;
    } lists[] = {{"ca", 0, 0, "ca"},
                 {"ca", 0, 1, "ca-delta"},
                 {"ca-b", 12, 0, "ca-b-12"},
                 {"ca", 999999999, 1, "ca-999999999-delta"}};

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        const char *name = cm_address_list(lists[i].ca, lists[i].shard, lists[i].is_delta, pool);
        const char *url = cm_address_crl("http://a.test/x", name, pool);
        apr_int64_t shard = 0;

        ck_assert_str_eq(name, lists[i].name);
        ck_assert_str_eq(cm_address_list_of(url, pool), name);
        ck_assert_int_eq(cm_address_strip_delta(&name, pool), lists[i].is_delta);
        ck_assert_int_eq(cm_address_strip_shard(&name, &shard, pool), lists[i].shard != 0);
        ck_assert_str_eq(name, lists[i].ca);
        ck_assert_int_eq(shard, lists[i].shard);
    }
}
END_TEST

START_TEST(other_names_are_none)
{
    static const char *const names[] = {"ca-0",          "ca-01", "ca-",    "-1",
                                        "ca-1x",         "ca-+1", "ca--1x", "1",
                                        "ca-1234567890", "delta", "-delta"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = names[i];
        apr_int64_t shard;

        ck_assert_msg(!cm_address_strip_shard(&name, &shard, pool), "%s", names[i]);
        ck_assert_msg(!cm_address_strip_delta(&name, pool), "%s", names[i]);
        ck_assert_str_eq(name, names[i]);
    }
    ck_assert_ptr_null(cm_address_list_of("http://a.test/x.pem", pool));
    ck_assert_ptr_null(cm_address_list_of("x.crl", pool));
    ck_assert_ptr_null(cm_address_list_of(NULL, pool));
}
END_TEST

TCase *address_case(void)
{
    TCase *tcase = unit_case("address");

    tcase_add_test(tcase, names_of_lists_are_read_as_they_are_written);
    tcase_add_test(tcase, other_names_are_none);
    return tcase;
}
