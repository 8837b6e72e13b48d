/* SPDX-License-Identifier: Apache-2.0
 *
 * renew: same key, same names, new dates; no CSR. Who holds the key is known from the first time.
 */
#include "flow/entitle.h"
#include "flow/target.h"

static const cm_json_member_t members[] = {
    {"certificate", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, certificate), 64,
     "Id of the certificate."},
    {"message", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_submission_t, message), 4096,
     "A message for those who decide."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    work->request->wish = "{}";
    return cm_successor_take(work, submission->certificate);
}

static cm_error_t *decide(cm_work_t *work)
{
    apr_pool_t *pool = work->ctx->pool;
    cm_cert_t *cert;
    cm_pubkey_t *key;
    cm_error_t *error = cm_target_read(work, CM_CERT_ACTIVE);

    if (!error) {
        error = cm_cert_parse(&cert, work->target->der, pool);
    }
    if (!error) {
        error = cm_pubkey_parse(&key, cert->spki, pool);
    }
    return error ? error : cm_successor_decide(work, key);
}

const cm_operation_row_t cm_operation_renew = {.operation = CM_OP_RENEW,
                                               .members = members,
                                               .take = take,
                                               .decide = decide,
                                               .entitle = cm_entitle_successor,
                                               .change = cm_successor_change,
                                               .record = cm_successor_record};
