/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole authority without a server: a SoftHSM token, a database, one CA, the profiles "user" and
 * "server" (profile.json, server.json), a few people. Made anew for each test.
 */
#ifndef CERTMGR_TESTS_FLOW_FIXTURE_H
#define CERTMGR_TESTS_FLOW_FIXTURE_H

#include "base/context.h"
#include "flow/groups.h"
#include "flow/requests.h"
#include "policy/config.h"
#include "policy/identity.h"
#include "store/people.h"
#include "store/store.h"
#include "unit/unit.h"

/* As unit_case, with the authority "ca" made before each test. */
TCase *flow_case(const char *name);

/* The same on PostgreSQL. */
TCase *flow_case_on_postgres(const char *name);

/* Of the running test. */
extern cm_ctx_t *ctx;
extern cm_config_t *config;
extern const char *folder;

/* The clock of the test; it moves only when a test moves it. */
extern apr_time_t clock_now;

/* Act as one of the people: "user1", "user2" (role user), "officer1", "officer2" (role officer),
 * "admin1", "admin2" (role ca-admin); NULL: nobody. */
void act_as(const char *name);
const cm_identity_t *identity_of(const char *name);

/* Past dual control, in a transaction with some audit event: add a person (`login` may be NULL),
 * tie or untie a log-in, change a group. What the checks of flow/ refuse is refused here. */
cm_error_t *create_person(cm_person_t *person, const cm_login_t *login);
cm_error_t *tie_login(const char *person, const cm_login_t *login);
cm_error_t *untie_login(const char *person, const cm_login_t *login);
cm_error_t *change_group(const cm_group_change_t *change);

/* PEM of a new P-256 request, made by `openssl req`. */
const char *new_csr(void);

/* Submit an enrollment as the present person; fails the test when it is refused. */
cm_request_view_t *enroll(void);

/* A submission for the profile "server" with the name dns:www.example.test. */
cm_submission_t server_submission(const char *csr);

/* Run SQL on the database behind everybody's back. */
void sql(const char *text);

/* The newest list of this name as this node serves it, once its job has run. */
cm_bytes_t crl_bytes(const char *name);
struct cm_crl_info_t;
const struct cm_crl_info_t *crl_info(const char *name);

/* Add requests of an operation that no program knows, older than all others. */
void add_strange_requests(int count, const char *state);

/* Sends an event to a request as this person. */
cm_error_t *send_event(cm_request_view_t **view, const char *name, const char *id,
                       const char *event);

/* The first column of the first row, or NULL. */
const char *sql_value(const char *text);

/* Run a program to its end and fail the test unless it exits with 0. NULL ends the arguments. */
void run(const char *const *arguments);

#endif
