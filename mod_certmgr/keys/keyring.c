/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keyring.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "keys/find.h"
#include "keys/rv.h"
#include "keys/wait.h"

struct cm_keyring_t {
    cm_token_t **tokens;
    cm_module_t **modules; /* of each token; tokens may share one */
    int count;

    cm_wait_t wait;   /* guards what follows */
    apr_pool_t *pool; /* with an allocator of its own: pools are not for several threads */
    apr_hash_t *keys; /* URI -> cm_key_t * */
};

static cm_module_t *share_module(const cm_keyring_t *ring, int known, const char *path,
                                 apr_pool_t *pool)
{
    for (int i = 0; i < known; i++) {
        if (strcmp(cm_module_path(ring->modules[i]), path) == 0) {
            return ring->modules[i];
        }
    }
    return cm_module_make(path, pool);
}

static cm_error_t *make_key_pool(cm_keyring_t *ring, apr_pool_t *pool)
{
    apr_allocator_t *allocator;
    apr_status_t status = apr_allocator_create(&allocator);

    if (status == APR_SUCCESS) {
        status = apr_pool_create_ex(&ring->pool, pool, NULL, allocator);
    }
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "out of memory", status);
    }
    apr_allocator_owner_set(allocator, ring->pool);
    ring->keys = apr_hash_make(ring->pool);
    return NULL;
}

cm_error_t *cm_keyring_make(cm_keyring_t **ring, const cm_token_config_t *tokens, int count,
                            apr_pool_t *pool)
{
    cm_keyring_t *made = apr_pcalloc(pool, sizeof *made);
    cm_error_t *error = make_key_pool(made, pool);

    if (!error && count < 1) {
        error = cm_error_make(pool, CM_E_CONFIG, "no token is configured");
    }
    if (error) {
        return error;
    }
    made->count = count;
    made->tokens = apr_pcalloc(pool, (apr_size_t)count * sizeof *made->tokens);
    made->modules = apr_pcalloc(pool, (apr_size_t)count * sizeof *made->modules);
    cm_wait_init(&made->wait);
    for (int i = 0; i < count; i++) {
        made->modules[i] = share_module(made, i, tokens[i].module, pool);
        error = cm_token_make(&made->tokens[i], &tokens[i], made->modules[i], pool);
        if (error) {
            return error;
        }
    }
    *ring = made;
    return NULL;
}

static CK_RV check_in(cm_session_t *session, void *token)
{
    CK_SESSION_INFO info;
    CK_RV rv;

    session->call = "C_GetSessionInfo";
    rv = session->calls->C_GetSessionInfo(session->handle, &info);
    return rv == CKR_OK && cm_token_is_logged_out(token, session) ? CKR_USER_NOT_LOGGED_IN : rv;
}

cm_error_t *cm_keyring_check(cm_keyring_t *ring, apr_pool_t *pool)
{
    cm_error_t *errors = NULL;

    for (int i = 0; i < ring->count; i++) {
        errors = cm_error_join(errors,
                               cm_token_run(ring->tokens[i], check_in, ring->tokens[i], 0, pool));
    }
    return errors;
}

/* False when the labels alone tell that the URI does not speak of this token: then an unreachable
 * token does not stand in the way of keys in another. */
static int may_be_in(const cm_token_t *token, const cm_uri_t *uri)
{
    const char *label = cm_token_uri(token)->token;

    return !label || !uri->token || strcmp(label, uri->token) == 0;
}

typedef struct {
    cm_found_t found;
    cm_token_t *token;
    const cm_uri_t *uri;
    apr_pool_t *pool;
} search_t;

static CK_RV find_in(cm_session_t *session, void *baton)
{
    search_t *search = baton;

    return cm_private_find(&search->found, session, search->token, search->uri, search->pool);
}

/* Look into all tokens where it may be: the same name in two of them is ambiguous, not luck. */
static cm_error_t *search(search_t *result, const cm_keyring_t *ring, const cm_uri_t *uri,
                          apr_pool_t *pool)
{
    cm_error_t *unreachable = NULL;
    int count = 0;
    int foreign = 0;

    *result = (search_t){.uri = uri, .pool = pool};
    for (int i = 0; i < ring->count; i++) {
        search_t one = {.token = ring->tokens[i], .uri = uri, .pool = pool};
        cm_error_t *error;

        if (!may_be_in(one.token, uri)) {
            continue;
        }
        error = cm_token_run(one.token, find_in, &one, 0, pool);
        if (error) {
            unreachable = cm_error_join(unreachable, error);
            continue;
        }
        count += one.found.count;
        foreign += one.found.foreign;
        if (one.found.count > 0) {
            *result = one;
        }
    }
    result->found.count = count;
    result->found.foreign = foreign;
    return count == 0 && unreachable ? unreachable : cm_found_check(&result->found, uri, pool);
}

