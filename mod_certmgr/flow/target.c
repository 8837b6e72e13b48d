/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/target.h"

#include <apr_strings.h>

#include "flow/certificates.h"
#include "flow/ready.h"
#include "pki/reason.h"
#include "store/certificates.h"
#include "store/keys.h"

static cm_error_t *refused(const cm_work_t *work, cm_code_t code, const char *rule,
                           const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, code, "%s", message), "/certificate",
                           rule);
}

cm_error_t *cm_target_take(cm_work_t *work, const char *id, cm_permission_t for_others)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_certificate_t *target;
    cm_error_t *error;

    work->request->certificate = id;
    error = cm_certificate_show(&target, work->ctx, id);
    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_locate(error, "/certificate", "certificate.unknown");
    }
    if (!error && (!target->owner || strcmp(target->owner, ctx->who->person->id) != 0)) {
        /* whoever sees a certificate of somebody else's is told that it is there: 403, not 404 */
        error = cm_identity_require_in(ctx->who, for_others, target->group, ctx->pool);
        error = error ? cm_error_locate(error, "/certificate", error->rule) : NULL;
    }
    if (error) {
        return error;
    }
    if (!target->profile_version) {
        /* our own authorities and responders: ended by a ceremony, not by a request */
        return refused(work, CM_E_REFUSED, "certificate.profile",
                       "this certificate was not issued under a profile");
    }
    work->target = target;
    work->request->group = target->group;
    return cm_work_profile(work, target->profile);
}

cm_error_t *cm_target_read(cm_work_t *work, cm_status_t wanted)
{
    apr_pool_t *pool = work->ctx->pool;
    cm_status_t status;
    cm_error_t *error =
        cm_certificate_read(&work->target, work->ctx->store, work->request->certificate, pool);

    if (error) {
        return error;
    }
    work->target_was = work->target->status;
    status = cm_certificate_status(work->target, work->ctx->now);
    if (status != CM_CERT_REVOKED && work->target->not_after < work->ctx->now) {
        status = CM_CERT_EXPIRED; /* also when it was on hold */
    }
    if (status != wanted) {
        return refused(work, CM_E_CONFLICT,
                       apr_pstrcat(pool, "certificate.", cm_status_name(status), NULL),
                       apr_psprintf(pool, "the certificate is %s", cm_status_name(status)));
    }
    return NULL;
}

const cm_json_member_t cm_target_members[] = {
    {"certificate", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, certificate), 64,
     "Id of the certificate."},
    {"remarks", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_submission_t, remarks), 4096,
     "Why, in words."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

cm_error_t *cm_target_take_remarks(cm_work_t *work, const cm_submission_t *submission)
{
    json_t *wish = cm_json_object(work->ctx->pool);

    cm_json_set_text(wish, "remarks", submission->remarks);
    work->request->wish = (const char *)cm_json_canonical(wish, work->ctx->pool).data;
    if (!*submission->remarks) {
        return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_REFUSED, "this needs remarks"),
                               "/remarks", "request.remarks");
    }
    return cm_target_take(work, submission->certificate, CM_MAY_DECIDE);
}

cm_error_t *cm_target_change(cm_txn_t *txn, cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_ready_change_t change = {work->target->ca, {NULL, 0}, 0, ctx->now};
    cm_error_t *error = cm_certificate_move(txn, work->target, work->target_was, ctx->now);

    if (!error && ctx->ready) {
        error = cm_bytes_unhex(&change.serial, work->target->serial, cm_txn_pool(txn));
        change.sequence = work->target->sequence;
    }
    if (!error && ctx->ready) {
        cm_ready_change(ctx->ready, &change);
    }
    return error;
}

static cm_error_t *refuse_ending(const cm_work_t *work, const char *field, const char *rule,
                                 const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_REFUSED, "%s", message), field,
                           rule);
}

/* Those that may be given, separated by commas. */
static const char *reasons_for(int (*may)(int reason), apr_pool_t *pool)
{
    const char *names = "";

    for (int reason = 0; reason <= CM_REASON_AA_COMPROMISE; reason++) {
        if (may(reason)) {
            names = apr_pstrcat(pool, names, *names ? ", " : "", cm_reason_name(reason), NULL);
        }
    }
    return names;
}

static cm_error_t *check_reason(const cm_work_t *work, const char *name)
{
    int reason = cm_reason_of(name);
    int (*may)(int reason) = cm_reason_is_free;
    cm_cert_t *cert;
    cm_error_t *error = cm_cert_parse(&cert, work->target->der, work->ctx->pool);

    if (error) {
        return error;
    }
    if (cert->is_ca) {
        may = cm_reason_is_for_authority;
    }
    if (reason >= 0 && may(reason)) {
        return NULL;
    }
    error = refuse_ending(work, "/reason", "revoke.reason", "not a reason that can be given here");
    return cm_error_advise(error, reasons_for(may, work->ctx->pool));
}

static cm_error_t *check_invalidity(const cm_work_t *work, apr_time_t date)
{
    if (date > work->ctx->now) {
        return refuse_ending(work, "/invalidity_date", "revoke.invalidity-date",
                             "the date lies in the future");
    }
    if (date && date < work->target->not_before) {
        return refuse_ending(work, "/invalidity_date", "revoke.invalidity-date",
                             "the date lies before the certificate's first second");
    }
    return NULL;
}

cm_error_t *cm_target_end(cm_work_t *work, const cm_ending_t *ending)
{
    cm_certificate_t *target = work->target;
    cm_error_t *error = check_reason(work, ending->reason);

    error = cm_error_join(error, check_invalidity(work, ending->invalidity_date));
    if (error) {
        return error;
    }
    work->target_was = target->status;
    if (work->target_was == CM_CERT_REVOKED) {
        return refused(work, CM_E_CONFLICT, "certificate.revoked",
                       "the certificate is revoked already");
    }
    if (cm_certificate_status(target, work->ctx->now) == CM_CERT_EXPIRED) {
        return refused(work, CM_E_CONFLICT, "certificate.expired", "the certificate has expired");
    }
    target->status = CM_CERT_REVOKED;
    target->reason = cm_reason_of(ending->reason);
    target->revoked_at = work->ctx->now;
    target->invalidity_date = ending->invalidity_date;
    return NULL;
}

cm_error_t *cm_target_revoke(cm_txn_t *txn, cm_work_t *work)
{
    int reason = work->target->reason;
    cm_error_t *error = cm_target_change(txn, work);

    if (!error && (reason == CM_REASON_KEY_COMPROMISE || reason == CM_REASON_CA_COMPROMISE)) {
        error = cm_key_report(NULL, txn, work->target->spki_sha256, work->ctx->now);
    }
    return error;
}

void cm_target_record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_json_set_text(draft->detail, "certificate",
                     work->target ? work->target->id : work->request->certificate);
    if (work->target) {
        cm_json_set_text(draft->detail, "ca", work->target->ca);
        cm_json_set_text(draft->detail, "serial", work->target->serial);
        cm_json_set_text(draft->detail, "status", cm_status_name(work->target->status));
    }
    cm_json_set_text(draft->personal, "wish", work->request->wish);
}
