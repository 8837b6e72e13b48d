/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ocsp.h"

#include <apr_strings.h>

#include "flow/audit.h"
#include "flow/ready.h"
#include "flow/sign.h"
#include "flow/upkeep.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/ocsp.h"
#include "policy/config.h"
#include "store/authorities.h"
#include "store/certificates.h"

/* The authority that answers: that of the first certificate asked for which is ours. */
typedef struct {
    const cm_authority_t *authority;
    cm_ocsp_issuer_t hashes;
    cm_ready_reading_t reading; /* of the last certificate that was looked up */
} responder_t;

static cm_error_t *hash_issuer(cm_ocsp_issuer_t *hashes, const cm_authority_t *authority,
                               apr_pool_t *pool)
{
    cm_cert_t *cert;
    cm_pubkey_t *key;
    cm_error_t *error = cm_cert_parse(&cert, authority->der, pool);

    if (!error) {
        error = cm_pubkey_parse(&key, cert->spki, pool);
    }
    if (!error) {
        cm_ocsp_issuer_make(hashes, cert->subject->der, key->octets, pool);
    }
    return error;
}

static cm_error_t *find_responder(responder_t *responder, const cm_ocsp_request_t *request,
                                  const cm_ctx_t *ctx)
{
    apr_array_header_t *authorities;
    cm_error_t *error = cm_authorities_list(&authorities, ctx->store, ctx->pool);

    for (int i = 0; !error && i < authorities->nelts; i++) {
        responder->authority = APR_ARRAY_IDX(authorities, i, cm_authority_t *);
        if (!responder->authority->ocsp_der.len) {
            continue;
        }
        error = hash_issuer(&responder->hashes, responder->authority, ctx->pool);
        for (int k = 0; !error && k < request->ids->nelts; k++) {
            if (cm_ocsp_issuer_match(&responder->hashes,
                                     &APR_ARRAY_IDX(request->ids, k, cm_ocsp_id_t))) {
                return NULL;
            }
        }
    }
    return error ? error
                 : cm_error_make(ctx->pool, CM_E_IDENTITY, "no certificate of these is ours");
}

/* What the database says; kept answers that may be older are dropped before anybody is told. */
static cm_error_t *read_state(cm_revocation_state_t *state, responder_t *responder,
                              const cm_ocsp_id_t *id, const cm_ctx_t *ctx)
{
    const cm_authority_t *authority = responder->authority;
    cm_error_t *error =
        cm_certificate_state(state, ctx->store, authority->name, id->serial_hex, ctx->pool);

    if (!error && state->found && ctx->ready) {
        responder->reading = (cm_ready_reading_t){
            authority->name, cm_ready_fingerprint(authority->der, authority->ocsp_der, ctx->pool),
            state->revocations, ctx->now};
        cm_ready_settle(ctx->ready, &responder->reading, id);
    }
    return error;
}

static cm_error_t *answer_one(cm_ocsp_single_t *single, responder_t *responder,
                              const cm_ocsp_id_t *id, const cm_ctx_t *ctx)
{
    cm_revocation_state_t state = {0, CM_CERT_ACTIVE, 0, 0, 0};
    cm_error_t *error = NULL;

    single->id = id->der;
    single->status = CM_OCSP_UNKNOWN;
    single->this_update = ctx->now - ctx->now % APR_USEC_PER_SEC;
    single->next_update = single->this_update + apr_time_from_sec(ctx->config->ocsp_validity);
    if (single->next_update > responder->authority->ocsp_not_after) {
        /* the signature is good for no longer than its certificate */
        single->next_update = responder->authority->ocsp_not_after;
    }
    if (!id->negative && cm_ocsp_issuer_match(&responder->hashes, id)) {
        error = read_state(&state, responder, id, ctx);
    }
    if (!error && state.found) {
        single->status = CM_OCSP_GOOD;
    }
    if (!error && (state.status == CM_CERT_REVOKED || state.status == CM_CERT_SUSPENDED)) {
        single->status = CM_OCSP_REVOKED;
        single->revoked_at = state.revoked_at;
        single->reason = (cm_reason_t)state.reason;
    }
    return error;
}

static cm_error_t *sign_answer(cm_bytes_t *der, const cm_ocsp_spec_t *spec, cm_key_t *key,
                               const responder_t *responder, const cm_ctx_t *ctx)
{
    apr_array_header_t *certs = apr_array_make(ctx->pool, 1, sizeof(cm_bytes_t));
    cm_ocsp_seal_t seal = {cm_sigalg_for_key(cm_key_algorithm(key)), {NULL, 0}, certs};
    cm_bytes_t tbs;
    cm_error_t *error = cm_ocsp_tbs(&tbs, spec, ctx->pool);

    if (!error) {
        error = cm_key_sign(&seal.signature, key, seal.sigalg->digest, tbs, ctx->pool);
    }
    if (!error) {
        APR_ARRAY_PUSH(certs, cm_bytes_t) = responder->authority->ocsp_der;
        *der = cm_ocsp_wrap(tbs, &seal, ctx->pool);
    }
    return error;
}

