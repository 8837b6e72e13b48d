/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-crl DRIVER PARAMS FOLDER ROWS...: publishing and writing CRLs, against OpenSSL that builds
 * and signs the same list in memory; a revocation beside each list. The database is empty at first,
 * and grows from size to size. Each measurement is a process of its own, so that its peak of memory
 * is its own; the key is a SoftHSM token in FOLDER on our side, a key in memory on OpenSSL's.
 */
#include <apr_dbd.h>
#include <apr_env.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/context.h"
#include "flow/crl.h"
#include "flow/crl_file.h"
#include "flow/setup.h"
#include "keys/keyring.h"
#include "pki/reason.h"
#include "policy/config.h"
#include "store/certificates.h"
#include "store/schema.h"
#include "store/source.h"

enum { ROUNDS = 3, REVOCATIONS = 200, SERIAL = 16 };

static cm_ctx_t *ctx;
static cm_store_config_t settings;
static const char *folder;

static void must(const cm_error_t *error)
{
    if (error) {
        fprintf(stderr, "bench-crl: %s\n", cm_error_text(error, ctx->pool));
        exit(1);
    }
}

static void open_store(void)
{
    const cm_db_source_t *source;
    int applied;

    must(cm_source_make(&source, &settings, 2, ctx->pool));
    must(cm_store_make(&ctx->store, source, &settings, ctx->pool));
    must(cm_store_upgrade(&applied, ctx->store, ctx->pool));
}

static void open_context(apr_pool_t *pool)
{
    cm_token_config_t token = {.name = "bench",
                               .module = "/usr/lib/softhsm/libsofthsm2.so",
                               .uri = "pkcs11:token=bench",
                               .pin = cm_secret_make(cm_bytes_of_text("1234"), pool),
                               .max_sessions = 2,
                               .deadline = apr_time_from_sec(5)};
    const char *url[] = {"https://pki.example.test/certmgr"};
    cm_config_t *config;

    ctx = apr_pcalloc(pool, sizeof *ctx);
    ctx->pool = pool;
    ctx->host = cm_host_plain();
    ctx->now = apr_time_now();
    ctx->trace_id = "bench";
    must(cm_config_make(&config, pool));
    must(cm_config_set(config, "CertMgrURL", 1, url, pool));
    config->crl_directory = folder;
    ctx->config = config;
    must(cm_keyring_make(&ctx->keys, &token, 1, pool));
    open_store();
}

/* SQL past the store. */
static void run_sql(const char *sql)
{
    const cm_db_source_t *source;
    cm_db_handle_t handle;
    int affected, status;

    must(cm_source_make(&source, &settings, 1, ctx->pool));
    must(source->lease(&handle, source, ctx->pool));
    status = apr_dbd_query(handle.driver, handle.conn, &affected, sql);
    if (status != 0) {
        fprintf(stderr, "bench-crl: %s\n", apr_dbd_error(handle.driver, handle.conn, status));
        exit(1);
    }
    source->release(&handle, source);
}

/* Entries up to `rows`, with a serial of 16 bytes and a reason, as they would have been appended.
 */
static void fill(int from, int rows)
{
    int sqlite = strcmp(settings.driver, "sqlite3") == 0;
    const char *bytes =
        sqlite ? "randomblob(15)" : "substring(decode(md5(n || 'x'), 'hex') from 2)";
    /* SEQUENCE { INTEGER, UTCTime 261122000000Z, { reason superseded } } */
    const char *head = sqlite ? "x'302f0210'" : "decode('302f0210', 'hex')";
    const char *tail = "170d3236313132323030303030305a300c300a0603551d1504030a0104";
    const char *entry =
        apr_psprintf(ctx->pool,
                     sqlite ? "CAST(%s || x'41' || %s || x'%s' AS BLOB)"
                            : "%s || decode('41', 'hex') || %s || decode('%s', 'hex')",
                     head, bytes, tail);

    run_sql(apr_psprintf(
        ctx->pool,
        "INSERT INTO crl_entry (ca, shard, sequence, serial, entry, lifted, not_after) WITH"
        " RECURSIVE s (n) AS (SELECT %d UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT 'ca', 0,"
        " n, 'f' || n, %s, 0, 9000000000000000 FROM s",
        from, rows, entry));
    run_sql(
        apr_psprintf(ctx->pool, "UPDATE authority SET revocations = %d WHERE name = 'ca'", rows));
    run_sql("ANALYZE");
}

static void publish(int rows)
{
    int due;

    (void)rows;
    must(cm_crl_publish(ctx, "ca"));
    must(cm_crl_files_are_due(&due, ctx));
    must(cm_crl_files_job(ctx));
}

