/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-search DRIVER PARAMS ROWS: how long searches take among so many certificates, by criterion
 * and way to match. They are loaded unless an earlier run has done it. Times are those of the
 * store's call, for a page of 50; no HTTP is in them. Values are those of random certificates.
 */
#include <apr_dbd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "store/certificates.h"
#include "store/schema.h"
#include "store/search.h"
#include "store/source.h"

enum { ROUNDS = 200, PART = 6, PAGE = 50 };

typedef struct {
    apr_pool_t *pool;
    cm_store_config_t config;
    const cm_db_source_t *source;
    cm_store_t *store;
    int rows;
} bench_t;

static void must(const cm_error_t *error, apr_pool_t *pool)
{
    if (error) {
        fprintf(stderr, "bench-search: %s\n", cm_error_text(error, pool));
        exit(1);
    }
}

/* SQL past the store. */
static void run_sql(const bench_t *bench, const char *sql)
{
    cm_db_handle_t handle;
    int affected;
    int status;

    must(bench->source->lease(&handle, bench->source, bench->pool), bench->pool);
    status = apr_dbd_query(handle.driver, handle.conn, &affected, sql);
    if (status != 0) {
        fprintf(stderr, "bench-search: %s\n", apr_dbd_error(handle.driver, handle.conn, status));
        exit(1);
    }
    bench->source->release(&handle, bench->source);
}

/* `hex` and `bytes` are the database's words for random values. The oldest tenth is of an authority
 * of its own. */
static void load(const bench_t *bench, const char *hex, const char *bytes)
{
    static const char host[] =
        "'host-' || (CAST(n AS BIGINT) * 2654435761 % 4294967296) || '.example.test'";
    const char *sql = apr_psprintf(
        bench->pool,
        "INSERT INTO certificate (id, ca, serial, subject, issuer, cn, san, not_before, not_after,"
        " sha256, spki_sha256, der, owner, profile, profile_version, status, reason, created,"
        " cn_key) WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d)"
        " SELECT '01m' || substr('000000000000000', 1, 15 - length('' || n)) || n || substr(%s, 1,"
        " 8), CASE WHEN n < %d THEN 'old' ELSE 'issuing' END, %s, 'CN=x', 'CN=Issuing', %s, '[]', "
        "1,"
        " CAST(n AS BIGINT) * 31536000, %s || %s, %s, %s, 'person' || (n %% 50000), CASE WHEN n %% "
        "3 ="
        " 0 THEN 'server' ELSE 'user' END, 1, CASE WHEN n %% 50 = 0 THEN 'revoked' ELSE 'active' "
        "END,"
        " 0, 1, %s FROM s",
        bench->rows, hex, bench->rows / 10, hex, host, hex, hex, hex, bytes, host);

    run_sql(bench, sql);
    run_sql(bench, "INSERT INTO certificate_name (certificate, place, name, name_key) SELECT id, 0,"
                   " 'dns:' || cn_key, cn_key FROM certificate WHERE id LIKE '01m0%'");
    run_sql(bench, "INSERT INTO certificate_text (id, serial, sha256, cn, owner, san) SELECT id,"
                   " serial, sha256, cn_key, owner, cn_key FROM certificate WHERE id LIKE '01m0%'"
                   " ORDER BY id");
    run_sql(bench, "DELETE FROM certificate_queue WHERE certificate LIKE '01m0%'");
    run_sql(bench, "ANALYZE");
}

static const char *part_of(const char *text, cm_match_t match, apr_pool_t *pool)
{
    apr_size_t len = strlen(text), from = match == CM_MATCH_CONTAINS && len > 2 * PART ? PART : 0;

    return match == CM_MATCH_EQUAL ? text : apr_pstrndup(pool, text + from, PART + (from ? 0 : 3));
}

static int by_time(const void *a, const void *b)
{
    apr_time_t x = *(const apr_time_t *)a, y = *(const apr_time_t *)b;

    return x < y ? -1 : x > y;
}

static void report(const char *name, const char *match, apr_time_t *times, int found)
{
    qsort(times, ROUNDS, sizeof *times, by_time);
    printf("%-12s %-9s p50 %7.2f ms   p95 %7.2f ms   %d a page\n", name, match,
           (double)times[ROUNDS / 2] / 1000, (double)times[ROUNDS * 95 / 100] / 1000,
           found / ROUNDS);
    fflush(stdout);
}

static void measure(const bench_t *bench, const char *name, const char *match,
                    const cm_search_t *searches)
{
    apr_time_t times[ROUNDS];
    int found = 0;

    for (int i = 0; i < ROUNDS; i++) {
        apr_pool_t *pool;
        apr_time_t start;
        cm_page_t page;

        apr_pool_create(&pool, bench->pool);
        start = apr_time_now();
        must(cm_certificates_search(&page, bench->store, &searches[i], pool), pool);
        times[i] = apr_time_now() - start;
        found += page.items->nelts;
        apr_pool_destroy(pool);
    }
    report(name, match, times, found);
}

