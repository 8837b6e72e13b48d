/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of an issuance that are cryptography, alone:
 *
 *   bench-crypto verify SECONDS RECORDS
 *       proof of possession of the requests in a file of records (P-256): the key is made from its
 *       bytes, the signature verified
 *   bench-crypto sign SECONDS MODULE PIN-FILE KEY-URI THREADS
 *       signatures of a key in a token over distinct digests
 *
 * Prints {"rate": a second, "cpu": seconds each}.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/secret.h"
#include "bench.h"
#include "keys/keyring.h"
#include "pki/csr.h"

enum { REQUESTS = 1000, BATCH = 100 };

static void must(const cm_error_t *error, apr_pool_t *pool)
{
    if (error) {
        bench_die("bench-crypto: %s", cm_error_text(error, pool));
    }
}

static void report(double count, double took, double cpu)
{
    printf("{\"rate\": %.3f, \"cpu\": %.9f}\n", count / took, cpu / count);
}

static apr_array_header_t *read_requests(const char *path, apr_pool_t *pool)
{
    apr_array_header_t *requests = apr_array_make(pool, REQUESTS, sizeof(cm_csr_t *));
    bench_records_t records;
    const unsigned char *record;
    size_t len;

    bench_records_open(&records, path);
    while (requests->nelts < REQUESTS && (record = bench_records_next(&records, &len))) {
        cm_bytes_t der;

        must(cm_csr_decode(&der, cm_bytes_make(record, len), pool), pool);
        must(cm_csr_parse(&APR_ARRAY_PUSH(requests, cm_csr_t *), der, pool), pool);
    }
    return requests;
}

/* With what OpenSSL has that is fastest, and nothing of ours. */
static void verify_one(const cm_csr_t *csr, EVP_PKEY_CTX *maker, const EVP_MD *sha256)
{
    char curve[] = "P-256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
                                          (void *)(uintptr_t)csr->key->octets.data,
                                          csr->key->octets.len),
        OSSL_PARAM_construct_end()};
    unsigned char digest[32];
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *checker;

    EVP_PKEY_fromdata(maker, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    checker = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    EVP_Digest(csr->parts.tbs.data, csr->parts.tbs.len, digest, NULL, sha256, NULL);
    if (EVP_PKEY_verify_init(checker) != 1 ||
        EVP_PKEY_verify(checker, csr->parts.signature.data, csr->parts.signature.len, digest,
                        sizeof digest) != 1) {
        bench_die("bench-crypto: a request does not verify");
    }
    EVP_PKEY_CTX_free(checker);
    EVP_PKEY_free(key);
}

static void verify(double seconds, const char *path, apr_pool_t *pool)
{
    apr_array_header_t *requests = read_requests(path, pool);
    EVP_MD *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    double start = bench_now(), cpu = bench_cpu();
    int count = 0;

    EVP_PKEY_fromdata_init(maker);
    while (bench_now() < start + seconds) {
        verify_one(APR_ARRAY_IDX(requests, count % requests->nelts, cm_csr_t *), maker, sha256);
        count++;
    }
    report(count, bench_now() - start, bench_cpu() - cpu);
    EVP_PKEY_CTX_free(maker);
    EVP_MD_free(sha256);
}

typedef struct {
    cm_key_t *key;
    double end;
    int number, count;
    apr_pool_t *pool;
} signer_t;

static void *APR_THREAD_FUNC sign_on(apr_thread_t *thread, void *baton)
{
    signer_t *signer = baton;
    apr_pool_t *scratch;
    unsigned char digest[32] = {(unsigned char)signer->number};

    apr_pool_create(&scratch, signer->pool);
    while (bench_now() < signer->end) {
        for (int i = 0; i < BATCH; i++) {
            cm_bytes_t signature;

            memcpy(digest + 1, &signer->count, sizeof signer->count);
            must(cm_key_sign_digest(&signature, signer->key, CM_DIGEST_SHA256,
                                    cm_bytes_make(digest, sizeof digest), scratch),
                 scratch);
            signer->count++;
        }
        apr_pool_clear(scratch);
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static cm_key_t *find_key(char **argv, apr_pool_t *pool)
{
    cm_token_config_t config = {.name = "main", .module = argv[0], .uri = "pkcs11:token=certmgr"};
    cm_keyring_t *ring;
    cm_secret_t *pin;
    cm_key_t *key;

    must(cm_secret_read(&pin, apr_pstrcat(pool, "file:", argv[1], NULL), pool), pool);
    config.pin = pin;
    must(cm_keyring_make(&ring, &config, 1, pool), pool);
    must(cm_keyring_find(&key, ring, argv[2], pool), pool);
    return key;
}

static void sign(double seconds, char **argv, apr_pool_t *pool)
{
    int threads = bench_number(argv[3]), count = 0;
    signer_t *signers = apr_pcalloc(pool, (apr_size_t)threads * sizeof *signers);
    apr_thread_t **running = apr_pcalloc(pool, (apr_size_t)threads * sizeof(apr_thread_t *));
    cm_key_t *key = find_key(argv, pool);
    double start = bench_now(), cpu = bench_cpu();

    for (int i = 0; i < threads; i++) {
        signers[i] = (signer_t){.key = key, .end = start + seconds, .number = i};
        apr_pool_create(&signers[i].pool, NULL);
        if (apr_thread_create(&running[i], NULL, sign_on, &signers[i], pool) != APR_SUCCESS) {
            bench_die("bench-crypto: no thread");
        }
    }
    for (int i = 0; i < threads; i++) {
        apr_status_t ended;

        apr_thread_join(&ended, running[i]);
        count += signers[i].count;
    }
    report(count, bench_now() - start, bench_cpu() - cpu);
}

int main(int argc, char **argv)
{
    apr_pool_t *pool;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    if (argc == 4 && strcmp(argv[1], "verify") == 0) {
        verify(bench_number(argv[2]), argv[3], pool);
    } else if (argc == 7 && strcmp(argv[1], "sign") == 0) {
        sign(bench_number(argv[2]), argv + 3, pool);
    } else {
        fputs("bench-crypto verify SECONDS RECORDS | sign SECONDS MODULE PIN-FILE KEY-URI"
              " THREADS\n",
              stderr);
        return 2;
    }
    apr_pool_destroy(pool);
    return 0;
}
