/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/setup.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/crl.h"
#include "flow/ocsp.h"
#include "flow/profiles.h"
#include "flow/sign.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "policy/evaluate.h"
#include "store/authorities.h"
#include "store/certificates.h"

cm_error_t *cm_key_provide(int *made, cm_ctx_t *ctx, const cm_key_request_t *request)
{
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, request->uri, ctx->pool);

    *made = 0;
    if (error && error->code == CM_E_NOT_FOUND) {
        error = cm_keyring_generate(&key, ctx->keys, request, ctx->pool);
        *made = !error;
    }
    return error;
}

/* Who signs: the parent, or the new authority itself. */
static cm_error_t *open_signer(cm_issuer_t **signer, const cm_ctx_t *ctx,
                               const cm_authority_plan_t *plan, const cm_cert_spec_t *spec)
{
    cm_authority_t *record;
    cm_name_t *subject;
    cm_cert_t *cert;
    cm_error_t *error;

    if (plan->parent) {
        return cm_issuer_open(signer, ctx, plan->parent);
    }
    *signer = apr_pcalloc(ctx->pool, sizeof **signer);
    error = cm_keyring_find(&(*signer)->key, ctx->keys, plan->key, ctx->pool);
    if (!error) {
        error = cm_name_parse(&subject, spec->subject, ctx->pool);
    }
    if (!error) {
        record = apr_pcalloc(ctx->pool, sizeof *record);
        record->name = plan->name;
        cert = apr_pcalloc(ctx->pool, sizeof *cert);
        cert->subject = subject;
        cert->ski = spec->key_id;
        cert->not_before = spec->not_before;
        cert->not_after = spec->not_after;
        cert->is_ca = spec->is_ca;
        cert->key_usage = spec->key_usage;
        (*signer)->record = record;
        (*signer)->cert = cert;
    }
    return error;
}

static cm_error_t *describe(cm_cert_spec_t *spec, const cm_ctx_t *ctx,
                            const cm_authority_plan_t *plan)
{
    apr_int64_t seconds;
    cm_pubkey_t *public;
    cm_name_t *subject;
    cm_key_t *key;
    cm_error_t *error = cm_text_duration(&seconds, plan->validity, ctx->pool);

    if (!error) {
        error = cm_name_read(&subject, plan->subject, ctx->pool);
    }
    if (!error) {
        error = cm_keyring_find(&key, ctx->keys, plan->key, ctx->pool);
    }
    if (!error) {
        error = cm_pubkey_parse(&public, cm_key_spki(key), ctx->pool);
    }
    if (error) {
        return error;
    }
    spec->not_before = apr_time_from_sec(apr_time_sec(ctx->now) - CM_BACKDATE);
    spec->not_after = ctx->now + apr_time_from_sec(seconds);
    spec->subject = subject->der;
    spec->spki = public->spki;
    spec->key_id = public->id;
    spec->is_ca = 1;
    spec->has_path_len = plan->pathlen >= 0;
    spec->path_len = plan->pathlen;
    spec->key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN | CM_KU_DIGITAL_SIGNATURE;
    if (plan->parent) {
        spec->crl_url = cm_crl_url(ctx, plan->parent);
        spec->ca_issuers_url = cm_issuer_url(ctx, plan->parent);
    }
    return NULL;
}

typedef struct {
    cm_authority_t *authority;
    cm_certificate_t *made;
} create_t;

static cm_error_t *store_authority(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const create_t *create = baton;
    cm_error_t *error = cm_authority_insert(txn, create->authority);

    (void)event;
    return error ? error : cm_certificate_insert(txn, create->made);
}

static cm_error_t *create(cm_ctx_t *ctx, const cm_authority_plan_t *plan)
{
    cm_authority_t *authority = apr_pcalloc(ctx->pool, sizeof *authority);
    create_t work = {authority, NULL};
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.create", plan->name);
    cm_cert_spec_t spec = {.is_ca = 1};
    cm_issuer_t *signer;
    cm_error_t *error = describe(&spec, ctx, plan);

    if (!error && plan->crl_validity) {
        error = cm_text_duration(&authority->crl_period, plan->crl_validity, ctx->pool);
    }
    if (!error && plan->crl_delta) {
        error = cm_text_duration(&authority->crl_delta, plan->crl_delta, ctx->pool);
    }
    if (!error) {
        error = open_signer(&signer, ctx, plan, &spec);
    }
    if (!error) {
        cm_issuer_bound(&spec, signer, ctx);
        spec.ocsp_url = plan->parent && signer->record->ocsp_key ? cm_ocsp_url(ctx) : NULL;
        error = cm_issuer_sign(&work.made, signer, &spec, ctx);
    }
    if (error) {
        return error;
    }
    work.made->profile = "ca";
    authority->name = plan->name;
    authority->parent = plan->parent;
    authority->state = "active";
    authority->key = plan->key;
    authority->certificate = work.made->id;
    authority->der = work.made->der;
    authority->ocsp_key = plan->ocsp_key;
    authority->created = ctx->now;
    cm_json_set_text(draft->detail, "serial", work.made->serial);
    cm_json_set_text(draft->detail, "subject", work.made->subject);
    cm_json_set_text(draft->detail, "sha256", work.made->sha256);
    return cm_store_transact(ctx->store, store_authority, &work, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

cm_error_t *cm_authority_provide(cm_ctx_t *ctx, const char *name)
{
    cm_authority_t *authority;
    int key_made;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, name, ctx->pool);

    if (!error && authority->ocsp_key) {
        const cm_key_request_t responder = {authority->ocsp_key, "P-256", CM_KEY_SIGN};

        error = cm_key_provide(&key_made, ctx, &responder);
        if (!error && !authority->ocsp_der.len) {
            error = cm_ocsp_renew(ctx, authority->name);
        }
    }
    if (!error && !authority->crl_number) {
        error = cm_crl_publish(ctx, authority->name);
    }
    return error;
}

cm_error_t *cm_authority_create(int *made, cm_ctx_t *ctx, const cm_authority_plan_t *plan)
{
    const cm_key_request_t own = {plan->key, plan->algorithm, CM_KEY_SIGN};
    cm_authority_t *authority;
    int key_made;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, plan->name, ctx->pool);

    *made = 0;
    if (error && error->code == CM_E_NOT_FOUND) {
        error = cm_key_provide(&key_made, ctx, &own);
        if (!error) {
            error = create(ctx, plan);
        }
        *made = !error;
    }
    return error ? error : cm_authority_provide(ctx, plan->name);
}

cm_error_t *cm_profile_store(apr_int64_t *version, cm_ctx_t *ctx, const char *name,
                             const char *text)
{
    cm_profile_change_t change;
    cm_error_t *error = cm_profile_decide(&change, ctx, cm_bytes_of_text(text));

    if (!error && strcmp(change.profile->name, name) != 0) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "the text is of the profile \"%s\"",
                              change.profile->name);
        cm_error_locate(error, "/name", "profile.name");
    }
    if (!error) {
        error = cm_profile_import(&change, ctx, cm_bytes_of_text(text));
    }
    if (!error) {
        *version = change.record.version;
    }
    return error;
}
