/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend: put a certificate on hold (RFC 5280 5.3.1, certificateHold).
 */
#include "flow/target.h"
#include "pki/reason.h"

static const cm_json_member_t members[] = {
    {"certificate", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, certificate), 64,
     "Id of the certificate."},
    {"remarks", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_submission_t, remarks), 4096,
     "Why, in words."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    cm_error_t *error = cm_target_remarks(work, submission->remarks);

    return error ? error : cm_target_take(work, submission->certificate, CM_MAY_DECIDE);
}

static cm_error_t *decide(cm_work_t *work)
{
    cm_error_t *error = cm_target_read(work, CM_CERT_ACTIVE);

    if (!error) {
        work->target->status = CM_CERT_SUSPENDED;
        work->target->reason = CM_REASON_CERTIFICATE_HOLD;
        work->target->revoked_at = work->ctx->now;
        work->target->invalidity_date = 0;
    }
    return error;
}

const cm_operation_row_t cm_operation_suspend = {.operation = CM_OP_SUSPEND,
                                                 .members = members,
                                                 .take = take,
                                                 .decide = decide,
                                                 .change = cm_target_change,
                                                 .record = cm_target_record};
