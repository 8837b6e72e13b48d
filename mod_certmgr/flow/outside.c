/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/outside.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/authority.h"
#include "flow/lineage.h"
#include "flow/setup.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/csr.h"
#include "pki/path.h"
#include "store/authorities.h"
#include "store/certificates.h"

static cm_error_t *refuse(const char *field, const char *rule, const char *message,
                          apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "%s", message), field, rule);
}

static cm_error_t *wrong(const char *field, const char *rule, const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), field, rule);
}

/* The request. */

cm_error_t *cm_outside_request_check(const cm_ctx_t *ctx, const cm_outside_request_t *plan)
{
    const cm_authority_words_t words = {.name = plan->name,
                                        .key = plan->key,
                                        .algorithm = plan->algorithm,
                                        .subject = plan->subject};

    return cm_authority_check(ctx, &words);
}

static cm_error_t *describe(cm_cert_spec_t *spec, const cm_ctx_t *ctx, const cm_key_t *key,
                            const cm_outside_request_t *plan)
{
    cm_pubkey_t *public;
    cm_name_t *subject;
    cm_error_t *error = cm_name_read(&subject, plan->subject, ctx->pool);

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

cm_error_t *cm_outside_request_sign(cm_bytes_t *csr, cm_ctx_t *ctx,
                                    const cm_outside_request_t *plan)
{
    cm_error_t *error = cm_authority_key(ctx, plan->key, plan->algorithm, "/key");
    cm_key_t *key;

    if (!error) {
        error = cm_keyring_find(&key, ctx->keys, plan->key, ctx->pool);
    }
    if (!error) {
        error = cm_authority_key_is_free(ctx, cm_key_spki(key), "/key");
    }
    return error ? error : sign_request(csr, ctx, plan);
}

cm_error_t *cm_outside_request_store(cm_txn_t *txn, const cm_outside_request_t *plan,
                                     cm_bytes_t csr, apr_time_t now)
{
    const cm_authority_request_t request = {plan->name, plan->key, csr, now};
    cm_error_t *error = cm_authority_request_delete(txn, plan->name);

    return error ? error : cm_authority_request_insert(txn, &request);
}

/* The answer. */

static cm_error_t *name_key(cm_outside_import_t *import)
{
    const cm_ctx_t *ctx = import->ctx;
    cm_authority_request_t *request;
    cm_error_t *error;

    import->authority.key = import->answer->key;
    if (import->answer->key) {
        return NULL;
    }
    error = cm_authority_request_read(&request, ctx->store, import->answer->name, ctx->pool);
    if (error && error->code == CM_E_NOT_FOUND) {
        error = refuse("/key", "authority.request", "no request waits under this name", ctx->pool);
        return cm_error_advise(error, "ask for one first, or name the key");
    }
    if (!error) {
        import->authority.key = request->key;
    }
    return error;
}

static cm_error_t *check_key(cm_outside_import_t *import)
{
    const cm_ctx_t *ctx = import->ctx;
    cm_key_t *key;
    cm_error_t *error = name_key(import);

    if (error) {
        return error;
    }
    error = cm_keyring_find(&key, ctx->keys, import->authority.key, ctx->pool);
    if (error && error->code == CM_E_NOT_FOUND) {
        return refuse("/key", "authority.key", "the key is not in the token", ctx->pool);
    }
    if (error && error->code == CM_E_CONFIG) {
        return wrong("/key", "key.uri", error->message, ctx->pool);
    }
    if (!error && !cm_bytes_equal(cm_key_spki(key), import->cert->spki)) {
        error = refuse("/certificate", "authority.key", "the certificate is for another key",
                       ctx->pool);
    }
    return error ? error : cm_authority_key_is_free(ctx, import->cert->spki, "/certificate");
}

static cm_error_t *check_certificate(const cm_outside_import_t *import)
{
    const unsigned usages = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    const cm_cert_t *cert = import->cert;
    apr_pool_t *pool = import->ctx->pool;
    cm_error_t *error = NULL;

    if (!cert->is_ca) {
        error = refuse("/certificate", "authority.ca",
                       "the certificate is not that of an authority", pool);
    }
    if ((cert->key_usage & usages) != usages) {
        error = cm_error_join(error, refuse("/certificate", "authority.key-usage",
                                            "an authority needs keyCertSign and cRLSign", pool));
    }
    if (!cert->ski.len) {
        error = cm_error_join(error, refuse("/certificate", "authority.key-id",
                                            "the certificate has no subjectKeyIdentifier", pool));
    }
    if (import->ctx->now < cert->not_before || import->ctx->now > cert->not_after) {
        error = cm_error_join(
            error, refuse("/certificate", "authority.dates", "it is not valid now", pool));
    }
    return error;
}

/* A parent of ours must know the certificate as its own. */
static cm_error_t *add_parent(apr_array_header_t *ders, cm_outside_import_t *import)
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
        return refuse("/parent", "authority.parent", "the parent has not issued this certificate",
                      ctx->pool);
    }
    if (error) {
        return error;
    }
    if (known->status != CM_CERT_ACTIVE || !cm_bytes_equal(known->der, import->cert->der)) {
        return refuse("/parent", "authority.parent",
                      "the parent's certificate is another one, or has ended", ctx->pool);
    }
    if (lineage.ended) {
        return refuse("/parent", "authority.parent", "the parent is not active", ctx->pool);
    }
    import->authority.parent = import->answer->parent;
    import->authority.certificate = known->id;
    APR_ARRAY_PUSH(ders, cm_bytes_t) = lineage.cert->der;
    for (int i = 0; i < lineage.above->nelts; i++) {
        APR_ARRAY_PUSH(ders, cm_bytes_t) = APR_ARRAY_IDX(lineage.above, i, const cm_cert_t *)->der;
    }
    return NULL;
}

