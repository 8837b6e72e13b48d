/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys are made here the way the broken programs made them, and as near to it as a sound key is.
 */
#include "policy/weakkey.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "pki/der.h"
#include "unit/policy/suite.h"

static BIGNUM *bn(void)
{
    BIGNUM *made = BN_new();

    ck_assert_ptr_nonnull(made);
    return made;
}

static BIGNUM *random_prime(int bits)
{
    BIGNUM *prime = bn();

    ck_assert_int_eq(BN_generate_prime_ex(prime, bits, 0, NULL, NULL, NULL), 1);
    return prime;
}

static void next_prime(BIGNUM *number, BN_CTX *ctx)
{
    BN_set_bit(number, 0);
    while (BN_check_prime(number, ctx, NULL) != 1) {
        BN_add_word(number, 2);
    }
}

/* A public key of the modulus, whose factors are freed. */
static cm_pubkey_t *key_of(BIGNUM *p, BIGNUM *q)
{
    static const unsigned char exponent[] = {1, 0, 1};
    cm_der_writer_t *inner = cm_der_writer(pool), *outer = cm_der_writer(pool);
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = bn();
    unsigned char *octets;
    cm_pubkey_t *key;
    int len;

    BN_mul(n, p, q, ctx);
    octets = apr_palloc(pool, (apr_size_t)BN_num_bytes(n));
    len = BN_bn2bin(n, octets);
    BN_free(p);
    BN_free(q);
    BN_free(n);
    BN_CTX_free(ctx);
    cm_der_begin(inner, CM_DER_SEQUENCE);
    cm_der_put_unsigned(inner, cm_bytes_make(octets, (apr_size_t)len));
    cm_der_put_unsigned(inner, cm_bytes_make(exponent, sizeof exponent));
    cm_der_end(inner);
    cm_der_begin(outer, CM_DER_SEQUENCE);
    cm_der_begin(outer, CM_DER_SEQUENCE);
    cm_der_put_oid(outer, "1.2.840.113549.1.1.1");
    cm_der_put_null(outer);
    cm_der_end(outer);
    cm_der_put_octets(outer, cm_der_written(inner));
    cm_der_end(outer);
    assert_done(cm_pubkey_parse(&key, cm_der_written(outer), pool));
    return key;
}

static void refuses(BIGNUM *p, BIGNUM *q, const char *rule)
{
    cm_error_t *error = cm_weakkey_check(key_of(p, q), pool);

    assert_refused(error, CM_E_REFUSED, rule);
    ck_assert_ptr_nonnull(error->hint);
    ck_assert_msg(!error->also, "refused for %s as well", error->also ? error->also->rule : "");
}

static void passes(BIGNUM *p, BIGNUM *q)
{
    assert_done(cm_weakkey_check(key_of(p, q), pool));
}

START_TEST(small_factors)
{
    BIGNUM *factor = bn();

    BN_set_word(factor, 65521); /* the largest prime below 2^16 */
    refuses(factor, random_prime(2048), "key.small-factor");
    factor = bn();
    BN_set_word(factor, 3);
    refuses(factor, random_prime(2048), "key.small-factor");
    factor = bn();
    BN_set_word(factor, 65537); /* the smallest above */
    passes(factor, random_prime(2048));
}
END_TEST

/* k * M + (65537^a mod M) of 1024 bits, two of which make 2048; `last` is the largest factor of M.
 */
