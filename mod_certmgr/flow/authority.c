/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/authority.h"

#include "base/text.h"
#include "flow/keycheck.h"
#include "flow/setup.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "keys/uri.h"
#include "pki/cert.h"
#include "policy/config.h"
#include "store/authorities.h"

static cm_error_t *wrong(const char *field, const char *rule, const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), field, rule);
}

/* Names are in addresses. */
static cm_error_t *check_name(const cm_ctx_t *ctx, const char *name)
{
    cm_authority_t *authority;
    cm_error_t *error;

    if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || !*name ||
        strlen(name) > 64) {
        return wrong("/authority", "authority.name",
                     "the name of an authority is 1 to 64 of a-z, 0-9, -", ctx->pool);
    }
    error = cm_authority_read(&authority, ctx->store, name, ctx->pool);
    if (!error) {
        return cm_error_locate(
            cm_error_make(ctx->pool, CM_E_CONFLICT, "there is an authority of this name"),
            "/authority", "authority.there");
    }
    return error->code == CM_E_NOT_FOUND ? NULL : error;
}

/* Whether a key of this name could be made in one of the configured tokens. */
static cm_error_t *check_uri(const cm_ctx_t *ctx, const char *field, const char *text)
{
    cm_token_t *token;
    cm_uri_t *uri;
    cm_error_t *error = text ? cm_uri_parse(&uri, text, ctx->pool) : NULL;

    if (!text) {
        return NULL;
    }
    if (!error && (!uri->token || !uri->label)) {
        return wrong(field, "key.uri", "the URI of a key has token= and object=", ctx->pool);
    }
    if (!error) {
        error = cm_keyring_token(&token, ctx->keys, uri, ctx->pool);
    }
    return error ? wrong(field, "key.uri", error->message, ctx->pool) : NULL;
}

static cm_error_t *check_algorithm(const cm_ctx_t *ctx, const char *algorithm)
{
    return !algorithm || cm_key_can_be_made(algorithm)
               ? NULL
               : wrong("/algorithm", "authority.algorithm", "no key of this kind can be made",
                       ctx->pool);
}

static cm_error_t *check_subject(const cm_ctx_t *ctx, const char *text)
{
    cm_name_t *subject;
    cm_error_t *error = text ? cm_name_read(&subject, text, ctx->pool) : NULL;

    if (text && !error && !subject->attributes->nelts) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "an authority needs a subject");
    }
    return error ? cm_error_locate(error, "/subject", "authority.subject") : NULL;
}

static cm_error_t *check_duration(const cm_ctx_t *ctx, const char *field, const char *text)
{
    apr_int64_t seconds;
    cm_error_t *error = text ? cm_text_duration(&seconds, text, ctx->pool) : NULL;

    return error ? cm_error_locate(error, field, error->rule) : NULL;
}

cm_error_t *cm_authority_check(const cm_ctx_t *ctx, const cm_authority_words_t *words)
{
    cm_error_t *error = check_name(ctx, words->name);

    error = cm_error_join(error, check_uri(ctx, "/key", words->key));
    error = cm_error_join(error, check_algorithm(ctx, words->algorithm));
    error = cm_error_join(error, check_subject(ctx, words->subject));
    error = cm_error_join(error, check_uri(ctx, "/ocsp_key", words->ocsp_key));
    error = cm_error_join(error, check_duration(ctx, "/validity", words->validity));
    return cm_error_join(error, check_duration(ctx, "/crl_validity", words->crl_validity));
}

static cm_error_t *used(const cm_ctx_t *ctx, const char *field, const char *message)
{
    return cm_error_locate(cm_error_make(ctx->pool, CM_E_REFUSED, "%s", message), field,
                           "authority.key-used");
}

/* A certificate of an authority or of its responder; empty: there is none. */
static cm_error_t *has_key(int *has, cm_bytes_t der, cm_bytes_t spki, apr_pool_t *pool)
{
    cm_cert_t *cert;
    cm_error_t *error = der.len ? cm_cert_parse(&cert, der, pool) : NULL;

    *has = !error && der.len && cm_bytes_equal(cert->spki, spki);
    return error;
}

