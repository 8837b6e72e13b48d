/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/setup.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/authority.h"
#include "flow/crl.h"
#include "flow/lineage.h"
#include "flow/ocsp.h"
#include "flow/profiles.h"
#include "flow/sign.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "policy/evaluate.h"
#include "store/authorities.h"
#include "store/certificates.h"

cm_error_t *cm_key_provide(int *made, const cm_ctx_t *ctx, const cm_key_request_t *request)
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
        cert->spki = spec->spki;
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

/* Refused at signing as well, but the sooner the better. */
static cm_error_t *check_parent(const cm_ctx_t *ctx, const char *parent)
{
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, parent);

    if (error && error->code == CM_E_NOT_FOUND) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "there is no such authority");
        return cm_error_locate(error, "/parent", "authority.unknown");
    }
    if (!error && lineage.ended) {
        error = cm_error_make(ctx->pool, CM_E_REFUSED, "the parent is not active");
        return cm_error_locate(error, "/parent", "authority.parent");
    }
    if (!error && lineage.cert->has_path_len && lineage.cert->path_len == 0) {
        error = cm_error_make(ctx->pool, CM_E_REFUSED, "no authority may stand below the parent");
        return cm_error_locate(error, "/parent", "authority.path-length");
    }
    return error;
}

cm_error_t *cm_authority_plan_check(const cm_ctx_t *ctx, const cm_authority_plan_t *plan)
{
    const cm_authority_words_t words = {.name = plan->name,
                                        .key = plan->key,
                                        .algorithm = plan->algorithm,
                                        .subject = plan->subject,
                                        .ocsp_key = plan->ocsp_key,
                                        .validity = plan->validity,
                                        .crl_validity = plan->crl_validity};
    cm_error_t *error = cm_authority_check(ctx, &words);

    return plan->parent ? cm_error_join(error, check_parent(ctx, plan->parent)) : error;
}

static cm_error_t *make_keys(const cm_ctx_t *ctx, const cm_authority_plan_t *plan)
{
    cm_error_t *error = cm_authority_key(ctx, plan->key, plan->algorithm, "/key");
    cm_key_t *key;

    if (!error) {
        error = cm_keyring_find(&key, ctx->keys, plan->key, ctx->pool);
    }
    if (!error && plan->ocsp_key) {
        error = cm_authority_responder_key(ctx, plan->ocsp_key, cm_key_spki(key));
    }
    return error;
}

static cm_error_t *sign(cm_certificate_t **made, const cm_ctx_t *ctx,
                        const cm_authority_plan_t *plan)
{
    cm_cert_spec_t spec = {.is_ca = 1};
    cm_issuer_t *signer;
    cm_error_t *error = describe(&spec, ctx, plan);

    if (!error) {
        error = cm_authority_key_is_free(ctx, spec.spki, "/key");
    }
    if (!error) {
        error = open_signer(&signer, ctx, plan, &spec);
    }
    if (!error) {
        cm_issuer_bound(&spec, signer, ctx);
        spec.ocsp_url = plan->parent && signer->record->ocsp_key ? cm_ocsp_url(ctx) : NULL;
        error = cm_issuer_sign(made, signer, &spec, ctx);
    }
    return error;
}

cm_error_t *cm_authority_make(cm_authority_made_t *made, const cm_ctx_t *ctx,
                              const cm_authority_plan_t *plan)
{
    cm_authority_t *authority = apr_pcalloc(ctx->pool, sizeof *authority);
    cm_error_t *error = make_keys(ctx, plan);

    if (!error && plan->crl_validity) {
        error = cm_text_duration(&authority->crl_period, plan->crl_validity, ctx->pool);
    }
    if (!error && plan->crl_delta) {
        error = cm_text_duration(&authority->crl_delta, plan->crl_delta, ctx->pool);
    }
    if (!error) {
        error = sign(&made->certificate, ctx, plan);
    }
    if (error) {
        return error;
    }
    made->certificate->profile = "ca";
    authority->name = plan->name;
    authority->parent = plan->parent;
    authority->state = "active";
    authority->key = plan->key;
    authority->certificate = made->certificate->id;
    authority->der = made->certificate->der;
    authority->ocsp_key = plan->ocsp_key;
    authority->created = ctx->now;
    made->authority = authority;
    return NULL;
}

cm_error_t *cm_authority_store(cm_txn_t *txn, const cm_authority_made_t *made)
{
    cm_error_t *error = cm_authority_insert(txn, made->authority);

    return error ? error : cm_certificate_insert(txn, made->certificate);
}

static cm_error_t *store_made(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_authority_store(txn, baton);
}

static cm_error_t *create(cm_ctx_t *ctx, const cm_authority_plan_t *plan)
{
    cm_authority_made_t made;
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.create", plan->name);
    cm_error_t *error = cm_authority_make(&made, ctx, plan);

    if (error) {
        return error;
    }
    cm_json_set_text(draft->detail, "serial", made.certificate->serial);
    cm_json_set_text(draft->detail, "subject", made.certificate->subject);
    cm_json_set_text(draft->detail, "sha256", made.certificate->sha256);
    return cm_store_transact(ctx->store, store_made, &made, cm_audit_finish(draft, ctx), ctx->pool);
}

cm_error_t *cm_authority_provide(cm_ctx_t *ctx, const char *name)
{
    cm_authority_t *authority;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, name, ctx->pool);

    if (!error && authority->ocsp_key) {
        error = cm_authority_key(ctx, authority->ocsp_key, CM_RESPONDER_KEY, "/ocsp_key");
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
    cm_authority_t *authority;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, plan->name, ctx->pool);

    *made = 0;
    if (error && error->code == CM_E_NOT_FOUND) {
        error = create(ctx, plan);
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
