/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/key.h"

#include <apr_strings.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "base/ossl.h"
#include "keys/find.h"
#include "keys/wait.h"

enum { SIGNATURE_MAX = 1024, HASH_MAX = 64, PREFIX_LEN = 19 };

struct cm_key_t {
    const cm_uri_t *uri;
    cm_token_t *token;
    const cm_algorithm_t *algorithm;
    cm_bytes_t spki;

    cm_wait_t wait; /* guards what follows */
    CK_OBJECT_HANDLE handle;
    unsigned generation; /* of the token, in which the handle is good */
};

typedef struct {
    const char *name; /* OpenSSL's */
    apr_size_t len;
    unsigned char prefix[PREFIX_LEN]; /* DigestInfo up to the hash (RFC 8017 9.2, note 1) */
} digest_t;

static const digest_t digests[] = {
    [CM_DIGEST_SHA256] = {"SHA256",
                          32,
                          {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
                           0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}},
    [CM_DIGEST_SHA384] = {"SHA384",
                          48,
                          {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
                           0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30}},
    [CM_DIGEST_SHA512] = {"SHA512",
                          64,
                          {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
                           0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40}},
};

typedef struct {
    cm_key_t *key;
    CK_MECHANISM mechanism;
    unsigned char input[PREFIX_LEN + HASH_MAX];
    CK_ULONG input_len;
    unsigned char signature[SIGNATURE_MAX];
    CK_ULONG signature_len;
    cm_error_t *error;
    apr_pool_t *pool;
} signing_t;

cm_error_t *cm_key_make(cm_key_t **key, cm_token_t *token, const cm_uri_t *uri,
                        const cm_found_t *found, apr_pool_t *pool)
{
    cm_key_t *made = apr_pcalloc(pool, sizeof *made);
    cm_uri_t *own;
    cm_error_t *error = cm_uri_parse(&own, uri->text, pool);

    if (error) {
        return error;
    }
    made->uri = own;
    made->token = token;
    made->algorithm = found->public.algorithm;
    made->spki = cm_bytes_copy(found->public.spki, pool);
    made->handle = found->handle;
    made->generation = found->generation;
    cm_wait_init(&made->wait);
    *key = made;
    return NULL;
}

const char *cm_key_uri(const cm_key_t *key)
{
    return key->uri->text;
}

const char *cm_key_algorithm(const cm_key_t *key)
{
    return key->algorithm->name;
}

cm_bytes_t cm_key_spki(const cm_key_t *key)
{
    return key->spki;
}

/* Find the object again and make sure that it is the same key: a token may have been exchanged for
 * one with a key of the same name. */
static CK_RV find_again(cm_found_t *found, cm_session_t *session, signing_t *signing)
{
    cm_key_t *key = signing->key;
    CK_RV rv = cm_private_find(found, session, key->token, key->uri, signing->pool);

    if (rv != CKR_OK) {
        return rv;
    }
    signing->error = cm_found_check(found, key->uri, signing->pool);
    if (!signing->error && !cm_bytes_equal(found->public.spki, key->spki)) {
        signing->error = cm_error_explain(
            signing->pool,
            cm_error_make(signing->pool, CM_E_CONFIG, "the token now holds another key"), "%s",
            key->uri->text);
    }
    return CKR_OK;
}

/* The handle for this session; signing->error is set when the key can't be had. */
static CK_RV find_handle(CK_OBJECT_HANDLE *handle, cm_session_t *session, signing_t *signing)
{
    cm_key_t *key = signing->key;
    cm_found_t found;
    int current;
    CK_RV rv;

    cm_wait_lock(&key->wait);
    current = key->generation == session->generation;
    *handle = key->handle;
    cm_wait_unlock(&key->wait);
    if (current) {
        return CKR_OK;
    }
    rv = find_again(&found, session, signing);
    if (rv == CKR_OK && !signing->error) {
        cm_wait_lock(&key->wait);
        key->handle = found.handle;
        key->generation = found.generation;
        cm_wait_unlock(&key->wait);
        *handle = found.handle;
    }
    return rv;
}

