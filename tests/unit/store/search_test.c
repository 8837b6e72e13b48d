/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches: a plain model against random records, pages that fit together, and plans without a
 * scan.
 */
#include "store/search.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <stddef.h>

#include "store/certificates.h"
#include "store/requests.h"
#include "unit/store/suite.h"

enum { FEW = 60, NOW = 5000 };

static unsigned dice(unsigned *seed, unsigned sides)
{
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % sides;
}

static const char *const words[] = {
    "Alpha",    "alpHa-2", "beta%x", "be_ta", "Gam!ma", "\xc3\xa9t\xc3\xa9", "www.Example.test",
    "10.0.0.1", "a\\b\\c", "it's"};

static const char *pick(unsigned *seed)
{
    return words[dice(seed, sizeof words / sizeof *words)];
}

static cm_certificate_t *make_random(int number, unsigned *seed)
{
    static const char *const kinds[] = {"dns:", "email:", "uri:"};
    cm_certificate_t *made = apr_pcalloc(pool, sizeof *made);
    apr_array_header_t *san = apr_array_make(pool, 2, sizeof(const char *));

    for (unsigned i = dice(seed, 3); i > 0; i--) {
        APR_ARRAY_PUSH(san, const char *) =
            apr_pstrcat(pool, kinds[dice(seed, 3)], pick(seed), dice(seed, 2) ? ".more" : "", NULL);
    }
    *made = (cm_certificate_t){.id = apr_psprintf(pool, "c%04d", number),
                               .ca = dice(seed, 4) ? "issuing" : "root",
                               .serial = apr_psprintf(pool, "%x%04x", dice(seed, 4), number),
                               .subject = "CN=x",
                               .issuer = "CN=y",
                               .cn = dice(seed, 5) ? pick(seed) : NULL,
                               .san = san,
                               .not_before = 100,
                               .not_after = 4000 + (apr_time_t)dice(seed, 2000),
                               .sha256 = apr_psprintf(pool, "%x%062x", dice(seed, 16), number),
                               .spki_sha256 = "bb",
                               .der = cm_bytes_make("\x30\x00", 2),
                               .owner = dice(seed, 3)   ? "person1"
                                        : dice(seed, 2) ? "person2"
                                                        : NULL,
                               .profile = dice(seed, 2) ? "user" : "user-vpn",
                               .profile_version = 1,
                               .status = (cm_status_t)dice(seed, 3),
                               .created = 7,
                               .group = dice(seed, 3)   ? NULL
                                        : dice(seed, 2) ? "north"
                                                        : "south"};
    return made;
}

static cm_error_t *insert_all(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const apr_array_header_t *all = baton;
    cm_error_t *error = NULL;

    (void)event;
    for (int i = 0; !error && i < all->nelts; i++) {
        error = cm_certificate_insert(txn, APR_ARRAY_IDX(all, i, cm_certificate_t *));
    }
    return error;
}

static const char *folded(const char *text)
{
    char *copy = apr_pstrdup(pool, text ? text : "");

    for (char *c = copy; *c; c++) {
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    }
    return copy;
}

/* What the words mean, written a second time. */
static int fits(const char *text, const char *wanted, cm_match_t match)
{
    const char *have = folded(text);

    if (!wanted || match == CM_MATCH_CONTAINS) {
        return !wanted || strstr(have, wanted) != NULL;
    }
    return match == CM_MATCH_EQUAL ? strcmp(have, wanted) == 0
                                   : strncmp(have, wanted, strlen(wanted)) == 0;
}

static int is_among(const char *name, const apr_array_header_t *names)
{
    int found = !names;

    for (int i = 0; names && i < names->nelts; i++) {
        found |= strcmp(APR_ARRAY_IDX(names, i, const char *), name) == 0;
    }
    return found;
}

static int has_name(const cm_certificate_t *c, const cm_search_t *s)
{
    int found = !s->san;

    for (int i = 0; s->san && i < c->san->nelts; i++) {
        const char *name = APR_ARRAY_IDX(c->san, i, const char *);

        found |= fits(strchr(name, ':') + 1, s->san, s->match) &&
                 (!s->san_kind || strncmp(name, s->san_kind, strlen(s->san_kind)) == 0);
    }
    return found;
}

