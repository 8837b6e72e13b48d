/* SPDX-License-Identifier: Apache-2.0
 *
 * The API on a whole authority: real token, real database.
 */
#include <apr_strings.h>

#include "unit/flow/fixture.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

static cm_reply_t *serve(fake_t *fake)
{
    cm_reply_t *reply = apr_pcalloc(pool, sizeof *reply);

    cm_dispatch(reply, ctx, &fake->call);
    return reply;
}

static cm_reply_t *get(const char *target)
{
    return serve(fake_call("GET", target));
}

static cm_reply_t *post(const char *target, const char *body)
{
    fake_t *fake = fake_call("POST", target);

    fake_body(fake, "application/json", body);
    return serve(fake);
}

static const char *enroll_body(const char *csr)
{
    json_t *body = cm_json_object(pool);

    cm_json_set_text(body, "profile", "user");
    cm_json_set_text(body, "csr", csr);
    return (const char *)cm_json_dump(body, pool).data;
}

/* A request that has happened. */
static json_t *enroll_by_api(void)
{
    cm_reply_t *reply = post("/api/v1/enroll", enroll_body(new_csr()));

    ck_assert_msg(reply->status == 201, "%.*s", (int)reply->body.len,
                  (const char *)reply->body.data);
    return fake_json(reply);
}

/* The schema of an answer in the OpenAPI document says what the answer is. */
static void check_schema(const json_t *object, const char *name)
{
    json_t *schema = json_object_get(
        json_object_get(json_object_get(fake_json(get("/api/v1/openapi.json")), "components"),
                        "schemas"),
        name);
    json_t *properties = json_object_get(schema, "properties"), *value;
    const char *key;

    ck_assert_uint_eq(json_object_size(object),
                      json_array_size(json_object_get(schema, "required")));
    json_object_foreach((json_t *)object, key, value)
    {
        ck_assert_msg(json_object_get(properties, key) != NULL, "%s of %s", key, name);
    }
}

START_TEST(me_is_told)
{
    json_t *me;

    assert_problem(get("/api/v1/me"), 401, "identity", NULL);
    act_as("user1");
    me = fake_json(get("/api/v1/me"));
    check_schema(me, "Me");
    ck_assert_str_eq(member(me, "name"), "user1");
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(me, "roles"), 0)), "user");
    ck_assert(json_is_array(json_object_get(me, "groups")));
}
END_TEST

START_TEST(an_enrollment_is_made_and_read)
{
    cm_reply_t *reply;
    json_t *request, *certificate;
    const char *id;

    act_as("user1");
    reply = post("/api/v1/enroll", enroll_body(new_csr()));
    ck_assert_int_eq(reply->status, 201);
    request = fake_json(reply);
    id = member(request, "id");
    check_schema(request, "Request");
    ck_assert_str_eq(apr_table_get(reply->headers, "Location"),
                     apr_pstrcat(pool, "/certmgr/api/v1/enroll/", id, NULL));
    ck_assert_str_eq(member(request, "state"), "completed");
    certificate = json_object_get(request, "certificate");
    check_schema(certificate, "Certificate");
    ck_assert_str_eq(member(certificate, "status"), "active");
    check_schema(json_array_get(json_object_get(request, "checklist"), 0), "ChecklistItem");

    reply = get(apr_pstrcat(pool, "/api/v1/enroll/", id, NULL));
    ck_assert(json_equal(fake_json(reply), request));
    reply = get(apr_pstrcat(pool, "/api/v1/requests/", id, NULL));
    ck_assert(json_equal(fake_json(reply), request));
    reply = get(apr_pstrcat(pool, "/api/v1/revoke/", id, NULL));
    assert_problem(reply, 404, "not-found", NULL);
    act_as("user2");
    reply = get(apr_pstrcat(pool, "/api/v1/enroll/", id, NULL));
    assert_problem(reply, 404, "not-found", NULL);
}
END_TEST

START_TEST(wrong_bodies_are_told)
{
    static const struct {
        const char *body;
        int status;
        const char *code, *field;
    } samples[] = {
        {"", 400, "syntax", NULL},
        {"[]", 422, "invalid-value", ""},
        {"{}", 422, "invalid-value", "/profile"},
        {"{\"profile\":1,\"csr\":\"x\"}", 422, "invalid-value", "/profile"},
        {"{\"profile\":\"user\",\"csr\":\"x\",\"who\":1}", 422, "unknown-member", "/who"},
        {"{\"profile\":\"user\",\"csr\":\"x\"}", 422, "invalid-value", "/csr"},
    };

    act_as("user1");
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_problem(post("/api/v1/enroll", samples[i].body), samples[i].status, samples[i].code,
                       samples[i].field);
    }
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request"), "0");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE outcome = 'refused'"), "6");
}
END_TEST

START_TEST(events_are_checked)
{
    const char *events;

    act_as("user1");
    events = apr_pstrcat(pool, "/api/v1/enroll/", member(enroll_by_api(), "id"), "/events", NULL);
    assert_problem(post(events, "{\"remarks\":\"x\"}"), 422, "invalid-value", "/event");
    assert_problem(post(events, "{\"event\":\"cancel\"}"), 409, "conflict", "/event");
    assert_problem(post("/api/v1/enroll/nothing/events", "{\"event\":\"cancel\"}"), 404,
                   "not-found", NULL);
}
END_TEST

