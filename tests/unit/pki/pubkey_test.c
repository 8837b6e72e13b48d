/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/sha.h>

#define OID_RSA "1.2.840.113549.1.1.1"
#define OID_EC  "1.2.840.10045.2.1"
#define P256    "06082a8648ce3d030107"

static cm_bytes_t spki(const char *oid, cm_bytes_t parameters, cm_bytes_t bits)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, oid);
    cm_der_raw(writer, parameters);
    cm_der_end(writer);
    cm_der_put_octets(writer, bits);
    cm_der_end(writer);
    return cm_der_written(writer);
}

/* An RSA key of `len` octets of modulus, whose first and last are given. */
static cm_bytes_t rsa(apr_size_t len, int first, int last, const char *exponent)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    unsigned char *modulus = apr_palloc(pool, len);

    memset(modulus, 0x5a, len);
    modulus[0] = (unsigned char)first;
    modulus[len - 1] = (unsigned char)last;
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_unsigned(writer, cm_bytes_make(modulus, len));
    cm_der_raw(writer, test_hex(exponent));
    cm_der_end(writer);
    return spki(OID_RSA, test_hex("0500"), cm_der_written(writer));
}

START_TEST(identifiers_of_a_key)
{
    test_key_t key = test_key("P-256");
    unsigned char digest[SHA_DIGEST_LENGTH];

    ck_assert_uint_eq(key.key->octets.len, 65);
    SHA1(key.key->octets.data, 65, digest);
    ck_assert_mem_eq(key.key->id.data, digest, SHA_DIGEST_LENGTH);
    ck_assert_uint_eq(key.key->id.len, SHA_DIGEST_LENGTH);
    ck_assert(cm_bytes_equal(key.key->spki_sha256, cm_bytes_sha256(key.key->spki, pool)));
    ck_assert_int_eq(EVP_PKEY_eq(key.pkey, key.key->pkey), 1);
    ck_assert_int_eq(key.key->bits, 256);
    ck_assert_int_eq(test_key("P-521").key->bits, 521);
    ck_assert_int_eq(EVP_PKEY_eq(test_key("RSA-2048").pkey, key.pkey), -1);
}
END_TEST

START_TEST(rsa_numbers)
{
    static const char e3[] = "020103", e65537[] = "0203010001", e65539[] = "0203010003";
    static const char e65535[] = "020300ffff", even[] = "0203010002", minus[] = "0203ff0001";
    /* 2^255 + 1 and 2^256 + 1 */
    const char *e256 = apr_psprintf(pool, "02210080%060d01", 0);
    const char *e257 = apr_psprintf(pool, "022101%062d01", 0);
    const struct {
        apr_size_t len;
        int first, last;
        const char *exponent;
        const char *rule; /* NULL: accepted */
    } cases[] = {
        {256, 0x80, 0x01, e65537, NULL},
        {256, 0x7f, 0x01, e65537, "key.rsa-length"},
        {128, 0x80, 0x01, e65537, "key.rsa-length"},
        {1024, 0xff, 0x01, e65537, NULL},
        {1025, 0x01, 0x01, e65537, "key.rsa-length"},
        {256, 0x80, 0x02, e65537, "key.rsa-modulus"},
        {256, 0x80, 0x01, e65539, NULL},
        {256, 0x80, 0x01, e65535, "key.rsa-exponent"},
        {256, 0x80, 0x01, e3, "key.rsa-exponent"},
        {256, 0x80, 0x01, even, "key.rsa-exponent"},
        {256, 0x80, 0x01, minus, "key.rsa-exponent"},
        {256, 0x80, 0x01, e256, NULL},
        {256, 0x80, 0x01, e257, "key.rsa-exponent"},
        {256, 0x80, 0x01, "040101", "key.syntax"},
        {256, 0x80, 0x01, "0203010001 0500", "key.syntax"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_pubkey_t *key;
        cm_error_t *error = cm_pubkey_parse(
            &key, rsa(cases[i].len, cases[i].first, cases[i].last, cases[i].exponent), pool);

        ck_assert_msg(!!error == !!cases[i].rule, "%zu: %s", i,
                      error ? cm_error_text(error, pool) : "accepted");
        ck_assert_msg(!error || strcmp(error->rule, cases[i].rule) == 0, "%zu: %s", i,
                      error ? error->rule : "");
    }
}
END_TEST

START_TEST(points_and_curves)
{
    cm_bytes_t point = cm_bytes_copy(test_key("P-256").key->octets, pool), longer;
    unsigned char *data = (unsigned char *)point.data;
    cm_bytes_t p256 = test_hex(P256), zero = test_hex("00"), null = test_hex("0500");
    cm_pubkey_t *key;

    assert_done(cm_pubkey_parse(&key, spki(OID_EC, p256, point), pool));
    data[64] ^= 1;
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, p256, point), pool), CM_E_REFUSED,
                   "key.point");
    data[64] ^= 1;
    data[0] = 0x06; /* hybrid */
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, p256, point), pool), CM_E_REFUSED,
                   "key.point");
    data[0] = 0x04;
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, p256, zero), pool), CM_E_REFUSED,
                   "key.point");
    longer = cm_bytes_concat((cm_bytes_t[]){point, zero}, 2, pool);
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, p256, longer), pool), CM_E_REFUSED,
                   "key.point");
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, test_hex("06052b8104000a"), point), pool),
                   CM_E_REFUSED, "key.curve");
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, null, point), pool), CM_E_REFUSED,
                   "key.curve");
    assert_refused(cm_pubkey_parse(&key, spki("1.3.101.112", zero, point), pool), CM_E_VALUE,
                   "der.truncated");
    assert_refused(cm_pubkey_parse(&key, spki("1.3.101.112", null, point), pool), CM_E_REFUSED,
                   "key.type");
    assert_refused(cm_pubkey_parse(&key, spki(OID_EC, test_hex(P256 "0500"), point), pool),
                   CM_E_VALUE, "key.syntax");
    assert_refused(cm_pubkey_parse(&key, spki(OID_RSA, p256, point), pool), CM_E_VALUE,
                   "key.syntax");
}
END_TEST