static void build_in_memory(int rows)
{
    X509_CRL *crl = X509_CRL_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ASN1_TIME *now = ASN1_TIME_set(NULL, 1795305600);
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    unsigned char serial[SERIAL] = {0x41}, *der = NULL;

    ASN1_ENUMERATED_set(reason, CM_REASON_SUPERSEDED);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, now);
    for (int i = 0; i < rows; i++) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *number = ASN1_INTEGER_new();

        memcpy(serial + SERIAL - sizeof i, &i, sizeof i);
        ASN1_STRING_set(number, serial, SERIAL);
        X509_REVOKED_set_serialNumber(entry, number);
        X509_REVOKED_set_revocationDate(entry, now);
        X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
        X509_CRL_add0_revoked(crl, entry);
        ASN1_INTEGER_free(number);
    }
    X509_CRL_sort(crl);
    if (!X509_CRL_sign(crl, key, EVP_sha256()) || i2d_X509_CRL(crl, &der) < rows) {
        exit(1);
    }
}

typedef struct {
    cm_certificate_t certificate;
    int is_new;
} move_t;

static cm_error_t *move_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    move_t *move = baton;

    (void)event;
    return move->is_new ? cm_certificate_insert(txn, &move->certificate)
                        : cm_certificate_move(txn, &move->certificate, CM_CERT_ACTIVE, ctx->now);
}

/* One transaction each: the part of a revocation that a list could make longer. */
static void revoke_some(int rows)
{
    move_t move = {.certificate = {.ca = "ca",
                                   .subject = "CN=x",
                                   .issuer = "CN=y",
                                   .not_before = 1,
                                   .not_after = APR_INT64_C(9000000000000000),
                                   .spki_sha256 = "x",
                                   .der = cm_bytes_make("\x30\x00", 2),
                                   .created = 1}};

    (void)rows;
    for (int i = 0; i < REVOCATIONS; i++) {
        const char *id = cm_bytes_hex(cm_ctx_random(ctx, SERIAL), ctx->pool);

        move.certificate.id = move.certificate.serial = move.certificate.sha256 = id;
        move.certificate.status = CM_CERT_ACTIVE;
        move.is_new = 1;
        must(cm_store_maintain(ctx->store, move_work, &move, ctx->pool));
        move.certificate.status = CM_CERT_REVOKED;
        move.certificate.reason = CM_REASON_SUPERSEDED;
        move.certificate.revoked_at = ctx->now;
        move.is_new = 0;
        must(cm_store_maintain(ctx->store, move_work, &move, ctx->pool));
    }
}

/* In a process of its own, without what it takes to open database and token; *peak is in MiB. */
static double measure(void (*work)(int rows), int rows, double *peak)
{
    apr_time_t *took =
        mmap(NULL, sizeof *took, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double best = 1e9;

    for (int i = 0; i < ROUNDS; i++) {
        struct rusage usage;
        pid_t pid = fork();
        int status;

        if (pid == 0) {
            apr_pool_t *pool;

            apr_pool_create(&pool, NULL);
            if (work != build_in_memory) {
                open_context(pool);
            }
            *took = apr_time_now();
            work(rows);
            *took = apr_time_now() - *took;
            _exit(0);
        }
        if (wait4(pid, &status, 0, &usage) != pid || status != 0) {
            exit(1);
        }
        best = (double)*took < best ? (double)*took : best;
        *peak = (double)usage.ru_maxrss / 1024;
    }
    return best / 1000000;
}

/* The authority, in a process of its own: what follows is forked without a database open. */
static void set_up(void)
{
    pid_t pid = fork();
    int status, made;

    if (pid == 0) {
        const cm_authority_plan_t plan = {.name = "ca",
                                          .key = "pkcs11:token=bench;object=ca",
                                          .algorithm = "P-256",
                                          .subject = "CN=Bench",
                                          .validity = "3650d",
                                          .pathlen = 0};
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        open_context(pool);
        must(cm_authority_create(&made, ctx, &plan));
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        exit(1);
    }
}

static void fill_apart(int from, int rows)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        apr_pool_t *pool;

        apr_pool_create(&pool, NULL);
        open_context(pool);
        fill(from, rows);
        _exit(0);
    }
    if (waitpid(pid, &status, 0) != pid || status != 0) {
        exit(1);
    }
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;
    int from = 1;

    if (argc < 5) {
        fputs("bench-crl sqlite3|pgsql PARAMS FOLDER ROWS...\n", stderr);
        return 2;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    apr_dbd_init(pool);
    settings.driver = argv[1];
    settings.params = argv[2];
    folder = argv[3];
    set_up();
    printf("%9s  %22s  %22s  %6s  %s\n", "entries", "ours", "OpenSSL", "ratio", "a revocation");
    for (int i = 4; i < argc; i++) {
        int rows = (int)strtol(argv[i], NULL, 10);
        double ours_peak = 0, peer_peak = 0, other, ours, peer, each;

        fill_apart(from, rows);
        ours = measure(publish, rows, &ours_peak);
        peer = measure(build_in_memory, rows, &peer_peak);
        each = measure(revoke_some, rows, &other) / REVOCATIONS;
        printf("%9d  %7.3f s  %7.1f MiB  %7.3f s  %7.1f MiB  %6.2f  %7.0f us\n", rows, ours,
               ours_peak, peer, peer_peak, ours / peer, each * 1000000);
        fflush(stdout);
        from = rows + ROUNDS * REVOCATIONS + 1;
    }
    apr_terminate();
    return 0;
}
