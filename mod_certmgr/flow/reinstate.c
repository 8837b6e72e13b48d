/* SPDX-License-Identifier: Apache-2.0
 *
 * reinstate: lift a hold. A full CRL lists the certificate no more; removeFromCRL is for delta CRLs
 * only (RFC 5280 5.3.1).
 */
#include "flow/entitle.h"
#include "flow/target.h"

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
                                                   .members = cm_target_members,
                                                   .take = cm_target_take_remarks,
                                                   .decide = decide,
                                                   .entitle = cm_entitle_decider,
                                                   .change = cm_target_change,
                                                   .record = cm_target_record};
