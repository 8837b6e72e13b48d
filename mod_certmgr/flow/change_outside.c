/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes that add authorities whose certificate comes from elsewhere (flow/outside.h).
 */
#include "flow/change.h"
#include "flow/govern.h"
#include "flow/outside.h"
#include "flow/setup.h"

enum {
    AUTHORITY_MAX = 64,
    URI_MAX = 1024,
    DN_MAX = 1024,
    WORD_MAX = 32,
    PEM_MAX = 65536,
    PATH_LENGTH_MAX = 16
};

static const cm_json_member_t csr_members[] = {
    {"authority", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, authority), AUTHORITY_MAX,
     "Name of the authority to be: a-z, 0-9, -."},
    {"key", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, key), URI_MAX,
     "Its key, made when it is not there: RFC 7512, with token= and object=."},
    {"algorithm", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, algorithm), WORD_MAX,
     "Of a key that is made: P-256 (the default), P-384, P-521, RSA-2048, RSA-3072, RSA-4096."},
    {"subject", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, subject), DN_MAX,
     "Subject to ask for (RFC 4514)."},
    {"path_length", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(cm_change_t, path_length),
     PATH_LENGTH_MAX, "Path length to ask for (RFC 5280 4.2.1.9); none where it is left out."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t csr_results[] = {
    {"csr", CM_JSON_LINES, CM_JSON_OPTIONAL, 0, 0,
     "The certification request (RFC 2986, PEM), once it was made."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t import_members[] = {
    {"authority", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, authority), AUTHORITY_MAX,
     "Name of the authority: a-z, 0-9, -."},
    {"certificate", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_change_t, pem), PEM_MAX,
     "Its certificate (PEM); certificates above it may follow."},
    {"chain", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_change_t, chain), PEM_MAX,
     "Certificates above it up to the root (PEM)."},
    {"parent", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, parent), AUTHORITY_MAX,
     "The authority of ours that signed it, in place of the chain."},
    {"key", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, key), URI_MAX,
     "Its key (RFC 7512); that of the request under this name unless given."},
    {"ocsp_key", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, ocsp_key), URI_MAX,
     "Key of its OCSP responder (RFC 7512), made when it is not there; no OCSP where it is left "
     "out."},
    {"crl_validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, crl_validity), WORD_MAX,
     "Life of its CRLs, such as 30d; CertMgrCRLValidity unless given."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_outside_request_t plan_of(const cm_change_t *change)
{
    return (cm_outside_request_t){.name = change->authority,
                                  .key = change->key,
                                  .algorithm = change->algorithm ? change->algorithm : "P-256",
                                  .subject = change->subject,
                                  .path_len = (int)change->path_length};
}

static cm_error_t *decide_csr(cm_work_t *work)
{
    const cm_outside_request_t plan = plan_of(work->change);

    return cm_outside_request_check(work->ctx, &plan);
}

static cm_error_t *make_csr(cm_work_t *work)
{
    const cm_outside_request_t plan = plan_of(work->change);

    return cm_outside_request_sign(&work->request->csr, work->ctx, &plan);
}

static cm_error_t *store_csr(cm_txn_t *txn, cm_work_t *work)
{
    const cm_outside_request_t plan = plan_of(work->change);

    return cm_outside_request_store(txn, &plan, work->request->csr, work->ctx->now);
}

static void record_csr(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_request_t *request = work->request;
    apr_pool_t *pool = work->ctx->pool;

    cm_json_set_text(draft->detail, "authority", work->change->authority);
    cm_json_set_text(draft->detail, "key", work->change->key);
    cm_json_set_text(draft->detail, "subject", work->change->subject);
    if (request->csr.len) {
        cm_json_set_text(draft->detail, "csr_sha256",
                         cm_bytes_hex(cm_bytes_sha256(request->csr, pool), pool));
    }
}

static cm_error_t *decide_import(cm_work_t *work)
{
    cm_change_t *change = work->change;
    cm_outside_answer_t *answer = apr_pcalloc(work->ctx->pool, sizeof *answer);
    cm_outside_import_t *import;
    cm_error_t *error;

    *answer = (cm_outside_answer_t){.name = change->authority,
                                    .certificate = cm_bytes_of_text(change->pem),
                                    .parent = change->parent,
                                    .key = change->key,
                                    .ocsp_key = change->ocsp_key,
                                    .crl_validity = change->crl_validity};
    if (change->chain) {
        answer->chain = cm_bytes_of_text(change->chain);
    }
    error = cm_outside_import_check(&import, work->ctx, answer);
    if (!error) {
        change->imported = import;
    }
    return error;
}

static cm_error_t *make_import(cm_work_t *work)
{
    return cm_outside_import_prepare(work->change->imported);
}

static cm_error_t *store_import(cm_txn_t *txn, cm_work_t *work)
{
    return cm_outside_import_store(txn, work->change->imported);
}

static cm_error_t *finish_import(cm_work_t *work)
{
    return cm_authority_provide(work->ctx, work->change->authority);
}

static void record_import(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_outside_import_t *import = work->change->imported;

    cm_json_set_text(draft->detail, "authority", work->change->authority);
    if (import) {
        cm_json_set_text(draft->detail, "serial", import->cert->serial_hex);
        cm_json_set_text(draft->detail, "subject", import->cert->subject_text);
        cm_json_set_text(draft->detail, "issuer", import->cert->issuer_text);
        cm_json_set_text(draft->detail, "sha256", import->cert->sha256);
    }
}

const cm_change_kind_t cm_change_authority_csr = {
    .name = "authority.csr",
    .about = "Ask an authority outside for the certificate of a new authority",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = csr_members,
    .results = csr_results,
    .decide = decide_csr,
    .make = make_csr,
    .change = store_csr,
    .record = record_csr};

const cm_change_kind_t cm_change_authority_import = {
    .name = "authority.import",
    .about = "Take up an authority whose certificate was signed elsewhere",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = import_members,
    .decide = decide_import,
    .make = make_import,
    .change = store_import,
    .finish = finish_import,
    .record = record_import};
