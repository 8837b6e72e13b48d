/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of target.h that is about successors.
 */
#include "flow/target.h"
#include "policy/evaluate.h"
#include "store/certificates.h"
#include "store/people.h"

/* The names of the certificate that its profile takes from the requester; the others come from
 * where the profile says, and are compared in the end. */
static apr_array_header_t *chosen_names(const cm_work_t *work, const cm_cert_t *cert)
{
    const apr_array_header_t *rows = work->profile->san;
    apr_array_header_t *names =
        apr_array_make(work->ctx->pool, cert->san->nelts + 1, sizeof(cm_san_t));

    for (int i = 0; i < cert->san->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(cert->san, i, cm_san_t);

        for (int k = 0; k < rows->nelts; k++) {
            const cm_profile_name_t *row = &APR_ARRAY_IDX(rows, k, cm_profile_name_t);

            if (row->from == CM_FROM_CSR && strcmp(row->type, san->type) == 0) {
                APR_ARRAY_PUSH(names, cm_san_t) = *san;
                break;
            }
        }
    }
    return names;
}

static int has_other_names(const cm_cert_spec_t *spec, const cm_cert_t *cert)
{
    if (!cm_bytes_equal(spec->subject, cert->subject->der) ||
        spec->san->nelts != cert->san->nelts) {
        return 1;
    }
    for (int i = 0; i < spec->san->nelts; i++) {
        if (!cm_san_has(cert->san, &APR_ARRAY_IDX(spec->san, i, cm_san_t))) {
            return 1;
        }
    }
    return 0;
}

/* What an enrollment for this key and these names would get. */
static cm_error_t *evaluate(cm_work_t *work, const cm_cert_t *cert, const cm_pubkey_t *key)
{
    const cm_ctx_t *ctx = work->ctx;
    const cm_csr_t wish = {.subject = cert->subject,
                           .key = key,
                           .extensions = apr_array_make(ctx->pool, 1, sizeof(cm_ext_t)),
                           .san = chosen_names(work, cert)};
    cm_evaluate_in_t in = {
        .profile = work->profile, .csr = &wish, .url = cm_public_url(ctx), .now = ctx->now};
    const cm_person_t *person;
    cm_error_t *error = cm_work_person(&person, work, work->target->owner);

    if (!error) {
        error = cm_issuer_open(&work->issuer, ctx, work->profile->ca);
    }
    if (error) {
        return error;
    }
    in.person = person;
    in.issuer = work->issuer->cert;
    in.ca = work->issuer->record->name;
    error = cm_evaluate(&work->spec, &in, ctx->pool);
    for (cm_error_t *at = error; at; at = at->also) {
        if (at->field && strcmp(at->field, "/csr") == 0 && !work->csr) {
            at->field = "/certificate";
        }
    }
    return error;
}

/* The owner's groups are known when the owner asks; somebody else asks by a right of their own. A
 * certificate logs its owner in, so nobody else brings a key for it. */
cm_error_t *cm_successor_take(cm_work_t *work, const char *id)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = cm_target_take(work, id, CM_MAY_SUBMIT_FOR_OTHERS);

    if (error) {
        return error;
    }
    if (work->target->owner && strcmp(work->target->owner, ctx->who->person->id) == 0) {
        return cm_work_group(work);
    }
    if (work->request->operation != CM_OP_RENEW) {
        error = cm_error_make(ctx->pool, CM_E_FORBIDDEN,
                              "only the holder brings a new key for a certificate");
        cm_error_locate(error, "/certificate", "certificate.holder");
    }
    return error;
}

cm_error_t *cm_successor_decide(cm_work_t *work, const cm_pubkey_t *key)
{
    apr_pool_t *pool = work->ctx->pool;
    cm_cert_t *cert;
    cm_error_t *error;

    if (work->target->replaced_by) {
        return cm_error_locate(
            cm_error_make(pool, CM_E_CONFLICT, "the certificate has a successor already"),
            "/certificate", "certificate.replaced");
    }
    error = cm_work_check_key(work, key, work->target->owner);
    if (!error) {
        error = cm_cert_parse(&cert, work->target->der, pool);
    }
    if (!error) {
        error = evaluate(work, cert, key);
    }
    if (!error && has_other_names(work->spec, cert)) {
        error =
            cm_error_make(pool, CM_E_REFUSED, "the profile or the person give other names by now");
        cm_error_locate(error, "/certificate", "successor.names");
        cm_error_advise(error, "enroll anew");
    }
    return error;
}

cm_error_t *cm_successor_change(cm_txn_t *txn, cm_work_t *work)
{
    cm_error_t *error = cm_certificate_insert(txn, work->made);

    return error ? error : cm_certificate_replace(txn, work->target->id, work->made->id);
}

void cm_successor_record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_target_record(draft, work);
    if (work->made) {
        cm_json_set_text(draft->detail, "replaces", work->target->id);
        cm_json_set_text(draft->detail, "certificate", work->made->id);
        cm_json_set_text(draft->detail, "serial", work->made->serial);
        cm_json_set_text(draft->detail, "sha256", work->made->sha256);
        cm_json_set_text(draft->personal, "subject", work->made->subject);
    }
}
