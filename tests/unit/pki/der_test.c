/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>

/* Each refusal with its near miss. */
static const struct {
    const char *hex;
    const char *rule; /* NULL: accepted */
} strict_cases[] = {
    {"", "der.truncated"},
    {"30", "der.truncated"},
    {"3000", NULL},
    {"300000", "der.trailing"},
    {"3001", "der.truncated"},
    {"3080 0000", "der.length"},
    {"0480", "der.length"},
    {"0481 00", "der.length"},
    {"0481 7f", "der.length"},
    {"0481 80", "der.truncated"},
    {"0482 0080", "der.length"},
    {"0482 01", "der.truncated"},
    {"0485 0100000000", "der.length"},
    {"0484 ffffffff 00", "der.truncated"},
    {"0000", "der.tag"},
    {"1f8101 00", "der.tag"},
    {"bf8101 00", "der.tag"},
    {"0800", "der.tag"},
    {"0900", "der.tag"},
    {"0d00", "der.tag"},
    {"1d00", "der.tag"},
    {"1000", "der.form"},
    {"1100", "der.form"},
    {"2400", "der.form"},
    {"2200", "der.form"},
    {"2c00", "der.form"},
    {"0101ff", NULL},
    {"010100", NULL},
    {"010101", "der.boolean"},
    {"0100", "der.boolean"},
    {"010200ff", "der.boolean"},
    {"020100", NULL},
    {"0200", "der.integer"},
    {"0202007f", "der.integer"},
    {"02020080", NULL},
    {"0202ff7f", NULL},
    {"0202ff80", "der.integer"},
    {"0a0101", NULL},
    {"0a020001", "der.integer"},
    {"030100", NULL},
    {"0300", "der.bit-string"},
    {"030101", "der.bit-string"},
    {"03020780", NULL},
    {"03020781", "der.bit-string"},
    {"03020880", "der.bit-string"},
    {"0500", NULL},
    {"050100", "der.null"},
    {"0603550403", NULL},
    {"0600", "der.oid"},
    {"0603558003", "der.oid"},
    {"0603550483", "der.oid"},
    {"0604558103 03", NULL},
    {"170d3236313132323136303334365a", NULL},
    {"170b323631313232313630335a", "der.time"},
    {"17113236313132323136303334362b30313030", "der.time"},
    {"170d3236313332323136303334365a", "der.time"},
    {"170d3236303033303136303334365a", "der.time"},
    {"170d3236303232393136303334365a", "der.time"},
    {"170d3234303232393136303334365a", NULL},
    {"170d3236313130303136303334365a", "der.time"},
    {"170d3236313132323234303334365a", "der.time"},
    {"170d3236313132323136363034365a", "der.time"},
    {"170d3236313132323136303336305a", "der.time"},
    {"170d3236313132323136303334367a", "der.time"},
    {"170d32363131323231363033343a5a", "der.time"},
    {"180f32303236313132323136303334365a", NULL},
    {"180f32313030303232393136303334365a", "der.time"},
    {"181132303236313132323136303334362e355a", "der.time"},
    {"3106 020101 020102", NULL},
    {"3106 020102 020101", "der.set-order"},
    {"3106 020101 020101", NULL},
    {"3107 040101 04020000", NULL},
    {"3107 04020000 040101", "der.set-order"},
    {"a002 0500", NULL},
    {"a002 0501", "der.truncated"},
    {"a003 050000", "der.truncated"},
    {"8002 0501", NULL},
    {"6002 0500", NULL},
    {"3003 020101", NULL},
    {"3003 020201", "der.truncated"},
    {"3004 020101", "der.truncated"},
};

START_TEST(strict_der)
{
    for (size_t i = 0; i < sizeof strict_cases / sizeof *strict_cases; i++) {
        cm_error_t *error = cm_der_check(test_hex(strict_cases[i].hex), pool);

        ck_assert_msg(!!error == !!strict_cases[i].rule, "%s: %s", strict_cases[i].hex,
                      error ? error->rule : "accepted");
        ck_assert_msg(!error || strcmp(error->rule, strict_cases[i].rule) == 0, "%s: %s",
                      strict_cases[i].hex, error ? error->rule : "");
        ck_assert(!error || error->code == CM_E_VALUE);
    }
}
END_TEST

