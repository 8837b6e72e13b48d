/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "base/ossl.h"

/* Whether OpenSSL accepts the certificate below the root for the purpose, at TEST_NOW. */
static int verifies(X509 *leaf, X509 *root, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    X509_STORE_add_cert(store, root);
    X509_STORE_CTX_init(ctx, store, leaf, NULL);
    X509_STORE_CTX_set_time(ctx, 0, (time_t)apr_time_sec(TEST_NOW));
    X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    result = X509_verify_cert(ctx);
    ck_assert_msg(result == 1, "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return result == 1;
}

static cm_cert_spec_t root_spec(const test_key_t *key)
{
    cm_cert_spec_t spec = test_spec(key, key);

    spec.subject = spec.issuer;
    spec.is_ca = 1;
    spec.key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    spec.not_after = TEST_NOW + apr_time_from_sec(APR_INT64_C(30) * 366 * 86400);
    return spec;
}

static const char *printed(X509 *x509)
{
    BIO *bio = cm_ossl_bio(BIO_new(BIO_s_mem()), pool);
    char *text;
    long len;

    X509_print_ex(bio, x509, XN_FLAG_RFC2253, 0);
    len = BIO_get_mem_data(bio, &text);
    return apr_pstrmemdup(pool, text, (apr_size_t)len);
}

START_TEST(chains_verify_with_openssl)
{
    static const char *const algorithms[] = {"P-256", "P-384", "P-521", "RSA-2048"};

    for (int i = 0; i < 4; i++) {
        test_key_t ca = test_key(algorithms[i]), leaf = test_key(algorithms[(i + 1) % 4]);
        cm_cert_spec_t root = root_spec(&ca), spec = test_spec(&ca, &leaf);
        cm_bytes_t der = test_cert(&root, &ca);
        X509 *x509 = test_x509(der);
        cm_cert_t *cert;

        spec.eku = apr_array_make(pool, 1, sizeof(const char *));
        APR_ARRAY_PUSH((apr_array_header_t *)spec.eku, const char *) = "clientAuth";
        spec.key_usage = CM_KU_DIGITAL_SIGNATURE;
        ck_assert(verifies(test_x509(test_cert(&spec, &ca)), x509, X509_PURPOSE_SSL_CLIENT));
        assert_done(cm_cert_parse(&cert, der, pool));
        assert_done(cm_signed_verify(&cert->parts, ca.key, pool));
        ck_assert_ptr_eq(cert->sigalg, ca.alg);
    }
}
END_TEST

static void fill(cm_cert_spec_t *spec)
{
    static const char *const sans[] = {"dns:www.example.test", "email:j@example.test",
                                       "ip:2001:db8::1", "upn:j@example.test",
                                       "dns:www.example.test"};
    apr_array_header_t *san = apr_array_make(pool, 5, sizeof(cm_san_t));
    apr_array_header_t *eku = apr_array_make(pool, 2, sizeof(const char *));
    apr_array_header_t *policies = apr_array_make(pool, 2, sizeof(cm_policy_t));
    apr_array_header_t *extra = apr_array_make(pool, 1, sizeof(cm_ext_t));

    for (int i = 0; i < 5; i++) {
        assert_done(cm_san_read(apr_array_push(san), sans[i], pool));
    }
    APR_ARRAY_PUSH(eku, const char *) = "clientAuth";
    APR_ARRAY_PUSH(eku, const char *) = "1.2.3.4";
    APR_ARRAY_PUSH(policies, cm_policy_t) = (cm_policy_t){"1.3.6.1.4.1.99.1", NULL, NULL};
    APR_ARRAY_PUSH(policies, cm_policy_t) =
        (cm_policy_t){"2.999.1", "https://example.test/cps", NULL};
    APR_ARRAY_PUSH(extra, cm_ext_t) = (cm_ext_t){"1.2.3.5", 0, test_hex("0500")};
    spec->san = san;
    spec->eku = eku;
    spec->policies = policies;
    spec->extra = extra;
    spec->key_usage = CM_KU_DIGITAL_SIGNATURE | CM_KU_NON_REPUDIATION;
    spec->crl_url = "http://example.test/crl/issuing.crl";
    spec->ocsp_url = "http://example.test/ocsp";
    spec->ca_issuers_url = "http://example.test/ca/issuing.cer";
    spec->must_staple = 1;
    spec->ocsp_no_check = 1;
}

START_TEST(every_extension_as_openssl_prints_it)
{
    static const char *const lines[] = {
        "Serial Number: 81985529216486895 (0x123456789abcdef)",
        "Issuer: CN=Issuer",
        "Not Before: Nov 22 16:03:46 2026 GMT",
        "Not After : Nov 23 16:03:46 2026 GMT",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Digital Signature, Non Repudiation",
        "X509v3 Extended Key Usage: \n                TLS Web Client Authentication, 1.2.3.4",
        "X509v3 Subject Alternative Name: \n                DNS:www.example.test, "
        "email:j@example.test, IP Address:2001:DB8:0:0:0:0:0:1, othername: UPN::j@example.test",
        "Policy: 1.3.6.1.4.1.99.1",
        "Policy: 2.999.1\n                  CPS: https://example.test/cps",
        "Full Name:\n                  URI:http://example.test/crl/issuing.crl",
        "OCSP - URI:http://example.test/ocsp",
        "CA Issuers - URI:http://example.test/ca/issuing.cer",
        "OCSP No Check: ",
        "TLS Feature: \n                status_request",
        "1.2.3.5: ",
    };
    test_key_t ca = test_key("P-256"), leaf = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&ca, &leaf);
    const char *text;

    fill(&spec);
    text = printed(test_x509(test_cert(&spec, &ca)));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_msg(strstr(text, lines[i]) != NULL, "%s\nis not in\n%s", lines[i], text);
    }
    ck_assert_ptr_null(strstr(text, "Name Constraints"));
}
END_TEST

