/* SPDX-License-Identifier: Apache-2.0
 *
 * reinstate: lift a hold. A full CRL lists the certificate no more; removeFromCRL is for delta CRLs
 * only (RFC 5280 5.3.1).
 */
#include "flow/target.h"

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
    cm_error_t *error = cm_target_read(work, CM_CERT_SUSPENDED);

    if (!error) {
        work->target->status = CM_CERT_ACTIVE;
        work->target->reason = 0;
        work->target->revoked_at = 0;
        work->target->invalidity_date = 0;
    }
    return error;
}

const cm_operation_row_t cm_operation_reinstate = {.operation = CM_OP_REINSTATE,
                                                   .members = members,
                                                   .take = take,
                                                   .decide = decide,
                                                   .change = cm_target_change,
                                                   .record = cm_target_record};
