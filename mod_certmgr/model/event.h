/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit record. An event has a public part, which is hashed into the tree for ever, and a
 * personal part, of which the tree holds a salted hash only, so that it can be erased when the law
 * asks.
 */
#ifndef CERTMGR_MODEL_EVENT_H
#define CERTMGR_MODEL_EVENT_H

#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"

typedef struct {
    const char *id; /* cm_ctx_id: unique, sorts by time */
    apr_time_t time;
    const char *action;   /* "request.enroll", "certificate.revoke": a row of flow/actions.def */
    const char *outcome;  /* "done" or "refused" */
    const char *actor;    /* person id, or NULL for a job or a stranger */
    const char *object;   /* id of what was acted upon, or NULL */
    const char *trace;    /* trace id of the call */
    const char *detail;   /* JSON object without personal data */
    const char *personal; /* JSON object: names, addresses, remarks */
    cm_bytes_t salt;      /* 16 random bytes */
    apr_int64_t position; /* in the tree, from 0; -1: not sealed yet */
} cm_audit_event_t;

/* A search among events. What is NULL takes all. */
typedef struct {
    const char *action, *outcome, *actor, *object, *trace;
    apr_time_t since; /* happened then or later */
    /* happened earlier than that, or then with a smaller id: where the last page ended */
    apr_time_t until;
    const char *until_id; /* NULL: none is smaller */
    int limit;            /* events */
} cm_event_query_t;

/* Events, newest first, and `until` and `until_id` of the search for the next page. There are no
 * more when until_id is NULL; until then a page may be short, or even empty. */
typedef struct {
    apr_array_header_t *items; /* of cm_audit_event_t * */
    apr_time_t until;
    const char *until_id;
} cm_event_page_t;

/* What the tree says about one event. */
typedef struct {
    apr_int64_t position;
    const char *event; /* event id */
    cm_bytes_t hash;   /* RFC 9162 2.1.1 leaf hash, 32 bytes */
} cm_audit_leaf_t;

/* A signed tree head (RFC 9162 4.10 in spirit; the format is ours, see flow/audit.h). */
typedef struct {
    apr_int64_t size; /* number of leaves */
    cm_bytes_t root;  /* 32 bytes */
    cm_bytes_t peaks; /* roots of the perfect subtrees from left to right, 32 bytes each */
    apr_time_t time;
    cm_bytes_t signature; /* by the audit key over flow/audit.h's text */
} cm_audit_head_t;

#endif