static int is_in_time(const cm_certificate_t *c, const cm_search_t *s)
{
    return (!s->expires_after || c->not_after > s->expires_after) &&
           (!s->expires_before || c->not_after < s->expires_before);
}

static int is_same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static int is_shown(const cm_certificate_t *c, const apr_array_header_t *bounds)
{
    int shown = !bounds;

    for (int i = 0; bounds && i < bounds->nelts; i++) {
        const cm_bound_t *bound = &APR_ARRAY_IDX(bounds, i, cm_bound_t);

        shown |= is_same(c->owner, bound->owner) || is_same(c->group, bound->group);
    }
    return shown;
}

static int is_wanted(const cm_certificate_t *c, const cm_search_t *s)
{
    return fits(c->serial, s->serial, s->match) && fits(c->sha256, s->sha256, s->match) &&
           fits(c->cn, s->cn, s->match) && fits(c->owner, s->subscriber, s->match) &&
           has_name(c, s) && is_among(c->ca, s->authorities) && is_among(c->profile, s->profiles) &&
           (s->status < 0 || (int)cm_certificate_status(c, s->now) == s->status) &&
           is_in_time(c, s) && is_shown(c, s->bounds);
}

static apr_array_header_t *list_of(const char *a, const char *b)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = a;
    if (b) {
        APR_ARRAY_PUSH(list, const char *) = b;
    }
    return list;
}

/* Once in `often` times: what one would type to find this text. */
static const char *some_of(const char *text, unsigned often, cm_match_t match, unsigned *seed)
{
    const char *all = folded(text);
    apr_size_t len = strlen(all), from = match == CM_MATCH_CONTAINS && len > 4 ? dice(seed, 2) : 0;

    if (!text || dice(seed, often)) {
        return NULL;
    }
    /* not within a character */
    return match == CM_MATCH_EQUAL || (all[0] & 0x80) || len <= 4
               ? all
               : apr_pstrndup(pool, all + from, 4);
}

/* What a person sees, and two groups at most. */
static apr_array_header_t *bounds_of(const char *owner, int groups)
{
    static const char *const names[] = {"north", "south"};
    apr_array_header_t *bounds = apr_array_make(pool, 3, sizeof(cm_bound_t));

    APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){owner, NULL};
    for (int i = 0; i < groups; i++) {
        APR_ARRAY_PUSH(bounds, cm_bound_t) = (cm_bound_t){NULL, names[i]};
    }
    return bounds;
}

static void random_search(cm_search_t *s, const apr_array_header_t *all, unsigned *seed)
{
    const cm_certificate_t *c =
        APR_ARRAY_IDX(all, (int)dice(seed, (unsigned)all->nelts), cm_certificate_t *);

    *s = (cm_search_t){.match = (cm_match_t)dice(seed, 3), .status = -1, .now = NOW};
    s->serial = some_of(c->serial, 6, s->match, seed);
    s->sha256 = some_of(c->sha256, 6, s->match, seed);
    s->cn = some_of(c->cn, 3, s->match, seed);
    s->subscriber = some_of(c->owner, 4, s->match, seed);
    if (c->san->nelts && !dice(seed, 3)) {
        s->san =
            some_of(strchr(APR_ARRAY_IDX(c->san, 0, const char *), ':') + 1, 1, s->match, seed);
        s->san_kind = dice(seed, 3) ? NULL : "dns:";
    }
    s->authorities = dice(seed, 5)   ? NULL
                     : dice(seed, 2) ? list_of("root", NULL)
                                     : list_of("root", "issuing");
    s->profiles = dice(seed, 5) ? NULL : list_of("user", dice(seed, 2) ? "user-vpn" : NULL);
    s->status = (int)dice(seed, 9) - 5;
    s->status = s->status < 0 ? -1 : s->status;
    s->expires_after = dice(seed, 6) ? 0 : 4000 + (apr_time_t)dice(seed, 1000);
    s->expires_before = dice(seed, 6) ? 0 : 5000 + (apr_time_t)dice(seed, 1000);
    s->bounds = dice(seed, 3) ? NULL : bounds_of("person1", (int)dice(seed, 3));
    s->limit = 1 + (int)dice(seed, 9);
}