static BIGNUM *roca_prime(BN_ULONG last)
{
    BIGNUM *m = bn(), *base = bn(), *a = bn(), *prime = bn();
    BN_CTX *ctx = BN_CTX_new();

    BN_one(m);
    for (BN_ULONG i = 2; i <= last; i++) {
        BN_set_word(prime, i);
        if (BN_check_prime(prime, ctx, NULL) == 1) {
            BN_mul_word(m, i);
        }
    }
    BN_set_word(base, 65537);
    do {
        BIGNUM *k = bn();

        BN_rand(a, 254, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
        BN_mod_exp(prime, base, a, m, ctx);
        BN_rand(k, 1024 - BN_num_bits(m), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY);
        BN_mul(k, k, m, ctx);
        BN_add(prime, prime, k);
        BN_free(k);
    } while (BN_num_bits(prime) != 1024 || !BN_is_bit_set(prime, 1022) ||
             BN_check_prime(prime, ctx, NULL) != 1);
    BN_free(m);
    BN_free(base);
    BN_free(a);
    BN_CTX_free(ctx);
    return prime;
}

START_TEST(roca)
{
    refuses(roca_prime(701), roca_prime(701), "key.roca");
    passes(roca_prime(701), random_prime(1024));
    /* sound modulo 673 to 701, of the flaw's form modulo all the others */
    passes(roca_prime(661), roca_prime(661));
}
END_TEST

/* A prime that lies about `distance` bits above p. */
static BIGNUM *prime_above(const BIGNUM *p, int distance)
{
    BIGNUM *q = BN_dup(p), *step = bn();
    BN_CTX *ctx = BN_CTX_new();

    BN_set_bit(step, distance);
    BN_add(q, q, step);
    next_prime(q, ctx);
    BN_free(step);
    BN_CTX_free(ctx);
    return q;
}

START_TEST(close_primes)
{
    BIGNUM *p = random_prime(1024);

    refuses(BN_dup(p), prime_above(p, 1), "key.close-primes");
    /* the mean of p and p + d lies d^2 / 8p above the root of n: about 32 steps for 2^516 */
    refuses(BN_dup(p), prime_above(p, 515), "key.close-primes");
    passes(BN_dup(p), prime_above(p, 519));
    passes(p, random_prime(1024));
}
END_TEST

START_TEST(a_square_is_refused)
{
    BIGNUM *p = random_prime(1024);
    cm_error_t *error = cm_weakkey_check(key_of(BN_dup(p), p), pool);

    assert_refused(error, CM_E_REFUSED, "key.close-primes");
}
END_TEST

START_TEST(sound_keys_pass)
{
    static const char *const types[] = {"P-256", "P-521"};

    for (int i = 0; i < 2; i++) {
        EVP_PKEY *key = EVP_EC_gen(types[i]);
        unsigned char *der = NULL;
        int len = i2d_PUBKEY(key, &der);
        cm_pubkey_t *public;

        assert_done(cm_pubkey_parse(&public, cm_bytes_make(der, (apr_size_t)len), pool));
        assert_done(cm_weakkey_check(public, pool));
        ck_assert_ptr_null(cm_weakkey_debian(public, pool));
        OPENSSL_free(der);
        EVP_PKEY_free(key);
    }
    for (int bits = 1024; bits <= 2048; bits += 512) {
        passes(random_prime(bits), random_prime(bits));
    }
}
END_TEST

/* What `openssl x509 -modulus | sha1sum` says, which is how Debian's lists were made. */
START_TEST(debian_fingerprint)
{
    BIGNUM *p = NULL, *q = NULL;

    /* two known primes: 2^1279 - 1 and 2^2203 - 1 */
    BN_asc2bn(&p, "1");
    BN_lshift(p, p, 1279);
    BN_sub_word(p, 1);
    BN_asc2bn(&q, "1");
    BN_lshift(q, q, 2203);
    BN_sub_word(q, 1);
    ck_assert_str_eq(cm_weakkey_debian(key_of(p, q), pool), "bc4aebff0f400a78876b");
}
END_TEST

TCase *weakkey_case(void)
{
    TCase *tests = unit_case("weakkey");

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, small_factors);
    tcase_add_test(tests, roca);
    tcase_add_test(tests, close_primes);
    tcase_add_test(tests, a_square_is_refused);
    tcase_add_test(tests, sound_keys_pass);
    tcase_add_test(tests, debian_fingerprint);
    return tests;
}
