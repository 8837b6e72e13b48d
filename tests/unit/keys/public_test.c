/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the public half of a key comes from.
 */
#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

static const char *const curves[] = {"P-256", "P-384", "P-521"};

/* A key with the id 77. */
static cm_bytes_t make_spki(const char *algorithm)
{
    cm_key_request_t request = {"pkcs11:token=certmgr;object=k;id=%77", algorithm, CM_KEY_SIGN};
    cm_key_t *key;

    assert_done(cm_keyring_generate(&key, make_ring(), &request, pool));
    return cm_key_spki(key);
}

static cm_error_t *find(cm_key_t **key)
{
    return cm_keyring_find(key, make_ring(), "pkcs11:token=certmgr;id=%77", pool);
}

/* Put a certificate for the public key into the token, with the id 77. */
static void store_certificate(cm_bytes_t spki)
{
    const char *path = apr_pstrcat(pool, token_folder, "/cert.der", NULL);
    const char *const write[] = {"--write-object", path, "--type", "cert", "--id", "77",
                                 "--label",        "k",  NULL};
    const unsigned char *at = spki.data;
    EVP_PKEY *subject = d2i_PUBKEY(NULL, &at, (long)spki.len);
    EVP_PKEY *issuer = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    FILE *file = fopen(path, "we");

    ck_assert_int_eq(X509_set_pubkey(cert, subject), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    ck_assert_int_gt(X509_sign(cert, issuer, EVP_sha256()), 0);
    ck_assert_int_eq(i2d_X509_fp(file, cert), 1);
    fclose(file);
    X509_free(cert);
    EVP_PKEY_free(subject);
    EVP_PKEY_free(issuer);
    pkcs11_tool(write);
}

START_TEST(a_bare_point_is_understood)
{
    cm_bytes_t spki = make_spki(curves[_i]);
    cm_key_t *key;

    faults->bare_point = 1;
    assert_done(find(&key));
    ck_assert(cm_bytes_equal(cm_key_spki(key), spki));
}
END_TEST

START_TEST(rsa_needs_no_public_key_object)
{
    cm_bytes_t spki = make_spki("RSA-2048");
    cm_key_t *key;

    faults->hide_public = 1;
    assert_done(find(&key));
    ck_assert(cm_bytes_equal(cm_key_spki(key), spki));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(ec_takes_it_from_a_certificate)
{
    cm_bytes_t spki = make_spki(curves[_i]);
    cm_key_t *key;

    faults->hide_public = 1;
    assert_refused(find(&key), CM_E_CONFIG, NULL);
    store_certificate(spki);
    assert_done(find(&key));
    ck_assert(cm_bytes_equal(cm_key_spki(key), spki));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(a_certificate_of_another_kind_is_not_taken)
{
    EVP_PKEY *other = EVP_RSA_gen(2048);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(other, &der);
    cm_key_t *key;
    cm_error_t *error;

    make_spki("P-256");
    faults->hide_public = 1;
    store_certificate(cm_bytes_make(der, (apr_size_t)len));
    error = find(&key);
    assert_refused(error, CM_E_CONFIG, NULL);
    ck_assert_ptr_nonnull(error->hint);
    OPENSSL_free(der);
    EVP_PKEY_free(other);
}
END_TEST

TCase *public_case(void)
{
    TCase *tcase = token_case("public");

    tcase_add_loop_test(tcase, a_bare_point_is_understood, 0, 3);
    tcase_add_test(tcase, rsa_needs_no_public_key_object);
    tcase_add_loop_test(tcase, ec_takes_it_from_a_certificate, 0, 3);
    tcase_add_test(tcase, a_certificate_of_another_kind_is_not_taken);
    return tcase;
}
