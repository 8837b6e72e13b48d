/* SPDX-License-Identifier: Apache-2.0
 *
 * enroll: a new certificate for a key of the requester's.
 */
#include "flow/entitle.h"
#include "flow/operations.h"
#include "policy/config.h"
#include "policy/evaluate.h"
#include "store/certificates.h"
#include "store/people.h"

enum { CSR_TEXT = 98304 }; /* base64 of the largest CSR, with line ends */

static const cm_json_member_t members[] = {
    {"profile", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, profile), 64,
     "Name of the certificate profile."},
    {"csr", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_submission_t, csr), CSR_TEXT,
     "PKCS#10 certification request (RFC 2986), PEM or base64 of the DER."},
    {"subject", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_submission_t, subject), 1024,
     "Wanted subject (RFC 4514), where the profile lets it be chosen."},
    {"san", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(cm_submission_t, san), 100,
     "Wanted subject alternative names, such as dns:www.example.test or email:a@example.test."},
    {"validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_submission_t, validity), 32,
     "Wanted life, such as 90d, not beyond the profile and the issuing CA."},
    {"message", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_submission_t, message), 4096,
     "A message for those who decide."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static void set_given(json_t *object, const char *name, const char *text)
{
    if (text) {
        cm_json_set_text(object, name, text);
    }
}

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    apr_pool_t *pool = work->ctx->pool;
    json_t *wish = cm_json_object(pool);
    cm_error_t *error;

    set_given(wish, "subject", submission->subject);
    set_given(wish, "validity", submission->validity);
    if (submission->san) {
        json_t *san = cm_json_array(pool);

        for (int i = 0; i < submission->san->nelts; i++) {
            json_array_append_new(san,
                                  json_string(APR_ARRAY_IDX(submission->san, i, const char *)));
        }
        cm_json_set(wish, "san", san);
    }
    work->request->wish = (const char *)cm_json_canonical(wish, pool).data;
    error = cm_work_profile(work, submission->profile, 0);
    error = error ? error : cm_work_group(work);
    return error ? error : cm_work_take_csr(work, submission->csr);
}

static cm_error_t *read_wish(cm_evaluate_in_t *in, const cm_work_t *work)
{
    static const cm_json_member_t wishes[] = {
        {"subject", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_evaluate_in_t, subject), 0, ""},
        {"san", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(cm_evaluate_in_t, san), 0, ""},
        {"validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_evaluate_in_t, validity), 0, ""},
        {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};
    json_t *wish;
    cm_error_t *error =
        cm_json_parse(&wish, cm_bytes_of_text(work->request->wish), work->ctx->pool);

    return error ? error : cm_json_read(in, wishes, wish, "", work->ctx->pool);
}

static cm_error_t *decide(cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_evaluate_in_t in = {.profile = work->profile, .url = cm_public_url(ctx), .now = ctx->now};
    cm_person_t *person;
    cm_error_t *error = cm_work_read_csr(work);

    if (!error) {
        error = cm_work_check_key(work, work->csr->key, work->request->requester);
    }
    if (!error) {
        error = cm_work_person(&person, work, work->request->requester);
    }
    if (!error) {
        error = cm_issuer_open(&work->issuer, ctx, work->profile->ca);
    }
    if (!error) {
        error = read_wish(&in, work);
    }
    if (error) {
        return error;
    }
    in.csr = work->csr;
    in.person = person;
    in.issuer = work->issuer->cert;
    in.ca = work->issuer->record->name;
    return cm_evaluate(&work->spec, &in, ctx->pool);
}

static cm_error_t *change(cm_txn_t *txn, cm_work_t *work)
{
    return cm_certificate_insert(txn, work->made);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    if (work->made) {
        cm_json_set_text(draft->detail, "certificate", work->made->id);
        cm_json_set_text(draft->detail, "ca", work->made->ca);
        cm_json_set_text(draft->detail, "serial", work->made->serial);
        cm_json_set_text(draft->detail, "sha256", work->made->sha256);
        cm_json_set_text(draft->personal, "subject", work->made->subject);
    }
}

const cm_operation_row_t cm_operation_enroll = {.operation = CM_OP_ENROLL,
                                                .members = members,
                                                .take = take,
                                                .decide = decide,
                                                .entitle = cm_entitle_member,
                                                .change = change,
                                                .record = record};