START_TEST(certificates_have_many_forms)
{
    static const struct {
        const char *tail, *accept, *type, *starts;
    } samples[] = {
        {"", NULL, "application/json", "{"},
        {"", "application/pkix-cert", "application/pkix-cert", "0"},
        {"", "application/x-pem-file", "application/x-pem-file", "-----BEGIN CERTIFICATE-----"},
        {"", "application/pkcs7-mime", "application/pkcs7-mime; smime-type=certs-only", "0"},
        {".cer", NULL, "application/pkix-cert", "0"},
        {".pem", NULL, "application/x-pem-file", "-----BEGIN CERTIFICATE-----"},
        {".p7b", NULL, "application/pkcs7-mime; smime-type=certs-only", "0"},
        {"/chain.pem", NULL, "application/pem-certificate-chain", "-----BEGIN CERTIFICATE-----"},
    };
    const char *path;
    fake_t *fake;

    act_as("user1");
    path = apr_pstrcat(pool, "/api/v1/certificates/",
                       member(json_object_get(enroll_by_api(), "certificate"), "id"), NULL);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_reply_t *reply;

        fake = fake_call("GET", apr_pstrcat(pool, path, samples[i].tail, NULL));
        if (samples[i].accept) {
            fake_header(fake, "Accept", samples[i].accept);
        }
        reply = serve(fake);
        ck_assert_int_eq(reply->status, 200);
        ck_assert_str_eq(reply->media_type, samples[i].type);
        ck_assert_int_eq(
            strncmp((const char *)reply->body.data, samples[i].starts, strlen(samples[i].starts)),
            0);
    }
    fake = fake_call("GET", path);
    fake_header(fake, "Accept", "text/html");
    assert_problem(serve(fake), 406, "not-acceptable", NULL);
    assert_problem(get(apr_pstrcat(pool, path, ".txt", NULL)), 404, "not-found", NULL);
    act_as("user2");
    assert_problem(get(path), 404, "not-found", NULL);
}
END_TEST

START_TEST(lists_are_paged)
{
    json_t *first, *second;
    const char *next, *ids[3];

    act_as("user1");
    for (int i = 0; i < 3; i++) {
        clock_now += APR_USEC_PER_SEC;
        ids[i] = member(json_object_get(enroll_by_api(), "certificate"), "id");
    }
    first = fake_json(get("/api/v1/certificates?limit=2"));
    check_schema(first, "CertificateList");
    ck_assert_uint_eq(json_array_size(json_object_get(first, "items")), 2);
    ck_assert_str_eq(member(json_array_get(json_object_get(first, "items"), 0), "id"), ids[2]);
    next = member(first, "next");
    ck_assert_int_eq(strncmp(next, "/certmgr/api/v1/certificates?", 29), 0);
    second = fake_json(get(next + strlen("/certmgr")));
    ck_assert_uint_eq(json_array_size(json_object_get(second, "items")), 1);
    ck_assert_str_eq(member(json_array_get(json_object_get(second, "items"), 0), "id"), ids[0]);
    ck_assert(json_is_null(json_object_get(second, "next")));
    ck_assert(json_is_null(json_object_get(fake_json(get("/api/v1/requests?limit=3")), "next")));
    ck_assert_ptr_nonnull(member(fake_json(get("/api/v1/enroll?limit=1")), "next"));
    ck_assert_uint_eq(json_array_size(json_object_get(fake_json(get("/api/v1/revoke")), "items")),
                      0);

    assert_problem(get("/api/v1/certificates?limit=0"), 422, "invalid-value", "/limit");
    assert_problem(get("/api/v1/certificates?limit=201"), 422, "invalid-value", "/limit");
    assert_problem(get("/api/v1/requests?state=x"), 422, "invalid-value", "/state");
    assert_problem(get("/api/v1/requests?nope=x"), 422, "unknown-member", "/nope");
}
END_TEST

START_TEST(a_revocation_is_shown)
{
    json_t *certificate, *request;
    cm_reply_t *reply;
    const char *id;

    act_as("user1");
    id = member(json_object_get(enroll_by_api(), "certificate"), "id");
    reply = post("/api/v1/revoke",
                 apr_pstrcat(pool, "{\"certificate\":\"", id,
                             "\",\"reason\":\"superseded\",\"remarks\":\"new one\"}", NULL));
    ck_assert_msg(reply->status == 201, "%s", (const char *)reply->body.data);
    request = fake_json(reply);
    ck_assert_str_eq(member(request, "operation"), "revoke");
    certificate = fake_json(get(apr_pstrcat(pool, "/api/v1/certificates/", id, NULL)));
    ck_assert_str_eq(member(certificate, "status"), "revoked");
    check_schema(json_object_get(certificate, "revocation"), "Revocation");
    ck_assert_str_eq(member(json_object_get(certificate, "revocation"), "reason"), "superseded");
}
END_TEST

START_TEST(health_is_told_to_all)
{
    cm_reply_t *reply = get("/api/v1/health");
    json_t *health = fake_json(reply);

    ck_assert_int_eq(reply->status, 200);
    check_schema(health, "Health");
    ck_assert_str_eq(member(health, "status"), "ok");
}
END_TEST

TCase *api_case(void)
{
    TCase *tcase = flow_case("api");

    tcase_add_test(tcase, me_is_told);
    tcase_add_test(tcase, an_enrollment_is_made_and_read);
    tcase_add_test(tcase, wrong_bodies_are_told);
    tcase_add_test(tcase, events_are_checked);
    tcase_add_test(tcase, certificates_have_many_forms);
    tcase_add_test(tcase, lists_are_paged);
    tcase_add_test(tcase, a_revocation_is_shown);
    tcase_add_test(tcase, health_is_told_to_all);
    return tcase;
}