/* Each certificate that is wanted comes once, newest first, whatever the pages. */
static void check_search(const db_t *db, cm_search_t *s, const apr_array_header_t *all)
{
    int at = all->nelts;
    cm_page_t page;

    do {
        assert_done(cm_certificates_search(&page, db->store, s, pool));
        ck_assert_int_le(page.items->nelts, s->limit);
        for (int i = 0; i < page.items->nelts; i++) {
            do {
                ck_assert_int_gt(at, 0);
                at--;
            } while (!is_wanted(APR_ARRAY_IDX(all, at, cm_certificate_t *), s));
            ck_assert_str_eq(APR_ARRAY_IDX(page.items, i, cm_certificate_t *)->id,
                             APR_ARRAY_IDX(all, at, cm_certificate_t *)->id);
        }
        s->before = page.next;
    } while (page.next);
    while (at-- > 0) {
        ck_assert_msg(!is_wanted(APR_ARRAY_IDX(all, at, cm_certificate_t *), s), "%s was not found",
                      APR_ARRAY_IDX(all, at, cm_certificate_t *)->id);
    }
}

static void index_all(const db_t *db)
{
    int count, waits;

    do {
        assert_done(cm_search_index(&count, db->store, pool));
    } while (count > 0);
    assert_done(cm_search_waits(&waits, db->store, pool));
    ck_assert_int_eq(waits, 0);
}

START_TEST(a_search_finds_what_a_plain_model_finds)
{
    db_t *db = db_make(_i, 1);
    apr_array_header_t *all = apr_array_make(pool, FEW, sizeof(cm_certificate_t *)), *profiles;
    unsigned seed = 7;

    for (int i = 0; i < FEW; i++) {
        APR_ARRAY_PUSH(all, cm_certificate_t *) = make_random(i, &seed);
    }
    assert_done(cm_store_maintain(db->store, insert_all, all, pool));
    for (int i = 0; i < 400; i++) {
        cm_search_t s;

        if (i == 200) {
            index_all(db);
        }
        random_search(&s, all, &seed);
        check_search(db, &s, all);
    }
    assert_done(cm_search_profiles(&profiles, db->store, pool));
    ck_assert_int_eq(profiles->nelts, 2);
}
END_TEST

/* Numbers 0 to `count` - 1, as rows. */
#define NUMBERS(count)                                                                             \
    "WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < " #count " - 1) "

/* More than one read of keys takes: names that begin alike, and 5000 old ones that have an
 * authority, a profile and a name of their own, which a walk from the newest end passes late. */
static void load_many(const db_t *db)
{
    static const char numbers[] = "WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s"
                                  " WHERE n < 99999) ";
    static const char columns[] =
        "(id, ca, serial, subject, issuer, cn, san, not_before, not_after,"
        " sha256, spki_sha256, der, owner, profile, profile_version,"
        " status, reason, created, cn_key) ";
    static const char values[] =
        "SELECT 'c' || (100000 + n), CASE WHEN n < 5000 THEN 'old' ELSE 'issuing' END, 'ab' ||"
        " (200000 + (n * 7919) % 100000), 'CN=x', 'CN=y', '', '[\"dns:host' || n ||"
        " '.test\",\"dns:hostess' || n || '.test\"]', 1, 1000 + n % 977, 'cd' || (300000 + (n *"
        " CAST(104729 AS BIGINT)) % 100000), 'e', '', 'person' || (n % 30), CASE WHEN n < 5000 THEN"
        " 'ancient' ELSE 'user' END, 1, CASE WHEN n % 20 = 0 THEN 'revoked' ELSE 'active' END, 0, "
        "1,"
        " CASE WHEN n < 5000 THEN 'old' || n ELSE 'host' || (n % 70000) END FROM s";
    static const char names[] =
        "SELECT 'c' || (100000 + n), 0, 'dns:host' || n || '.test', 'host' || n || '.test' FROM s"
        " UNION ALL SELECT 'c' || (100000 + n), 1, 'dns:hostess' || n || '.test', 'hostess' || n ||"
        " '.test' FROM s";

    db_sql(db, apr_pstrcat(pool, "INSERT INTO certificate ", columns, numbers, values, NULL));
    db_sql(db,
           apr_pstrcat(pool, "INSERT INTO certificate_name (certificate, place, name, name_key) ",
                       numbers, names, NULL));
    index_all(db);
    db_sql(db, "ANALYZE");
}

