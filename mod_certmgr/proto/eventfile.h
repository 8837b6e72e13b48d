/* SPDX-License-Identifier: Apache-2.0
 *
 * Events of the audit log as files: the same over the API and by certmgrctl. A file is read from
 * the database and written page by page, so memory does not grow with it.
 *
 * CSV is that of RFC 4180: CRLF, quotes where they are needed, a header line; times in UTC,
 * `detail` and `personal` as JSON. A cell that a spreadsheet would take for a formula, because it
 * begins with = + - @, a tab or a line end, gets an apostrophe before it. JSON lines hold all
 * as it is: one event a line, as the API shows it.
 */
#ifndef CERTMGR_PROTO_EVENTFILE_H
#define CERTMGR_PROTO_EVENTFILE_H

#include "base/context.h"
#include "base/json.h"
#include "model/event.h"

typedef struct {
    const char *name;                                                     /* "csv" or "jsonl" */
    const char *head;                                                     /* first line, or "" */
    const char *(*line)(const cm_audit_event_t *event, apr_pool_t *pool); /* with its line end */
} cm_eventfile_format_t;

/* NULL for a name that is not known. */
const cm_eventfile_format_t *cm_eventfile_format(const char *name);

typedef struct {
    cm_ctx_t ctx;           /* of the whole; each page has a pool of its own */
    cm_event_query_t query; /* from the next page on; its limit is 0 at the end */
    char until_id[64];
    const cm_eventfile_format_t *format;
    int begun;
} cm_eventfile_t;

/* Record the export (cm_audit_export) and begin; lives in ctx->pool. query->limit is not used. */
cm_error_t *cm_eventfile_open(cm_eventfile_t **file, const cm_ctx_t *ctx,
                              const cm_event_query_t *query, const char *format);

/* The next lines in `pool`; empty at the end. */
cm_error_t *cm_eventfile_read(cm_bytes_t *bytes, cm_eventfile_t *file, apr_pool_t *pool);

/* detail and personal as JSON objects: NULL for one that is not there, and where the text in the
 * database is no object any more, {"unreadable": text}. */
json_t *cm_event_part(const char *text, apr_pool_t *pool);

#endif
