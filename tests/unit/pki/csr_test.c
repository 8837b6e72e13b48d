/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>

#include "pki/pem.h"

static cm_bytes_t sample(const char *file)
{
    cm_bytes_t der;

    assert_done(
        cm_csr_decode(&der, unit_file(apr_pstrcat(pool, "samples/csr/", file, NULL)), pool));
    return der;
}

static cm_csr_t *parse(const char *file)
{
    cm_csr_t *csr;

    assert_done(cm_csr_parse(&csr, sample(file), pool));
    return csr;
}

/* What openssl, certtool and keytool write is read and proves its key. */
START_TEST(requests_of_the_tools)
{
    static const struct {
        const char *file, *algorithm, *sigalg, *subject;
        int sans;
    } good[] = {
        {"p256.der", "P-256", "ECDSA-SHA256", "CN=jane.example.test,OU=Unit,O=Example Org,C=DE", 5},
        {"p384.der", "P-384", "ECDSA-SHA384", "CN=jane.example.test,OU=Unit,O=Example Org,C=DE", 0},
        {"p521.der", "P-521", "ECDSA-SHA512", "CN=jane.example.test,OU=Unit,O=Example Org,C=DE", 0},
        {"rsa2048.der", "RSA-2048", "RSA-SHA256", "CN=jane.example.test,OU=Unit,O=Example Org,C=DE",
         5},
        {"rsa3072.der", "RSA-3072", "RSA-SHA512", "CN=jane.example.test,OU=Unit,O=Example Org,C=DE",
         0},
        {"empty-subject.der", "P-256", "ECDSA-SHA256", "", 0},
        {"utf8.der", "P-256", "ECDSA-SHA256", "O=\\#Straße,CN=Zoë Ω\\, \\\"X\\\" \\<y\\>#1\\+", 0},
        {"multi-rdn.der", "P-256", "ECDSA-SHA256", "CN=jane+UID=4711,O=Example", 0},
        {"wildcard.der", "P-256", "ECDSA-SHA256", "CN=w", 1},
        {"upn.der", "P-256", "ECDSA-SHA256", "CN=w", 2},
        {"challenge.der", "P-256", "ECDSA-SHA256", "CN=challenged", 1},
        {"certtool-ec.pem", "P-256", "ECDSA-SHA256", "CN=jane.example.test,O=Example Org", 3},
        {"certtool-rsa.der", "RSA-2048", "RSA-SHA256", "CN=jane.example.test,O=Example Org", 3},
        {"keytool-EC.pem", NULL, NULL, "CN=Jane,O=Example Org,C=DE", 2},
        {"keytool-RSA.pem", NULL, NULL, "CN=Jane,O=Example Org,C=DE", 2},
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cm_csr_t *csr = parse(good[i].file);

        assert_done(cm_csr_verify(csr, pool));
        ck_assert_str_eq(cm_name_text(csr->subject, pool), good[i].subject);
        ck_assert_int_eq(csr->san->nelts, good[i].sans);
        if (good[i].algorithm) {
            ck_assert_str_eq(csr->key->algorithm, good[i].algorithm);
            ck_assert_str_eq(csr->sigalg->name, good[i].sigalg);
        }
        ck_assert(!cm_csr_wants_ca(csr));
    }
}
END_TEST

START_TEST(content_of_a_request)
{
    static const char *const sans[] = {"dns:www.example.test", "email:jane@example.test",
                                       "ip:192.0.2.1", "ip:2001:db8::1",
                                       "uri:https://example.test/x"};
    cm_csr_t *csr = parse("p256.der");
    unsigned bits;

    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(cm_san_text(&APR_ARRAY_IDX(csr->san, i, cm_san_t), pool), sans[i]);
    }
    ck_assert_int_eq(csr->extensions->nelts, 4);
    assert_done(cm_ext_read_key_usage(&bits, cm_csr_extension(csr, CM_OID_KEY_USAGE)->value, pool));
    ck_assert_uint_eq(bits, CM_KU_DIGITAL_SIGNATURE);
    ck_assert_ptr_null(cm_csr_extension(csr, CM_OID_POLICIES));
    ck_assert_ptr_null(csr->challenge);
    ck_assert_str_eq(parse("challenge.der")->challenge, "open sesame");
    ck_assert_str_eq(parse("certtool-ec.pem")->challenge, "open sesame");
    ck_assert(cm_csr_wants_ca(parse("ca.der")));
    csr = parse("upn.der");
    ck_assert_str_eq(cm_san_text(&APR_ARRAY_IDX(csr->san, 0, cm_san_t), pool),
                     "upn:jane@example.test");
    ck_assert_str_eq(APR_ARRAY_IDX(csr->san, 1, cm_san_t).type, "dirname");
}
END_TEST