/* What stands below one of ours is ended by ours: it must be known whose it is. */
static cm_error_t *check_is_outside(const cm_outside_import_t *import,
                                    const apr_array_header_t *path)
{
    const cm_ctx_t *ctx = import->ctx;
    apr_array_header_t *all;
    cm_error_t *error = cm_authorities_list(&all, ctx->store, ctx->pool);

    for (int i = 0; !error && i < all->nelts; i++) {
        cm_cert_t *ours;

        error = cm_cert_parse(&ours, APR_ARRAY_IDX(all, i, const cm_authority_t *)->der, ctx->pool);
        for (int j = 1; !error && j < path->nelts; j++) {
            cm_cert_t *above;

            error = cm_cert_parse(&above, APR_ARRAY_IDX(path, j, cm_bytes_t), ctx->pool);
            if (!error && cm_bytes_equal(above->spki, ours->spki)) {
                error = refuse("/parent", "authority.parent",
                               "an authority of ours stands above it: name it as the parent",
                               ctx->pool);
            }
        }
    }
    return error;
}

/* All above a parent of ours is there already; what is above others is kept with the authority. */
static cm_error_t *check_path(cm_outside_import_t *import, apr_array_header_t *ders)
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
    error = check_is_outside(import, path);
    if (error) {
        return error;
    }
    import->authority.outside =
        cm_bytes_concat((const cm_bytes_t *)path->elts + 1, path->nelts - 1, pool);
    return cm_lineage_split(certs, import->authority.outside, pool);
}

static cm_error_t *read_certificate(cm_outside_import_t *import, apr_array_header_t **ders)
{
    apr_pool_t *pool = import->ctx->pool;
    cm_cert_t *cert;
    cm_error_t *error = cm_path_read(ders, import->answer->certificate, pool);

    if (!error) {
        error = cm_cert_parse(&cert, APR_ARRAY_IDX(*ders, 0, cm_bytes_t), pool);
    }
    if (error) {
        return cm_error_locate(error, "/certificate", error->rule);
    }
    import->cert = cert;
    import->authority.der = cert->der;
    return NULL;
}

cm_error_t *cm_outside_import_check(cm_outside_import_t **import, const cm_ctx_t *ctx,
                                    const cm_outside_answer_t *answer)
{
    const cm_authority_words_t words = {
        .name = answer->name, .ocsp_key = answer->ocsp_key, .crl_validity = answer->crl_validity};
    cm_outside_import_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    apr_array_header_t *ders;
    cm_error_t *error;

    made->answer = answer;
    made->ctx = ctx;
    made->authority = (cm_authority_t){.name = answer->name,
                                       .state = "active",
                                       .certificate = "",
                                       .ocsp_key = answer->ocsp_key,
                                       .created = ctx->now};
    error = cm_authority_check(ctx, &words);
    if (!error && answer->crl_validity) {
        error = cm_text_duration(&made->authority.crl_period, answer->crl_validity, ctx->pool);
    }
    error = cm_error_join(error, read_certificate(made, &ders));
    if (!error) {
        error = cm_error_join(check_key(made), check_certificate(made));
        error = cm_error_join(error, check_path(made, ders));
    }
    if (!error) {
        *import = made;
    }
    return error;
}

cm_error_t *cm_outside_import_prepare(const cm_outside_import_t *import)
{
    const char *responder = import->authority.ocsp_key;
    cm_error_t *error = cm_authority_key_signs(import->ctx, import->authority.key, "/key");

    return error || !responder
               ? error
               : cm_authority_responder_key(import->ctx, responder, import->cert->spki);
}

cm_error_t *cm_outside_import_store(cm_txn_t *txn, const cm_outside_import_t *import)
{
    cm_error_t *error = cm_authority_insert(txn, &import->authority);

    return error ? error : cm_authority_request_delete(txn, import->authority.name);
}
