/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/weakkey.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/sha.h>

enum { ROCA_LAST = 701, ROCA_BASE = 65537, DEBIAN_DIGITS = 20 };

typedef struct {
    cm_bytes_t magnitude;
    const BIGNUM *n;
    BN_CTX *ctx;
    apr_pool_t *pool;
} modulus_t;

static apr_status_t free_bn(void *bn)
{
    BN_free(bn);
    return APR_SUCCESS;
}

static apr_status_t free_ctx(void *ctx)
{
    BN_CTX_free(ctx);
    return APR_SUCCESS;
}

static BIGNUM *number(apr_pool_t *pool)
{
    BIGNUM *bn = BN_new();

    apr_pool_cleanup_register(pool, bn, free_bn, apr_pool_cleanup_null);
    return bn;
}

/* One byte for each number below `end`, 0 for an odd prime; even numbers are not looked at. */
static const unsigned char *sieve(apr_size_t end, apr_pool_t *pool)
{
    unsigned char *composite = apr_pcalloc(pool, end);

    for (apr_size_t i = 3; i * i < end; i += 2) {
        for (apr_size_t j = i * i; !composite[i] && j < end; j += 2 * i) {
            composite[j] = 1;
        }
    }
    return composite;
}

/* Small factors. */

/* As many odd primes as fit into one word. */
typedef struct {
    apr_uint64_t product;
    unsigned primes[8];
    int count;
} batch_t;

/* Whether one of the primes divides the number of 64-bit words, least first. Each word is taken off
 * by an exact division modulo 2^64 (Jebelean): what is left at the end is the number times a power
 * of 2, modulo the product, and no division was needed. */
static int divides(const batch_t *batch, const apr_uint64_t *words, apr_size_t count)
{
    apr_uint64_t inverse = batch->product, carry = 0;

    for (int i = 0; i < 5; i++) { /* right in 3 bits at first, in twice as many each time */
        inverse *= 2 - batch->product * inverse;
    }
    for (apr_size_t i = 0; i < count; i++) {
        apr_uint64_t quotient = (words[i] - carry) * inverse;
        apr_uint64_t borrow = words[i] < carry;

        carry = (apr_uint64_t)((unsigned __int128)quotient * batch->product >> 64) + borrow;
    }
    for (int i = 0; i < batch->count; i++) {
        if (carry % batch->primes[i] == 0) {
            return 1;
        }
    }
    return 0;
}

static apr_uint64_t *words_of(apr_size_t *count, cm_bytes_t magnitude, apr_pool_t *pool)
{
    apr_uint64_t *words = apr_pcalloc(pool, magnitude.len + sizeof *words);

    for (apr_size_t i = 0; i < magnitude.len; i++) {
        words[i / 8] |= (apr_uint64_t)magnitude.data[magnitude.len - 1 - i] << 8 * (i % 8);
    }
    *count = (magnitude.len + 7) / 8;
    return words;
}

/* 2 is no matter: an even modulus makes no cm_pubkey_t. */
static int has_small_factor(const modulus_t *modulus)
{
    const unsigned char *composite = sieve(CM_WEAK_FACTOR, modulus->pool);
    apr_size_t count;
    const apr_uint64_t *words = words_of(&count, modulus->magnitude, modulus->pool);
    batch_t batch = {1, {0}, 0};

    for (unsigned prime = 3; prime < CM_WEAK_FACTOR; prime += 2) {
        if (composite[prime]) {
            continue;
        }
        if (batch.product > ~(apr_uint64_t)0 / prime || batch.count == 8) {
            if (divides(&batch, words, count)) {
                return 1;
            }
            batch = (batch_t){1, {0}, 0};
        }
        batch.product *= prime;
        batch.primes[batch.count++] = prime;
    }
    return divides(&batch, words, count);
}

/* ROCA: primes of the form k * M + (65537^a mod M), M the product of the first primes, leave a
 * modulus that is a power of 65537 modulo each of them. */

/* Whether `value` is a power of 65537 modulo the prime. */
static int is_power(BN_ULONG value, BN_ULONG prime)
{
    BN_ULONG power = 1;

    do {
        if (power == value) {
            return 1;
        }
        power = power * (ROCA_BASE % prime) % prime;
    } while (power != 1);
    return 0;
}

static int is_roca(const modulus_t *modulus)
{
    const unsigned char *composite = sieve(ROCA_LAST + 1, modulus->pool);

    for (BN_ULONG prime = 3; prime <= ROCA_LAST; prime += 2) {
        if (!composite[prime] && !is_power(BN_mod_word(modulus->n, prime), prime)) {
            return 0;
        }
    }
    return 1;
}

