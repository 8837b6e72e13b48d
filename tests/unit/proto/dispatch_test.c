/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "proto/problem.h"
#include "proto/reply.h"
#include "proto/route.h"
#include "unit/flow/fixture.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

static cm_error_t *greet(cm_reply_t *reply, cm_ctx_t *c, const cm_call_t *call)
{
    const char *name = apr_table_get(call->words, "name");

    (void)c;
    cm_reply_header(reply, "Cache-Control", "public");
    cm_reply_bytes(reply, 200, "text/plain", cm_bytes_of_text(name ? name : "hello"));
    return NULL;
}

static cm_error_t *break_down(cm_reply_t *reply, cm_ctx_t *c, const cm_call_t *call)
{
    cm_error_t *error = cm_error_make(c->pool, CM_E_TOKEN, "the key token can't be reached");

    (void)call;
    cm_reply_header(reply, "Cache-Control", "public");
    error->retry_after = 7;
    return cm_error_explain(c->pool, error, "CKR_PIN_INCORRECT in slot 3");
}

static const cm_route_t *fake_routes(void)
{
    static const cm_route_t routes[] = {
        {.method = "GET", .path = "/open", .flags = CM_ROUTE_PUBLIC_CACHE, .run = greet},
        {.method = "GET", .path = "/plain", .run = greet},
        {.method = "GET", .path = "/broken", .flags = CM_ROUTE_PUBLIC_CACHE, .run = break_down},
        {.method = "GET", .path = "/things/{name}", .permission = CM_MAY_SEE, .run = greet},
        {.method = "POST",
         .path = "/things/{name}",
         .permission = CM_MAY_OWN,
         .flags = CM_ROUTE_CHANGES,
         .accepts = "application/json",
         .max_body = 8,
         .run = greet},
        {.method = "GET", .path = "/audit", .permission = CM_MAY_AUDIT, .run = greet},
        {.method = NULL}};

    return routes;
}

static const cm_protocol_t protocols[] = {{"fake", fake_routes, cm_problem_reply, "For tests"},
                                          {NULL, NULL, NULL, NULL}};

/* `who`: as act_as. */
static cm_reply_t *dispatch(fake_t *fake, const char *who)
{
    cm_reply_t *reply = apr_pcalloc(pool, sizeof *reply);

    act_as(who);
    cm_dispatch_among(reply, ctx, &fake->call, protocols);
    return reply;
}

START_TEST(patterns_match_segments)
{
    static const struct {
        const char *pattern, *path, *name, *value;
    } good[] =
        {
            {"/a", "/a", NULL, NULL},
            {"/a/{id}", "/a/b", "id", "b"},
            {"/a/{id}/c", "/a/b/c", "id", "b"},
            {"/a/{id}.cer", "/a/b.cer", "id", "b"},
            {"/a/{id}.cer", "/a/.cer.cer", "id", ".cer"},
            {"/a/*", "/a/b//c=", "*", "b//c="},
        },
      bad[] = {
          {"/a", "/a/", NULL, NULL},
          {"/a/", "/a", NULL, NULL},
          {"/a/{id}", "/a/", NULL, NULL},
          {"/a/{id}", "/a/b/c", NULL, NULL},
          {"/a/{id}.cer", "/a/.cer", NULL, NULL},
          {"/a/{id}.cer", "/a/b.pem", NULL, NULL},
          {"/a/{id}.cer", "/a/b.cer/", NULL, NULL},
          {"/a/*", "/a/", NULL, NULL},
      };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        apr_table_t *words = apr_table_make(pool, 2);

        ck_assert_msg(cm_route_match(words, good[i].pattern, good[i].path), "%s", good[i].path);
        if (good[i].name) {
            ck_assert_pstr_eq(apr_table_get(words, good[i].name), good[i].value);
        }
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ck_assert_msg(!cm_route_match(apr_table_make(pool, 2), bad[i].pattern, bad[i].path),
                      "%s is %s", bad[i].path, bad[i].pattern);
    }
}
END_TEST