/* Follows all pages: how many certificates there are; each comes once. */
static int count_all(const db_t *db, cm_search_t s)
{
    apr_hash_t *seen = apr_hash_make(pool);
    cm_page_t page;

    s.limit = 1000;
    s.now = NOW;
    do {
        assert_done(cm_certificates_search(&page, db->store, &s, pool));
        for (int i = 0; i < page.items->nelts; i++) {
            const char *id = APR_ARRAY_IDX(page.items, i, cm_certificate_t *)->id;

            ck_assert_msg(!apr_hash_get(seen, id, APR_HASH_KEY_STRING), "%s came twice", id);
            apr_hash_set(seen, id, APR_HASH_KEY_STRING, id);
        }
        s.before = page.next;
    } while (page.next);
    return (int)apr_hash_count(seen);
}

/* On a connection as the store uses it: with its settings. */
static const char *db_sql_within(const db_t *db, const char *sql)
{
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    cm_db_handle_t handle;
    const char *value = "";

    assert_done(cm_store_check(db->store, pool));
    assert_done(db->source->lease(&handle, db->source, pool));
    ck_assert_msg(apr_dbd_select(handle.driver, pool, handle.conn, &results, sql, 1) == 0, "%s: %s",
                  sql, apr_dbd_error(handle.driver, handle.conn, 0));
    if (apr_dbd_get_row(handle.driver, pool, results, &row, -1) == 0) {
        value = apr_pstrdup(pool, apr_dbd_get_entry(handle.driver, row, 0));
    }
    db->source->release(&handle, db->source);
    return value;
}

/* PostgreSQL's plan for whatever arguments, which is what a connection settles on. */
static const char *plan_on_postgres(const db_t *db, const cm_statement_t *statement,
                                    const cm_value_t *args)
{
    const char *sql = statement->pgsql ? statement->pgsql : statement->sql, *next, *values = "";
    const char *text = "";

    for (int i = 1; (next = strchr(sql, '%')) != NULL; i++, args++) {
        text = apr_psprintf(pool, "%s%.*s$%d", text, (int)(next - sql), sql, i);
        values = args->kind == CM_TEXT
                     ? apr_psprintf(pool, "%s%s'%s'", values, i > 1 ? ", " : "", args->text)
                     : apr_psprintf(pool, "%s%s%d", values, i > 1 ? ", " : "", (int)args->integer);
        sql = next + (next[1] == 's' ? 2 : 4);
    }
    return db_sql_within(db, apr_psprintf(pool,
                                          "SET plan_cache_mode TO force_generic_plan; DEALLOCATE"
                                          " ALL; PREPARE s AS %s%s; EXPLAIN (FORMAT JSON) EXECUTE"
                                          " s (%s)",
                                          text, sql, values));
}

static const char *plan_on_sqlite(const db_t *db, const cm_statement_t *statement,
                                  const cm_value_t *args)
{
    cm_statement_t *explain = apr_pmemdup(pool, statement, sizeof *statement);
    const char *plan = "";
    cm_rows_t *rows;

    explain->name = apr_pstrcat(pool, "explain_", statement->name, NULL);
    explain->columns = "iiit";
    explain->sql = apr_pstrcat(pool, "EXPLAIN QUERY PLAN ", statement->sql, NULL);
    assert_done(cm_store_select(&rows, db->store, explain, args, pool));
    for (int i = 0; i < cm_rows_count(rows); i++) {
        plan = apr_pstrcat(pool, plan, cm_row_text(rows, i, 3), "\n", NULL);
    }
    return plan;
}