/* Close primes. */

/* The largest integer whose square is not above `n`, by Newton's method from above. */
static int root(BIGNUM *result, const BIGNUM *n, const modulus_t *modulus)
{
    BIGNUM *next = number(modulus->pool);
    int done = next && BN_set_word(result, 0) && BN_set_bit(result, (BN_num_bits(n) + 1) / 2);

    while (done) {
        done = BN_div(next, NULL, n, result, modulus->ctx) && BN_add(next, next, result) &&
               BN_rshift1(next, next);
        if (done && BN_cmp(next, result) >= 0) {
            return 1;
        }
        done = done && BN_copy(result, next);
    }
    return 0;
}

/* What a square leaves modulo a small number is a square as well: most others fail here. */
static int can_be_square(const BIGNUM *n)
{
    static const BN_ULONG moduli[] = {64, 63, 65, 11};

    for (int i = 0; i < 4; i++) {
        BN_ULONG rest = BN_mod_word(n, moduli[i]);
        BN_ULONG x = 0;

        while (x < moduli[i] && x * x % moduli[i] != rest) {
            x++;
        }
        if (x == moduli[i]) {
            return 0;
        }
    }
    return 1;
}

static int is_square(const BIGNUM *n, const modulus_t *modulus)
{
    BIGNUM *x = number(modulus->pool);

    return can_be_square(n) && (BN_is_zero(n) || (root(x, n, modulus) &&
                                                  BN_sqr(x, x, modulus->ctx) && BN_cmp(x, n) == 0));
}

/* n = a^2 - b^2 for the mean `a` of its factors: from the root of n upwards. */
static int has_close_primes(const modulus_t *modulus)
{
    BIGNUM *a = number(modulus->pool), *rest = number(modulus->pool);
    int done = root(a, modulus->n, modulus) && BN_sqr(rest, a, modulus->ctx) &&
               BN_sub(rest, rest, modulus->n);

    for (int i = 0; done && i <= CM_WEAK_ROUNDS; i++) {
        if (!BN_is_negative(rest) && is_square(rest, modulus)) {
            return 1;
        }
        /* (a + 1)^2 - a^2 = a + (a + 1) */
        done = BN_add(rest, rest, a) && BN_add_word(a, 1) && BN_add(rest, rest, a);
    }
    return 0;
}

static const struct {
    const char *rule;
    int (*is_weak)(const modulus_t *modulus);
    const char *message;
    const char *hint;
} checks[] = {
    {"key.small-factor", has_small_factor, "the key's modulus has a small prime factor",
     "the key was damaged, or made by a broken program; make a new one"},
    {"key.roca", is_roca, "the key was made by a library with the flaw of CVE-2017-15361",
     "make a new key with other software, or on a repaired card or token"},
    {"key.close-primes", has_close_primes, "the primes of the key are too close to each other",
     "the key was made by a broken program (CVE-2022-26320); make a new one with another"}};

cm_error_t *cm_weakkey_check(const cm_pubkey_t *key, apr_pool_t *pool)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *n = number(pool);
    const modulus_t modulus = {key->modulus, n, ctx, pool};
    cm_error_t *error = NULL;

    apr_pool_cleanup_register(pool, ctx, free_ctx, apr_pool_cleanup_null);
    if (!key->modulus.len) {
        return NULL;
    }
    if (!ctx || !n || !BN_bin2bn(key->modulus.data, (int)key->modulus.len, n)) {
        return cm_error_openssl(pool, CM_E_INTERNAL, "the key can't be checked");
    }
    for (apr_size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        if (checks[i].is_weak(&modulus)) {
            cm_error_t *weak = cm_error_make(pool, CM_E_REFUSED, "%s", checks[i].message);

            cm_error_advise(cm_error_locate(weak, NULL, checks[i].rule), checks[i].hint);
            error = cm_error_join(error, weak);
        }
    }
    return error;
}

const char *cm_weakkey_debian(const cm_pubkey_t *key, apr_pool_t *pool)
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    const char *hex = cm_bytes_hex(key->modulus, pool);
    /* as BN_print writes it, in whole digits and not in whole bytes */
    char *text = apr_pstrcat(pool, "Modulus=", *hex == '0' ? hex + 1 : hex, "\n", NULL);

    if (!key->modulus.len) {
        return NULL;
    }
    for (char *c = text + strlen("Modulus="); *c; c++) {
        *c = (char)apr_toupper(*c);
    }
    SHA1((const unsigned char *)text, strlen(text), digest);
    return cm_bytes_hex(cm_bytes_make(digest, sizeof digest), pool) +
           (2 * sizeof digest - DEBIAN_DIGITS);
}
