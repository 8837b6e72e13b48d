/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/govern.h"

#include <apr_strings.h>

#include "flow/audit.h"
#include "policy/identity.h"

int cm_govern_holds(const cm_holders_t *holders)
{
    return holders->is_kept || holders->known >= CM_GOVERNORS;
}

cm_error_t *cm_govern_is_set_up(int *is, const cm_ctx_t *ctx)
{
    cm_holders_t holders = {0, 0, 0};
    cm_error_t *error = cm_role_holders(&holders, ctx->store, CM_GOVERNOR, ctx->now, ctx->pool);

    *is = cm_govern_holds(&holders);
    return error;
}

static cm_error_t *nothing_else(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)txn;
    (void)event;
    (void)baton;
    return NULL;
}

cm_error_t *cm_govern_gate(const cm_ctx_t *ctx, const char *command, const char *break_glass)
{
    cm_audit_draft_t *draft;
    int is_set_up;
    cm_error_t *error = cm_govern_is_set_up(&is_set_up, ctx);

    if (error || !is_set_up) {
        return error;
    }
    if (!break_glass) {
        error = cm_error_make(ctx->pool, CM_E_REFUSED, "this is under dual control by now");
        cm_error_locate(error, NULL, "govern.dual-control");
        return cm_error_advise(error, "--break-glass REASON, which is recorded and shown");
    }
    draft = cm_audit_begin(ctx, "command.break-glass", NULL);
    cm_json_set_text(draft->detail, "command", command);
    cm_json_set_text(draft->personal, "reason", break_glass);
    error =
        cm_store_transact(ctx->store, nothing_else, NULL, cm_audit_finish(draft, ctx), ctx->pool);
    if (!error) {
        cm_ctx_log(ctx, CM_LOG_NOTICE, "break-glass for %s by %s: %s", command, ctx->address,
                   break_glass);
    }
    return error;
}

/* Those who decide read in the request where it comes from. */
static const char *message_of(const cm_ctx_t *ctx, const cm_submission_t *submission,
                              const char *break_glass)
{
    const char *message = submission->message;

    if (break_glass) {
        message = apr_pstrcat(ctx->pool, "break-glass: ", break_glass, NULL);
    }
    return message ? message
                   : apr_pstrcat(ctx->pool, "by command: certmgrctl, ", ctx->address, NULL);
}

static cm_error_t *submit(cm_request_view_t **view, cm_ctx_t *ctx,
                          const cm_submission_t *submission, const cm_command_ask_t *command)
{
    cm_submission_t given = *submission;
    cm_error_t *error;

    given.command = command;
    given.message = message_of(ctx, submission, command->break_glass);
    error = cm_request_submit(view, ctx, &given);
    if (!error && command->break_glass) {
        cm_ctx_log(ctx, CM_LOG_NOTICE, "break-glass of request %s by %s: %s", (*view)->request->id,
                   ctx->address, command->break_glass);
    }
    return error;
}

cm_error_t *cm_govern_change(cm_request_view_t **view, cm_ctx_t *ctx,
                             const cm_submission_t *submission, const char *break_glass)
{
    cm_command_ask_t command = {0, break_glass};
    int is_set_up;
    cm_error_t *error = cm_govern_is_set_up(&is_set_up, ctx);

    command.approvals = is_set_up ? CM_GOVERNORS : 0;
    return error ? error : submit(view, ctx, submission, &command);
}

cm_error_t *cm_govern_submit_for(cm_request_view_t **view, cm_ctx_t *ctx,
                                 const cm_govern_for_t *whom, const cm_submission_t *submission)
{
    cm_identity_t *who;
    cm_command_ask_t command = {0, whom->break_glass};
    cm_person_t *person;
    int is_set_up;
    cm_error_t *error = cm_person_read(&person, ctx->store, whom->person, ctx->pool);

    if (!error && submission->operation != CM_OP_REVOKE && strcmp(person->state, "active") != 0) {
        error = cm_error_locate(cm_error_make(ctx->pool, CM_E_REFUSED, "the person is deactivated"),
                                NULL, "person.state");
    }
    if (!error) {
        error = cm_govern_is_set_up(&is_set_up, ctx);
    }
    if (error) {
        return error;
    }
    who = cm_identity_make(person, ctx->pool);
    who->login = "certmgrctl";
    who->by_command = 1;
    if (is_set_up && submission->operation == CM_OP_ENROLL &&
        cm_identity_may(who, CM_MAY_APPROVE)) {
        command.approvals = CM_GOVERNORS;
    }
    ctx->who = who;
    error = submit(view, ctx, submission, &command);
    ctx->who = NULL;
    return error;
}
