/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit log as files, its parameters, and what strangers leave behind.
 */
#include <apr_strings.h>

#include "flow/strangers.h"
#include "proto/eventfile.h"
#include "proto/rest/audit.h"
#include "unit/flow/fixture.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

static const char *csv_of(cm_audit_event_t event)
{
    event.time = apr_time_from_sec(1);
    return cm_eventfile_format("csv")->line(&event, pool);
}

START_TEST(cells_are_quoted_where_they_must_be)
{
    static const struct {
        const char *text, *cell;
    } samples[] = {
        {NULL, ""},
        {"", ""},
        {"plain", "plain"},
        {"a b;c", "a b;c"},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"\"", "\"\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
        {"=1", "'=1"},
        {"+1", "'+1"},
        {"-1", "'-1"},
        {"@x", "'@x"},
        {"\tx", "'\tx"},
        {"\rx", "\"'\rx\""},
        {"\nx", "\"'\nx\""},
        {"=\"a\",b", "\"'=\"\"a\"\",b\""},
        {"a=1", "a=1"},
        {"'=1", "'=1"},
        {"\xc3\xa4", "\xc3\xa4"},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const cm_audit_event_t event = {
            .id = "1", .action = "a", .outcome = "done", .trace = samples[i].text, .position = -1};

        ck_assert_str_eq(csv_of(event), apr_pstrcat(pool, "1,1970-01-01T00:00:01Z,a,done,,,",
                                                    samples[i].cell, ",,,\r\n", NULL));
    }
}
END_TEST

START_TEST(a_line_has_all_columns)
{
    const cm_audit_event_t event = {"i", 0,           "a",  "refused", "p", "o",
                                    "t", "{\"x\":1}", "{}", {NULL, 0}, 17};

    ck_assert_str_eq(csv_of(event),
                     "i,1970-01-01T00:00:01Z,a,refused,p,o,t,17,\"{\"\"x\"\":1}\",{}\r\n");
    ck_assert_str_eq(cm_eventfile_format("jsonl")->line(&event, pool),
                     "{\"id\":\"i\",\"happened\":null,\"action\":\"a\",\"outcome\":\"refused\","
                     "\"actor\":\"p\",\"object\":\"o\",\"trace\":\"t\",\"detail\":{\"x\":1},"
                     "\"personal\":{},\"leaf\":17}\n");
    ck_assert_ptr_null(cm_eventfile_format("xml"));
}
END_TEST

START_TEST(parameters_become_a_search)
{
    cm_event_query_t query;

    assert_done(cm_audit_query_read(&query, cm_audit_members, NULL, pool));
    ck_assert_int_eq(query.limit, 50);
    ck_assert(query.until == APR_INT64_MAX && !query.since && !query.until_id && !query.action);
    assert_done(cm_audit_query_read(
        &query, cm_audit_members, "before=2000000-abc&happened_before=1970-01-01T00:00:03Z", pool));
    ck_assert_int_eq(query.until, 2000000);
    ck_assert_str_eq(query.until_id, "abc");
    assert_done(cm_audit_query_read(
        &query, cm_audit_members,
        "before=9000000-abc&happened_before=1970-01-01T00:00:03Z&happened_after="
        "1970-01-01T00:00:01.5Z&object=a%26b",
        pool));
    ck_assert_int_eq(query.until, 3000000);
    ck_assert_ptr_null(query.until_id);
    ck_assert_int_eq(query.since, 1500000);
    ck_assert_str_eq(query.object, "a&b");
    assert_done(cm_audit_query_read(&query, cm_audit_members,
                                    "happened_before=1970-01-01T00:00:00Z", pool));
    ck_assert_int_eq(query.until, 0);
    assert_refused(cm_audit_query_read(&query, cm_audit_members, "before=abc", pool), CM_E_VALUE,
                   "query.cursor");
    assert_refused(
        cm_audit_query_read(&query, cm_audit_members + CM_AUDIT_FILTERS, "limit=1", pool),
        CM_E_MEMBER, "value.unknown");
}
END_TEST

static void call_as(const char *who, const char *method, const char *target, const char *origin)
{
    fake_t *fake = fake_call(method, target);
    cm_reply_t reply;

    if (origin) {
        fake_header(fake, "Origin", origin);
    }
    act_as(who);
    cm_dispatch(&reply, ctx, &fake->call);
    ck_assert_int_ge(reply.status, 400);
}

/* Who is known leaves events, or nothing when only reading; no stranger makes us write. */
START_TEST(strangers_leave_a_number_only)
{
    const char *events = "SELECT count(*) FROM audit_event", *before = sql_value(events);

    assert_done(cm_strangers_make(&ctx->strangers, "here", pool));
    call_as(NULL, "GET", "/api/v1/me", NULL);
    call_as(NULL, "POST", "/api/v1/enroll", NULL);
    call_as(NULL, "POST", "/api/v1/enroll", "https://evil.example");
    call_as(NULL, "GET", "/api/v1/nothing", NULL);
    call_as(NULL, "DELETE", "/api/v1/me", NULL);
    call_as("user1", "GET", "/api/v1/audit", NULL);
    ck_assert_str_eq(sql_value(events), before);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM stranger"), "0");
    assert_done(cm_strangers_flush(ctx->strangers, ctx));
    ck_assert_str_eq(sql_value("SELECT refused FROM stranger WHERE rule = 'identity.missing'"),
                     "2");
    ck_assert_str_eq(sql_value("SELECT refused FROM stranger WHERE rule = 'origin.foreign'"), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM stranger"), "2");
}
END_TEST

TCase *audit_case(void)
{
    TCase *tcase = flow_case("audit");

    tcase_add_test(tcase, cells_are_quoted_where_they_must_be);
    tcase_add_test(tcase, a_line_has_all_columns);
    tcase_add_test(tcase, parameters_become_a_search);
    tcase_add_test(tcase, strangers_leave_a_number_only);
    return tcase;
}
