/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>
#include <openssl/rand.h>
#include <p11-kit/uri.h>

#include "keys/keyring.h"
#include "keys/object.h"

enum { ID_LEN = 16 };

typedef struct {
    const cm_uri_t *uri;
    const cm_algorithm_t *algorithm;
    int uses;
    cm_bytes_t id;
    cm_error_t *error; /* what no retry would mend */
    apr_pool_t *pool;
} generation_t;

static cm_error_t *refuse(const generation_t *generation, cm_code_t code, const char *why)
{
    return cm_error_explain(generation->pool, cm_error_make(generation->pool, code, "%s", why),
                            "%s", generation->uri->text);
}

/* Any object counts: a certificate or a public key that bears the name would be taken for ours. */
static CK_RV check_free(cm_session_t *session, generation_t *generation)
{
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)generation->uri->label,
                          strlen(generation->uri->label)};
    CK_ATTRIBUTE id = {CKA_ID, (void *)generation->id.data, generation->id.len};
    cm_objects_t by_label = {.count = 0};
    cm_objects_t by_id = {.count = 0};
    CK_RV rv = cm_objects_find(&by_label, session, &label, 1);

    if (rv == CKR_OK) {
        rv = cm_objects_find(&by_id, session, &id, 1);
    }
    if (rv == CKR_OK && by_label.count + by_id.count > 0) {
        generation->error =
            refuse(generation, CM_E_CONFLICT, "the token has an object of this name");
    }
    return rv;
}

static CK_RV create(CK_OBJECT_HANDLE *public, CK_OBJECT_HANDLE *private, cm_session_t *session,
                    const generation_t *generation)
{
    const cm_algorithm_t *algorithm = generation->algorithm;
    int rsa = algorithm->type == CKK_RSA;
    CK_MECHANISM mechanism = {rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0};
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    CK_BBOOL sign = generation->uses & CM_KEY_SIGN ? CK_TRUE : CK_FALSE;
    CK_BBOOL decrypt = generation->uses & CM_KEY_DECRYPT ? CK_TRUE : CK_FALSE;
    CK_BBOOL derive = generation->uses & CM_KEY_DERIVE ? CK_TRUE : CK_FALSE;
    CK_ULONG bits = (CK_ULONG)algorithm->bits;
    CK_BYTE exponent[] = {1, 0, 1};
    CK_ATTRIBUTE label = {CKA_LABEL, (void *)generation->uri->label,
                          strlen(generation->uri->label)};
    CK_ATTRIBUTE id = {CKA_ID, (void *)generation->id.data, generation->id.len};
    CK_ATTRIBUTE rsa_public[] = {{CKA_TOKEN, &yes, sizeof yes},
                                 {CKA_PRIVATE, &no, sizeof no},
                                 {CKA_VERIFY, &sign, sizeof sign},
                                 {CKA_ENCRYPT, &decrypt, sizeof decrypt},
                                 {CKA_MODULUS_BITS, &bits, sizeof bits},
                                 {CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
                                 label,
                                 id};
    CK_ATTRIBUTE ec_public[] = {
        {CKA_TOKEN, &yes, sizeof yes},
        {CKA_PRIVATE, &no, sizeof no},
        {CKA_VERIFY, &sign, sizeof sign},
        {CKA_EC_PARAMS, (void *)algorithm->curve.data, algorithm->curve.len},
        label,
        id};
    CK_ATTRIBUTE secret[] = {{CKA_TOKEN, &yes, sizeof yes},
                             {CKA_PRIVATE, &yes, sizeof yes},
                             {CKA_SENSITIVE, &yes, sizeof yes},
                             {CKA_EXTRACTABLE, &no, sizeof no},
                             {CKA_SIGN, &sign, sizeof sign},
                             {rsa ? CKA_DECRYPT : CKA_DERIVE, rsa ? &decrypt : &derive, sizeof yes},
                             label,
                             id};
    CK_ULONG public_count =
        rsa ? sizeof rsa_public / sizeof *rsa_public : sizeof ec_public / sizeof *ec_public;

    session->call = "C_GenerateKeyPair";
    return session->calls->C_GenerateKeyPair(session->handle, &mechanism,
                                             rsa ? rsa_public : ec_public, public_count, secret,
                                             sizeof secret / sizeof *secret, public, private);
}

/* The template asked for it; here the token has to say that it is so. */
static CK_RV check_locked_in(int *locked_in, cm_session_t *session, CK_OBJECT_HANDLE private)
{
    static const struct {
        CK_ATTRIBUTE_TYPE type;
        int wanted;
    } rules[] = {{CKA_SENSITIVE, 1},
                 {CKA_EXTRACTABLE, 0},
                 {CKA_ALWAYS_SENSITIVE, 1},
                 {CKA_NEVER_EXTRACTABLE, 1}};
    CK_RV rv = CKR_OK;

    *locked_in = 1;
    for (apr_size_t i = 0; rv == CKR_OK && i < sizeof rules / sizeof *rules; i++) {
        int said = !rules[i].wanted;

        rv = cm_object_flag(&said, session, private, rules[i].type);
        *locked_in = *locked_in && said == rules[i].wanted;
    }
    return rv;
}

static CK_RV generate_in(cm_session_t *session, void *baton)
{
    generation_t *generation = baton;
    CK_OBJECT_HANDLE public = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE private = CK_INVALID_HANDLE;
    int locked_in = 0;
    CK_RV rv = check_free(session, generation);

    if (rv != CKR_OK || generation->error) {
        return rv;
    }
    rv = create(&public, &private, session, generation);
    if (rv != CKR_OK) {
        return rv;
    }
    rv = check_locked_in(&locked_in, session, private);
    if (rv == CKR_OK && locked_in) {
        return CKR_OK;
    }
    session->calls->C_DestroyObject(session->handle, private);
    session->calls->C_DestroyObject(session->handle, public);
    if (rv == CKR_OK) {
        generation->error =
            refuse(generation, CM_E_CONFIG, "the token does not keep private keys to itself");
    }
    return rv;
}

static cm_error_t *check_request(generation_t *generation, const cm_key_request_t *request,
                                 apr_pool_t *pool)
{
    int possible = CM_KEY_SIGN;

    if (!generation->uri->token || !generation->uri->label) {
        return cm_error_locate(cm_error_make(pool, CM_E_CONFIG,
                                             "the PKCS#11 URI of a new key must have token and "
                                             "object"),
                               NULL, "key.uri");
    }
    generation->algorithm = cm_algorithm_named(request->algorithm);
    if (!generation->algorithm) {
        return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "unknown key algorithm"), NULL,
                               "key.algorithm");
    }
    possible |= generation->algorithm->type == CKK_RSA ? CM_KEY_DECRYPT : CM_KEY_DERIVE;
    if (request->uses == 0 || (request->uses & ~possible)) {
        return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "the uses do not fit the algorithm"),
                               NULL, "key.uses");
    }
    generation->uses = request->uses;
    return NULL;
}