static cm_error_t *open_responder(cm_key_t **key, cm_bytes_t *key_id, const responder_t *responder,
                                  const cm_ctx_t *ctx)
{
    cm_cert_t *cert;
    cm_error_t *error = cm_cert_parse(&cert, responder->authority->ocsp_der, ctx->pool);

    if (!error && cert->not_after < ctx->now) {
        error =
            cm_error_make(ctx->pool, CM_E_TOKEN, "the certificate of the responder has expired");
    }
    if (!error) {
        error = cm_keyring_find(key, ctx->keys, responder->authority->ocsp_key, ctx->pool);
    }
    if (!error) {
        *key_id = cert->ski;
    }
    return error;
}

static int is_about_one(const cm_ocsp_request_t *request)
{
    return request->ids->nelts == 1 && !request->nonce.len;
}

/* A serial that was never issued is not kept: there is no end of them. */
static void keep_answer(cm_ocsp_answer_t *answer, const cm_ocsp_single_t *single,
                        const responder_t *responder, const cm_ctx_t *ctx)
{
    cm_ocsp_id_t id;

    answer->expires = single->next_update;
    answer->sha256 = cm_bytes_sha256(answer->der, ctx->pool);
    /* an answer of the same second may have said "good": see cm_reply_validate */
    answer->modified = single->this_update + (single->status == CM_OCSP_REVOKED &&
                                              single->revoked_at >= single->this_update);
    if (ctx->ready && single->status != CM_OCSP_UNKNOWN &&
        !cm_ocsp_id_parse(&id, single->id, ctx->pool)) {
        const cm_ready_answer_t kept = {answer->der, answer->sha256, single->this_update,
                                        single->next_update, answer->modified};

        cm_ready_keep(ctx->ready, &responder->reading, &id, &kept);
    }
}

static cm_error_t *make_answer(cm_ocsp_answer_t *answer, cm_ctx_t *ctx,
                               const cm_ocsp_request_t *request)
{
    responder_t responder = {0};
    cm_ocsp_spec_t spec = {.produced_at = ctx->now - ctx->now % APR_USEC_PER_SEC};
    apr_array_header_t *singles = apr_array_make(ctx->pool, 4, sizeof(cm_ocsp_single_t));
    cm_key_t *key;
    cm_error_t *error = find_responder(&responder, request, ctx);

    if (!error) {
        error = open_responder(&key, &spec.responder_key_id, &responder, ctx);
    }
    for (int i = 0; !error && i < request->ids->nelts; i++) {
        cm_ocsp_single_t *single = apr_array_push(singles);

        memset(single, 0, sizeof *single);
        error = answer_one(single, &responder, &APR_ARRAY_IDX(request->ids, i, cm_ocsp_id_t), ctx);
    }
    if (!error) {
        spec.singles = singles;
        spec.nonce = request->nonce;
        error = sign_answer(&answer->der, &spec, key, &responder, ctx);
    }
    if (!error && is_about_one(request)) {
        keep_answer(answer, &APR_ARRAY_IDX(singles, 0, cm_ocsp_single_t), &responder, ctx);
    }
    return error;
}

static int give_kept(cm_ocsp_answer_t *answer, const cm_ctx_t *ctx,
                     const cm_ocsp_request_t *request)
{
    cm_ready_answer_t kept;

    if (!ctx->ready || !is_about_one(request) ||
        !cm_ready_find(&kept, ctx->ready, &APR_ARRAY_IDX(request->ids, 0, cm_ocsp_id_t), ctx->now,
                       ctx->pool)) {
        return 0;
    }
    *answer = (cm_ocsp_answer_t){kept.der, kept.sha256, kept.next_update, kept.modified, NULL};
    return 1;
}

static cm_error_t *find_or_make(cm_ocsp_answer_t *answer, cm_ctx_t *ctx,
                                const cm_ocsp_request_t *request)
{
    if (ctx->ready && cm_ready_claim(ctx->ready, ctx->now)) {
        /* one looks while the others get what is kept: a busy server must not sign all anew. That
         * the database is away is told by cm_ocsp_sweep's next run in the background. */
        cm_ocsp_sweep(ctx);
    }
    if (ctx->ready && cm_ready_is_current(ctx->ready, ctx->now) &&
        give_kept(answer, ctx, request)) {
        return NULL;
    }
    return make_answer(answer, ctx, request);
}

void cm_ocsp_answer(cm_ocsp_answer_t *answer, cm_ctx_t *ctx, cm_bytes_t request)
{
    cm_ocsp_request_t *parsed;
    cm_error_t *error = cm_ocsp_parse(&parsed, request, ctx->pool);

    memset(answer, 0, sizeof *answer);
    if (!error) {
        error = find_or_make(answer, ctx, parsed);
    }
    if (error) {
        *answer = (cm_ocsp_answer_t){
            .der = cm_ocsp_error(cm_code_info(error->code)->ocsp, ctx->pool), .error = error};
    }
}