START_TEST(constraints_of_a_ca)
{
    static const char *const lines[] = {
        "CA:TRUE, pathlen:0", "X509v3 Name Constraints: critical",
        "Permitted:\n                  DNS:example.test\n                  "
        "IP:192.0.2.0/255.255.255.0\n",
        "Excluded:\n                  email:.example.test\n"};
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = root_spec(&ca);
    apr_array_header_t *permitted = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *excluded = apr_array_make(pool, 1, sizeof(const char *));
    cm_cert_t *cert;
    cm_bytes_t der;
    const char *text;

    APR_ARRAY_PUSH(permitted, const char *) = "dns:example.test";
    APR_ARRAY_PUSH(permitted, const char *) = "ip:192.0.2.0/24";
    APR_ARRAY_PUSH(excluded, const char *) = "email:.example.test";
    spec.has_path_len = 1;
    spec.permitted = permitted;
    spec.excluded = excluded;
    der = test_cert(&spec, &ca);
    text = printed(test_x509(der));
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        ck_assert_msg(strstr(text, lines[i]) != NULL, "%s\nis not in\n%s", lines[i], text);
    }
    assert_done(cm_cert_parse(&cert, der, pool));
    ck_assert(cert->is_ca && cert->has_path_len && cert->path_len == 0);
    ck_assert_uint_eq(cert->key_usage, CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN);
}
END_TEST

START_TEST(a_certificate_is_read_back)
{
    test_key_t ca = test_key("P-256"), leaf = test_key("RSA-2048");
    cm_cert_spec_t spec = test_spec(&ca, &leaf);
    cm_bytes_t der;
    cm_cert_t *cert;
    cm_pubkey_t *key;

    fill(&spec);
    der = test_cert(&spec, &ca);
    assert_done(cm_cert_parse(&cert, der, pool));
    ck_assert_str_eq(cert->serial_hex, "0123456789abcdef");
    ck_assert_str_eq(cert->issuer_text, "CN=Issuer");
    ck_assert_str_eq(cert->subject_text, "CN=Subject");
    ck_assert_str_eq(cert->subject_cn, "Subject");
    ck_assert(cert->not_before == apr_time_from_sec(apr_time_sec(TEST_NOW)));
    ck_assert(cert->not_after == cert->not_before + apr_time_from_sec(86400));
    ck_assert_int_eq(cert->san->nelts, 4);
    ck_assert_int_eq(cert->eku->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(cert->eku, 0, const char *), "clientAuth");
    ck_assert(cm_bytes_equal(cert->ski, leaf.key->id));
    ck_assert(cm_bytes_equal(cert->aki, ca.key->id));
    ck_assert(!cert->is_ca);
    assert_done(cm_pubkey_parse(&key, cert->spki, pool));
    ck_assert_str_eq(key->algorithm, "RSA-2048");
    ck_assert_str_eq(cert->sha256, cm_bytes_hex(cm_bytes_sha256(der, pool), pool));
}
END_TEST