static cm_bytes_t nested(int depth)
{
    cm_bytes_t der = test_hex("3000");

    for (int i = 1; i < depth; i++) {
        cm_der_writer_t *writer = cm_der_writer(pool);

        cm_der_put(writer, CM_DER_SEQUENCE, der);
        der = cm_der_written(writer);
    }
    return der;
}

START_TEST(depth_is_bounded)
{
    assert_done(cm_der_check(nested(CM_DER_DEPTH), pool));
    assert_refused(cm_der_check(nested(CM_DER_DEPTH + 1), pool), CM_E_VALUE, "der.depth");
    assert_refused(cm_der_check(nested(20000), pool), CM_E_VALUE, "der.depth");
}
END_TEST

START_TEST(lengths_are_written_shortest)
{
    static const struct {
        apr_size_t len;
        const char *header;
    } cases[] = {
        {0, "0400"},       {127, "047f"},       {128, "048180"},       {255, "0481ff"},
        {256, "04820100"}, {65535, "0482ffff"}, {65536, "0483010000"}, {16777216, "048401000000"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_der_writer_t *writer = cm_der_writer(pool);
        cm_bytes_t content = {apr_pcalloc(pool, cases[i].len + 1), cases[i].len}, put;

        ck_assert_str_eq(cm_bytes_hex(cm_der_header(4, cases[i].len, pool), pool), cases[i].header);
        cm_der_put(writer, CM_DER_OCTET_STRING, content);
        put = cm_der_written(writer);
        assert_done(cm_der_check(put, pool));
        writer = cm_der_writer(pool);
        cm_der_begin(writer, CM_DER_OCTET_STRING);
        cm_der_raw(writer, content);
        cm_der_end(writer);
        ck_assert(cm_bytes_equal(cm_der_written(writer), put));
    }
}
END_TEST

START_TEST(values_are_written_as_der)
{
    cm_der_writer_t *w = cm_der_writer(pool);

    cm_der_begin(w, CM_DER_SEQUENCE);
    cm_der_put_boolean(w, 1);
    cm_der_put_boolean(w, 0);
    cm_der_put_small(w, CM_DER_INTEGER, 0);
    cm_der_put_small(w, CM_DER_INTEGER, 128);
    cm_der_put_small(w, CM_DER_INTEGER, APR_UINT64_MAX);
    cm_der_put_unsigned(w, test_hex("0000ff"));
    cm_der_put_unsigned(w, test_hex("0001"));
    cm_der_put_unsigned(w, test_hex("00"));
    cm_der_put_null(w);
    cm_der_put_oid(w, "2.999.4294967215");
    cm_der_put_octets(w, test_hex("ab"));
    cm_der_put_named_bits(w, CM_DER_BIT_STRING, 0);
    cm_der_put_named_bits(w, CM_DER_BIT_STRING, 1);
    cm_der_put_named_bits(w, CM_DER_BIT_STRING, 0x101);
    cm_der_put_named_bits(w, CM_DER_BIT_STRING, 0x80);
    cm_der_end(w);
    ck_assert_str_eq(cm_bytes_hex(cm_der_written(w), pool), "3041"
                                                            "0101ff"
                                                            "010100"
                                                            "020100"
                                                            "02020080"
                                                            "020900ffffffffffffffff"
                                                            "020200ff"
                                                            "020101"
                                                            "020100"
                                                            "0500"
                                                            "060788378fffffff2f"
                                                            "030200ab"
                                                            "030100"
                                                            "03020780"
                                                            "0303078080"
                                                            "03020001");
    assert_done(cm_der_check(cm_der_written(w), pool));
}
END_TEST

START_TEST(object_identifiers)
{
    static const char *const good[] = {"2.5.4.3", "1.2.840.113549.1.9.14", "0.9.2342", "2.999.1",
                                       "1.39.0",  "2.999.4294967215"};
    static const char *const bad[] = {"",       "1",
                                      "1.",     ".1",
                                      "3.1",    "1.40",
                                      "1..2",   "1.02.3",
                                      "1.2.x",  "1.2 ",
                                      "a",      "1.2.4294967296",
                                      "1.2.3.", "1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1"};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cm_der_writer_t *writer = cm_der_writer(pool);
        cm_der_t reader;
        const char *back;

        assert_done(cm_der_check_oid(good[i], pool));
        cm_der_put_oid(writer, good[i]);
        assert_done(cm_der_check(cm_der_written(writer), pool));
        reader = cm_der_reader(cm_der_written(writer), "test.oid", pool);
        assert_done(cm_der_expect_oid(&back, &reader));
        ck_assert_str_eq(back, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(cm_der_check_oid(bad[i], pool) != NULL, "%s", bad[i]);
    }
    ck_assert_ptr_null(cm_der_oid_text(test_hex("2a9080808000"), pool));
    ck_assert_ptr_null(cm_der_oid_text(test_hex("2a01010101010101010101010101010101010101"), pool));
    ck_assert_ptr_null(cm_der_oid_text(test_hex("2a80"), pool));
}
END_TEST

START_TEST(readers_are_safe_on_anything)
{
    cm_der_t reader = cm_der_reader(test_hex("020201"), "test.rule", pool), inner;
    cm_bytes_t value, whole;
    apr_time_t when;
    const char *oid;
    int small;

    assert_refused(cm_der_expect(&value, &reader, CM_DER_INTEGER), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_next(&whole, &value, &reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_expect_oid(&oid, &reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_expect_octets(&value, &reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_expect_time(&when, &reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_enter(&inner, &reader, CM_DER_SEQUENCE), CM_E_VALUE, "test.rule");
    assert_done(cm_der_maybe(&value, &reader, CM_DER_NULL));
    ck_assert_ptr_null(value.data);
    reader = cm_der_reader(test_hex("0205007fffffff 020480000000 02047fffffff"), "test.rule", pool);
    assert_refused(cm_der_expect_small(&small, &reader, CM_DER_INTEGER), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_expect_small(&small, &reader, CM_DER_INTEGER), CM_E_VALUE, "test.rule");
    assert_done(cm_der_expect_small(&small, &reader, CM_DER_INTEGER));
    ck_assert_int_eq(small, 0x7fffffff);
    assert_done(cm_der_close(&reader));
    reader = cm_der_reader(test_hex("030201fe 06010000"), "test.rule", pool);
    assert_refused(cm_der_expect_octets(&value, &reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_close(&reader), CM_E_VALUE, "test.rule");
    assert_refused(cm_der_check_set(test_hex("020102 020101"), pool), CM_E_VALUE, "der.set-order");
    assert_refused(cm_der_check_set(test_hex("0201"), pool), CM_E_VALUE, "der.set-order");
}
END_TEST

START_TEST(times)
{
    static const struct {
        apr_int64_t seconds;
        const char *hex;
    } cases[] = {{-631152000, "170d3530303130313030303030305a"},
                 {APR_INT64_C(-631152001), "180f31393439313233313233353935395a"},
                 {APR_INT64_C(-62135596800), "180f30303031303130313030303030305a"},
                 {APR_INT64_C(253402300799), "180f39393939313233313233353935395a"},
                 {1709164800, "170d3234303232393030303030305a"},
                 {1709251200, "170d3234303330313030303030305a"},
                 {0, "170d3730303130313030303030305a"},
                 {APR_INT64_C(2524607999), "170d3439313233313233353935395a"},
                 {APR_INT64_C(2524608000), "180f32303530303130313030303030305a"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_der_writer_t *writer = cm_der_writer(pool);
        cm_der_t reader;
        apr_time_t back;

        cm_der_put_time(writer, apr_time_from_sec(cases[i].seconds));
        ck_assert_str_eq(cm_bytes_hex(cm_der_written(writer), pool), cases[i].hex);
        reader = cm_der_reader(cm_der_written(writer), "test.time", pool);
        assert_done(cm_der_expect_time(&back, &reader));
        ck_assert(back == apr_time_from_sec(cases[i].seconds));
    }
}
END_TEST

TCase *der_case(void)
{
    TCase *tcase = unit_case("der");

    tcase_add_test(tcase, strict_der);
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, lengths_are_written_shortest);
    tcase_add_test(tcase, values_are_written_as_der);
    tcase_add_test(tcase, object_identifiers);
    tcase_add_test(tcase, readers_are_safe_on_anything);
    tcase_add_test(tcase, times);
    return tcase;
}
