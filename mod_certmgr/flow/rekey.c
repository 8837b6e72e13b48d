/* SPDX-License-Identifier: Apache-2.0
 *
 * rekey: a new key, same names and same expiry.
 */
#include "flow/entitle.h"
#include "flow/target.h"

enum { CSR_TEXT = 98304 }; /* base64 of the largest CSR, with line ends */

static const cm_json_member_t members[] = {
    {"certificate", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, certificate), 64,
     "Id of the certificate."},
    {"csr", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_submission_t, csr), CSR_TEXT,
     "PKCS#10 certification request (RFC 2986) for the new key; its names are ignored."},
    {"message", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_submission_t, message), 4096,
     "A message for those who decide."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    cm_error_t *error = cm_successor_take(work, submission->certificate);

    work->request->wish = "{}";
    return error ? error : cm_work_take_csr(work, submission->csr);
}

static cm_error_t *refused(const cm_work_t *work, const char *field, const char *rule,
                           const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_REFUSED, "%s", message), field,
                           rule);
}

/* The end of the life is that of the target; the profile and the issuer must still allow for it. */
static cm_error_t *keep_expiry(cm_work_t *work)
{
    const apr_time_t end = work->target->not_after;

    if (end > work->issuer->cert->not_after) {
        return refused(work, "/certificate", "issuer.validity",
                       "the issuing authority ends before that");
    }
    if (end - work->spec->not_before >= apr_time_from_sec(work->profile->validity.max)) {
        return refused(work, "/certificate", "profile.validity",
                       "the profile does not allow that much life any more");
    }
    work->spec->not_after = end;
    return NULL;
}

static cm_error_t *decide(cm_work_t *work)
{
    cm_cert_t *cert;
    cm_error_t *error = cm_work_read_csr(work);

    if (!error) {
        error = cm_target_read(work, CM_CERT_ACTIVE);
    }
    if (!error) {
        error = cm_cert_parse(&cert, work->target->der, work->ctx->pool);
    }
    if (error) {
        return error;
    }
    if (cm_bytes_equal(cert->spki, work->csr->key->spki)) {
        return cm_error_advise(refused(work, "/csr", "rekey.key", "this is the key of before"),
                               "renew keeps the key");
    }
    error = cm_successor_decide(work, work->csr->key);
    return error ? error : keep_expiry(work);
}

const cm_operation_row_t cm_operation_rekey = {.operation = CM_OP_REKEY,
                                               .members = members,
                                               .take = take,
                                               .decide = decide,
                                               .entitle = cm_entitle_successor,
                                               .change = cm_successor_change,
                                               .record = cm_successor_record};
