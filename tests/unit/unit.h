/* SPDX-License-Identifier: Apache-2.0
 *
 * What every unit test program shares: a main that runs the tables of tests it is linked with, and
 * a pool for each test.
 */
#ifndef CERTMGR_TESTS_UNIT_H
#define CERTMGR_TESTS_UNIT_H

#include <apr_pools.h>
#include <check.h>

#include "base/bytes.h"
#include "base/error.h"

/* Each program lists its cases here (suite.c), NULL last. */
typedef TCase *(*unit_case_fn)(void);
extern const unit_case_fn unit_cases[];
extern const char unit_name[];

/* A pool that is fresh in each test. */
extern apr_pool_t *pool;

/* A test case named `name` with the pool set up around each test. */
TCase *unit_case(const char *name);

/* Fails the test with the error's text unless `error` is NULL. */
#define assert_done(error)                                                                         \
    do {                                                                                           \
        const cm_error_t *unit_error = (error);                                                    \
        ck_assert_msg(!unit_error, "%s", unit_error ? cm_error_text(unit_error, pool) : "");       \
    } while (0)

/* Fails the test unless `error` has this code and, where `rule` is not NULL, this rule. */
#define assert_refused(error, expected_code, expected_rule)                                        \
    do {                                                                                           \
        const cm_error_t *unit_error = (error);                                                    \
        const char *unit_rule = (expected_rule);                                                   \
        ck_assert_msg(unit_error != NULL, "nothing was refused");                                  \
        ck_assert_msg(unit_error->code == (expected_code), "%s: %s",                               \
                      cm_code_info(unit_error->code)->name, cm_error_text(unit_error, pool));      \
        if (unit_rule) {                                                                           \
            ck_assert_pstr_eq(unit_error->rule, unit_rule);                                        \
        }                                                                                          \
    } while (0)

/* The content of a file below tests/, or of an absolute path; fails the test when it can't be read.
 */
cm_bytes_t unit_file(const char *path);

#endif
