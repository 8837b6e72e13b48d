/* SPDX-License-Identifier: Apache-2.0
 *
 * What is kept of the rules in a process, and that it is never older than the log-in.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>

#include "flow/rules.h"
#include "store/people.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

/* A call: it has logged in, and ends with its pool. */
typedef struct {
    cm_ctx_t ctx;
    cm_identity_t who;
} call_t;

static apr_int64_t stamp_now(void)
{
    return apr_atoi64(sql_value("SELECT stamp FROM rules_stamp"));
}

static void begin(call_t *call, apr_int64_t stamp)
{
    call->ctx = *ctx;
    call->who = *identity_of("user1");
    call->who.rules = stamp;
    call->ctx.who = &call->who;
    apr_pool_create(&call->ctx.pool, NULL);
}

static void end(const call_t *call)
{
    apr_pool_destroy(call->ctx.pool);
}

static void keep_rules(void)
{
    assert_done(cm_rules_make(&ctx->rules, pool));
}

START_TEST(what_did_not_change_is_read_once)
{
    call_t first, second;
    const cm_rule_t *rule;
    const cm_lineage_t *line;

    keep_rules();
    begin(&first, stamp_now());
    rule = cm_rules_profile(&first.ctx, "user");
    line = cm_rules_lineage(&first.ctx, "ca");
    ck_assert_ptr_nonnull(rule);
    ck_assert_str_eq(rule->name, "user");
    ck_assert_int_eq(rule->version, 1);
    ck_assert_str_eq(rule->profile->ca, "ca");
    ck_assert_ptr_nonnull(line);
    ck_assert_str_eq(line->record->name, "ca");
    end(&first);
    sql("UPDATE authority SET crl_number = crl_number + 1, revocations = 7");
    begin(&second, stamp_now());
    ck_assert_ptr_eq(cm_rules_profile(&second.ctx, "user"), rule);
    ck_assert_ptr_eq(cm_rules_lineage(&second.ctx, "ca"), line);
    ck_assert_ptr_null(cm_rules_profile(&second.ctx, "none"));
    ck_assert_ptr_null(cm_rules_lineage(&second.ctx, "none"));
    end(&second);
}
END_TEST

static const char *const changes[] = {
    "INSERT INTO profile (name, version, content, created) SELECT name, version + 1, content, 1"
    " FROM profile WHERE name = 'user'",
    "UPDATE profile SET created = 2",
    "DELETE FROM profile WHERE name = 'user' AND version = 2",
    "INSERT INTO group_entry (group_name, kind, value) VALUES ('g', 'profile', 'user')",
    "UPDATE group_entry SET value = 'server'",
    "DELETE FROM group_entry",
    "UPDATE authority SET state = 'retired'",
    "INSERT INTO authority (name, state, key_uri, certificate, der, crl_period, crl_number,"
    " revocations, crl_through, created) SELECT 'other', state, key_uri, certificate, der,"
    " crl_period, crl_number, revocations, crl_through, created FROM authority",
    "DELETE FROM authority WHERE name = 'other'",
    "UPDATE authority SET crl_shards = 2",
    "UPDATE authority SET crl_delta = 60",
    "UPDATE authority SET certificate = (SELECT MIN(id) FROM certificate)",
    "UPDATE certificate SET status = 'revoked' WHERE id IN (SELECT certificate FROM authority)"};

enum { CHANGES = sizeof changes / sizeof *changes };

/* Whoever makes it and in whatever way: the database itself sees it. */
START_TEST(each_change_holds_with_the_next_log_in)
{
    apr_int64_t before, after;

    act_as("user1");
    enroll();
    sql("INSERT INTO people_group (name, created) VALUES ('g', 1)");
    for (int i = 0; i < CHANGES; i++) {
        before = stamp_now();
        sql(changes[i]);
        after = stamp_now();
        ck_assert_msg(before != after, "%s", changes[i]);
    }
}
END_TEST

START_TEST(a_change_is_seen_by_those_who_come_after_it)
{
    call_t before, after;
    const cm_rule_t *old;

    keep_rules();
    begin(&before, stamp_now());
    old = cm_rules_profile(&before.ctx, "user");
    ck_assert_int_eq(old->version, 1);
    ck_assert_int_eq(old->groups->nelts, 0);
    sql(changes[0]);
    sql("INSERT INTO people_group (name, created) VALUES ('g', 1)");
    sql(changes[3]);
    sql("UPDATE authority SET state = 'retired'");
    begin(&after, stamp_now());
    ck_assert_int_eq(cm_rules_profile(&after.ctx, "user")->version, 2);
    ck_assert_int_eq(cm_rules_profile(&after.ctx, "user")->groups->nelts, 1);
    ck_assert_str_eq(cm_rules_lineage(&after.ctx, "ca")->record->state, "retired");
    /* what a call has begun with stays until it ends */
    ck_assert_str_eq(old->profile->name, "user");
    ck_assert_int_eq(old->version, 1);
    end(&before);
    ck_assert_int_eq(cm_rules_profile(&after.ctx, "user")->version, 2);
    end(&after);
}
END_TEST

