/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/accept.h"
#include "proto/query.h"
#include "proto/reply.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

START_TEST(accept_chooses)
{
    static const char *const offers[] = {"application/json", "application/pkix-cert",
                                         "application/pkcs7-mime", NULL};
    static const struct {
        const char *header;
        int chosen;
    } samples[] = {
        {NULL, 0},
        {"", 0},
        {"*/*", 0},
        {"application/*", 0},
        {"application/pkix-cert", 1},
        {"APPLICATION/PKIX-CERT", 1},
        {"application/pkcs7-mime;smime-type=certs-only", 2},
        {"text/html, application/pkix-cert;q=0.9, */*;q=0.1", 1},
        {"application/json;q=0.2, application/pkix-cert; q=0.3", 1},
        {"application/json;q=0, */*", 1},
        {"application/*;q=0.5, application/pkcs7-mime", 2},
        {"text/html", -1},
        {"application/pkix", -1},
        {"*/*;q=0", -1},
        {"application/pkix-cert;q=x", -1},
        {",,;;", -1},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        ck_assert_msg(cm_accept_choose(samples[i].header, offers) == samples[i].chosen, "%s: %d",
                      samples[i].header, cm_accept_choose(samples[i].header, offers));
    }
}
END_TEST

typedef struct {
    apr_int64_t limit;
    const char *word;
} query_t;

static const cm_json_member_t members[] = {
    {"limit", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(query_t, limit), 200, "A limit."},
    {"word", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(query_t, word), 8, "A word."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

START_TEST(a_query_is_read)
{
    query_t query = {.limit = 50};

    assert_done(cm_query_read(&query, members, NULL, pool));
    ck_assert_int_eq(query.limit, 50);
    assert_done(cm_query_read(&query, members, "limit=7&&word=a%2Bb+c%26", pool));
    ck_assert_int_eq(query.limit, 7);
    ck_assert_str_eq(query.word, "a+b c&");
}
END_TEST

START_TEST(wrong_queries_are_refused)
{
    static const struct {
        const char *query, *field, *rule;
        cm_code_t code;
    } samples[] = {
        {"limit=x", "/limit", "value.type", CM_E_VALUE},
        {"limit=-1", "/limit", "value.type", CM_E_VALUE},
        {"limit=201", "/limit", "value.limit", CM_E_VALUE},
        {"limit=", "/limit", "value.type", CM_E_VALUE},
        {"limit=1&limit=2", "/limit", "query.twice", CM_E_VALUE},
        {"word=123456789", "/word", "value.limit", CM_E_VALUE},
        {"word=%ff", "/word", "query.encoding", CM_E_VALUE},
        {"word=%zz", "/word", "query.encoding", CM_E_VALUE},
        {"word=%00", "/word", "query.encoding", CM_E_VALUE},
        {"word=%0a", "/word", "value.type", CM_E_VALUE},
        {"order=x", "/order", "value.unknown", CM_E_MEMBER},
        {"order", "/order", "value.unknown", CM_E_MEMBER},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        query_t query = {0};
        cm_error_t *error = cm_query_read(&query, members, samples[i].query, pool);

        assert_refused(error, samples[i].code, samples[i].rule);
        ck_assert_str_eq(error->field, samples[i].field);
    }
}
END_TEST

START_TEST(validators_spare_the_body)
{
    static const struct {
        const char *name, *value;
        int status;
        int fraction; /* microseconds */
    } samples[] = {
        {"If-None-Match", "\"abc\"", 304, 0},
        {"If-None-Match", "W/\"abc\"", 304, 0},
        {"If-None-Match", "\"x\", \"abc\"", 304, 0},
        {"If-None-Match", "*", 304, 0},
        {"If-None-Match", "\"ab\"", 200, 0},
        {"If-None-Match", "\"abcd\"", 200, 0},
        {"If-None-Match", "abc", 200, 0},
        {"If-Modified-Since", "Sun, 09 Sep 2001 01:46:40 GMT", 304, 0},
        {"If-Modified-Since", "Sun, 09 Sep 2001 01:46:39 GMT", 200, 0},
        {"If-Modified-Since", "yesterday", 200, 0},
        {"If-Modified-Since", "Sun, 09 Sep 2001 01:46:40 GMT", 200, 1},
        {"If-Modified-Since", "Sun, 09 Sep 2001 01:46:41 GMT", 304, 999999},
        {"If-None-Match", "\"abc\"", 304, 1},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fake_t *fake = fake_call("GET", "/x");
        cm_reply_t reply;

        fake_header(fake, samples[i].name, samples[i].value);
        cm_reply_clear(&reply, pool);
        cm_reply_bytes(&reply, 200, "text/plain", cm_bytes_of_text("x"));
        cm_reply_validate(&reply, &fake->call, "abc",
                          apr_time_from_sec(1000000000) + samples[i].fraction);
        ck_assert_msg(reply.status == samples[i].status, "sample %zu", i);
        ck_assert_uint_eq(reply.body.len, reply.status == 200);
        ck_assert_str_eq(apr_table_get(reply.headers, "ETag"), "\"abc\"");
        ck_assert_str_eq(apr_table_get(reply.headers, "Last-Modified"),
                         "Sun, 09 Sep 2001 01:46:40 GMT");
    }
}
END_TEST

TCase *negotiate_case(void)
{
    TCase *tcase = unit_case("negotiate");

    tcase_add_test(tcase, accept_chooses);
    tcase_add_test(tcase, a_query_is_read);
    tcase_add_test(tcase, wrong_queries_are_refused);
    tcase_add_test(tcase, validators_spare_the_body);
    return tcase;
}
