/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-csrs P-256|RSA-2048 COUNT: that many certification requests, each with a key of its own, as
 * records of PEM on standard output. RSA keys are products of two out of a few hundred primes, or
 * making them would take hours: they are different, and worth nothing.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "bench.h"

enum { PRIME_BITS = 1024, POINT = 65 };

static EVP_PKEY *must_key(EVP_PKEY *key)
{
    if (!key) {
        bench_die("a key can't be made");
    }
    return key;
}

static BIGNUM **make_primes(int count, BN_CTX *scratch)
{
    BIGNUM **primes = OPENSSL_malloc((size_t)count * sizeof(BIGNUM *));
    BIGNUM *exponent = BN_new(), *rest = BN_new();

    BN_set_word(exponent, RSA_F4);
    for (int i = 0; i < count; i++) {
        primes[i] = BN_new();
        do {
            if (!BN_generate_prime_ex2(primes[i], PRIME_BITS, 0, NULL, NULL, NULL, scratch)) {
                bench_die("a prime can't be made");
            }
            BN_mod(rest, primes[i], exponent, scratch);
        } while (BN_is_one(rest));
    }
    BN_free(exponent);
    BN_free(rest);
    return primes;
}

/* The number as a parameter of the key. */
static void push(OSSL_PARAM_BLD *build, const char *name, const BIGNUM *number)
{
    OSSL_PARAM_BLD_push_BN(build, name, number);
}

static EVP_PKEY *key_of_parameters(OSSL_PARAM_BLD *build)
{
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;

    EVP_PKEY_fromdata_init(ctx);
    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, parameters);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(parameters);
    return must_key(key);
}

static EVP_PKEY *rsa_key(const BIGNUM *p, const BIGNUM *q, BN_CTX *scratch)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY *key;
    BIGNUM *n, *e, *d, *p1, *q1, *phi, *number;

    BN_CTX_start(scratch);
    n = BN_CTX_get(scratch), e = BN_CTX_get(scratch), d = BN_CTX_get(scratch);
    p1 = BN_CTX_get(scratch), q1 = BN_CTX_get(scratch), phi = BN_CTX_get(scratch);
    BN_set_word(e, RSA_F4);
    BN_mul(n, p, q, scratch);
    BN_sub(p1, p, BN_value_one());
    BN_sub(q1, q, BN_value_one());
    BN_mul(phi, p1, q1, scratch);
    BN_mod_inverse(d, e, phi, scratch);
    push(build, OSSL_PKEY_PARAM_RSA_N, n);
    push(build, OSSL_PKEY_PARAM_RSA_E, e);
    push(build, OSSL_PKEY_PARAM_RSA_D, d);
    push(build, OSSL_PKEY_PARAM_RSA_FACTOR1, p);
    push(build, OSSL_PKEY_PARAM_RSA_FACTOR2, q);
    number = BN_CTX_get(scratch);
    BN_mod(number, d, p1, scratch);
    push(build, OSSL_PKEY_PARAM_RSA_EXPONENT1, number);
    number = BN_CTX_get(scratch);
    BN_mod(number, d, q1, scratch);
    push(build, OSSL_PKEY_PARAM_RSA_EXPONENT2, number);
    number = BN_CTX_get(scratch);
    BN_mod_inverse(number, q, p, scratch);
    push(build, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, number);
    key = key_of_parameters(build);
    OSSL_PARAM_BLD_free(build);
    BN_CTX_end(scratch);
    return key;
}

/* Past OpenSSL's encoder, which costs ten times as much as the key. */
static void put_point(X509_REQ *csr, EVP_PKEY *key)
{
    unsigned char *point = OPENSSL_malloc(POINT);
    size_t len = 0;

    if (!EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, POINT, &len) ||
        !X509_PUBKEY_set0_param(X509_REQ_get_X509_PUBKEY(csr),
                                OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                                OBJ_nid2obj(NID_X9_62_prime256v1), point, (int)len)) {
        bench_die("a key can't be written");
    }
}

static void write_csr(EVP_PKEY *key, int number)
{
    X509_REQ *csr = X509_REQ_new();
    BIO *text = BIO_new(BIO_s_mem());
    unsigned char name[32];
    char *pem;
    long len;

    snprintf((char *)name, sizeof name, "bench %d", number);
    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(csr), NID_commonName, MBSTRING_ASC, name,
                               -1, -1, 0);
    if (EVP_PKEY_is_a(key, "EC")) {
        put_point(csr, key);
    } else {
        X509_REQ_set_pubkey(csr, key);
    }
    if (!X509_REQ_sign(csr, key, EVP_sha256()) || !PEM_write_bio_X509_REQ(text, csr)) {
        bench_die("a request can't be made");
    }
    len = BIO_get_mem_data(text, &pem);
    bench_record_write(stdout, pem, (size_t)len);
    BIO_free(text);
    X509_REQ_free(csr);
}

static void write_ec(int count)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    EVP_PKEY_keygen_init(ctx);
    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(ctx, NID_X9_62_prime256v1);
    for (int i = 0; i < count; i++) {
        EVP_PKEY *key = NULL;

        EVP_PKEY_generate(ctx, &key);
        write_csr(must_key(key), i);
        EVP_PKEY_free(key);
    }
    EVP_PKEY_CTX_free(ctx);
}

/* The fewest primes whose pairs are enough. */
static void write_rsa(int count)
{
    BN_CTX *scratch = BN_CTX_new();
    BIGNUM **primes;
    int needed = 2, written = 0;

    while (needed * (needed - 1) / 2 < count) {
        needed++;
    }
    primes = make_primes(needed, scratch);
    for (int i = 1; i < needed; i++) {
        for (int j = 0; j < i && written < count; j++) {
            EVP_PKEY *key = rsa_key(primes[i], primes[j], scratch);

            write_csr(key, written++);
            EVP_PKEY_free(key);
        }
    }
    for (int i = 0; i < needed; i++) {
        BN_free(primes[i]);
    }
    OPENSSL_free(primes);
    BN_CTX_free(scratch);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "P-256") == 0) {
        write_ec(bench_number(argv[2]));
    } else if (argc == 3 && strcmp(argv[1], "RSA-2048") == 0) {
        write_rsa(bench_number(argv[2]));
    } else {
        fputs("bench-csrs P-256|RSA-2048 COUNT\n", stderr);
        return 2;
    }
    return fflush(stdout) ? 1 : 0;
}