START_TEST(an_issuance_goes_by_the_new_profile_at_once)
{
    cm_request_view_t *view;
    cm_identity_t who;

    keep_rules();
    act_as("user1");
    who = *ctx->who;
    ctx->who = &who;
    for (int i = 1; i <= 4; i++) {
        who.rules = stamp_now();
        view = enroll();
        ck_assert_int_eq(view->request->profile_version, i < 3 ? 1 : 2);
        if (i == 2) {
            sql(changes[0]);
        }
    }
}
END_TEST

START_TEST(who_did_not_log_in_reads_anew)
{
    call_t call;

    begin(&call, stamp_now());
    ck_assert_ptr_null(cm_rules_profile(&call.ctx, "user")); /* a job or a command keeps nothing */
    keep_rules();
    call.ctx.rules = ctx->rules;
    ck_assert_ptr_nonnull(cm_rules_profile(&call.ctx, "user"));
    call.who.rules = 0;
    ck_assert_ptr_null(cm_rules_profile(&call.ctx, "user"));
    call.ctx.who = NULL;
    ck_assert_ptr_null(cm_rules_profile(&call.ctx, "user"));
    end(&call);
}
END_TEST

/* Pages of virtual memory. */
static long memory(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    ck_assert(file != NULL);
    ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
    fclose(file);
    return pages;
}

/* Each change costs some 16 KiB until those who use what was before have ended. */
START_TEST(what_is_outdated_goes)
{
    enum { WARM = 20, ROUNDS = 400, MOST = 400 };
    long before = 0;

    keep_rules();
    for (int i = 1; i < WARM + ROUNDS; i++) {
        call_t call;

        begin(&call, i);
        ck_assert_ptr_nonnull(cm_rules_profile(&call.ctx, "user"));
        ck_assert_ptr_nonnull(cm_rules_lineage(&call.ctx, "ca"));
        end(&call);
        before = i == WARM ? memory() : before;
    }
    ck_assert_int_lt(memory() - before, MOST);
}
END_TEST

enum { THREADS = 4, CALLS = 200 };

static void *APR_THREAD_FUNC ask(apr_thread_t *thread, void *data)
{
    int *wrong = data;

    (void)thread;
    for (int i = 0; i < CALLS; i++) {
        const cm_rule_t *rule;
        const cm_lineage_t *line;
        call_t call;

        begin(&call, 1 + i / 5);
        rule = cm_rules_profile(&call.ctx, i % 2 ? "user" : "server");
        line = cm_rules_lineage(&call.ctx, "ca");
        *wrong += !rule || strcmp(rule->profile->name, rule->name) != 0 || !line ||
                  strcmp(line->record->name, "ca") != 0;
        end(&call);
    }
    return NULL;
}

START_TEST(threads_share_what_is_kept)
{
    apr_thread_t *threads[THREADS];
    int wrong[THREADS] = {0};
    apr_status_t status;

    keep_rules();
    for (int i = 0; i < THREADS; i++) {
        ck_assert(apr_thread_create(&threads[i], NULL, ask, &wrong[i], pool) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        apr_thread_join(&status, threads[i]);
        ck_assert_int_eq(wrong[i], 0);
    }
}
END_TEST

TCase *rules_case(void)
{
    TCase *tcase = flow_case("rules");

    tcase_add_test(tcase, what_did_not_change_is_read_once);
    tcase_add_test(tcase, each_change_holds_with_the_next_log_in);
    tcase_add_test(tcase, a_change_is_seen_by_those_who_come_after_it);
    tcase_add_test(tcase, an_issuance_goes_by_the_new_profile_at_once);
    tcase_add_test(tcase, who_did_not_log_in_reads_anew);
    tcase_add_test(tcase, what_is_outdated_goes);
    tcase_add_test(tcase, threads_share_what_is_kept);
    return tcase;
}

TCase *rules_postgres_case(void)
{
    TCase *tcase = flow_case_on_postgres("rules on PostgreSQL");

    tcase_add_test(tcase, what_did_not_change_is_read_once);
    tcase_add_test(tcase, each_change_holds_with_the_next_log_in);
    tcase_add_test(tcase, a_change_is_seen_by_those_who_come_after_it);
    return tcase;
}
