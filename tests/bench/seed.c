/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-seed DRIVER PARAMS COUNT: so many certificates of the authority `issuing` that were
 * revoked, as the product stores both, many in one transaction. They belong to nobody and come from
 * no request; their DER is of the usual length and means nothing. Prints {"seconds"}.
 */
#include <apr_dbd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <openssl/rand.h>

#include "base/digest.h"
#include "bench.h"
#include "store/certificates.h"
#include "store/source.h"

enum { BATCH = 1000, SERIAL = 16, DER = 700, LIFE_DAYS = 365, REASON_SUPERSEDED = 4 };

typedef struct {
    int from, to;
    apr_time_t now;
} batch_t;

static cm_error_t *seed_one(cm_txn_t *txn, int number, apr_time_t now, apr_pool_t *pool)
{
    unsigned char serial[SERIAL], der[DER];
    cm_certificate_t certificate = {.ca = "issuing",
                                    .subject = "CN=bench",
                                    .issuer = "CN=Issuing",
                                    .cn = "bench",
                                    .profile = "user",
                                    .profile_version = 1,
                                    .status = CM_CERT_ACTIVE};
    cm_error_t *error;

    RAND_bytes(serial, sizeof serial);
    RAND_bytes(der, sizeof der);
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x20);
    certificate.serial = cm_bytes_hex(cm_bytes_make(serial, sizeof serial), pool);
    certificate.id = apr_psprintf(pool, "01k%015d%.8s", number, certificate.serial);
    certificate.der = cm_bytes_make(der, sizeof der);
    certificate.sha256 = cm_bytes_hex(cm_bytes_sha256(certificate.der, pool), pool);
    certificate.spki_sha256 = certificate.sha256;
    certificate.san = apr_array_make(pool, 1, sizeof(const char *));
    certificate.created = certificate.not_before = now;
    certificate.not_after = now + apr_time_from_sec((apr_int64_t)LIFE_DAYS * 86400);
    error = cm_certificate_insert(txn, &certificate);
    if (error) {
        return error;
    }
    certificate.status = CM_CERT_REVOKED;
    certificate.reason = REASON_SUPERSEDED;
    certificate.revoked_at = now;
    return cm_certificate_move(txn, &certificate, CM_CERT_ACTIVE, certificate.revoked_at);
}

static cm_error_t *seed_batch(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const batch_t *batch = baton;
    cm_error_t *error = NULL;

    (void)event;
    for (int i = batch->from; i < batch->to && !error; i++) {
        error = seed_one(txn, i, batch->now, cm_txn_pool(txn));
    }
    return error;
}

static void must(const cm_error_t *error, apr_pool_t *pool)
{
    if (error) {
        bench_die("bench-seed: %s", cm_error_text(error, pool));
    }
}

static void seed(cm_store_t *store, int count, apr_pool_t *pool)
{
    apr_pool_t *scratch;

    apr_pool_create(&scratch, pool);
    for (int from = 1; from <= count; from += BATCH) {
        batch_t batch = {from, from + BATCH, apr_time_now()};

        batch.to = batch.to > count + 1 ? count + 1 : batch.to;
        must(cm_store_maintain(store, seed_batch, &batch, scratch), scratch);
        apr_pool_clear(scratch);
    }
}

int main(int argc, char **argv)
{
    cm_store_config_t config = {0};
    const cm_db_source_t *source;
    apr_pool_t *drivers, *pool;
    cm_store_t *store;
    double start = bench_now();

    if (argc != 4) {
        fputs("bench-seed sqlite3|pgsql PARAMS COUNT\n", stderr);
        return 2;
    }
    config.driver = argv[1];
    config.params = argv[2];
    apr_initialize();
    apr_pool_create(&drivers, NULL); /* outlives the connections */
    apr_dbd_init(drivers);
    apr_pool_create(&pool, drivers);
    must(cm_source_make(&source, &config, 1, pool), pool);
    must(cm_store_make(&store, source, &config, pool), pool);
    seed(store, bench_number(argv[3]), pool);
    apr_pool_destroy(pool);
    printf("{\"seconds\": %.3f}\n", bench_now() - start);
    return 0;
}
