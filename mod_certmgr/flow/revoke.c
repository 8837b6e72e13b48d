/* SPDX-License-Identifier: Apache-2.0
 *
 * revoke: end a certificate before its time (RFC 5280 5.3).
 */
#include "flow/target.h"
#include "pki/reason.h"
#include "store/certificates.h"
#include "store/keys.h"

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

static cm_error_t *refused(const cm_work_t *work, const char *field, const char *rule,
                           const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_REFUSED, "%s", message), field,
                           rule);
}

static cm_error_t *check_wish(cm_work_t *work, const wish_t *wish)
{
    cm_error_t *error = NULL;
    int reason = cm_reason_of(wish->reason);

    if (reason < 0 || !cm_reason_is_free(reason)) {
        error = refused(work, "/reason", "revoke.reason", "not a reason that can be given here");
        cm_error_advise(error, "keyCompromise, affiliationChanged, superseded, "
                               "cessationOfOperation, privilegeWithdrawn or unspecified");
    }
    if (!*wish->remarks) {
        error = cm_error_join(
            error, refused(work, "/remarks", "revoke.remarks", "a revocation needs remarks"));
    }
    if (wish->invalidity_date > work->ctx->now) {
        error = cm_error_join(error, refused(work, "/invalidity_date", "revoke.invalidity-date",
                                             "the date lies in the future"));
    }
    if (wish->invalidity_date && wish->invalidity_date < work->target->not_before) {
        error =
            cm_error_join(error, refused(work, "/invalidity_date", "revoke.invalidity-date",
                                         "the date lies before the certificate's first second"));
    }
    return error;
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
    if (!error) {
        error = check_wish(work, &wish);
    }
    if (error) {
        return error;
    }
    work->target_was = work->target->status;
    if (work->target_was == CM_CERT_REVOKED) {
        return cm_error_locate(
            cm_error_make(pool, CM_E_CONFLICT, "the certificate is revoked already"),
            "/certificate", "certificate.revoked");
    }
    if (cm_certificate_status(work->target, work->ctx->now) == CM_CERT_EXPIRED) {
        return cm_error_locate(cm_error_make(pool, CM_E_CONFLICT, "the certificate has expired"),
                               "/certificate", "certificate.expired");
    }
    work->target->status = CM_CERT_REVOKED;
    work->target->reason = cm_reason_of(wish.reason);
    work->target->revoked_at = work->ctx->now;
    work->target->invalidity_date = wish.invalidity_date;
    return NULL;
}

static cm_error_t *change(cm_txn_t *txn, cm_work_t *work)
{
    cm_error_t *error = cm_target_change(txn, work);

    if (!error && work->target->reason == CM_REASON_KEY_COMPROMISE) {
        error = cm_key_report(NULL, txn, work->target->spki_sha256, work->ctx->now);
    }
    return error;
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
                                                .change = change,
                                                .record = record};
