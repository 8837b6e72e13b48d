/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/outside.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/lineage.h"
#include "flow/setup.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/csr.h"
#include "pki/path.h"
#include "store/authorities.h"
#include "store/certificates.h"

static cm_error_t *refuse(const char *rule, const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "%s", message), NULL, rule);
}

/* Names are in addresses. */
static cm_error_t *check_name(const cm_ctx_t *ctx, const char *name)
{
    cm_authority_t *authority;
    cm_error_t *error;

    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || !*name ||
        strlen(name) > 64) {
        return cm_error_locate(cm_error_make(ctx->pool, CM_E_VALUE,
                                             "the name of an authority is 1 to 64 of a-z, 0-9, -"),
                               NULL, "authority.name");
    }
    error = cm_authority_read(&authority, ctx->store, name, ctx->pool);
    if (!error) {
        return cm_error_make(ctx->pool, CM_E_CONFLICT, "there is an authority of this name");
    }
    return error->code == CM_E_NOT_FOUND ? NULL : error;
}

/* The request. */

static cm_error_t *describe(cm_cert_spec_t *spec, const cm_ctx_t *ctx, const cm_key_t *key,
                            const cm_outside_request_t *plan)
{
    cm_pubkey_t *public;
    cm_name_t *subject;
    cm_error_t *error = cm_name_read(&subject, plan->subject, ctx->pool);

    if (!error && !subject->attributes->nelts) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "an authority needs a subject");
    }
    if (!error) {
        error = cm_pubkey_parse(&public, cm_key_spki(key), ctx->pool);
    }
    if (error) {
        return error;
    }
    spec->subject = subject->der;
    spec->spki = public->spki;
    spec->key_id = public->id;
    spec->is_ca = 1;
    spec->has_path_len = plan->path_len >= 0;
    spec->path_len = spec->has_path_len ? plan->path_len : 0;
    spec->key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN | CM_KU_DIGITAL_SIGNATURE;
    return NULL;
}

static cm_error_t *sign_request(cm_bytes_t *csr, const cm_ctx_t *ctx,
                                const cm_outside_request_t *plan)
{
    cm_cert_spec_t spec = {.is_ca = 1};
    const cm_sigalg_t *alg;
    cm_bytes_t info, signature;
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, plan->key, ctx->pool);

    if (!error) {
        error = describe(&spec, ctx, key, plan);
    }
    if (!error) {
        error = cm_csr_info(&info, &spec, ctx->pool);
    }
    if (error) {
        return error;
    }
    alg = cm_sigalg_for_key(cm_key_algorithm(key));
    error = cm_key_sign(&signature, key, alg->digest, info, ctx->pool);
    return error ? error : cm_signed_wrap(csr, info, alg, signature, ctx->pool);
}

static cm_error_t *store_request(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const cm_authority_request_t *request = baton;
    cm_error_t *error = cm_authority_request_delete(txn, request->name);

    (void)event;
    return error ? error : cm_authority_request_insert(txn, request);
}

cm_error_t *cm_outside_request(cm_bytes_t *csr, cm_ctx_t *ctx, const cm_outside_request_t *plan)
{
    const cm_key_request_t wanted = {plan->key, plan->algorithm, CM_KEY_SIGN};
    cm_authority_request_t request = {plan->name, plan->key, {NULL, 0}, ctx->now};
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.request", plan->name);
    int is_made;
    cm_error_t *error = check_name(ctx, plan->name);

    if (!error) {
        error = cm_key_provide(&is_made, ctx, &wanted);
    }
    if (!error) {
        error = sign_request(csr, ctx, plan);
    }
    if (error) {
        return error;
    }
    request.csr = *csr;
    cm_json_set_text(draft->detail, "key", plan->key);
    cm_json_set_text(draft->detail, "subject", plan->subject);
    cm_json_set_text(draft->detail, "csr_sha256",
                     cm_bytes_hex(cm_bytes_sha256(*csr, ctx->pool), ctx->pool));
    return cm_store_transact(ctx->store, store_request, &request, cm_audit_finish(draft, ctx),
                             ctx->pool);
}

/* The answer. */

typedef struct {
    const cm_outside_answer_t *answer;
    cm_authority_t *authority;
    const cm_cert_t *cert;
    cm_ctx_t *ctx;
} import_t;

/* OCSP tells authorities by name and key: of two with one key only the first would answer. */
static cm_error_t *check_key_is_free(const import_t *import)
{
    const cm_ctx_t *ctx = import->ctx;
    apr_array_header_t *all;
    cm_error_t *error = cm_authorities_list(&all, ctx->store, ctx->pool);

    for (int i = 0; !error && i < all->nelts; i++) {
        const cm_authority_t *authority = APR_ARRAY_IDX(all, i, const cm_authority_t *);
        cm_cert_t *cert;

        error = cm_cert_parse(&cert, authority->der, ctx->pool);
        if (!error && cm_bytes_equal(cert->spki, import->cert->spki)) {
            error = refuse("authority.key-used", "another authority here has this key", ctx->pool);
        }
    }
    return error;
}

static cm_error_t *check_key(const import_t *import)
{
    const cm_ctx_t *ctx = import->ctx;
    cm_authority_request_t *request;
    cm_key_t *key;
    cm_error_t *error = NULL;

    import->authority->key = import->answer->key;
    if (!import->answer->key) {
        error = cm_authority_request_read(&request, ctx->store, import->answer->name, ctx->pool);
        if (error && error->code == CM_E_NOT_FOUND) {
            error = cm_error_make(ctx->pool, CM_E_NOT_FOUND, "no request waits under this name");
            return cm_error_advise(error, "make one with ca csr, or name the key with --key");
        }
        if (error) {
            return error;
        }
        import->authority->key = request->key;
    }
    error = cm_keyring_find(&key, ctx->keys, import->authority->key, ctx->pool);
    if (!error && !cm_bytes_equal(cm_key_spki(key), import->cert->spki)) {
        error = refuse("authority.key", "the certificate is for another key", ctx->pool);
    }
    return error ? error : check_key_is_free(import);
}