/* Each change makes a spec that is refused. */
START_TEST(specs_that_are_refused)
{
    test_key_t ca = test_key("P-256");
    const cm_cert_spec_t good = test_spec(&ca, &ca);
    const char *twenty_one = "7f0000000000000000000000000000000000000000";
    cm_bytes_t tbs;
    cm_cert_spec_t spec;

#define REFUSED(change, rule)                                                                      \
    spec = good;                                                                                   \
    spec.change;                                                                                   \
    assert_refused(cm_cert_tbs(&tbs, &spec, pool), CM_E_VALUE, rule)

    REFUSED(serial = test_hex(""), "cert.serial");
    REFUSED(serial = test_hex("00"), "cert.serial");
    REFUSED(serial = test_hex("0012"), "cert.serial");
    REFUSED(serial = test_hex(twenty_one), "cert.serial");
    REFUSED(serial = test_hex("8000000000000000000000000000000000000000"), "cert.serial");
    REFUSED(not_after = TEST_NOW - apr_time_from_sec(1), "cert.validity");
    REFUSED(not_after = apr_time_from_sec(APR_INT64_C(253402300800)), "cert.validity");
    REFUSED(not_before = apr_time_from_sec(APR_INT64_C(-631152001)), "cert.validity");
    REFUSED(subject = test_hex("3000"), "cert.name");
    REFUSED(spki.len = 0, "cert.incomplete");
    REFUSED(issuer.len = 0, "cert.incomplete");
    REFUSED(sigalg = NULL, "cert.incomplete");
    REFUSED(has_path_len = 1, "cert.path-length");
    REFUSED(key_usage = CM_KU_KEY_CERT_SIGN, "extension.key-usage");
    REFUSED(key_usage = 0x200, "extension.key-usage");
    REFUSED(crl_url = "/crl", "extension.url");
    REFUSED(ocsp_url = "example.test", "extension.url");
    REFUSED(ca_issuers_url = "http://", "extension.url");
#undef REFUSED
    spec = good;
    spec.serial = test_hex("7f00000000000000000000000000000000000000");
    spec.not_after = apr_time_from_sec(APR_INT64_C(253402300799));
    spec.not_before = apr_time_from_sec(APR_INT64_C(-631152000));
    assert_done(cm_cert_tbs(&tbs, &spec, pool));
}
END_TEST

START_TEST(times_change_their_form_in_2050)
{
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&ca, &ca);
    cm_bytes_t der;
    cm_cert_t *cert;

    spec.not_before = apr_time_from_sec(APR_INT64_C(2524607999)); /* the last second of 2049 */
    spec.not_after = apr_time_from_sec(APR_INT64_C(2524608000));
    der = test_cert(&spec, &ca);
    ck_assert_ptr_nonnull(strstr(cm_bytes_hex(der, pool), "170d3439313233313233353935395a"
                                                          "180f32303530303130313030303030305a"));
    assert_done(cm_cert_parse(&cert, der, pool));
    ck_assert(cert->not_before == spec.not_before && cert->not_after == spec.not_after);
}
END_TEST

START_TEST(critical_only_where_asked_or_due)
{
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&ca, &ca);
    apr_array_header_t *critical = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *eku = apr_array_make(pool, 1, sizeof(const char *));
    cm_cert_t *cert;

    fill(&spec);
    assert_done(cm_cert_parse(&cert, test_cert(&spec, &ca), pool));
    ck_assert(!cm_ext_find(cert->extensions, CM_OID_SAN)->critical);
    ck_assert(!cm_ext_find(cert->extensions, CM_OID_EXT_KEY_USAGE)->critical);
    ck_assert(!cm_ext_find(cert->extensions, CM_OID_POLICIES)->critical);
    APR_ARRAY_PUSH(critical, const char *) = "certificatePolicies";
    APR_ARRAY_PUSH(eku, const char *) = "timeStamping";
    spec.critical = critical;
    spec.eku = eku;
    spec.subject = test_hex("3000");
    assert_done(cm_cert_parse(&cert, test_cert(&spec, &ca), pool));
    ck_assert(cm_ext_find(cert->extensions, CM_OID_SAN)->critical);
    ck_assert(cm_ext_find(cert->extensions, CM_OID_EXT_KEY_USAGE)->critical);
    ck_assert(cm_ext_find(cert->extensions, CM_OID_POLICIES)->critical);
}
END_TEST