static CK_RV sign_in(cm_session_t *session, void *baton)
{
    signing_t *signing = baton;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    CK_RV rv;

    signing->error = NULL;
    rv = find_handle(&handle, session, signing);
    if (rv != CKR_OK || signing->error) {
        return rv;
    }
    session->call = "C_SignInit";
    rv = session->calls->C_SignInit(session->handle, &signing->mechanism, handle);
    if (rv != CKR_OK) {
        return rv;
    }
    session->call = "C_Sign";
    signing->signature_len = sizeof signing->signature;
    return session->calls->C_Sign(session->handle, signing->input, signing->input_len,
                                  signing->signature, &signing->signature_len);
}

static void prepare(signing_t *signing, const digest_t *digest, cm_bytes_t hash)
{
    const cm_algorithm_t *algorithm = signing->key->algorithm;
    apr_size_t field = ((apr_size_t)algorithm->bits + 7) / 8;

    if (algorithm->type == CKK_RSA) {
        signing->mechanism.mechanism = CKM_RSA_PKCS;
        memcpy(signing->input, digest->prefix, PREFIX_LEN);
        memcpy(signing->input + PREFIX_LEN, hash.data, hash.len);
        signing->input_len = PREFIX_LEN + hash.len;
        return;
    }
    /* FIPS 186-4 6.4: the leftmost bits; some modules refuse a hash longer than the field */
    signing->mechanism.mechanism = CKM_ECDSA;
    signing->input_len = hash.len < field ? hash.len : field;
    memcpy(signing->input, hash.data, signing->input_len);
}

/* r and s side by side (PKCS#11 2.40, 2.3.1) into an ECDSA-Sig-Value. */
static cm_error_t *encode_ecdsa(cm_bytes_t *signature, const unsigned char *raw, apr_size_t len,
                                apr_pool_t *pool)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, (int)(len / 2), NULL);
    BIGNUM *s = BN_bin2bn(raw + len / 2, (int)(len / 2), NULL);
    unsigned char *der = NULL;
    int der_len = 0;

    if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
        r = s = NULL; /* the signature has them now */
        der_len = i2d_ECDSA_SIG(sig, &der);
    }
    ECDSA_SIG_free(sig);
    BN_free(r);
    BN_free(s);
    if (der_len <= 0) {
        return cm_error_openssl(pool, CM_E_INTERNAL, "a signature can't be encoded");
    }
    *signature = cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)der_len);
    return NULL;
}

/* What the token returned has the one length that the algorithm has. */
static cm_error_t *finish(cm_bytes_t *signature, const signing_t *signing, apr_pool_t *pool)
{
    const cm_algorithm_t *algorithm = signing->key->algorithm;
    apr_size_t field = ((apr_size_t)algorithm->bits + 7) / 8;
    apr_size_t len = algorithm->type == CKK_RSA ? field : 2 * field;

    if (signing->signature_len != len) {
        return cm_error_explain(pool,
                                cm_error_make(pool, CM_E_TOKEN, "the key token fails to sign"),
                                "token %s: a signature of %lu bytes instead of %" APR_SIZE_T_FMT,
                                cm_token_name(signing->key->token), signing->signature_len, len);
    }
    if (algorithm->type == CKK_EC) {
        return encode_ecdsa(signature, signing->signature, len, pool);
    }
    *signature = cm_bytes_copy(cm_bytes_make(signing->signature, len), pool);
    return NULL;
}

cm_error_t *cm_key_sign_digest(cm_bytes_t *signature, cm_key_t *key, cm_digest_t digest,
                               cm_bytes_t hash, apr_pool_t *pool)
{
    signing_t signing = {.key = key, .pool = pool};
    cm_error_t *error;

    if (hash.len != digests[digest].len) {
        return cm_error_make(pool, CM_E_INTERNAL, "a hash of the wrong length");
    }
    prepare(&signing, &digests[digest], hash);
    error = cm_token_run(key->token, sign_in, &signing, 0, pool);
    if (!error) {
        error = signing.error;
    }
    return error ? error : finish(signature, &signing, pool);
}

cm_error_t *cm_key_sign(cm_bytes_t *signature, cm_key_t *key, cm_digest_t digest, cm_bytes_t data,
                        apr_pool_t *pool)
{
    unsigned char hash[HASH_MAX];
    size_t len = 0;

    if (EVP_Q_digest(NULL, digests[digest].name, NULL, data.data, data.len, hash, &len) != 1) {
        return cm_error_openssl(pool, CM_E_INTERNAL, "data can't be hashed");
    }
    return cm_key_sign_digest(signature, key, digest, cm_bytes_make(hash, len), pool);
}