START_TEST(keys_and_names_that_are_refused)
{
    static const struct {
        const char *file;
        cm_code_t code;
        const char *rule;
    } bad[] = {
        {"rsa1024.der", CM_E_REFUSED, "key.rsa-length"},
        {"rsa2047.der", CM_E_REFUSED, "key.rsa-length"},
        {"rsa-e3.der", CM_E_REFUSED, "key.rsa-exponent"},
        {"secp256k1.der", CM_E_REFUSED, "key.curve"},
        {"explicit-curve.der", CM_E_REFUSED, "key.curve"},
        {"compressed.der", CM_E_REFUSED, "key.point"},
        {"ed25519.der", CM_E_REFUSED, "key.type"},
        {"rsa-pss.der", CM_E_REFUSED, "key.type"},
        {"bad-dns.der", CM_E_VALUE, "san.dns"},
    };
    cm_csr_t *csr;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(cm_csr_parse(&csr, sample(bad[i].file), pool), bad[i].code, bad[i].rule);
    }
}
END_TEST

START_TEST(signatures_that_are_refused)
{
    static const char *const weak[] = {"sha1.der", "md5.der", "pss-signature.der"};
    cm_bytes_t der = cm_bytes_copy(sample("p256.der"), pool);
    unsigned char *data = (unsigned char *)der.data;
    unsigned char *subject = memmem(data, der.len, "jane", 4);
    cm_csr_t *csr;

    for (size_t i = 0; i < 3; i++) {
        csr = parse(weak[i]);
        ck_assert_ptr_null(csr->sigalg);
        assert_refused(cm_csr_verify(csr, pool), CM_E_REFUSED, "csr.signature-algorithm");
    }
    /* the subject changed by a bit; the last bit of the signature */
    *subject ^= 1;
    assert_done(cm_csr_parse(&csr, der, pool));
    assert_refused(cm_csr_verify(csr, pool), CM_E_REFUSED, "csr.signature");
    *subject ^= 1;
    assert_done(cm_csr_verify(csr, pool));
    data[der.len - 1] ^= 1;
    assert_refused(cm_csr_verify(csr, pool), CM_E_REFUSED, "csr.signature");
    /* the algorithm of another kind of key */
    csr->parts.identifier = parse("rsa2048.der")->parts.identifier;
    assert_refused(cm_csr_verify(csr, pool), CM_E_REFUSED, "csr.signature-algorithm");
}
END_TEST

/* A request built by hand: what no tool writes. */
typedef struct {
    const char *version;    /* hex of the INTEGER */
    const char *attributes; /* hex of the elements of [0], NULL: no [0] */
    const char *tail;       /* hex, after the attributes */
} made_t;

static cm_bytes_t make(const made_t *made)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_csr_t *model = parse("empty-subject.der");

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_raw(writer, test_hex(made->version));
    cm_der_raw(writer, model->subject->der);
    cm_der_raw(writer, model->key->spki);
    if (made->attributes) {
        cm_der_put(writer, CM_DER_CONSTRUCTED(0), test_hex(made->attributes));
    }
    cm_der_raw(writer, test_hex(made->tail));
    cm_der_end(writer);
    cm_der_raw(writer, model->parts.identifier);
    cm_der_put_octets(writer, model->parts.signature);
    cm_der_end(writer);
    return cm_der_written(writer);
}

#define UNSTRUCTURED "3010 06092a864886f70d010902 3103 0c0161"
#define CHALLENGE    "3010 06092a864886f70d010907 3103 0c0161"
#define KEY_USAGE    "300b 0603551d0f 0404 03020780"
#define REQUEST(hex) "06092a864886f70d01090e " hex

