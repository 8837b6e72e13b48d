/* SPDX-License-Identifier: Apache-2.0
 *
 * An abstract call and its reply, the table of routes, and the one dispatcher. Protocols never see
 * httpd, sockets or SQL.
 */
#ifndef CERTMGR_PROTO_PROTO_H
#define CERTMGR_PROTO_PROTO_H

#include <apr_file_io.h>
#include <apr_tables.h>

#include "base/context.h"
#include "base/json.h"
#include "flow/people.h"
#include "policy/identity.h"

typedef struct cm_call_t cm_call_t;
struct cm_call_t {
    const char *method;   /* upper case */
    const char *path;     /* below the mount, decoded, begins with "/" */
    const char *raw_path; /* the same as it was sent, not decoded (OCSP GET carries base64) */
    const char *query;    /* undecoded, or NULL */
    const char *mount;    /* where we are mounted: "/certmgr", or "" for the root */
    const char *origin;   /* "https://host:port" of the virtual host: what Origin must say; NULL
                             when the caller used a name that is not ours */
    cm_evidence_t evidence;
    /* A request header, or NULL. */
    const char *(*header)(const cm_call_t *call, const char *name);
    /* The body, at most `max` bytes: more is CM_E_TOO_LARGE. */
    cm_error_t *(*read)(cm_bytes_t *body, const cm_call_t *call, apr_size_t max, apr_pool_t *pool);
    apr_int32_t file_flags; /* of apr_file_open for files to be sent */
    void *self;
    /* filled in by the dispatcher */
    const struct cm_route_t *route;
    cm_bytes_t body;
    apr_table_t *words; /* values of the {names} in the route's path */
};

typedef struct cm_reply_t cm_reply_t;
struct cm_reply_t {
    int status;             /* HTTP status */
    const char *media_type; /* or NULL: no body */
    apr_table_t *headers;   /* further headers */
    cm_bytes_t body;
    /* Of a body that is too long to be held in memory: what comes after `body`, run by run, each in
     * a pool that is cleared before the next; an empty run ends it. An error breaks the answer off,
     * so that the client sees that it is not whole. NULL: `body` is all. */
    cm_error_t *(*more)(cm_bytes_t *run, const cm_reply_t *reply, apr_pool_t *pool);
    void *self; /* of `more` */
    /* The body is this file instead, from its start to its end, and the host answers conditional
     * requests and those for ranges of it by the ETag among the headers and by `modified`. */
    apr_file_t *file;
    apr_int64_t file_size;
    apr_time_t modified;
};

enum {
    CM_ROUTE_PUBLIC_CACHE = 0x01, /* the handler says how long; all other answers are no-store */
    CM_ROUTE_CHANGES = 0x02,      /* changes something: the rules against cross-site calls apply */
    CM_ROUTE_RAW = 0x04           /* what its "*" stands for is no path: read it from raw_path */
};

typedef struct cm_route_t {
    const char *method; /* NULL ends a table */
    const char *path;   /* "/api/v1/enroll/{id}/events"; {name} matches one non-empty segment, a
                           closing "*" the rest */
    cm_permission_t permission;
    int flags;
    const char *accepts; /* media type of the body, or NULL: no body */
    apr_size_t max_body; /* bytes */
    const cm_json_member_t *(*members)(const char *path); /* of a JSON body, or NULL */
    const cm_json_member_t *query;                        /* parameters it reads, or NULL */
    cm_error_t *(*run)(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
    const char *answers;  /* names of schemas in the OpenAPI document, or media types, with blanks
                             between */
    const char *statuses; /* HTTP statuses of good answers, with blanks between; NULL: "200" */
    const char *summary;  /* one line: OpenAPI and `certmgrctl routes` */
} cm_route_t;

typedef struct {
    const char *name; /* NULL ends the table */
    const cm_route_t *(*routes)(void);
    /* Say an error in the protocol's own words. */
    void (*fail)(cm_reply_t *reply, const cm_error_t *error, cm_ctx_t *ctx);
    const char *about;
} cm_protocol_t;

const cm_protocol_t *cm_protocols(void);

/* Find the route, refuse cross-site calls, identify the caller (unless ctx->who is set already),
 * check permission, media type and size, run it. There is always a reply; what went wrong is
 * logged. */
void cm_dispatch(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call);

/* The same with other protocols: for tests. */
void cm_dispatch_among(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call,
                       const cm_protocol_t *protocols);

/* Whether an undecoded path belongs to a route with CM_ROUTE_RAW: the host must not decode it, nor
 * refuse its encoded slashes. */
int cm_dispatch_is_raw(const char *raw_path);

/* Record in the audit log that a known person tried to change something with a call that never got
 * as far as flow/, which records its own refusals. Calls of strangers and reads are passed over. */
void cm_dispatch_record(const cm_ctx_t *ctx, const cm_call_t *call, const cm_error_t *error);

/* A reply for a call that can't even be dispatched (no usable configuration): a problem document.
 */
void cm_dispatch_refuse(cm_reply_t *reply, cm_ctx_t *ctx, const cm_error_t *error);

#endif
