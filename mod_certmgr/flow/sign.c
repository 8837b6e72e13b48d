/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/sign.h"

#include <apr_strings.h>

#include "flow/rules.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/policies.h"
#include "policy/address.h"
#include "policy/config.h"
#include "policy/evaluate.h"
#include "policy/lint.h"

const char *cm_public_url(const cm_ctx_t *ctx)
{
    return ctx->config->public_url ? ctx->config->public_url : ctx->config->url;
}

const char *cm_crl_url(const cm_ctx_t *ctx, const char *list)
{
    return cm_address_crl(cm_public_url(ctx), list, ctx->pool);
}

const char *cm_ocsp_url(const cm_ctx_t *ctx)
{
    return cm_address_ocsp(cm_public_url(ctx), ctx->pool);
}

const char *cm_issuer_url(const cm_ctx_t *ctx, const char *ca)
{
    return cm_address_issuer(cm_public_url(ctx), ca, ctx->pool);
}

static cm_error_t *open_key(cm_issuer_t **issuer, const cm_ctx_t *ctx, const cm_lineage_t *lineage)
{
    cm_issuer_t *opened = apr_pcalloc(ctx->pool, sizeof *opened);
    cm_error_t *error = cm_keyring_find(&opened->key, ctx->keys, lineage->record->key, ctx->pool);

    if (error) {
        return error;
    }
    if (!cm_bytes_equal(cm_key_spki(opened->key), lineage->cert->spki)) {
        return cm_error_explain(
            ctx->pool,
            cm_error_make(ctx->pool, CM_E_CONFIG, "the key of this authority is not usable"),
            "the key %s is not the key of the certificate of %s", lineage->record->key,
            lineage->record->name);
    }
    opened->record = lineage->record;
    opened->cert = lineage->cert;
    opened->above = lineage->above;
    *issuer = opened;
    return NULL;
}

cm_error_t *cm_issuer_open(cm_issuer_t **issuer, const cm_ctx_t *ctx, const char *ca)
{
    const cm_lineage_t *kept = cm_rules_lineage(ctx, ca);
    cm_lineage_t lineage = {.record = NULL};
    cm_error_t *error = NULL;

    if (kept) {
        lineage = *kept;
    } else {
        error = cm_lineage_read(&lineage, ctx, ca);
    }
    if (!error && lineage.ended) {
        error = cm_error_make(ctx->pool, CM_E_REFUSED, "the authority %s is %s",
                              lineage.ended->name, lineage.ended->state);
        cm_error_locate(error, NULL, "issuer.ended");
    }
    return error ? error : open_key(issuer, ctx, &lineage);
}

cm_error_t *cm_issuer_open_for_status(cm_issuer_t **issuer, const cm_ctx_t *ctx, const char *ca)
{
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, ca);

    return error ? error : open_key(issuer, ctx, &lineage);
}

static const apr_array_header_t *san_texts(const apr_array_header_t *san, apr_pool_t *pool)
{
    apr_array_header_t *texts = apr_array_make(pool, san->nelts + 1, sizeof(const char *));

    for (int i = 0; i < san->nelts; i++) {
        APR_ARRAY_PUSH(texts, const char *) = cm_san_text(&APR_ARRAY_IDX(san, i, cm_san_t), pool);
    }
    return texts;
}

cm_error_t *cm_certificate_describe(cm_certificate_t **record, cm_bytes_t der, const char *ca,
                                    const cm_ctx_t *ctx)
{
    cm_certificate_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    cm_cert_t *cert;
    cm_error_t *error = cm_cert_parse(&cert, der, ctx->pool);

    if (error) {
        return error;
    }
    made->id = cm_ctx_id(ctx);
    made->ca = ca;
    made->serial = cert->serial_hex;
    made->subject = cert->subject_text;
    made->issuer = cert->issuer_text;
    made->cn = cert->subject_cn;
    made->san = san_texts(cert->san, ctx->pool);
    made->not_before = cert->not_before;
    made->not_after = cert->not_after;
    made->sha256 = cert->sha256;
    made->spki_sha256 = cm_bytes_hex(cm_bytes_sha256(cert->spki, ctx->pool), ctx->pool);
    made->der = der;
    made->status = CM_CERT_ACTIVE;
    made->created = ctx->now;
    *record = made;
    return NULL;
}

