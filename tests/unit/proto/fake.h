/* SPDX-License-Identifier: Apache-2.0
 *
 * A call without a server.
 */
#ifndef CERTMGR_TESTS_PROTO_FAKE_H
#define CERTMGR_TESTS_PROTO_FAKE_H

#include "proto/proto.h"
#include "unit/unit.h"

typedef struct {
    cm_call_t call;
    apr_table_t *headers;
    const char *body;
    int was_read; /* the body */
} fake_t;

/* `target`: path and perhaps a query. The mount is /certmgr, the origin https://ca.test. */
fake_t *fake_call(const char *method, const char *target);

void fake_header(fake_t *fake, const char *name, const char *value);

/* A body of this media type (NULL: none is told). */
void fake_body(fake_t *fake, const char *type, const char *body);

/* The reply's body as JSON; fails the test when it is none. */
json_t *fake_json(const cm_reply_t *reply);

/* Fails the test unless the reply is a problem document with this status, code and field (NULL: no
 * field). */
void assert_problem(const cm_reply_t *reply, int status, const char *code, const char *field);

/* A text member, or NULL. */
const char *member(const json_t *object, const char *name);

#endif
