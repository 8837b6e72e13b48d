/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole authority without a server: a SoftHSM token, an SQLite database, one CA, two people. Made
 * once per program, copied for each test.
 */
#ifndef CERTMGR_TESTS_FLOW_FIXTURE_H
#define CERTMGR_TESTS_FLOW_FIXTURE_H

#include "base/context.h"
#include "flow/requests.h"
#include "policy/config.h"
#include "policy/identity.h"
#include "store/store.h"
#include "unit/unit.h"

/* As unit_case, with the authority "ca" made before each test. */
TCase *flow_case(const char *name);

/* Of the running test. */
extern cm_ctx_t *ctx;
extern cm_config_t *config;
extern const char *folder;

/* The clock of the test; it moves only when a test moves it. */
extern apr_time_t clock_now;

/* Act as one of the people: "user1", "user2" (role user) or "officer1" (role officer); NULL:
 * nobody. */
void act_as(const char *name);

/* PEM of a new P-256 request, made by `openssl req`. */
const char *new_csr(void);

/* Submit an enrollment as the present person; fails the test when it is refused. */
cm_request_view_t *enroll(void);

/* Run SQL on the database behind everybody's back. */
void sql(const char *text);

/* The first column of the first row, or NULL. */
const char *sql_value(const char *text);

/* Run a program to its end and fail the test unless it exits with 0. NULL ends the arguments. */
void run(const char *const *arguments);

#endif
