/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/ossl.h"

const char unit_name[] = "pki";
const unit_case_fn unit_cases[] = {der_case,  pem_case,      name_case, san_case, pubkey_case,
                                   csr_case,  ext_case,      cert_case, crl_case, clientcert_case,
                                   ocsp_case, policies_case, NULL};

test_key_t test_key(const char *algorithm)
{
    test_key_t key = {NULL, NULL, cm_sigalg_for_key(algorithm)};
    unsigned char *spki = NULL;
    int len;

    if (algorithm[0] == 'R') {
        key.pkey = EVP_RSA_gen((size_t)strtoul(algorithm + 4, NULL, 10));
    } else {
        key.pkey = EVP_EC_gen(algorithm);
    }
    ck_assert_ptr_nonnull(cm_ossl_pkey(key.pkey, pool));
    len = i2d_PUBKEY(key.pkey, &spki);
    ck_assert_int_gt(len, 0);
    assert_done(cm_pubkey_parse(&key.key,
                                cm_bytes_make(cm_ossl_memory(spki, pool), (apr_size_t)len), pool));
    ck_assert_str_eq(key.key->algorithm, algorithm);
    return key;
}

cm_bytes_t test_sign(const test_key_t *key, cm_bytes_t tbs)
{
    static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
    EVP_MD_CTX *ctx = cm_ossl_md_ctx(EVP_MD_CTX_new(), pool);
    unsigned char *signature = apr_palloc(pool, 1024);
    size_t len = 1024;

    ck_assert_int_eq(
        EVP_DigestSignInit_ex(ctx, NULL, digests[key->alg->digest], NULL, NULL, key->pkey, NULL),
        1);
    ck_assert_int_eq(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
    return cm_bytes_make(signature, len);
}

cm_bytes_t test_hex(const char *hex)
{
    char *compact = apr_pstrdup(pool, hex);
    cm_bytes_t bytes;

    apr_collapse_spaces(compact, hex);
    assert_done(cm_bytes_unhex(&bytes, compact, pool));
    return bytes;
}

cm_bytes_t test_name(const char *cn)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));
    cm_name_t *name;

    APR_ARRAY_PUSH(list, cm_name_attribute_t) = (cm_name_attribute_t){"CN", cn, 0};
    assert_done(cm_name_make(&name, list, pool));
    return name->der;
}

cm_cert_spec_t test_spec(const test_key_t *issuer, const test_key_t *subject)
{
    cm_cert_spec_t spec = {.serial = test_hex("0123456789abcdef"),
                           .sigalg = issuer->alg,
                           .issuer = test_name("Issuer"),
                           .issuer_key_id = issuer->key->id,
                           .not_before = TEST_NOW,
                           .not_after = TEST_NOW + apr_time_from_sec(86400),
                           .subject = test_name("Subject"),
                           .spki = subject->key->spki,
                           .key_id = subject->key->id};

    return spec;
}

cm_bytes_t test_cert(const cm_cert_spec_t *spec, const test_key_t *issuer)
{
    cm_bytes_t tbs, der;

    assert_done(cm_cert_tbs(&tbs, spec, pool));
    assert_done(cm_signed_wrap(&der, tbs, spec->sigalg, test_sign(issuer, tbs), pool));
    assert_done(cm_der_check(der, pool));
    return der;
}

X509 *test_x509(cm_bytes_t der)
{
    const unsigned char *at = der.data;
    X509 *x509 = cm_ossl_x509(d2i_X509(NULL, &at, (long)der.len), pool);

    ck_assert_ptr_nonnull(x509);
    ck_assert_ptr_eq(at, der.data + der.len);
    return x509;
}