START_TEST(serials_are_positive_and_full)
{
    unsigned char random[CM_SERIAL_RANDOM];
    cm_bytes_t serial;

    memset(random, 0xff, sizeof random);
    serial = cm_serial_make(random, pool);
    ck_assert_str_eq(cm_bytes_hex(serial, pool), "7fffffffffffffffffffffffffffffff");
    memset(random, 0, sizeof random);
    serial = cm_serial_make(random, pool);
    ck_assert_str_eq(cm_bytes_hex(serial, pool), "40000000000000000000000000000000");
}
END_TEST

START_TEST(bundles)
{
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = root_spec(&ca);
    apr_array_header_t *certs = apr_array_make(pool, 2, sizeof(cm_bytes_t));
    cm_bytes_t p7b, back;
    const unsigned char *at;
    PKCS7 *p7;

    for (int i = 2; i > 0; i--) {
        spec.serial = test_hex(i == 1 ? "01" : "02");
        APR_ARRAY_PUSH(certs, cm_bytes_t) = test_cert(&spec, &ca);
    }
    p7b = cm_cert_p7b(certs, pool);
    assert_done(cm_der_check(p7b, pool));
    at = p7b.data;
    p7 = d2i_PKCS7(NULL, &at, (long)p7b.len);
    ck_assert_ptr_nonnull(p7);
    ck_assert_int_eq(sk_X509_num(p7->d.sign->cert), 2);
    PKCS7_free(p7);
    assert_done(cm_cert_decode(
        &back, cm_bytes_of_text(cm_cert_pem(APR_ARRAY_IDX(certs, 0, cm_bytes_t), pool)), pool));
    ck_assert(cm_bytes_equal(back, APR_ARRAY_IDX(certs, 0, cm_bytes_t)));
}
END_TEST

START_TEST(mutilated_certificates)
{
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&ca, &ca);
    cm_bytes_t der;
    unsigned char *data;
    cm_cert_t *cert;

    fill(&spec);
    der = test_cert(&spec, &ca);
    data = (unsigned char *)der.data;
    for (apr_size_t i = 0; i < der.len; i++) {
        for (int bit = 1; bit < 0x100; bit <<= 1) {
            data[i] ^= (unsigned char)bit;
            if (!cm_cert_parse(&cert, der, pool) && i + 80 < der.len) {
                ck_assert_ptr_nonnull(cm_signed_verify(&cert->parts, ca.key, pool));
            }
            data[i] ^= (unsigned char)bit;
        }
    }
    for (apr_size_t len = 0; len < der.len; len++) {
        ck_assert_ptr_nonnull(cm_cert_parse(&cert, cm_bytes_make(data, len), pool));
    }
    assert_done(cm_cert_parse(&cert, der, pool));
}
END_TEST

START_TEST(certificates_that_are_refused)
{
    test_key_t ca = test_key("P-256");
    cm_cert_spec_t spec = test_spec(&ca, &ca);
    cm_bytes_t tbs, der;
    unsigned char *data;
    cm_cert_t *cert;

    assert_done(cm_cert_tbs(&tbs, &spec, pool));
    assert_done(cm_signed_wrap(&der, tbs, cm_sigalg_for_key("P-384"), test_sign(&ca, tbs), pool));
    assert_refused(cm_cert_parse(&cert, der, pool), CM_E_VALUE, "cert.signature-algorithm");
    der = test_cert(&spec, &ca);
    data = (unsigned char *)memmem(der.data, der.len, "\xa0\x03\x02\x01\x02", 5);
    data[4] = 1;
    assert_refused(cm_cert_parse(&cert, der, pool), CM_E_VALUE, "cert.version");
    data[4] = 2;
    data = (unsigned char *)memmem(der.data, der.len, "\x01\x23\x45", 3);
    data[0] = 0x81;
    assert_refused(cm_cert_parse(&cert, der, pool), CM_E_VALUE, "cert.serial");
}
END_TEST

TCase *cert_case(void)
{
    TCase *tcase = unit_case("cert");

    tcase_add_test(tcase, chains_verify_with_openssl);
    tcase_add_test(tcase, every_extension_as_openssl_prints_it);
    tcase_add_test(tcase, constraints_of_a_ca);
    tcase_add_test(tcase, a_certificate_is_read_back);
    tcase_add_test(tcase, specs_that_are_refused);
    tcase_add_test(tcase, times_change_their_form_in_2050);
    tcase_add_test(tcase, critical_only_where_asked_or_due);
    tcase_add_test(tcase, serials_are_positive_and_full);
    tcase_add_test(tcase, bundles);
    tcase_add_test(tcase, mutilated_certificates);
    tcase_add_test(tcase, certificates_that_are_refused);
    return tcase;
}
