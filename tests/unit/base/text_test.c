/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include "unit/base/suite.h"

START_TEST(utf8_is_checked)
{
    static const char *const wrong[] = {"\xff",     "\xc0\x80",         "\xed\xa0\x80",
                                        "\xe2\x82", "\xf4\x90\x80\x80", "a\x80"};

    ck_assert(cm_text_is_utf8(cm_bytes_of_text("Zo\xc3\xab \xe2\x82\xac \xf0\x9f\x94\x91")));
    ck_assert(!cm_text_is_utf8(cm_bytes_make("a\0b", 3)));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(!cm_text_is_utf8(cm_bytes_of_text(wrong[i])), "sample %zu", i);
    }
}
END_TEST

START_TEST(a_log_line_stays_one_line)
{
    ck_assert_str_eq(cm_text_escape("a\nb\x1b[0m\xff\xc3\xab", pool),
                     "a\\x0ab\\x1b[0m\\xff\xc3\xab");
    ck_assert_str_eq(cm_text_escape("\xc2\x9b"
                                    "31m\xc2\xa0",
                                    pool),
                     "\\xc2\\x9b"
                     "31m\xc2\xa0");
}
END_TEST

START_TEST(time_goes_there_and_back)
{
    static const char *const wrong[] = {"2026-11-22T16:03:46+01:00", "2026-02-30T00:00:00Z",
                                        "2026-13-01T00:00:00Z",      "2026-11-22 16:03:46Z",
                                        "2026-11-22T16:03:46",       "2026-11-22T16:03:46.Z",
                                        "2026-11-22T24:00:00Z",      ""};
    apr_time_t time;

    assert_done(cm_text_parse_time(&time, "2026-11-22T16:03:46.5Z", pool));
    ck_assert_int_eq(time, APR_INT64_C(1795363426500000));
    ck_assert_str_eq(cm_text_time(time, pool), "2026-11-22T16:03:46Z");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(cm_text_parse_time(&time, wrong[i], pool) != NULL, "%s", wrong[i]);
    }
}
END_TEST

START_TEST(numbers_and_durations)
{
    static const char *const wrong[] = {"", "d", "1", "1h1d", "1dx", "99999999999d", "-1d"};
    apr_int64_t value;

    assert_done(cm_text_integer(&value, "200", 1, 200, pool));
    ck_assert_int_eq(value, 200);
    ck_assert(cm_text_integer(&value, "201", 1, 200, pool) != NULL);
    ck_assert(cm_text_integer(&value, " 1", 1, 200, pool) != NULL);
    ck_assert(cm_text_integer(&value, "1x", 1, 200, pool) != NULL);
    ck_assert(cm_text_integer(&value, "", 0, 200, pool) != NULL);
    assert_done(cm_text_duration(&value, "1d12h", pool));
    ck_assert_int_eq(value, 129600);
    ck_assert_str_eq(cm_text_of_duration(value, pool), "1d12h");
    ck_assert_str_eq(cm_text_of_duration(0, pool), "0s");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert_msg(cm_text_duration(&value, wrong[i], pool) != NULL, "%s", wrong[i]);
    }
}
END_TEST

TCase *text_case(void)
{
    TCase *tcase = unit_case("text");

    tcase_add_test(tcase, utf8_is_checked);
    tcase_add_test(tcase, a_log_line_stays_one_line);
    tcase_add_test(tcase, time_goes_there_and_back);
    tcase_add_test(tcase, numbers_and_durations);
    return tcase;
}