/* An index leads to the rows; for keys it also gives their order. */
static void check_plan(const db_t *db, cm_statement_id_t id)
{
    const cm_statement_t *statement = cm_statement(id);
    const char *name = statement->name, *plan;
    cm_value_t args[24];
    int is_part = strncmp(name, "text_", 5) == 0, is_fetch = strstr(name, "fetch") != NULL;
    int texts = 0;

    for (size_t i = 0; statement->params[i]; i++) {
        static const char *const range[] = {"host1", "host2", "~"};

        args[i] = statement->params[i] == 'i' ? cm_value_integer(1000)
                  : is_part                   ? cm_value_text("%host123%")
                  : is_fetch                  ? cm_value_text(i ? "%" : "[\"c100001\",\"c150000\"]")
                                              : cm_value_text(range[texts++ % 3]);
    }
    plan = db->which == ON_POSTGRES ? plan_on_postgres(db, statement, args)
                                    : plan_on_sqlite(db, statement, args);
    ck_assert_msg(strstr(plan, db->which == ON_POSTGRES ? "Index"
                               : is_part                ? "INDEX 0:L"
                                                        : "SEARCH"),
                  "%s: %s", name, plan);
    if (db->which == ON_POSTGRES) {
        ck_assert_msg(!strstr(plan, "Seq Scan"), "%s: %s", name, plan);
    } else {
        ck_assert_msg(!strstr(plan, "SCAN cert") || is_part, "%s: %s", name, plan);
        ck_assert_msg(!strstr(plan, "SCAN c\n") && !strstr(plan, "SCAN n\n") &&
                          !strstr(plan, "SCAN r") && !strstr(plan, "SCAN i\n"),
                      "%s: %s", name, plan);
        ck_assert_msg(is_fetch || !strstr(plan, "TEMP B-TREE"), "%s: %s", name, plan);
    }
}

static int count_of(const db_t *db, cm_match_t match, apr_size_t member, const char *text)
{
    cm_search_t s = {.match = match, .status = -1};

    *(const char **)(void *)((char *)&s + member) = text;
    return count_all(db, s);
}

START_TEST(many_are_found_by_indexes_alone)
{
    static const struct {
        cm_match_t match;
        apr_size_t member;
        const char *text;
        int count;
    } samples[] = {
        {CM_MATCH_EQUAL, offsetof(cm_search_t, cn), "host42", 1},
        {CM_MATCH_EQUAL, offsetof(cm_search_t, cn), "host6042", 2},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, cn), "host6042", 12},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, cn), "host", 95000},
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, cn), "st6042", 12},
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, cn), "old", 5000}, /* walked to */
        {CM_MATCH_EQUAL, offsetof(cm_search_t, san), "host42.test", 1},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, san), "host9999", 11},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, san), "host", 100000}, /* by two names each */
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, san), "99.test", 1000},
        {CM_MATCH_EQUAL, offsetof(cm_search_t, serial), "ab212345", 1},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, serial), "ab21", 10000},
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, serial), "b21234", 10},
        {CM_MATCH_EQUAL, offsetof(cm_search_t, sha256), "cd312345", 1},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, sha256), "cd31", 10000},
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, sha256), "d31234", 10},
        {CM_MATCH_EQUAL, offsetof(cm_search_t, subscriber), "person7", 3334},
        {CM_MATCH_BEGINS, offsetof(cm_search_t, subscriber), "person1", 36664},
        {CM_MATCH_CONTAINS, offsetof(cm_search_t, subscriber), "son17", 3333}};
    db_t *db = db_make(_i, 1);
    cm_search_t s = {.status = CM_CERT_REVOKED};

    load_many(db);
    for (int id = CM_SQL_KEYS_ALL; id <= CM_SQL_SEARCH_FETCH; id++) {
        check_plan(db, (cm_statement_id_t)id);
    }
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        int count = count_of(db, samples[i].match, samples[i].member, samples[i].text);

        ck_assert_msg(count == samples[i].count, "%d of %s: %d, not %d", (int)samples[i].match,
                      samples[i].text, count, samples[i].count);
    }
    ck_assert_int_eq(count_all(db, s), 5000);
    s = (cm_search_t){.status = CM_CERT_EXPIRED}; /* the rest, by the end of their time */
    ck_assert_int_eq(count_all(db, s), 95000);
    s = (cm_search_t){.status = -1, .authorities = list_of("old", NULL)};
    ck_assert_int_eq(count_all(db, s), 5000);
    s = (cm_search_t){.status = -1, .profiles = list_of("ancient", NULL), .subscriber = "person7"};
    ck_assert_int_eq(count_all(db, s), 167);
    s = (cm_search_t){.status = -1, .bounds = bounds_of("person7", 2)};
    ck_assert_int_eq(count_all(db, s), 3334);
    s.match = CM_MATCH_BEGINS;
    s.cn = "host6042"; /* which few have, so that it leads */
    ck_assert_int_eq(count_all(db, s), 1);
    s = (cm_search_t){.status = -1, .expires_after = 1970};
    ck_assert_int_eq(count_all(db, s), 612);
    s = (cm_search_t){.status = -1, .expires_before = 1500};
    ck_assert_int_eq(count_all(db, s), 51346);
}
END_TEST