START_TEST(structure_that_is_refused)
{
    static const struct {
        made_t made;
        const char *rule; /* NULL: accepted */
    } cases[] = {
        {{"020100", "", ""}, NULL},
        {{"020101", "", ""}, "csr.version"},
        {{"02020100", "", ""}, "csr.version"},
        {{"0a0100", "", ""}, "csr.syntax"},
        {{"020100", NULL, ""}, "csr.syntax"},
        {{"020100", "", "0500"}, "csr.syntax"},
        {{"020100", UNSTRUCTURED CHALLENGE, ""}, NULL},
        {{"020100", CHALLENGE UNSTRUCTURED, ""}, "der.set-order"},
        {{"020100", CHALLENGE CHALLENGE, ""}, "csr.attribute-duplicate"},
        {{"020100", "3010 06092a864886f70d010907 3103 020161", ""}, "csr.challenge"},
        {{"020100", "300d 06092a864886f70d010907 3100", ""}, "csr.syntax"},
        {{"020100", "3013 06092a864886f70d010907 3106 0c0161 0c0162", ""}, "csr.syntax"},
        {{"020100", "300b 06092a864886f70d010907", ""}, "csr.syntax"},
        {{"020100", "300b 06092a864886f70d010907" UNSTRUCTURED, ""}, "csr.syntax"},
        {{"020100", "301c" REQUEST("310f 300d" KEY_USAGE), ""}, NULL},
        {{"020100", "3029" REQUEST("311c 301a" KEY_USAGE KEY_USAGE), ""}, "extension.duplicate"},
        {{"020100", "301c" REQUEST("310f 310d" KEY_USAGE), ""}, "csr.syntax"},
        {{"020100", "301c" REQUEST("310f 300d 300b 0603551d0f 0404 03020781"), ""},
         "der.bit-string"},
        {{"020100", "301c" REQUEST("310f 300d 300b 0603551d0f 0c04 03020780"), ""}, "csr.syntax"},
        {{"020100", "301f" REQUEST("3112 3010 300e 0603551d0f 010100 0404 03020780"), ""},
         "csr.syntax"},
        {{"020100", "301f" REQUEST("3112 3010 300e 0603551d0f 0101ff 0404 03020780"), ""}, NULL},
        {{"020100", "301a" REQUEST("310d 300b 3009 0603551d13 0402 3000"), ""}, NULL},
        {{"020100", "301d" REQUEST("3110 300e 300c 0603551d13 0405 3003010100"), ""},
         "extension.syntax"},
        {{"020100", "301a" REQUEST("310d 300b 3009 0603551d11 0402 3000"), ""}, "san.empty"},
        {{"020100", "301a" REQUEST("310d 300b 3009 0603551d11 0402 0500"), ""}, "san.syntax"},
        {{"020100", "301d 060a2b06010401823702010e 310f 300d" KEY_USAGE, ""}, NULL},
        {{"020100",
          "301c" REQUEST("310f 300d" KEY_USAGE) "301d 060a2b06010401823702010e 310f 300d" KEY_USAGE,
          ""},
         "csr.attribute-duplicate"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_csr_t *csr;
        cm_error_t *error = cm_csr_parse(&csr, make(&cases[i].made), pool);

        ck_assert_msg(cases[i].rule || !error, "%zu: %s", i,
                      error ? cm_error_text(error, pool) : "");
        if (cases[i].rule) {
            ck_assert_msg(error != NULL, "%zu was not refused", i);
            ck_assert_msg(strcmp(error->rule, cases[i].rule) == 0, "%zu: %s", i,
                          cm_error_text(error, pool));
            ck_assert_int_eq(error->code, CM_E_VALUE);
        }
    }
}
END_TEST

START_TEST(counts_and_sizes)
{
    const char *attributes = "", *extensions = "";
    cm_csr_t *csr;
    made_t made = {"020100", NULL, ""};
    cm_bytes_t big = {apr_pcalloc(pool, CM_CSR_BYTES + 1), CM_CSR_BYTES + 1};
    cm_error_t *error;

    for (int i = 0; i < CM_CSR_ATTRIBUTES; i++) {
        attributes = apr_psprintf(pool, "%s 300a 06032a03%02x 3103 0c0161", attributes, i);
        extensions = apr_psprintf(pool, "%s3009 06032a03%02x 0402 0500", extensions, i);
        extensions = apr_psprintf(pool, "%s3009 06032a04%02x 0402 0500", extensions, i);
    }
    made.attributes = attributes;
    assert_done(cm_csr_parse(&csr, make(&made), pool));
    made.attributes = apr_pstrcat(pool, attributes, "300a 06032a037f 3103 0c0161", NULL);
    assert_refused(cm_csr_parse(&csr, make(&made), pool), CM_E_VALUE, "csr.attribute-count");
    made.attributes =
        apr_psprintf(pool, "30820173 06092a864886f70d01090e 31820164 30820160 %s", extensions);
    assert_done(cm_csr_parse(&csr, make(&made), pool));
    ck_assert_int_eq(csr->extensions->nelts, CM_EXT_COUNT);
    made.attributes = apr_psprintf(
        pool, "3082017e 06092a864886f70d01090e 3182016f 3082016b %s 3009 06032a0501 0402 0500",
        extensions);
    assert_refused(cm_csr_parse(&csr, make(&made), pool), CM_E_VALUE, "extension.count");
    assert_refused(cm_csr_parse(&csr, big, pool), CM_E_VALUE, "csr.size");
    big.len--;
    error = cm_csr_parse(&csr, big, pool);
    ck_assert(error && strncmp(error->rule, "der.", 4) == 0);
}
END_TEST

/* Any prefix, any extra byte and any single changed byte is an answer, not a crash. */
START_TEST(mutilated_requests)
{
    cm_bytes_t good = sample("challenge.der");
    unsigned char *data = apr_palloc(pool, good.len + 1);
    cm_csr_t *csr;

    memcpy(data, good.data, good.len);
    data[good.len] = 0;
    assert_refused(cm_csr_parse(&csr, cm_bytes_make(data, good.len + 1), pool), CM_E_VALUE,
                   "der.trailing");
    for (apr_size_t len = 0; len < good.len; len++) {
        assert_refused(cm_csr_parse(&csr, cm_bytes_make(data, len), pool), CM_E_VALUE,
                       "der.truncated");
    }
    for (apr_size_t i = 0; i < good.len; i++) {
        data[i] ^= 0x20;
        if (!cm_csr_parse(&csr, cm_bytes_make(data, good.len), pool)) {
            ck_assert_msg(cm_csr_verify(csr, pool) != NULL, "byte %zu", (size_t)i);
        }
        data[i] ^= 0x20;
    }
}
END_TEST

START_TEST(encodings)
{
    cm_bytes_t der = sample("p256.der"), back;
    const char *base64 = cm_bytes_base64(der, pool);
    const char *old = cm_pem_encode("NEW CERTIFICATE REQUEST", der, pool);

    assert_done(cm_csr_decode(&back, cm_bytes_of_text(base64), pool));
    ck_assert(cm_bytes_equal(back, der));
    assert_done(cm_csr_decode(&back, cm_bytes_of_text(old), pool));
    ck_assert(cm_bytes_equal(back, der));
    assert_refused(
        cm_csr_decode(&back, cm_bytes_of_text(cm_pem_encode("CERTIFICATE", der, pool)), pool),
        CM_E_VALUE, "pem.label");
    assert_refused(cm_csr_decode(&back, cm_bytes_of_text(apr_pstrcat(pool, old, old, NULL)), pool),
                   CM_E_VALUE, "pem.trailing");
    assert_refused(cm_csr_decode(&back, cm_bytes_of_text("hello"), pool), CM_E_VALUE,
                   "csr.encoding");
    assert_refused(cm_csr_decode(&back, cm_bytes_of_text(""), pool), CM_E_VALUE, "csr.encoding");
    assert_refused(cm_csr_decode(&back, cm_bytes_make("MAA=\0x", 6), pool), CM_E_VALUE,
                   "csr.encoding");
    back = cm_bytes_make(apr_pcalloc(pool, 4 * CM_CSR_BYTES), 4 * CM_CSR_BYTES);
    assert_refused(cm_csr_decode(&back, back, pool), CM_E_VALUE, "csr.size");
}
END_TEST

TCase *csr_case(void)
{
    TCase *tcase = unit_case("csr");

    tcase_add_test(tcase, requests_of_the_tools);
    tcase_add_test(tcase, content_of_a_request);
    tcase_add_test(tcase, keys_and_names_that_are_refused);
    tcase_add_test(tcase, signatures_that_are_refused);
    tcase_add_test(tcase, structure_that_is_refused);
    tcase_add_test(tcase, counts_and_sizes);
    tcase_add_test(tcase, mutilated_requests);
    tcase_add_test(tcase, encodings);
    return tcase;
}
