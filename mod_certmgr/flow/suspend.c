/* SPDX-License-Identifier: Apache-2.0
 *
 * suspend: put a certificate on hold (RFC 5280 5.3.1, certificateHold).
 */
#include "flow/target.h"
#include "pki/reason.h"

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
                                                 .members = cm_target_members,
                                                 .take = cm_target_take_remarks,
                                                 .decide = decide,
                                                 .change = cm_target_change,
                                                 .record = cm_target_record};