cm_error_t *cm_ocsp_remake(cm_ctx_t *ctx, cm_bytes_t id)
{
    apr_array_header_t *ids = apr_array_make(ctx->pool, 1, sizeof(cm_ocsp_id_t));
    const cm_ocsp_request_t request = {.ids = ids};
    cm_ocsp_answer_t answer;
    cm_error_t *error = cm_ocsp_id_parse(apr_array_push(ids), id, ctx->pool);

    return error ? error : make_answer(&answer, ctx, &request);
}

typedef struct {
    cm_authority_t *authority;
    cm_certificate_t *made;
} renew_t;

static cm_error_t *store_responder(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const renew_t *renew = baton;
    cm_error_t *error = cm_certificate_insert(txn, renew->made);

    (void)event;
    return error ? error : cm_authority_set_ocsp(txn, renew->authority);
}

static cm_error_t *describe_responder(cm_cert_spec_t *spec, const cm_issuer_t *issuer,
                                      const cm_ctx_t *ctx)
{
    apr_array_header_t *eku = apr_array_make(ctx->pool, 1, sizeof(const char *));
    apr_array_header_t *subject = apr_array_make(ctx->pool, 1, sizeof(cm_name_attribute_t));
    cm_name_attribute_t *cn = apr_array_push(subject);
    const char *whose = issuer->cert->subject_cn;
    cm_pubkey_t *public;
    cm_name_t *name;
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, issuer->record->ocsp_key, ctx->pool);

    if (!error) {
        error = cm_pubkey_parse(&public, cm_key_spki(key), ctx->pool);
    }
    memset(cn, 0, sizeof *cn);
    cn->type = "CN";
    cn->value = apr_psprintf(ctx->pool, "%.50s OCSP", whose ? whose : issuer->record->name);
    if (!error) {
        error = cm_name_make(&name, subject, ctx->pool);
    }
    if (error) {
        return error;
    }
    APR_ARRAY_PUSH(eku, const char *) = "OCSPSigning";
    spec->not_after = ctx->now + apr_time_from_sec(ctx->config->ocsp_certificate_validity);
    cm_issuer_bound(spec, issuer, ctx);
    spec->subject = name->der;
    spec->spki = public->spki;
    spec->key_id = public->id;
    spec->key_usage = CM_KU_DIGITAL_SIGNATURE;
    spec->eku = eku;
    spec->ocsp_no_check = 1; /* RFC 6960 4.2.2.2.1: it lives too short to be revoked */
    return NULL;
}

cm_error_t *cm_ocsp_renew(const cm_ctx_t *ctx, const char *ca)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.ocsp", ca);
    cm_cert_spec_t spec = {.is_ca = 0};
    cm_authority_t *authority;
    cm_issuer_t *issuer;
    renew_t renew;
    cm_error_t *error = cm_issuer_open_for_status(&issuer, ctx, ca);

    if (!error) {
        error = describe_responder(&spec, issuer, ctx);
    }
    if (!error) {
        error = cm_issuer_sign(&renew.made, issuer, &spec, ctx);
    }
    if (error) {
        return error;
    }
    renew.made->profile = "ocsp";
    authority = apr_pmemdup(ctx->pool, issuer->record, sizeof *authority);
    authority->ocsp_der = renew.made->der;
    authority->ocsp_not_after = renew.made->not_after;
    renew.authority = authority;
    cm_json_set_text(draft->detail, "certificate", renew.made->id);
    cm_json_set_text(draft->detail, "serial", renew.made->serial);
    return cm_store_transact(ctx->store, store_responder, &renew, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

/* Half of its life is over, and a new one could live longer: no life goes beyond the issuer's. */
static cm_error_t *authority_is_due(int *due, const cm_authority_t *authority, const cm_ctx_t *ctx)
{
    const apr_time_t half = apr_time_from_sec(ctx->config->ocsp_certificate_validity) / 2;
    cm_cert_t *cert;
    cm_error_t *error = NULL;

    *due = authority->ocsp_key && authority->ocsp_not_after - half < ctx->now;
    if (*due) {
        error = cm_cert_parse(&cert, authority->der, ctx->pool);
        *due = !error && authority->ocsp_not_after < cert->not_after;
    }
    return error;
}

static const cm_upkeep_t upkeep = {authority_is_due, cm_ocsp_renew};

cm_error_t *cm_ocsp_is_due(int *due, cm_ctx_t *ctx)
{
    return cm_upkeep_is_due(due, &upkeep, ctx);
}

cm_error_t *cm_ocsp_job(cm_ctx_t *ctx)
{
    return cm_upkeep_run(&upkeep, ctx);
}
