/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/proto/fake.h"

#include <apr_strings.h>

static const char *header(const cm_call_t *call, const char *name)
{
    const fake_t *fake = call->self;

    return apr_table_get(fake->headers, name);
}

static cm_error_t *read_body(cm_bytes_t *body, const cm_call_t *call, apr_size_t max, apr_pool_t *p)
{
    fake_t *fake = call->self;

    fake->was_read = 1;
    *body = cm_bytes_of_text(fake->body ? fake->body : "");
    return body->len > max ? cm_error_make(p, CM_E_TOO_LARGE, "too long") : NULL;
}

fake_t *fake_call(const char *method, const char *target)
{
    fake_t *fake = apr_pcalloc(pool, sizeof *fake);
    apr_size_t len = strcspn(target, "?");

    fake->headers = apr_table_make(pool, 4);
    fake->call.method = method;
    fake->call.path = apr_pstrmemdup(pool, target, len);
    fake->call.raw_path = fake->call.path;
    fake->call.query = target[len] ? target + len + 1 : NULL;
    fake->call.mount = "/certmgr";
    fake->call.origin = "https://ca.test";
    fake->call.header = header;
    fake->call.read = read_body;
    fake->call.self = fake;
    return fake;
}

void fake_header(fake_t *fake, const char *name, const char *value)
{
    apr_table_set(fake->headers, name, value);
}

void fake_body(fake_t *fake, const char *type, const char *body)
{
    if (type) {
        fake_header(fake, "Content-Type", type);
    }
    fake->body = body;
}

json_t *fake_json(const cm_reply_t *reply)
{
    json_t *value;

    assert_done(cm_json_parse(&value, reply->body, pool));
    return value;
}

const char *member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

void assert_problem(const cm_reply_t *reply, int status, const char *code, const char *field)
{
    json_t *problem;

    ck_assert_int_eq(reply->status, status);
    ck_assert_str_eq(reply->media_type, "application/problem+json");
    problem = fake_json(reply);
    ck_assert_str_eq(member(problem, "type"),
                     apr_pstrcat(pool, "urn:certmgr:problem:", code, NULL));
    ck_assert_int_eq(json_integer_value(json_object_get(problem, "status")), status);
    ck_assert_pstr_eq(member(problem, "field"), field);
    ck_assert_str_eq(apr_table_get(reply->headers, "Cache-Control"), "no-store");
}
