/* SPDX-License-Identifier: Apache-2.0
 *
 * SoftHSM tokens in a folder of their own, reached through the test module with its faults.
 */
#ifndef CERTMGR_TESTS_KEYS_FIXTURE_H
#define CERTMGR_TESTS_KEYS_FIXTURE_H

#include "keys/keyring.h"
#include "unit/keys/faults.h"
#include "unit/unit.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"

/* Of the running test. */
extern faults_t *faults;
extern const char *token_folder;

/* As unit_case, with a token "certmgr" (PIN 1234) made before each test and removed afterwards. */
TCase *token_case(const char *name);

/* Another token. */
void make_token(const char *label);

/* Run a program to its end and fail the test unless it exits with 0. NULL ends the arguments. */
void run(const char *const *arguments);

/* pkcs11-tool on SoftHSM itself, logged in to the token "certmgr". */
void pkcs11_tool(const char *const *arguments);

/* The configuration of the token "certmgr"; deadline 300 ms, 4 sessions. */
cm_token_config_t token_config(const char *pin);

/* A ring with the token "certmgr" alone. */
cm_keyring_t *make_ring(void);

/* A new signing key "object" in the token "certmgr". */
cm_key_t *make_key(cm_keyring_t *ring, const char *object, const char *algorithm);

/* Sign something and have OpenSSL verify it. */
cm_error_t *sign_and_verify(cm_key_t *key, cm_digest_t digest, apr_pool_t *p);

/* `threads` threads sign `times` each; returns how many signatures were made and good, and the last
 * error in *error, which may be NULL. */
int sign_in_threads(cm_key_t *key, int threads, int times, const char **error);

#endif