static cm_error_t *check_certificate(const import_t *import)
{
    const unsigned usages = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    const cm_cert_t *cert = import->cert;
    apr_pool_t *pool = import->ctx->pool;
    cm_error_t *error = NULL;

    if (!cert->is_ca) {
        error = refuse("authority.ca", "the certificate is not that of an authority", pool);
    }
    if ((cert->key_usage & usages) != usages) {
        error = cm_error_join(error, refuse("authority.key-usage",
                                            "an authority needs keyCertSign and cRLSign", pool));
    }
    if (!cert->ski.len) {
        error = cm_error_join(
            error, refuse("authority.key-id", "the certificate has no subjectKeyIdentifier", pool));
    }
    if (import->ctx->now < cert->not_before || import->ctx->now > cert->not_after) {
        error = cm_error_join(error, refuse("authority.dates", "it is not valid now", pool));
    }
    return error;
}

/* A parent of ours must know the certificate as its own. */
static cm_error_t *add_parent(apr_array_header_t *ders, const import_t *import)
{
    const cm_ctx_t *ctx = import->ctx;
    cm_certificate_t *known;
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, import->answer->parent);

    if (!error) {
        error = cm_certificate_by_serial(&known, ctx->store, import->answer->parent,
                                         import->cert->serial_hex, ctx->pool);
    }
    if (error && error->code == CM_E_NOT_FOUND) {
        return refuse("authority.parent", "the parent has not issued this certificate", ctx->pool);
    }
    if (error) {
        return error;
    }
    if (known->status != CM_CERT_ACTIVE || !cm_bytes_equal(known->der, import->cert->der)) {
        return refuse("authority.parent", "the parent's certificate is another one, or has ended",
                      ctx->pool);
    }
    import->authority->parent = import->answer->parent;
    import->authority->certificate = known->id;
    APR_ARRAY_PUSH(ders, cm_bytes_t) = lineage.cert->der;
    for (int i = 0; i < lineage.above->nelts; i++) {
        APR_ARRAY_PUSH(ders, cm_bytes_t) = APR_ARRAY_IDX(lineage.above, i, const cm_cert_t *)->der;
    }
    return NULL;
}

/* All above a parent of ours is there already; what is above others is kept with the authority. */
static cm_error_t *check_path(const import_t *import, apr_array_header_t *ders)
{
    apr_pool_t *pool = import->ctx->pool;
    apr_array_header_t *path, *certs = apr_array_make(pool, 4, sizeof(const cm_cert_t *));
    cm_error_t *error = NULL;

    if (import->answer->chain.len) {
        error = cm_path_read(&path, import->answer->chain, pool);
        if (!error) {
            apr_array_cat(ders, path);
        }
    }
    if (!error && import->answer->parent) {
        error = add_parent(ders, import);
    }
    if (!error) {
        error = cm_path_verify(&path, ders, import->ctx->now, pool);
    }
    if (error || import->answer->parent || path->nelts == 1) {
        return error;
    }
    import->authority->outside =
        cm_bytes_concat((const cm_bytes_t *)path->elts + 1, path->nelts - 1, pool);
    return cm_lineage_split(certs, import->authority->outside, pool);
}

static cm_error_t *check(import_t *import)
{
    apr_pool_t *pool = import->ctx->pool;
    apr_array_header_t *ders;
    cm_cert_t *cert;
    cm_error_t *error = check_name(import->ctx, import->answer->name);

    if (!error) {
        error = cm_path_read(&ders, import->answer->certificate, pool);
    }
    if (!error) {
        error = cm_cert_parse(&cert, APR_ARRAY_IDX(ders, 0, cm_bytes_t), pool);
    }
    if (!error && import->answer->crl_validity) {
        error =
            cm_text_duration(&import->authority->crl_period, import->answer->crl_validity, pool);
    }
    if (error) {
        return error;
    }
    import->cert = cert;
    error = cm_error_join(check_key(import), check_certificate(import));
    return cm_error_join(error, check_path(import, ders));
}

static cm_error_t *store_answer(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const import_t *import = baton;
    cm_error_t *error = cm_authority_insert(txn, import->authority);

    (void)event;
    return error ? error : cm_authority_request_delete(txn, import->authority->name);
}

cm_error_t *cm_outside_import(cm_ctx_t *ctx, const cm_outside_answer_t *answer)
{
    cm_authority_t authority = {.name = answer->name,
                                .state = "active",
                                .certificate = "",
                                .ocsp_key = answer->ocsp_key,
                                .created = ctx->now};
    import_t import = {answer, &authority, NULL, ctx};
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.import", answer->name);
    cm_error_t *error = check(&import);

    if (error) {
        return error;
    }
    authority.der = import.cert->der;
    cm_json_set_text(draft->detail, "serial", import.cert->serial_hex);
    cm_json_set_text(draft->detail, "subject", import.cert->subject_text);
    cm_json_set_text(draft->detail, "issuer", import.cert->issuer_text);
    cm_json_set_text(draft->detail, "sha256", import.cert->sha256);
    error = cm_store_transact(ctx->store, store_answer, &import, cm_audit_finish(draft, ctx),
                              ctx->pool);
    return error ? error : cm_authority_provide(ctx, answer->name);
}