static void measure_texts(const bench_t *bench, const apr_array_header_t *samples)
{
    static const char *const matches[] = {"equal", "begins", "contains"};
    static const struct {
        const char *name;
        apr_size_t member, source;
    } texts[] = {
        {"serial", offsetof(cm_search_t, serial), offsetof(cm_certificate_t, serial)},
        {"sha256", offsetof(cm_search_t, sha256), offsetof(cm_certificate_t, sha256)},
        {"cn", offsetof(cm_search_t, cn), offsetof(cm_certificate_t, cn)},
        {"san", offsetof(cm_search_t, san), offsetof(cm_certificate_t, cn)},
        {"subscriber", offsetof(cm_search_t, subscriber), offsetof(cm_certificate_t, owner)}};
    cm_search_t searches[ROUNDS];

    for (int match = 0; match < 3; match++) {
        for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
            for (int i = 0; i < ROUNDS; i++) {
                const char *sample = APR_ARRAY_IDX(samples, i, const char *) + texts[t].source;
                const char **member =
                    (const char **)(void *)((char *)&searches[i] + texts[t].member);

                searches[i] =
                    (cm_search_t){.match = (cm_match_t)match, .status = -1, .limit = PAGE};
                *member = part_of(*(const char *const *)(const void *)sample, (cm_match_t)match,
                                  bench->pool);
            }
            measure(bench, texts[t].name, matches[match], searches);
        }
    }
}

static const apr_array_header_t *one_of(const char *name, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(names, const char *) = name;
    return names;
}

static void measure_rest(const bench_t *bench, const apr_array_header_t *samples)
{
    cm_search_t status[ROUNDS], window[ROUNDS], issuer[ROUNDS], profile[ROUNDS], both[ROUNDS];
    cm_search_t expired[ROUNDS];

    for (int i = 0; i < ROUNDS; i++) {
        const cm_certificate_t *sample = APR_ARRAY_IDX(samples, i, const cm_certificate_t *);
        const cm_search_t base = {.status = -1, .limit = PAGE, .now = sample->not_after};

        status[i] = window[i] = issuer[i] = profile[i] = both[i] = expired[i] = base;
        status[i].status = CM_CERT_REVOKED;
        expired[i].status = CM_CERT_EXPIRED;
        window[i].expires_after = sample->not_after;
        window[i].expires_before = sample->not_after + (apr_time_t)31536000 * 30000;
        issuer[i].authorities = one_of("old", bench->pool);
        profile[i].profiles = one_of("server", bench->pool);
        both[i].profiles = profile[i].profiles;
        both[i].status = CM_CERT_REVOKED;
        both[i].match = CM_MATCH_BEGINS;
        both[i].cn = "host-1";
    }
    measure(bench, "status", "revoked", status);
    measure(bench, "status", "expired", expired);
    measure(bench, "expires", "between", window);
    measure(bench, "issuer", "equal", issuer);
    measure(bench, "profile", "equal", profile);
    measure(bench, "three", "together", both);
}

/* Certificates of this program come before all others. */
static int is_loaded(const bench_t *bench)
{
    cm_search_t search = {.status = -1, .limit = 1, .before = "01m1"};
    cm_page_t page;

    must(cm_certificates_search(&page, bench->store, &search, bench->pool), bench->pool);
    return page.items->nelts > 0;
}

/* Certificates all over the range; their cn is what they are found by. */
static apr_array_header_t *take_samples(const bench_t *bench)
{
    apr_array_header_t *samples = apr_array_make(bench->pool, ROUNDS, sizeof(cm_certificate_t *));

    for (int i = 0; i < ROUNDS; i++) {
        cm_search_t search = {.status = -1, .limit = 1};
        cm_page_t page;
        cm_certificate_t *sample;

        search.before =
            apr_psprintf(bench->pool, "01m%015d~", 1 + (int)((apr_int64_t)i * 7919 % bench->rows));
        must(cm_certificates_search(&page, bench->store, &search, bench->pool), bench->pool);
        sample = APR_ARRAY_IDX(page.items, 0, cm_certificate_t *);
        APR_ARRAY_PUSH(samples, cm_certificate_t *) = sample;
    }
    return samples;
}

int main(int argc, char **argv)
{
    bench_t bench = {.rows = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 0};
    apr_array_header_t *samples;
    apr_time_t start = apr_time_now();
    apr_pool_t *drivers;
    int applied;

    if (bench.rows < ROUNDS) {
        fputs("bench-search sqlite3|pgsql PARAMS ROWS\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&drivers, NULL); /* outlives the connections */
    apr_dbd_init(drivers);
    apr_pool_create(&bench.pool, drivers);
    bench.config = (cm_store_config_t){.driver = argv[1], .params = argv[2]};
    must(cm_source_make(&bench.source, &bench.config, 2, bench.pool), bench.pool);
    must(cm_store_make(&bench.store, bench.source, &bench.config, bench.pool), bench.pool);
    must(cm_store_upgrade(&applied, bench.store, bench.pool), bench.pool);
    if (!is_loaded(&bench)) {
        if (strcmp(argv[1], "pgsql") == 0) {
            load(&bench, "md5(n || 'x' || random())", "decode(repeat(md5(n || ''), 28), 'hex')");
        } else {
            load(&bench, "lower(hex(randomblob(16)))", "randomblob(900)");
        }
        printf("loaded %d in %d s\n", bench.rows, (int)apr_time_sec(apr_time_now() - start));
    }
    samples = take_samples(&bench);
    measure_texts(&bench, samples);
    measure_rest(&bench, samples);
    apr_pool_destroy(bench.pool);
    return 0;
}
