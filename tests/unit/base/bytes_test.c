/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/base/suite.h"

START_TEST(hex_goes_there_and_back)
{
    cm_bytes_t bytes;

    assert_done(cm_bytes_unhex(&bytes, "00fFa7", pool));
    ck_assert_uint_eq(bytes.len, 3);
    ck_assert_str_eq(cm_bytes_hex(bytes, pool), "00ffa7");
    ck_assert_str_eq(cm_bytes_hex(cm_bytes_make(NULL, 0), pool), "");
    assert_refused(cm_bytes_unhex(&bytes, "0", pool), CM_E_VALUE, NULL);
    assert_refused(cm_bytes_unhex(&bytes, "0g", pool), CM_E_VALUE, NULL);
}
END_TEST

START_TEST(base64_is_strict)
{
    static const char *const wrong[] = {
        "Zg=", "Zg", "Zh==", "Z===", "Zg==Zg==", "Zm9v-", "=", "Zm 9v!"};
    cm_bytes_t bytes;

    assert_done(cm_bytes_unbase64(&bytes, " Zm9v\r\nYg==\n", pool));
    ck_assert(cm_bytes_equal(bytes, cm_bytes_of_text("foob")));
    ck_assert_str_eq(cm_bytes_base64(bytes, pool), "Zm9vYg==");
    assert_done(cm_bytes_unbase64(&bytes, "", pool));
    ck_assert_uint_eq(bytes.len, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(cm_bytes_unbase64(&bytes, wrong[i], pool) != NULL, "%s", wrong[i]);
    }
}
END_TEST

START_TEST(comparison_and_concatenation)
{
    cm_bytes_t parts[] = {cm_bytes_of_text("ab"), cm_bytes_make(NULL, 0), cm_bytes_of_text("c")};
    cm_bytes_t whole = cm_bytes_concat(parts, 3, pool);

    ck_assert(cm_bytes_equal(whole, cm_bytes_of_text("abc")));
    ck_assert(cm_bytes_equal_secret(whole, cm_bytes_of_text("abc")));
    ck_assert(!cm_bytes_equal_secret(whole, cm_bytes_of_text("abd")));
    ck_assert(!cm_bytes_equal(whole, cm_bytes_of_text("abcd")));
    ck_assert_str_eq(cm_bytes_hex(cm_bytes_sha256(whole, pool), pool),
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
END_TEST

TCase *bytes_case(void)
{
    TCase *tcase = unit_case("bytes");

    tcase_add_test(tcase, hex_goes_there_and_back);
    tcase_add_test(tcase, base64_is_strict);
    tcase_add_test(tcase, comparison_and_concatenation);
    return tcase;
}
