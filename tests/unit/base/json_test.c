/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <apr_strings.h>

#include <apr_tables.h>

#include "unit/base/suite.h"

typedef struct {
    const char *name;
    apr_int64_t count;
    int flag;
    apr_time_t when;
    const apr_array_header_t *names;
    const json_t *object;
} sample_t;

static const cm_json_member_t members[] = {
    {"name", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(sample_t, name), 8, "A name."},
    {"count", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(sample_t, count), 10, "A count."},
    {"flag", CM_JSON_FLAG, CM_JSON_OPTIONAL, offsetof(sample_t, flag), 0, "A flag."},
    {"when", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(sample_t, when), 0, "A time."},
    {"names", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(sample_t, names), 2, "Names."},
    {"object", CM_JSON_OBJECT, CM_JSON_OPTIONAL, offsetof(sample_t, object), 0, "An object."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *read_sample(sample_t *sample, const char *text)
{
    json_t *document;
    cm_error_t *error = cm_json_parse(&document, cm_bytes_of_text(text), pool);

    memset(sample, 0, sizeof *sample);
    return error ? error : cm_json_read(sample, members, document, "", pool);
}

START_TEST(a_record_is_read)
{
    sample_t sample;

    assert_done(read_sample(&sample, "{\"name\":\"x\",\"count\":10,\"flag\":true,\"names\":[\"a\"],"
                                     "\"when\":\"1970-01-01T00:00:01Z\",\"object\":{}}"));
    ck_assert_str_eq(sample.name, "x");
    ck_assert_int_eq(sample.count, 10);
    ck_assert_int_eq(sample.flag, 1);
    ck_assert_int_eq(sample.when, 1000000);
    ck_assert_int_eq(sample.names->nelts, 1);
}
END_TEST

START_TEST(each_violation_is_named)
{
    static const struct {
        const char *text;
        cm_code_t code;
        const char *field, *rule;
    } samples[] = {
        {"{", CM_E_SYNTAX, NULL, NULL},
        {"{\"name\":\"a\",\"name\":\"b\"}", CM_E_SYNTAX, NULL, NULL},
        {"{\"name\":\"a\"} x", CM_E_SYNTAX, NULL, NULL},
        {"{\"name\":\"\xff\"}", CM_E_SYNTAX, NULL, NULL},
        {"[]", CM_E_VALUE, "", "value.type"},
        {"{}", CM_E_VALUE, "/name", "value.missing"},
        {"{\"name\":null}", CM_E_VALUE, "/name", "value.missing"},
        {"{\"name\":7}", CM_E_VALUE, "/name", "value.type"},
        {"{\"name\":\"a\\nb\"}", CM_E_VALUE, "/name", "value.type"},
        {"{\"name\":\"123456789\"}", CM_E_VALUE, "/name", "value.limit"},
        {"{\"name\":\"a\",\"x/y~\":1}", CM_E_MEMBER, "/x~1y~0", "value.unknown"},
        {"{\"name\":\"a\",\"count\":11}", CM_E_VALUE, "/count", "value.limit"},
        {"{\"name\":\"a\",\"count\":-1}", CM_E_VALUE, "/count", "value.type"},
        {"{\"name\":\"a\",\"count\":1.5}", CM_E_VALUE, "/count", "value.type"},
        {"{\"name\":\"a\",\"flag\":1}", CM_E_VALUE, "/flag", "value.type"},
        {"{\"name\":\"a\",\"when\":\"now\"}", CM_E_VALUE, "/when", "value.time"},
        {"{\"name\":\"a\",\"names\":[\"a\",1]}", CM_E_VALUE, "/names/1", "value.type"},
        {"{\"name\":\"a\",\"names\":[\"a\",\"b\",\"c\"]}", CM_E_VALUE, "/names", "value.limit"},
        {"{\"name\":\"a\",\"object\":[]}", CM_E_VALUE, "/object", "value.type"},
    };
    sample_t sample;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_error_t *error = read_sample(&sample, samples[i].text);

        assert_refused(error, samples[i].code, samples[i].rule);
        ck_assert_pstr_eq(error->field, samples[i].field);
    }
}
END_TEST

START_TEST(all_violations_come_at_once)
{
    sample_t sample;
    cm_error_t *error = read_sample(&sample, "{\"count\":true,\"who\":1}");
    int count = 0;

    for (; error; error = error->also) {
        count++;
    }
    ck_assert_int_eq(count, 3);
}
END_TEST

/* A small body must not cost much memory, answer and log included. */
START_TEST(thousands_of_violations_cost_little)
{
    apr_array_header_t *unknown = apr_array_make(pool, 3000, sizeof(const char *));
    sample_t sample;
    cm_error_t *error;
    int count = 0;

    for (int i = 0; i < 3000; i++) {
        APR_ARRAY_PUSH(unknown, const char *) = apr_psprintf(pool, "\"%d\":1", i);
    }
    error = read_sample(&sample,
                        apr_pstrcat(pool, "{", apr_array_pstrcat(pool, unknown, ','), "}", NULL));
    for (const cm_error_t *one = error; one; one = one->also) {
        count++;
    }
    ck_assert_int_ge(count, 3);
    ck_assert_int_le(count, 2 * CM_ERROR_JOINED);
    ck_assert_uint_lt(strlen(cm_error_text(error, pool)), 10000);
}
END_TEST

START_TEST(canonical_text_is_sorted)
{
    json_t *document;

    assert_done(
        cm_json_parse(&document, cm_bytes_of_text("{\"b\": 1, \"a\": [\"\xc3\xab\"]}"), pool));
    ck_assert(cm_bytes_equal(cm_json_canonical(document, pool),
                             cm_bytes_of_text("{\"a\":[\"\xc3\xab\"],\"b\":1}")));
}
END_TEST

TCase *json_case(void)
{
    TCase *tcase = unit_case("json");

    tcase_add_test(tcase, a_record_is_read);
    tcase_add_test(tcase, each_violation_is_named);
    tcase_add_test(tcase, all_violations_come_at_once);
    tcase_add_test(tcase, thousands_of_violations_cost_little);
    tcase_add_test(tcase, canonical_text_is_sorted);
    return tcase;
}