START_TEST(methods_are_found_or_listed)
{
    cm_reply_t *reply = dispatch(fake_call("GET", "/nothing"), "user1");

    assert_problem(reply, 404, "not-found", NULL);
    reply = dispatch(fake_call("DELETE", "/things/x"), "user1");
    assert_problem(reply, 405, "method", NULL);
    ck_assert_str_eq(apr_table_get(reply->headers, "Allow"), "POST, GET, HEAD, OPTIONS");
    reply = dispatch(fake_call("OPTIONS", "/things/x"), NULL);
    ck_assert_int_eq(reply->status, 204);
    ck_assert_str_eq(apr_table_get(reply->headers, "Allow"), "POST, GET, HEAD, OPTIONS");
    reply = dispatch(fake_call("HEAD", "/things/x"), "user1");
    ck_assert_int_eq(reply->status, 200);
    ck_assert(cm_bytes_equal(reply->body, cm_bytes_of_text("x")));
    assert_problem(dispatch(fake_call("get", "/open"), "user1"), 405, "method", NULL);
}
END_TEST

START_TEST(only_public_answers_are_cached)
{
    cm_reply_t *reply = dispatch(fake_call("GET", "/open"), NULL);

    ck_assert_str_eq(apr_table_get(reply->headers, "Cache-Control"), "public");
    ck_assert_str_eq(apr_table_get(reply->headers, "X-Content-Type-Options"), "nosniff");
    reply = dispatch(fake_call("GET", "/plain"), NULL);
    ck_assert_str_eq(apr_table_get(reply->headers, "Cache-Control"), "no-store");
    reply = dispatch(fake_call("GET", "/broken"), NULL);
    assert_problem(reply, 503, "token-unavailable", NULL);
    ck_assert_str_eq(apr_table_get(reply->headers, "Retry-After"), "7");
    ck_assert_ptr_null(strstr((const char *)reply->body.data, "CKR_"));
}
END_TEST

START_TEST(permissions_stand_on_the_route)
{
    cm_reply_t *reply = dispatch(fake_call("GET", "/things/x"), NULL);

    assert_problem(reply, 401, "identity", NULL);
    ck_assert_ptr_nonnull(apr_table_get(reply->headers, "WWW-Authenticate"));
    ck_assert_int_eq(dispatch(fake_call("GET", "/things/x"), "user1")->status, 200);
    assert_problem(dispatch(fake_call("GET", "/audit"), "user1"), 403, "forbidden", NULL);
}
END_TEST

START_TEST(cross_site_calls_are_refused)
{
    static const struct {
        const char *method, *path, *origin, *site;
        int from_cookie, status;
    } samples[] = {
        {"GET", "/things/x", NULL, NULL, 0, 200},
        {"GET", "/things/x", NULL, NULL, 1, 200},
        {"GET", "/things/x", "https://ca.test", "same-origin", 0, 200},
        {"GET", "/things/x", "HTTPS://CA.TEST", NULL, 0, 200},
        {"GET", "/things/x", "https://evil.test", NULL, 0, 403},
        {"GET", "/things/x", "http://ca.test", NULL, 0, 403},
        {"GET", "/things/x", "null", NULL, 0, 403},
        {"GET", "/things/x", "https://ca.test", "cross-site", 0, 403},
        {"GET", "/things/x", NULL, "same-site", 0, 403},
        {"GET", "/open", "https://evil.test", "cross-site", 0, 200},
        {"POST", "/things/x", NULL, NULL, 0, 200},
        {"POST", "/things/x", NULL, NULL, 1, 403},
        {"POST", "/things/x", "https://ca.test", NULL, 1, 200},
        {"POST", "/things/x", NULL, "same-origin", 1, 200},
        {"POST", "/things/x", "https://evil.test", "same-origin", 1, 403},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fake_t *fake = fake_call(samples[i].method, samples[i].path);
        cm_reply_t *reply;

        fake_body(fake, "application/json", "{}");
        if (samples[i].origin) {
            fake_header(fake, "Origin", samples[i].origin);
        }
        if (samples[i].site) {
            fake_header(fake, "Sec-Fetch-Site", samples[i].site);
        }
        fake->call.evidence.from_cookie = samples[i].from_cookie;
        reply = dispatch(fake, "user1");
        ck_assert_msg(reply->status == samples[i].status, "sample %zu: %d", i, reply->status);
        if (reply->status == 403) {
            assert_problem(reply, 403, "origin", NULL);
            ck_assert_int_eq(fake->was_read, 0);
        }
    }
}
END_TEST

