/* SPDX-License-Identifier: Apache-2.0
 *
 * revoke: end a certificate before its time (RFC 5280 5.3).
 */
#include "flow/target.h"
#include "pki/reason.h"
#include "store/certificates.h"

static const cm_json_member_t members[] = {
    {"certificate", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, certificate), 64,
     "Id of the certificate."},
    {"reason", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, reason), 32,
     "Reason of RFC 5280 5.3.1, such as keyCompromise or superseded."},
    {"remarks", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_submission_t, remarks), 4096,
     "Why, in words."},
    {"invalidity_date", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(cm_submission_t, invalidity_date),
     0, "When the key is thought to have been compromised (RFC 5280 5.3.2), not in the future."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

typedef struct {
    const char *reason, *remarks;
    apr_time_t invalidity_date;
} wish_t;

static const cm_json_member_t wishes[] = {
    {"reason", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(wish_t, reason), 0, ""},
    {"remarks", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(wish_t, remarks), 0, ""},
    {"invalidity_date", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(wish_t, invalidity_date), 0, ""},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    const cm_ctx_t *ctx = work->ctx;
    json_t *wish = cm_json_object(ctx->pool);

    cm_json_set_text(wish, "reason", submission->reason);
    cm_json_set_text(wish, "remarks", submission->remarks);
    if (submission->invalidity_date) {
        cm_json_set_time(wish, "invalidity_date", submission->invalidity_date);
    }
    work->request->wish = (const char *)cm_json_canonical(wish, ctx->pool).data;
    return cm_target_take(work, submission->certificate, CM_MAY_DECIDE);
}

static cm_error_t *needs_remarks(apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "a revocation needs remarks"),
                           "/remarks", "revoke.remarks");
}

static cm_error_t *decide(cm_work_t *work)
{
    apr_pool_t *pool = work->ctx->pool;
    wish_t wish = {NULL, NULL, 0};
    json_t *document;
    cm_error_t *error = cm_json_parse(&document, cm_bytes_of_text(work->request->wish), pool);

    if (!error) {
        error = cm_json_read(&wish, wishes, document, "", pool);
    }
    if (!error) {
        error =
            cm_certificate_read(&work->target, work->ctx->store, work->request->certificate, pool);
    }
    if (error) {
        return error;
    }
    error = cm_target_end(work, &(cm_ending_t){wish.reason, wish.invalidity_date});
    return *wish.remarks ? error : cm_error_join(needs_remarks(pool), error);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_target_record(draft, work);
    if (work->target) {
        cm_json_set_text(draft->detail, "reason", cm_reason_name(work->target->reason));
    }
}

const cm_operation_row_t cm_operation_revoke = {.operation = CM_OP_REVOKE,
                                                .members = members,
                                                .take = take,
                                                .decide = decide,
                                                .change = cm_target_revoke,
                                                .record = record};