START_TEST(a_page_of_another_search_is_refused)
{
    static const char *const wrong[] = {"~.t.c1.3130", "~.c.c1", "~.c.c1.zz", "~.c.c1.ff", "~.c"};
    db_t *db = db_make(_i, 1);
    cm_search_t s = {.status = -1, .match = CM_MATCH_BEGINS, .cn = "a", .limit = 1};
    cm_page_t page;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        s.before = wrong[i];
        assert_refused(cm_certificates_search(&page, db->store, &s, pool), CM_E_VALUE,
                       "value.cursor");
    }
    s.before = "~.c.c1.6162";
    assert_done(cm_certificates_search(&page, db->store, &s, pool));
    ck_assert_ptr_null(page.next);
}
END_TEST

static cm_error_t *insert_requests(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    cm_error_t *error = NULL;

    (void)event;
    (void)baton;
    for (int i = 0; !error && i < 90; i++) {
        const cm_request_t request = {
            .id = apr_psprintf(pool, "r%03d", i),
            .operation = i % 2 ? CM_OP_ENROLL : CM_OP_REVOKE,
            .state = i % 3 ? CM_STATE_COMPLETED : CM_STATE_PENDING,
            .profile = i % 5 ? "user" : "user_",
            .profile_version = 1,
            .requester = i % 7 ? "p1" : "p2",
            .group = i % 11 ? NULL : "north",
            .created = 1,
            .updated = 1,
            .wish = "{}",
        };

        error = cm_request_insert(txn, &request);
    }
    return error;
}

static int request_is_asked(int number, int asked)
{
    return (!(asked & 1) || number % 2) && (number % 3 == 0) == ((asked & 2) != 0) &&
           (!(asked & 4) || number % 5 == 0) && (!(asked & 8) || number % 7) &&
           (!(asked & 16) || number % 7 || number % 11 == 0);
}

static void check_requests(const db_t *db, cm_request_search_t *s, int asked)
{
    int at = 90;
    cm_page_t page;

    do {
        assert_done(cm_requests_search(&page, db->store, s, pool));
        for (int i = 0; i < page.items->nelts; i++) {
            do {
                at--;
            } while (!request_is_asked(at, asked));
            ck_assert_str_eq(APR_ARRAY_IDX(page.items, i, cm_request_t *)->id,
                             apr_psprintf(pool, "r%03d", at));
        }
        s->before = page.next;
    } while (page.next);
    while (at-- > 0) {
        ck_assert(!request_is_asked(at, asked));
    }
}

START_TEST(requests_are_found_by_all_criteria_at_once)
{
    db_t *db = db_make(_i, 1);

    assert_done(cm_store_maintain(db->store, insert_requests, NULL, pool));
    for (int id = CM_SQL_REQUEST_KEYS_STATE; id <= CM_SQL_REQUEST_FETCH; id++) {
        check_plan(db, (cm_statement_id_t)id);
    }
    for (int asked = 0; asked < 32; asked++) {
        cm_request_search_t s = {asked & 1 ? CM_OP_ENROLL : -1,
                                 asked & 2 ? CM_STATE_PENDING : CM_STATE_COMPLETED,
                                 asked & 4 ? "user_" : NULL,
                                 asked & 8 ? "p1" : NULL,
                                 asked & 16 ? bounds_of("p1", 1) : NULL,
                                 NULL,
                                 4};

        check_requests(db, &s, asked);
    }
}
END_TEST

TCase *search_case(void)
{
    TCase *tcase = db_case("search");

    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, a_search_finds_what_a_plain_model_finds, 0, 2);
    tcase_add_loop_test(tcase, many_are_found_by_indexes_alone, 0, 2);
    tcase_add_loop_test(tcase, a_page_of_another_search_is_refused, 0, 2);
    tcase_add_loop_test(tcase, requests_are_found_by_all_criteria_at_once, 0, 2);
    return tcase;
}