START_TEST(a_path_is_utf_8)
{
    ck_assert_int_eq(dispatch(fake_call("GET", "/things/\xc3\xab"), "user1")->status, 200);
    assert_problem(dispatch(fake_call("GET", "/things/\xff"), "user1"), 404, "not-found", NULL);
}
END_TEST

static apr_time_t clock_time;

static apr_time_t clock_of(const cm_host_t *host)
{
    (void)host;
    return clock_time;
}

static cm_error_t *read_for_long(cm_bytes_t *body, const cm_call_t *call, apr_size_t max,
                                 apr_pool_t *p)
{
    (void)call;
    (void)max;
    (void)p;
    *body = cm_bytes_make("{}", 2);
    clock_time += apr_time_from_sec(10);
    return NULL;
}

/* Whoever was logged in when the call began may be nobody by its end. */
START_TEST(who_sends_slowly_is_asked_again)
{
    cm_host_t host = *ctx->host;
    apr_time_t began = ctx->now;
    fake_t *fake = fake_call("POST", "/things/x");

    fake_header(fake, "Content-Type", "application/json");
    host.now = clock_of;
    ctx->host = &host;
    ck_assert_int_eq(dispatch(fake, "user1")->status, 200);
    fake->call.read = read_for_long;
    ck_assert_int_eq(dispatch(fake, "user1")->status, 401);
    ck_assert(ctx->now == began + apr_time_from_sec(10));
}
END_TEST

START_TEST(a_host_that_is_not_ours_has_no_origin)
{
    static const struct {
        const char *name, *value;
        int status;
    } samples[] = {
        {"Origin", "https://ca.test", 403},
        {"Sec-Fetch-Site", "same-origin", 403},
        {"User-Agent", "curl", 200},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fake_t *fake = fake_call("GET", "/things/x");

        fake->call.origin = NULL;
        fake_header(fake, samples[i].name, samples[i].value);
        ck_assert_int_eq(dispatch(fake, "user1")->status, samples[i].status);
    }
}
END_TEST

START_TEST(bodies_have_their_type_and_size)
{
    static const struct {
        const char *type, *coding, *body;
        int status;
    } samples[] = {
        {"application/json", NULL, "{}", 200},
        {"Application/JSON; charset=utf-8", NULL, "{}", 200},
        {"application/json", "identity", "{}", 200},
        {"application/json", NULL, "12345678", 200},
        {"application/json", NULL, "123456789", 413},
        {NULL, NULL, "{}", 415},
        {"", NULL, "{}", 415},
        {"text/plain", NULL, "{}", 415},
        {"application/jsonx", NULL, "{}", 415},
        {"application/x-www-form-urlencoded", NULL, "{}", 415},
        {"application/json", "gzip", "{}", 415},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        fake_t *fake = fake_call("POST", "/things/x");
        cm_reply_t *reply;

        fake_body(fake, samples[i].type, samples[i].body);
        if (samples[i].coding) {
            fake_header(fake, "Content-Encoding", samples[i].coding);
        }
        reply = dispatch(fake, "user1");
        ck_assert_msg(reply->status == samples[i].status, "sample %zu: %d", i, reply->status);
        ck_assert_int_eq(fake->was_read, reply->status != 415);
    }
}
END_TEST

START_TEST(strangers_bodies_are_not_read)
{
    fake_t *fake = fake_call("POST", "/things/x");

    fake_body(fake, "application/json", "{}");
    assert_problem(dispatch(fake, NULL), 401, "identity", NULL);
    ck_assert_int_eq(fake->was_read, 0);
}
END_TEST

