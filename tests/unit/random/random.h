/* SPDX-License-Identifier: Apache-2.0
 *
 * Random profiles, people and requests, the same for the same seed. Most of what is drawn makes
 * sense; the rest is refused on its way, and that is all right.
 */
#ifndef CERTMGR_TESTS_RANDOM_H
#define CERTMGR_TESTS_RANDOM_H

#include <openssl/evp.h>

#include "policy/evaluate.h"
#include "unit/unit.h"

TCase *certificates_case(void);

typedef struct {
    apr_uint64_t state;
    apr_pool_t *pool; /* for what is drawn */
} dice_t;

/* 0 to end - 1. */
int draw(dice_t *dice, int end);

/* True once in `in` times. */
int once(dice_t *dice, int in);

/* The text of a profile, which mostly accepts keys of the algorithm. */
cm_bytes_t draw_profile(dice_t *dice, const char *algorithm);

/* A key that signs requests, by a name of policy/profile_fields.c. */
typedef struct {
    EVP_PKEY *pkey;
    cm_pubkey_t *key;
} random_key_t;

enum { RANDOM_KEYS = 8 };

/* Keys of all kinds, made once. */
void make_keys(random_key_t keys[RANDOM_KEYS]);

/* A signed request, DER. */
cm_bytes_t draw_csr(dice_t *dice, const random_key_t *key);

/* Person and wishes. */
void draw_wishes(dice_t *dice, cm_evaluate_in_t *in);

/* Sign as a token would. */
cm_bytes_t sign(const random_key_t *key, const cm_sigalg_t *alg, cm_bytes_t tbs, apr_pool_t *in);

#endif
