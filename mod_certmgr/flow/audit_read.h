/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit log as auditors read it. Reading is not an event of its own; taking the log out of the
 * system is.
 */
#ifndef CERTMGR_FLOW_AUDIT_READ_H
#define CERTMGR_FLOW_AUDIT_READ_H

#include <apr_tables.h>

#include "base/context.h"
#include "model/event.h"

/* An action or outcome that does not exist is CM_E_VALUE with rule "value.word". */
cm_error_t *cm_audit_page(cm_event_page_t *page, const cm_ctx_t *ctx,
                          const cm_event_query_t *query);

/* Store the event "audit.export", which says what was asked for and in which format. Before the
 * first event leaves. Errors as those of cm_audit_page. */
cm_error_t *cm_audit_export(const cm_ctx_t *ctx, const cm_event_query_t *query, const char *format);

/* What shows that one event is under a signed head: the head, and the hashes from the event's leaf
 * to the head's root (RFC 9162 2.1.3). The head is the first that covers the event, so that the
 * proof costs no more however long the log gets. */
typedef struct {
    const char *input;                /* of the leaf hash, see flow/audit.h */
    const apr_array_header_t *hashes; /* of cm_bytes_t */
    const cm_audit_head_t *head;
    cm_bytes_t spki; /* of the audit key */
} cm_audit_proof_t;

/* *proof is NULL when the event is not sealed yet. CM_E_NOT_FOUND; CM_E_INTEGRITY when the event is
 * not what was sealed. */
cm_error_t *cm_audit_show(cm_audit_event_t **event, cm_audit_proof_t **proof, const cm_ctx_t *ctx,
                          const char *id);

/* The newest head and the audit key. CM_E_NOT_FOUND when nothing is sealed yet. */
cm_error_t *cm_audit_newest(cm_audit_head_t **head, cm_bytes_t *spki, const cm_ctx_t *ctx);

#endif