/* The key that signs the audit log signs nothing else; it may not be there yet. */
static cm_error_t *check_audit_key(const cm_ctx_t *ctx, cm_bytes_t spki, const char *field)
{
    cm_key_t *key;
    cm_error_t *error = ctx->config->audit_key
                            ? cm_keyring_find(&key, ctx->keys, ctx->config->audit_key, ctx->pool)
                            : NULL;

    if (error || !ctx->config->audit_key) {
        return error && error->code != CM_E_NOT_FOUND ? error : NULL;
    }
    return cm_bytes_equal(cm_key_spki(key), spki)
               ? used(ctx, field, "the audit log is signed with this key")
               : NULL;
}

cm_error_t *cm_authority_key_is_free(const cm_ctx_t *ctx, cm_bytes_t spki, const char *field)
{
    apr_array_header_t *all;
    cm_pubkey_t *public;
    cm_error_t *error = cm_authorities_list(&all, ctx->store, ctx->pool);
    int has = 0, answers = 0;

    for (int i = 0; !error && !has && !answers && i < all->nelts; i++) {
        const cm_authority_t *authority = APR_ARRAY_IDX(all, i, const cm_authority_t *);

        error = has_key(&has, authority->der, spki, ctx->pool);
        if (!error) {
            error = has_key(&answers, authority->ocsp_der, spki, ctx->pool);
        }
    }
    if (has || answers) {
        return used(ctx, field,
                    has ? "another authority here has this key" : "a responder has this key");
    }
    if (!error) {
        error = check_audit_key(ctx, spki, field);
    }
    if (!error) {
        error = cm_pubkey_parse(&public, spki, ctx->pool);
    }
    if (!error) {
        error = cm_key_check(ctx, public, NULL);
        error = error ? cm_error_locate(error, field, error->rule) : NULL;
    }
    return error;
}

static cm_error_t *blame(cm_error_t *error, const char *field)
{
    if (error && error->code == CM_E_CONFIG) {
        error->code = CM_E_REFUSED;
        cm_error_locate(error, field, "authority.key");
    }
    return error;
}

cm_error_t *cm_authority_key_signs(const cm_ctx_t *ctx, const char *uri, const char *field)
{
    cm_bytes_t signature;
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ctx->keys, uri, ctx->pool);

    if (!error) {
        error = cm_key_sign(&signature, key, CM_DIGEST_SHA256, cm_key_spki(key), ctx->pool);
    }
    return blame(error, field);
}

cm_error_t *cm_authority_key(const cm_ctx_t *ctx, const char *uri, const char *algorithm,
                             const char *field)
{
    const cm_key_request_t wanted = {uri, algorithm, CM_KEY_SIGN};
    int is_made;
    cm_error_t *error = blame(cm_key_provide(&is_made, ctx, &wanted), field);

    return error ? error : cm_authority_key_signs(ctx, uri, field);
}

cm_error_t *cm_authority_responder_key(const cm_ctx_t *ctx, const char *uri, cm_bytes_t own)
{
    apr_array_header_t *all;
    cm_key_t *key;
    int has = 0;
    cm_error_t *error = cm_authority_key(ctx, uri, CM_RESPONDER_KEY, "/ocsp_key");

    if (!error) {
        error = cm_keyring_find(&key, ctx->keys, uri, ctx->pool);
    }
    if (!error) {
        error = check_audit_key(ctx, cm_key_spki(key), "/ocsp_key");
    }
    if (!error) {
        error = cm_authorities_list(&all, ctx->store, ctx->pool);
    }
    for (int i = 0; !error && !has && i < all->nelts; i++) {
        error = has_key(&has, APR_ARRAY_IDX(all, i, const cm_authority_t *)->der, cm_key_spki(key),
                        ctx->pool);
    }
    if (!error && (has || cm_bytes_equal(cm_key_spki(key), own))) {
        error = used(ctx, "/ocsp_key", "a responder does not sign with the key of an authority");
    }
    return error;
}