/* Where those above ask for a policy, it has those that are valid below its issuer. */
static void take_policies(cm_cert_spec_t *spec, const cm_issuer_t *issuer, apr_pool_t *pool)
{
    const apr_array_header_t *none = apr_array_make(pool, 1, sizeof(cm_policy_mapping_t));
    const cm_policy_says_t says = {none, none, {-1, -1, -1}, spec->is_ca, 0};
    apr_array_header_t *policies;
    cm_policy_path_t path;

    cm_policy_path(&path, issuer->cert, issuer->above, pool);
    if (cm_policy_path_allows(&path, &says, pool)) {
        return;
    }
    policies = apr_array_make(pool, path.valid->nelts + 1, sizeof(cm_policy_t));
    for (int i = 0; i < path.valid->nelts; i++) {
        APR_ARRAY_PUSH(policies, cm_policy_t) =
            (cm_policy_t){APR_ARRAY_IDX(path.valid, i, const char *), NULL, NULL};
    }
    spec->policies = policies;
}

void cm_issuer_bound(cm_cert_spec_t *spec, const cm_issuer_t *issuer, const cm_ctx_t *ctx)
{
    spec->not_before = apr_time_from_sec(apr_time_sec(ctx->now) - CM_BACKDATE);
    if (spec->not_before < issuer->cert->not_before) {
        spec->not_before = issuer->cert->not_before;
    }
    if (spec->not_after > issuer->cert->not_after) {
        spec->not_after = issuer->cert->not_after;
    }
    take_policies(spec, issuer, ctx->pool);
}

static cm_error_t *choose_algorithm(const cm_sigalg_t **sigalg, const cm_issuer_t *issuer,
                                    apr_pool_t *pool)
{
    const char *hash = issuer->profile ? issuer->profile->signature_hash : NULL;

    *sigalg = cm_sigalg_with(cm_key_algorithm(issuer->key), hash);
    return *sigalg
               ? NULL
               : cm_error_locate(cm_error_make(pool, CM_E_REFUSED,
                                               "the hash %s of the profile is weaker than the key "
                                               "of the issuing authority",
                                               hash ? hash : "none"),
                                 "/profile", "issuer.signature-hash");
}

/* Its serial chooses one of the shards there are now; the address in it keeps the choice. */
static void choose_list(cm_cert_spec_t *spec, const cm_issuer_t *issuer, const cm_ctx_t *ctx)
{
    apr_uint64_t value = 0;

    for (apr_size_t i = spec->serial.len - sizeof(apr_uint32_t); i < spec->serial.len; i++) {
        value = value << 8 | spec->serial.data[i];
    }
    if (spec->crl_url && issuer->record->crl_shards > 0) {
        apr_int64_t shard = 1 + (apr_int64_t)(value % (apr_uint64_t)issuer->record->crl_shards);

        spec->crl_url = cm_crl_url(ctx, cm_address_list(issuer->record->name, shard, 0, ctx->pool));
    }
}

cm_error_t *cm_issuer_sign(cm_certificate_t **made, const cm_issuer_t *issuer, cm_cert_spec_t *spec,
                           const cm_ctx_t *ctx)
{
    cm_bytes_t tbs, signature, der;
    cm_error_t *error = choose_algorithm(&spec->sigalg, issuer, ctx->pool);

    if (error) {
        return error;
    }
    spec->serial = cm_serial_make(cm_ctx_random(ctx, CM_SERIAL_RANDOM).data, ctx->pool);
    choose_list(spec, issuer, ctx);
    spec->issuer = issuer->cert->subject->der;
    spec->issuer_key_id = issuer->cert->ski;
    error = cm_cert_tbs(&tbs, spec, ctx->pool);
    if (!error) {
        const cm_lint_in_t in = {tbs, spec->sigalg, issuer->cert, issuer->above, issuer->profile};

        error = cm_lint(&in, ctx->pool);
    }
    if (!error) {
        error = cm_key_sign(&signature, issuer->key, spec->sigalg->digest, tbs, ctx->pool);
    }
    if (!error) {
        error = cm_signed_wrap(&der, tbs, spec->sigalg, signature, ctx->pool);
    }
    return error ? error : cm_certificate_describe(made, der, issuer->record->name, ctx);
}