static cm_key_t *known_key(cm_keyring_t *ring, const char *uri)
{
    cm_key_t *key;

    cm_wait_lock(&ring->wait);
    key = apr_hash_get(ring->keys, uri, APR_HASH_KEY_STRING);
    cm_wait_unlock(&ring->wait);
    return key;
}

/* Two threads may have searched for it at once: the first one's key stays. */
static cm_error_t *keep_key(cm_key_t **key, cm_keyring_t *ring, const search_t *result)
{
    cm_error_t *error = NULL;

    cm_wait_lock(&ring->wait);
    *key = apr_hash_get(ring->keys, result->uri->text, APR_HASH_KEY_STRING);
    if (!*key) {
        error = cm_key_make(key, result->token, result->uri, &result->found, ring->pool);
    }
    if (!error) {
        apr_hash_set(ring->keys, cm_key_uri(*key), APR_HASH_KEY_STRING, *key);
    }
    cm_wait_unlock(&ring->wait);
    return error;
}

cm_error_t *cm_keyring_find(cm_key_t **key, cm_keyring_t *ring, const char *uri, apr_pool_t *pool)
{
    cm_uri_t *parsed;
    search_t result;
    cm_error_t *error;

    *key = known_key(ring, uri);
    if (*key) {
        return NULL;
    }
    error = cm_uri_parse(&parsed, uri, pool);
    if (!error && !parsed->label && !parsed->id.data) {
        error = cm_error_locate(
            cm_error_make(pool, CM_E_CONFIG, "the PKCS#11 URI names no key by object or id"), NULL,
            "key.uri");
    }
    if (!error) {
        error = search(&result, ring, parsed, pool);
    }
    return error ? error : keep_key(key, ring, &result);
}

cm_error_t *cm_keyring_token(cm_token_t **token, cm_keyring_t *ring, const cm_uri_t *uri,
                             apr_pool_t *pool)
{
    int found = 0;

    for (int i = 0; i < ring->count; i++) {
        if (may_be_in(ring->tokens[i], uri)) {
            *token = ring->tokens[i];
            found++;
        }
    }
    return found == 1 ? NULL
                      : cm_error_explain(pool,
                                         cm_error_make(pool, CM_E_CONFIG,
                                                       "the PKCS#11 URI must name one of the "
                                                       "configured tokens"),
                                         "%s: %d match", uri->text, found);
}

static CK_RV describe_in(cm_session_t *session, void *token_info)
{
    session->call = "C_GetTokenInfo";
    return session->calls->C_GetTokenInfo(session->slot, token_info);
}

/* A field of CK_TOKEN_INFO: padded with spaces, without NUL. */
static const char *text_of(const unsigned char *field, apr_size_t size, apr_pool_t *pool)
{
    return apr_pstrmemdup(pool, (const char *)field, p11_kit_space_strlen(field, size));
}

cm_error_t *cm_keyring_tokens(apr_array_header_t **infos, cm_keyring_t *ring, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, ring->count, sizeof(cm_token_info_t *));

    for (int i = 0; i < ring->count; i++) {
        cm_token_info_t *info = apr_pcalloc(pool, sizeof *info);
        CK_TOKEN_INFO said = {0};

        info->error = cm_token_run(ring->tokens[i], describe_in, &said, 0, pool);
        if (info->error) {
            memset(&said, ' ', sizeof said);
        }
        info->name = cm_token_name(ring->tokens[i]);
        info->module = cm_module_path(ring->modules[i]);
        info->label = text_of(said.label, sizeof said.label, pool);
        info->manufacturer = text_of(said.manufacturerID, sizeof said.manufacturerID, pool);
        info->model = text_of(said.model, sizeof said.model, pool);
        info->serial = text_of(said.serialNumber, sizeof said.serialNumber, pool);
        info->state = info->error ? "unreachable" : "ready";
        APR_ARRAY_PUSH(list, cm_token_info_t *) = info;
    }
    *infos = list;
    return NULL;
}
