/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests as people and programs see them: submit, read, list, act. Rules of visibility are
 * applied here: what the caller may not see is CM_E_NOT_FOUND.
 */
#ifndef CERTMGR_FLOW_REQUESTS_H
#define CERTMGR_FLOW_REQUESTS_H

#include "base/context.h"
#include "base/json.h"
#include "model/certificate.h"
#include "model/request.h"
#include "store/search.h"

/* What certmgrctl asks for, who is nobody: flow/govern.h. */
typedef struct {
    int approvals;           /* beyond what the profile asks for, of those who govern it */
    const char *break_glass; /* why open approvals are passed over, or NULL: they are not */
} cm_command_ask_t;

/* What the caller asks for; the members that belong to another operation stay empty. */
typedef struct {
    cm_operation_t operation;
    const char *profile;
    const char *csr; /* PEM, or base64 of DER */
    const char *subject;
    const apr_array_header_t *san; /* of const char * */
    const char *validity;
    const char *message;
    const char *certificate; /* id of the certificate to act upon */
    const char *reason, *remarks;
    apr_time_t invalidity_date;
    const char *kind;                /* of a governed change, flow/change.h */
    const json_t *change;            /* its members */
    const cm_command_ask_t *command; /* or NULL: a caller of the API */
    const struct cm_retry_t *retry;  /* flow/retry.h, or NULL */
} cm_submission_t;

/* The members of a body for this operation, as in CONTRACT's "Bodies"; the record is
 * cm_submission_t. NULL when the operation can't be asked for. */
const cm_json_member_t *cm_submission_members(cm_operation_t operation);

typedef struct {
    cm_request_t *request;
    apr_array_header_t *events;    /* of const char *: what this caller may do now */
    cm_certificate_t *certificate; /* or NULL */
} cm_request_view_t;

/* Makes a request; the operation happens at once when nothing is open. A refusal is stored as an
 * audit event and nothing else. */
cm_error_t *cm_request_submit(cm_request_view_t **view, cm_ctx_t *ctx,
                              const cm_submission_t *submission);

/* operation -1: any. */
cm_error_t *cm_request_show(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id);

/* Those that meet all criteria (NULL: not asked for), newest first; items are cm_request_view_t *.
 * A page may be short, see store/search.h. CM_E_VALUE with rule "search.state" or "search.empty".
 */
typedef struct {
    const char *state, *profile, *requester;
    const char *before; /* cm_page_t.next */
    apr_int64_t limit;
} cm_request_words_t;
cm_error_t *cm_request_search(cm_page_t *page, cm_ctx_t *ctx, int operation,
                              const cm_request_words_t *words);

/* The wish can be changed with "resubmit" only; what is absent stays as it was. */
typedef struct {
    const char *event; /* "cancel", ...: a row of flow/lifecycle.c */
    const char *remarks;
    apr_time_t updated; /* of the request as the caller read it, in whole seconds; 0: not said */
    cm_submission_t changes; /* csr, subject, san, validity, message, change */
    const struct cm_retry_t *retry;
} cm_request_action_t;

/* CM_E_CONFLICT when the event is not allowed in this state, CM_E_FORBIDDEN when not to this
 * caller, CM_E_REFUSED when remarks are missing. CM_E_CONFLICT with rule "request.changed" when it
 * is not the request any more that the caller read. Doing again what is done already answers with
 * the request as it is. When the event completes the checklist the operation happens at once; where
 * the token is away the request waits, and a job takes it up. */
cm_error_t *cm_request_act(cm_request_view_t **view, cm_ctx_t *ctx, int operation, const char *id,
                           const cm_request_action_t *action);

#endif