static const char *recorded(void)
{
    return sql_value("SELECT count(*) FROM audit_event WHERE action = 'call.refuse' AND "
                     "outcome = 'refused'");
}

START_TEST(refused_changes_of_known_people_are_recorded)
{
    fake_t *fake = fake_call("POST", "/things/x");

    dispatch(fake, NULL);
    dispatch(fake_call("GET", "/audit"), "user1");
    dispatch(fake_call("GET", "/things/"), "user1");
    ck_assert_str_eq(recorded(), "0");
    dispatch(fake, "user1"); /* no media type */
    ck_assert_str_eq(recorded(), "1");
    fake_body(fake, "application/json", "123456789");
    dispatch(fake, "user1");
    ck_assert_str_eq(recorded(), "2");
    fake_body(fake, "application/json", "{}");
    ck_assert_int_eq(dispatch(fake, "user1")->status, 200);
    ck_assert_str_eq(recorded(), "2");
}
END_TEST

START_TEST(errors_of_the_host_have_a_document)
{
    static const struct {
        int status;
        const char *type;
    } samples[] = {{401, "urn:certmgr:problem:identity"},  {403, "urn:certmgr:problem:forbidden"},
                   {404, "urn:certmgr:problem:not-found"}, {413, "urn:certmgr:problem:too-large"},
                   {503, "urn:certmgr:problem:busy"},      {414, "about:blank"}};

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const json_t *document = cm_problem_of_status(samples[i].status, "Phrase", pool);

        ck_assert_str_eq(json_string_value(json_object_get(document, "type")), samples[i].type);
        ck_assert_int_eq(json_integer_value(json_object_get(document, "status")),
                         samples[i].status);
        ck_assert(json_string_length(json_object_get(document, "title")) > 0);
    }
}
END_TEST

START_TEST(all_violations_are_listed)
{
    cm_error_t *first = cm_error_locate(cm_error_make(pool, CM_E_VALUE, "one"), "/a", "r.a");
    cm_error_t *second = cm_error_locate(cm_error_make(pool, CM_E_MEMBER, "two"), "/b", "r.b");
    json_t *document, *list;

    document = cm_problem_document(first, pool);
    ck_assert_ptr_null(json_object_get(document, "violations"));
    ck_assert_ptr_null(json_object_get(document, "hint"));
    document = cm_problem_document(cm_error_join(first, second), pool);
    list = json_object_get(document, "violations");
    ck_assert_uint_eq(json_array_size(list), 2);
    ck_assert_str_eq(member(document, "field"), "/a");
    ck_assert_str_eq(member(json_array_get(list, 1), "field"), "/b");
    ck_assert_str_eq(member(json_array_get(list, 1), "rule"), "r.b");
    ck_assert_str_eq(member(json_array_get(list, 1), "type"), "urn:certmgr:problem:unknown-member");
}
END_TEST

TCase *dispatch_case(void)
{
    TCase *tcase = flow_case("dispatch");

    tcase_add_test(tcase, patterns_match_segments);
    tcase_add_test(tcase, methods_are_found_or_listed);
    tcase_add_test(tcase, only_public_answers_are_cached);
    tcase_add_test(tcase, permissions_stand_on_the_route);
    tcase_add_test(tcase, cross_site_calls_are_refused);
    tcase_add_test(tcase, who_sends_slowly_is_asked_again);
    tcase_add_test(tcase, a_host_that_is_not_ours_has_no_origin);
    tcase_add_test(tcase, a_path_is_utf_8);
    tcase_add_test(tcase, bodies_have_their_type_and_size);
    tcase_add_test(tcase, strangers_bodies_are_not_read);
    tcase_add_test(tcase, refused_changes_of_known_people_are_recorded);
    tcase_add_test(tcase, errors_of_the_host_have_a_document);
    tcase_add_test(tcase, all_violations_are_listed);
    return tcase;
}
