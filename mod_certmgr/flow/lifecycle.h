/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a request as one table: what is not listed is refused with CM_E_CONFLICT. To add a
 * step, add a row.
 */
#ifndef CERTMGR_FLOW_LIFECYCLE_H
#define CERTMGR_FLOW_LIFECYCLE_H

#include "base/context.h"
#include "flow/requests.h"
#include "model/request.h"
#include "policy/identity.h"
#include "store/store.h"

/* An event on its way. */
typedef struct {
    cm_ctx_t *ctx;
    cm_request_t *request;
    const cm_request_action_t *action;
    apr_array_header_t *lapsed; /* of const char *: people whose approvals don't count any more, set
                                   by the effect; or NULL: none */
} cm_act_t;

typedef struct {
    cm_state_t from;
    const char *event; /* NULL ends the table */
    cm_state_t to;
    int by_system;              /* the engine's own step; no caller can ask for it */
    cm_permission_t permission; /* of the caller, when not by_system */
    /* Whether the step is possible now, for this caller; NULL: always. */
    int (*guard)(const cm_request_t *request, const cm_ctx_t *ctx);
    /* Refuses callers who have the permission and are still not the ones; NULL: nobody. */
    cm_error_t *(*refuse)(const cm_request_t *request, const cm_ctx_t *ctx);
    int needs_remarks;
    /* Before the transaction: take changes of the request in and decide again; NULL: there are
     * none, and what is stored counts. */
    cm_error_t *(*prepare)(cm_act_t *act);
    /* Inside the transaction: what happens to the checklist; NULL: nothing. */
    cm_error_t *(*effect)(cm_txn_t *txn, cm_act_t *act);
    const char *audit; /* action of the audit event (actions.def) */
} cm_transition_t;

const cm_transition_t *cm_lifecycle(void);

/* The row for an event of a caller. CM_E_CONFLICT when the table has none for this state or its
 * guard says no, CM_E_FORBIDDEN when the caller lacks the permission or is refused. */
cm_error_t *cm_lifecycle_find(const cm_transition_t **row, const cm_request_t *request,
                              const char *event, const cm_ctx_t *ctx);

/* Walk the engine's own steps from the request's state as far as their guards let it, in memory;
 * the steps that perform the operation ("claim" and later) are not taken. */
void cm_lifecycle_settle(cm_request_t *request, const cm_ctx_t *ctx);

/* Names of the events this caller may ask for now; array of const char *. */
apr_array_header_t *cm_lifecycle_events(const cm_request_t *request, const cm_ctx_t *ctx);

/* Set `updated`, which was `before`, for an event. It goes out in whole seconds, and no two
 * versions that somebody can decide on have the same one: what comes too soon, or by a clock that
 * went back, gets the next. */
void cm_request_touch(cm_request_t *request, apr_time_t before, apr_time_t now);

/* Whether the caller made the request. */
int cm_is_requester(const cm_request_t *request, const cm_ctx_t *ctx);

/* Whether every item of this phase is done. */
int cm_checklist_is_done(const cm_request_t *request, cm_phase_t phase);

#endif
