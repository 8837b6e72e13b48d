/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit log as a Merkle tree (RFC 9162 2.1).
 *
 * A leaf is SHA-256(0x00 || text) where text is the canonical JSON (keys sorted, no spaces) of an
 * event's members id, time (microseconds since 1970), action, outcome, actor, object, trace, detail
 * (a string that holds JSON), and of "personal", the hex of SHA-256(salt || personal part). The
 * head's signature is made by the audit key over the text that cm_audit_head_text gives.
 */
#ifndef CERTMGR_FLOW_AUDIT_H
#define CERTMGR_FLOW_AUDIT_H

#include <apr_tables.h>

#include "base/context.h"
#include "base/json.h"
#include "model/event.h"

/* An event of this context: id, time, actor, trace, address and salt are filled in. `object` may be
 * NULL. Members are added to `detail` (public) and `personal` before it is stored. */
typedef struct {
    cm_audit_event_t event;
    json_t *detail;
    json_t *personal;
} cm_audit_draft_t;
cm_audit_draft_t *cm_audit_begin(const cm_ctx_t *ctx, const char *action, const char *object);

/* The event as it goes into the transaction. Call after the last member is set. */
cm_audit_event_t *cm_audit_finish(cm_audit_draft_t *draft, const cm_ctx_t *ctx);

/* Store the event of something that changes no record. */
cm_error_t *cm_audit_record(const cm_ctx_t *ctx, cm_audit_draft_t *draft);

/* Store a refused attempt by itself. The error keeps its way to the client, whatever happens here;
 * what fails is logged. */
void cm_audit_refusal(const cm_ctx_t *ctx, cm_audit_draft_t *draft, const cm_error_t *error);

/* What the leaf hash of an event is made of, as read from the database; a NUL follows that does not
 * count. */
cm_bytes_t cm_audit_leaf_input(const cm_audit_event_t *event, apr_pool_t *pool);

/* Leaf hash of an event as read from the database (32 bytes). */
cm_bytes_t cm_audit_leaf_hash(const cm_audit_event_t *event, apr_pool_t *pool);

/* Seal what is not sealed yet and sign the new head. */
cm_error_t *cm_audit_seal(cm_ctx_t *ctx);

/* Whether events wait and CertMgrAuditInterval has passed since the last head. */
cm_error_t *cm_audit_is_due(int *due, cm_ctx_t *ctx);

/* The text that is signed:
 *   "certmgr-audit-head-v1\n" size "\n" root in hex "\n" RFC 3339 time "\n"          */
const char *cm_audit_head_text(const cm_audit_head_t *head, apr_pool_t *pool);

/* Whether the audit key signed this size, root and time. */
int cm_audit_head_is_signed(const cm_audit_head_t *head, cm_bytes_t spki, apr_pool_t *pool);

/* One line for a file: JSON with size, root, time, signature and the audit key's certificate-less
 * public key (SubjectPublicKeyInfo, base64). */
const char *cm_audit_head_line(const cm_audit_head_t *head, cm_bytes_t spki, apr_pool_t *pool);

typedef struct {
    const char *event; /* id, or "position N" where no id is left */
    const char *what;  /* "changed", "missing" or "inserted" */
    const char *why;   /* a sentence */
} cm_audit_finding_t;

typedef struct {
    apr_array_header_t *findings; /* of cm_audit_finding_t */
    apr_int64_t sealed, waiting;
} cm_audit_report_t;

/* Recompute everything. `heads` are lines of cm_audit_head_line kept outside the database (NULL:
 * none): the tree must still contain each of them. Every finding is in the report; the error is for
 * what kept the check from running. */
cm_error_t *cm_audit_verify(cm_audit_report_t **report, const cm_ctx_t *ctx, const char *heads);

/* The newest head as one line, sealing first what is waiting. */
cm_error_t *cm_audit_head(const char **line, cm_ctx_t *ctx);

#endif