START_TEST(algorithms_of_signatures)
{
    static const struct {
        const char *key, *name, *identifier;
    } cases[] = {{"P-256", "ECDSA-SHA256", "300a06082a8648ce3d040302"},
                 {"P-384", "ECDSA-SHA384", "300a06082a8648ce3d040303"},
                 {"P-521", "ECDSA-SHA512", "300a06082a8648ce3d040304"},
                 {"RSA-2048", "RSA-SHA256", "300d06092a864886f70d01010b0500"},
                 {"RSA-4096", "RSA-SHA256", "300d06092a864886f70d01010b0500"}};
    static const char *const unknown[] = {"300d06092a864886f70d0101050500",
                                          "300d06092a864886f70d0101040500",
                                          "300906072a8648ce3d0401",
                                          "300c06082a8648ce3d0403020500",
                                          "0500",
                                          "3000",
                                          "30050603550403"};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cm_sigalg_t *alg = cm_sigalg_for_key(cases[i].key);

        ck_assert_str_eq(alg->name, cases[i].name);
        ck_assert_str_eq(cm_bytes_hex(cm_sigalg_identifier(alg, pool), pool), cases[i].identifier);
        ck_assert_ptr_eq(cm_sigalg_find(test_hex(cases[i].identifier), pool), alg);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        ck_assert_ptr_null(cm_sigalg_find(test_hex(unknown[i]), pool));
    }
    ck_assert_ptr_eq(cm_sigalg_find(test_hex("300b06092a864886f70d01010b"), pool),
                     cm_sigalg_for_key("RSA-3072"));
    ck_assert_ptr_null(cm_sigalg_for_key("Ed25519"));
}
END_TEST

START_TEST(hashes_of_choice)
{
    static const struct {
        const char *key, *hash, *name; /* NULL: refused */
    } cases[] = {{"P-256", NULL, "ECDSA-SHA256"},
                 {"P-256", "SHA-512", "ECDSA-SHA512"},
                 {"P-384", "SHA-256", NULL},
                 {"P-384", "SHA-384", "ECDSA-SHA384"},
                 {"P-521", "SHA-384", NULL},
                 {"P-521", "SHA-512", "ECDSA-SHA512"},
                 {"RSA-4096", "SHA-256", "RSA-SHA256"},
                 {"RSA-2048", "SHA-384", "RSA-SHA384"},
                 {"RSA-2048", NULL, "RSA-SHA256"},
                 {"P-256", "SHA-1", NULL},
                 {"Ed25519", "SHA-512", NULL}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cm_sigalg_t *alg = cm_sigalg_with(cases[i].key, cases[i].hash);

        ck_assert_str_eq(alg ? alg->name : "none", cases[i].name ? cases[i].name : "none");
    }
}
END_TEST

START_TEST(nothing_is_wrapped_without_a_signature)
{
    cm_bytes_t none = {NULL, 0}, tbs = test_hex("3000"), der;

    assert_refused(cm_signed_wrap(&der, tbs, cm_sigalg_for_key("P-256"), none, pool), CM_E_INTERNAL,
                   NULL);
    assert_refused(cm_signed_wrap(&der, none, cm_sigalg_for_key("P-256"), tbs, pool), CM_E_INTERNAL,
                   NULL);
}
END_TEST

TCase *pubkey_case(void)
{
    TCase *tcase = unit_case("pubkey");

    tcase_add_test(tcase, identifiers_of_a_key);
    tcase_add_test(tcase, rsa_numbers);
    tcase_add_test(tcase, points_and_curves);
    tcase_add_test(tcase, algorithms_of_signatures);
    tcase_add_test(tcase, hashes_of_choice);
    tcase_add_test(tcase, nothing_is_wrapped_without_a_signature);
    return tcase;
}
