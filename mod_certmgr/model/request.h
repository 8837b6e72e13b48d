/* SPDX-License-Identifier: Apache-2.0
 *
 * A request and its checklist. Every operation is a request; when the checklist is complete, the
 * operation happens.
 */
#ifndef CERTMGR_MODEL_REQUEST_H
#define CERTMGR_MODEL_REQUEST_H

#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "model/words.h"

typedef struct {
    const char *item; /* "csr", ... : a row of the table of items in flow/ */
    cm_phase_t phase;
    cm_item_state_t state;
    const char *who;    /* person id of who did it last, or NULL */
    const char *detail; /* a sentence for people, or NULL */
    apr_time_t updated;
    const char *role; /* of those who approve, or NULL */
    int needed;       /* how many of them; 0 where nothing is approved */
    int everywhere;   /* a role that is limited to a group does not count */
} cm_item_t;

/* A person approves a request once, for one item of it. */
typedef struct {
    int place;          /* of the item in the checklist, from 0 */
    const char *person; /* id */
    apr_time_t given;
    int by_claim; /* by a role that was claimed at the log-in: no record says who has it */
} cm_approval_t;

typedef struct {
    const char *id;
    cm_operation_t operation;
    const char *profile; /* NULL where the operation has none (change) */
    apr_int64_t profile_version;
    cm_state_t state;
    const char *requester; /* person id; NULL: a command, which is nobody */
    apr_time_t created, updated;
    const char *message; /* of the requester, or NULL */
    const char *wish;    /* what was asked for: a JSON object, its shape belongs to the operation */
    cm_bytes_t csr;      /* DER, or empty */
    const char *group;   /* it was made in, or NULL */
    const char *claims;  /* what no record gives to the requester, JSON (flow/entitle.h); or NULL:
                            not  noted */
    const char *certificate;             /* the certificate made or acted upon, or NULL */
    const apr_array_header_t *checklist; /* of cm_item_t, in the order of the profile */
    const apr_array_header_t *approvals; /* of cm_approval_t, or NULL: not read */
    const char *owner; /* of the certificate acted upon, or NULL: none, or not read */
} cm_request_t;

#endif
