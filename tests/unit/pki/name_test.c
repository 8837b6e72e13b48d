/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>

static cm_error_t *make_one(cm_name_t **name, const char *type, const char *value)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));

    APR_ARRAY_PUSH(list, cm_name_attribute_t) = (cm_name_attribute_t){type, value, 0};
    return cm_name_make(name, list, pool);
}

static const char *repeat(const char *text, int count)
{
    const char *whole = "";

    for (int i = 0; i < count; i++) {
        whole = apr_pstrcat(pool, whole, text, NULL);
    }
    return whole;
}

START_TEST(names_there_and_back)
{
    static const cm_name_attribute_t attributes[] = {
        {"c", "DE", 0},          {"DC", "example", 0},       {"o", "Ex, Org", 0},
        {"cn", "Zoë", 0},        {"uid", "4711", 1},         {"emailAddress", "a@b.test", 0},
        {"1.2.3.4", "other", 0}, {"serialNumber", "A-1", 0}, {"2.5.4.42", "Jane", 0}};
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));
    cm_name_t *name, *back;

    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
        APR_ARRAY_PUSH(list, cm_name_attribute_t) = attributes[i];
    }
    assert_done(cm_name_make(&name, list, pool));
    assert_done(cm_der_check(name->der, pool));
    assert_done(cm_name_parse(&back, name->der, pool));
    ck_assert_str_eq(cm_name_text(back, pool),
                     "GN=Jane,serialNumber=A-1,1.2.3.4=other,emailAddress=a@b.test,"
                     "CN=Zoë+UID=4711,O=Ex\\, Org,DC=example,C=DE");
    ck_assert_str_eq(cm_name_text(name, pool), cm_name_text(back, pool));
    ck_assert_str_eq(cm_name_get(back, "cn"), "Zoë");
    ck_assert_str_eq(cm_name_get(back, "1.2.3.4"), "other");
    ck_assert_ptr_null(cm_name_get(back, "OU"));
}
END_TEST

START_TEST(the_most_specific_value_counts)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(cm_name_attribute_t));
    cm_name_t *name;

    APR_ARRAY_PUSH(list, cm_name_attribute_t) = (cm_name_attribute_t){"OU", "big", 0};
    APR_ARRAY_PUSH(list, cm_name_attribute_t) = (cm_name_attribute_t){"OU", "small", 0};
    assert_done(cm_name_make(&name, list, pool));
    ck_assert_str_eq(cm_name_get(name, "OU"), "small");
}
END_TEST

START_TEST(values_that_are_refused)
{
    static const struct {
        const char *type, *value, *rule;
    } cases[] = {
        {"CN", "", "name.value"},
        {"CN", "a\nb", "name.value"},
        {"CN", "a\x7f", "name.value"},
        {"CN", "\xff", "name.value"},
        {"CN", "\xc0\x80", "name.value"},
        {"C", "D", "name.country"},
        {"C", "D1", "name.country"},
        {"C", "DEU", "name.length"},
        {"serialNumber", "a_b", "name.value"},
        {"DC", "münchen", "name.value"},
        {"nonsense", "x", "name.type"},
        {"1", "x", "name.type"},
    };
    apr_array_header_t *many = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));
    cm_name_t *name;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(make_one(&name, cases[i].type, cases[i].value), CM_E_VALUE, cases[i].rule);
    }
    for (const cm_name_type_t *type = cm_name_types; type->name; type++) {
        if (type->bound > 2) {
            assert_done(
                make_one(&name, type->name, repeat("x", type->bound > 999 ? 999 : type->bound)));
        }
        if (type->bound > 2 && type->bound < 999) {
            assert_refused(make_one(&name, type->name, repeat("x", type->bound + 1)), CM_E_VALUE,
                           "name.length");
        }
    }
    /* characters, not bytes */
    assert_done(make_one(&name, "CN", repeat("ö", 64)));
    assert_refused(make_one(&name, "CN", repeat("ö", 65)), CM_E_VALUE, "name.length");
    for (int i = 0; i < CM_NAME_ATTRIBUTES; i++) {
        APR_ARRAY_PUSH(many, cm_name_attribute_t) = (cm_name_attribute_t){"OU", "x", 0};
    }
    assert_done(cm_name_make(&name, many, pool));
    APR_ARRAY_PUSH(many, cm_name_attribute_t) = (cm_name_attribute_t){"OU", "x", 0};
    assert_refused(cm_name_make(&name, many, pool), CM_E_VALUE, "name.count");
}
END_TEST