static cm_error_t *choose_id(generation_t *generation, apr_pool_t *pool)
{
    unsigned char *id;

    if (generation->uri->id.data) {
        generation->id = generation->uri->id;
        return NULL;
    }
    id = apr_palloc(pool, ID_LEN);
    if (RAND_bytes(id, ID_LEN) != 1) {
        return cm_error_openssl(pool, CM_E_INTERNAL, "no random numbers");
    }
    generation->id = cm_bytes_make(id, ID_LEN);
    return NULL;
}

int cm_key_can_be_made(const char *algorithm)
{
    return cm_algorithm_named(algorithm) != NULL;
}

cm_error_t *cm_keyring_generate(cm_key_t **key, cm_keyring_t *ring, const cm_key_request_t *request,
                                apr_pool_t *pool)
{
    generation_t generation = {.pool = pool};
    cm_uri_t *uri;
    cm_token_t *token;
    cm_error_t *error = cm_uri_parse(&uri, request->uri, pool);

    if (error) {
        return error;
    }
    generation.uri = uri;
    error = check_request(&generation, request, pool);
    if (!error) {
        error = cm_keyring_token(&token, ring, uri, pool);
    }
    if (!error) {
        error = choose_id(&generation, pool);
    }
    if (!error) {
        error = cm_token_run(token, generate_in, &generation, CM_SESSION_RW, pool);
    }
    if (!error) {
        error = generation.error;
    }
    return error ? error : cm_keyring_find(key, ring, request->uri, pool);
}
