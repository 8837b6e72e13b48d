/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/govern.h"

#include <apr_strings.h>

#include "flow/change.h"
#include "policy/identity.h"

int cm_govern_holds(const cm_holders_t *holders)
{
    return holders->is_kept || holders->known >= CM_GOVERNORS;
}

cm_error_t *cm_govern_is_set_up(int *is, const cm_ctx_t *ctx, const char *role)
{
    cm_holders_t holders = {0, 0, 0};
    cm_error_t *error = cm_role_holders(&holders, ctx->store, role, ctx->now, ctx->pool);

    *is = cm_govern_holds(&holders);
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
    const cm_change_kind_t *kind = cm_change_kind(submission->kind);
    cm_command_ask_t command = {0, break_glass};
    int is_set_up;
    cm_error_t *error = cm_govern_is_set_up(&is_set_up, ctx, kind ? kind->role : CM_GOVERNOR);

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
        error = cm_govern_is_set_up(&is_set_up, ctx, CM_GOVERNOR);
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