/* CN with a value of this tag. */
static cm_bytes_t with_value(int tag, const char *hex)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SET);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, "2.5.4.3");
    cm_der_put(writer, tag, test_hex(hex));
    for (int i = 0; i < 3; i++) {
        cm_der_end(writer);
    }
    return cm_der_written(writer);
}

START_TEST(strings_of_every_type)
{
    static const struct {
        int tag;
        const char *hex;
        const char *text; /* NULL: refused */
    } cases[] = {
        {CM_DER_UTF8, "c3a9", "é"},
        {CM_DER_UTF8, "c3", NULL},
        {CM_DER_UTF8, "6100", NULL},
        {CM_DER_UTF8, "eda080", NULL},
        {CM_DER_UTF8, "0a", NULL},
        {CM_DER_UTF8, "", NULL},
        {CM_DER_PRINTABLE, "61", "a"},
        {CM_DER_PRINTABLE, "40", NULL},
        {CM_DER_IA5, "40", "@"},
        {CM_DER_IA5, "e9", NULL},
        {CM_DER_NUMERIC, "3132", "12"},
        {CM_DER_VISIBLE, "40", "@"},
        {CM_DER_TELETEX, "e9", "é"},
        {CM_DER_TELETEX, "00", NULL},
        {CM_DER_BMP, "00e920ac", "é€"},
        {CM_DER_BMP, "00e920", NULL},
        {CM_DER_BMP, "d83d", NULL},
        {CM_DER_BMP, "0000", NULL},
        {CM_DER_UNIVERSAL_STRING, "0001f600", "\xf0\x9f\x98\x80"},
        {CM_DER_UNIVERSAL_STRING, "00110000", NULL},
        {CM_DER_UNIVERSAL_STRING, "0001f6", NULL},
        {CM_DER_OCTET_STRING, "61", NULL},
        {CM_DER_INTEGER, "61", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_name_t *name;
        cm_error_t *error = cm_name_parse(&name, with_value(cases[i].tag, cases[i].hex), pool);

        if (cases[i].text) {
            assert_done(error);
            ck_assert_str_eq(cm_name_get(name, "CN"), cases[i].text);
        } else {
            assert_refused(error, CM_E_VALUE, "name.value");
        }
    }
}
END_TEST

START_TEST(structure_that_is_refused)
{
    static const char *const cases[] = {"31 00",
                                        "30 02 31 00",
                                        "30 02 30 00",
                                        "30 00 00",
                                        "30 09 31 07 30 05 06 03 55 04 03",
                                        "30 0e 31 0c 30 0a 06 03 55 04 03 0c 01 61 05 00",
                                        "30 0c 31 0a 30 08 0c 03 55 04 03 0c 01 61"};
    cm_name_t *name;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(cm_name_parse(&name, test_hex(cases[i]), pool), CM_E_VALUE, "name.syntax");
    }
    assert_done(cm_name_parse(&name, test_hex("3000"), pool));
    ck_assert_str_eq(cm_name_text(name, pool), "");
}
END_TEST

START_TEST(text_is_escaped)
{
    static const struct {
        const char *value, *text;
    } cases[] = {
        {"#a", "CN=\\#a"}, {" a ", "CN=\\ a\\ "},           {"a#b c", "CN=a#b c"},
        {" ", "CN=\\ "},   {"a+b,c;d", "CN=a\\+b\\,c\\;d"}, {"\"<>\\", "CN=\\\"\\<\\>\\\\"},
        {"a=b", "CN=a=b"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_name_t *name;

        assert_done(make_one(&name, "CN", cases[i].value));
        ck_assert_str_eq(cm_name_text(name, pool), cases[i].text);
    }
}
END_TEST

TCase *name_case(void)
{
    TCase *tcase = unit_case("name");

    tcase_add_test(tcase, names_there_and_back);
    tcase_add_test(tcase, the_most_specific_value_counts);
    tcase_add_test(tcase, values_that_are_refused);
    tcase_add_test(tcase, strings_of_every_type);
    tcase_add_test(tcase, structure_that_is_refused);
    tcase_add_test(tcase, text_is_escaped);
    return tcase;
}
