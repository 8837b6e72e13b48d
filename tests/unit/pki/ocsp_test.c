/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/ocsp.h>

#include "base/ossl.h"
#include "pki/ocsp.h"

static cm_bytes_t sample(const char *file)
{
    return unit_file(apr_pstrcat(pool, "samples/ocsp/", file, NULL));
}

static cm_ocsp_issuer_t sample_issuer(void)
{
    cm_ocsp_issuer_t issuer;
    cm_cert_t *cert;
    cm_pubkey_t *key;

    assert_done(cm_cert_parse(&cert, sample("issuer.der"), pool));
    assert_done(cm_pubkey_parse(&key, cert->spki, pool));
    cm_ocsp_issuer_make(&issuer, cert->subject->der, key->octets, pool);
    return issuer;
}

START_TEST(requests_of_the_tools)
{
    static const struct {
        const char *file;
        int ids;
        cm_ocsp_hash_t hash;
        apr_size_t nonce;
        int is_signed;
    } good[] = {
        {"plain.der", 1, CM_OCSP_SHA1, 0, 0},     {"nonce.der", 1, CM_OCSP_SHA1, 16, 0},
        {"sha256.der", 1, CM_OCSP_SHA256, 16, 0}, {"sha512.der", 1, CM_OCSP_SHA512, 16, 0},
        {"several.der", 3, CM_OCSP_SHA1, 16, 0},  {"signed.der", 1, CM_OCSP_SHA1, 16, 1},
        {"ocsptool.der", 1, CM_OCSP_SHA1, 0, 0},
    };
    cm_ocsp_issuer_t issuer = sample_issuer();

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cm_ocsp_request_t *request;
        const cm_ocsp_id_t *id;

        assert_done(cm_ocsp_parse(&request, sample(good[i].file), pool));
        ck_assert_int_eq(request->ids->nelts, good[i].ids);
        id = &APR_ARRAY_IDX(request->ids, 0, cm_ocsp_id_t);
        ck_assert_msg(id->hash == good[i].hash, "%s", good[i].file);
        ck_assert_str_eq(id->serial_hex, "1234");
        ck_assert(!id->negative);
        ck_assert_msg(request->nonce.len == good[i].nonce ||
                          strncmp(good[i].file, "ocsptool", 8) == 0,
                      "%s", good[i].file);
        ck_assert_int_eq(request->is_signed, good[i].is_signed);
        for (int k = 0; k < request->ids->nelts; k++) {
            ck_assert(cm_ocsp_issuer_match(&issuer, &APR_ARRAY_IDX(request->ids, k, cm_ocsp_id_t)));
        }
    }
}
END_TEST

START_TEST(several_certificates_and_other_issuers)
{
    cm_ocsp_request_t *request;
    cm_ocsp_issuer_t issuer = sample_issuer(), other;
    cm_ocsp_id_t id;

    assert_done(cm_ocsp_parse(&request, sample("several.der"), pool));
    id = APR_ARRAY_IDX(request->ids, 1, cm_ocsp_id_t);
    ck_assert_int_eq(id.hash, CM_OCSP_SHA256);
    ck_assert_str_eq(id.serial_hex, "ff00000000000000000000000000000001");
    cm_ocsp_issuer_make(&other, test_name("Issuer"), test_key("P-256").key->octets, pool);
    ck_assert(!cm_ocsp_issuer_match(&other, &id));
    other = issuer;
    other.name_hash[CM_OCSP_SHA256] = issuer.key_hash[CM_OCSP_SHA256];
    ck_assert(!cm_ocsp_issuer_match(&other, &id));
    id.hash = CM_OCSP_OTHER;
    ck_assert(!cm_ocsp_issuer_match(&issuer, &id));
}
END_TEST

#define H20  "0414 0102030405060708090a0b0c0d0e0f1011121314 "
#define SHA1 "3009 06052b0e03021a 0500 "
#define ID   "303a " SHA1 H20 H20 "0201 05 "
#define ONE  "303c " ID
#define EXT  "06092b06010505073001"

START_TEST(structure_that_is_refused)
{
    static const struct {
        const char *hex;
        const char *rule; /* NULL: accepted */
    } cases[] = {
        {"3042 3040 303e" ONE, NULL},
        {"3047 3045 a003 020100 303e" ONE, "ocsp.version"},
        {"3047 3045 a103 820161 303e" ONE, NULL},
        {"3004 3002 3000", "ocsp.count"},
        {"3041 303f 303e" ONE, "der.truncated"},
        {"3042 3040 303e" ONE "00", "der.trailing"},
        {"3042 3040 313e" ONE, "ocsp.syntax"},
        {"3000", "ocsp.syntax"},
        {"0500", "ocsp.syntax"},
        {"3043 3041 303f 303d 303b" SHA1 H20 H20 "0202 0005", "der.integer"},
        {"3041 303f 303d 303b 3039" SHA1 "0413 0102030405060708090a0b0c0d0e0f10111213" H20 "020105",
         "ocsp.hash"},
        {"3040 303e 303c 303a 3038 3007 06052b0e03021a" H20 H20 "0201 05", NULL},
        {"3042 3040 303e 303c 303a 3009 06052b0e030210 0500" H20 H20 "0201 05", NULL},
        {"3042 3040 303e 303c 303a 3009 06052b0e03021a 0400" H20 H20 "0201 05", "ocsp.syntax"},
        {"3042 3040 303e 303c 303a" SHA1 H20 H20 "0a01 05", "ocsp.syntax"},
        {"3044 3042 303e" ONE "0500", "ocsp.syntax"},
        {"3044 3040 303e" ONE "0500", "ocsp.syntax"},
        {"305a 3058 303e" ONE "a216 3014 3012" EXT "02 0405 0403 010203", NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_ocsp_request_t *request;
        cm_error_t *error = cm_ocsp_parse(&request, test_hex(cases[i].hex), pool);

        ck_assert_msg(cases[i].rule || !error, "%zu: %s", i,
                      error ? cm_error_text(error, pool) : "");
        if (cases[i].rule) {
            ck_assert_msg(error != NULL, "%zu was not refused", i);
            ck_assert_msg(strcmp(error->rule, cases[i].rule) == 0, "%zu: %s", i,
                          cm_error_text(error, pool));
            ck_assert_int_eq(error->code, CM_E_SYNTAX);
        }
    }
}
END_TEST

/* A request with `count` CertIDs, and one extension unless its OID is NULL. */
static cm_bytes_t build(int count, const char *oid, int critical, cm_bytes_t value)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < count; i++) {
        cm_der_raw(writer, test_hex(ONE));
    }
    cm_der_end(writer);
    if (oid) {
        cm_ext_t ext = {oid, critical, value};

        cm_der_begin(writer, CM_DER_CONSTRUCTED(2));
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_ext_put(writer, &ext);
        cm_der_end(writer);
        cm_der_end(writer);
    }
    cm_der_end(writer);
    cm_der_end(writer);
    return cm_der_written(writer);
}

static cm_bytes_t octets(apr_size_t len)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_put(writer, CM_DER_OCTET_STRING, cm_bytes_make(apr_pcalloc(pool, len + 1), len));
    return cm_der_written(writer);
}

START_TEST(nonces_extensions_and_counts)
{
    static const char nonce[] = "1.3.6.1.5.5.7.48.1.2", other[] = "1.3.6.1.5.5.7.48.1.4";
    cm_ocsp_request_t *request;

    assert_done(cm_ocsp_parse(&request, build(CM_OCSP_IDS, NULL, 0, octets(0)), pool));
    ck_assert_int_eq(request->ids->nelts, CM_OCSP_IDS);
    assert_refused(cm_ocsp_parse(&request, build(CM_OCSP_IDS + 1, NULL, 0, octets(0)), pool),
                   CM_E_SYNTAX, "ocsp.count");
    assert_done(cm_ocsp_parse(&request, build(1, nonce, 1, octets(1)), pool));
    ck_assert_uint_eq(request->nonce.len, 1);
    assert_done(cm_ocsp_parse(&request, build(1, nonce, 0, octets(128)), pool));
    ck_assert_uint_eq(request->nonce.len, 128);
    assert_refused(cm_ocsp_parse(&request, build(1, nonce, 0, octets(0)), pool), CM_E_SYNTAX,
                   "ocsp.nonce");
    assert_refused(cm_ocsp_parse(&request, build(1, nonce, 0, octets(129)), pool), CM_E_SYNTAX,
                   "ocsp.nonce");
    assert_refused(cm_ocsp_parse(&request, build(1, nonce, 0, test_hex("0500")), pool), CM_E_SYNTAX,
                   "ocsp.nonce");
    assert_done(cm_ocsp_parse(&request, build(1, other, 0, test_hex("3000")), pool));
    assert_refused(cm_ocsp_parse(&request, build(1, other, 1, test_hex("3000")), pool), CM_E_SYNTAX,
                   "ocsp.extension");
    assert_refused(cm_ocsp_parse(&request, build(1, other, 0, test_hex("30")), pool), CM_E_SYNTAX,
                   "der.truncated");
    assert_refused(
        cm_ocsp_parse(&request,
                      cm_bytes_make(apr_pcalloc(pool, CM_OCSP_BYTES + 1), CM_OCSP_BYTES + 1), pool),
        CM_E_SYNTAX, "ocsp.size");
}
END_TEST

START_TEST(mutilated_requests)
{
    static const char *const files[] = {"nonce.der", "signed.der", "several.der"};
    cm_ocsp_request_t *request;

    for (int f = 0; f < 3; f++) {
        cm_bytes_t good = sample(files[f]);
        unsigned char *data = apr_palloc(pool, good.len);

        for (apr_size_t len = 0; len < good.len; len++) {
            /* at its true length, so that a sanitizer sees an overread */
            assert_refused(cm_ocsp_parse(&request,
                                         cm_bytes_make(apr_pmemdup(pool, good.data, len), len),
                                         pool),
                           CM_E_SYNTAX, "der.truncated");
        }
        memcpy(data, good.data, good.len);
        for (apr_size_t i = 0; i < good.len; i++) {
            for (int bit = 1; bit < 0x100; bit <<= 1) {
                cm_error_t *error;

                data[i] ^= (unsigned char)bit;
                error = cm_ocsp_parse(&request, cm_bytes_make(data, good.len), pool);
                ck_assert(!error || error->code == CM_E_SYNTAX);
                data[i] ^= (unsigned char)bit;
            }
        }
    }
}
END_TEST

/* A CA, its responder, and a response about three certificates. */
typedef struct {
    test_key_t ca, responder;
    cm_bytes_t ca_der, responder_der, response;
    OCSP_CERTID *ids[3];
    OCSP_REQUEST *request;
} scene_t;

static void make_certs(scene_t *scene)
{
    cm_cert_spec_t root = test_spec(&scene->ca, &scene->ca);
    cm_cert_spec_t spec = test_spec(&scene->ca, &scene->responder);
    apr_array_header_t *eku = apr_array_make(pool, 1, sizeof(const char *));

    root.subject = root.issuer;
    root.is_ca = 1;
    root.key_usage = CM_KU_KEY_CERT_SIGN;
    scene->ca_der = test_cert(&root, &scene->ca);
    APR_ARRAY_PUSH(eku, const char *) = "OCSPSigning";
    spec.eku = eku;
    spec.ocsp_no_check = 1;
    spec.key_usage = CM_KU_DIGITAL_SIGNATURE;
    scene->responder_der = test_cert(&spec, &scene->ca);
}

static cm_bytes_t make_request(scene_t *scene)
{
    X509 *ca = test_x509(scene->ca_der);
    unsigned char *der = NULL;
    int len;

    scene->request = cm_ossl_ocsp_request(OCSP_REQUEST_new(), pool);
    for (int i = 0; i < 3; i++) {
        ASN1_INTEGER *serial = ASN1_INTEGER_new();

        ASN1_INTEGER_set(serial, 1000 + i);
        scene->ids[i] = OCSP_cert_id_new(i ? EVP_sha256() : EVP_sha1(), X509_get_subject_name(ca),
                                         X509_get0_pubkey_bitstr(ca), serial);
        OCSP_request_add0_id(scene->request, scene->ids[i]);
        ASN1_INTEGER_free(serial);
    }
    OCSP_request_add1_nonce(scene->request, NULL, 32);
    len = i2d_OCSP_REQUEST(scene->request, &der);
    ck_assert_int_gt(len, 0);
    return cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len);
}

static cm_bytes_t make_tbs(const scene_t *scene, const cm_ocsp_request_t *request)
{
    apr_array_header_t *singles = apr_array_make(pool, 3, sizeof(cm_ocsp_single_t));
    cm_ocsp_spec_t spec = {.responder_key_id = scene->responder.key->id,
                           .produced_at = apr_time_now(),
                           .singles = singles,
                           .nonce = request->nonce};
    cm_bytes_t tbs;

    for (int i = 0; i < 3; i++) {
        cm_ocsp_single_t single = {.id = APR_ARRAY_IDX(request->ids, i, cm_ocsp_id_t).der,
                                   .status = (cm_ocsp_status_t)i,
                                   .revoked_at = TEST_NOW,
                                   .reason = CM_REASON_KEY_COMPROMISE,
                                   .this_update = apr_time_now(),
                                   .next_update = apr_time_now() + apr_time_from_sec(3600)};

        APR_ARRAY_PUSH(singles, cm_ocsp_single_t) = single;
    }
    assert_done(cm_ocsp_tbs(&tbs, &spec, pool));
    assert_done(cm_der_check(tbs, pool));
    return tbs;
}

static scene_t make_scene(const char *algorithm)
{
    scene_t scene = {.ca = test_key("P-256"), .responder = test_key(algorithm)};
    apr_array_header_t *certs = apr_array_make(pool, 1, sizeof(cm_bytes_t));
    cm_ocsp_request_t *request;
    cm_bytes_t tbs;

    make_certs(&scene);
    assert_done(cm_ocsp_parse(&request, make_request(&scene), pool));
    tbs = make_tbs(&scene, request);
    APR_ARRAY_PUSH(certs, cm_bytes_t) = scene.responder_der;
    scene.response = cm_ocsp_wrap(
        tbs, &(cm_ocsp_seal_t){scene.responder.alg, test_sign(&scene.responder, tbs), certs}, pool);
    assert_done(cm_der_check(scene.response, pool));
    return scene;
}

static OCSP_RESPONSE *read_response(cm_bytes_t der)
{
    const unsigned char *at = der.data;
    OCSP_RESPONSE *response =
        cm_ossl_ocsp_response(d2i_OCSP_RESPONSE(NULL, &at, (long)der.len), pool);

    ck_assert_ptr_nonnull(response);
    ck_assert_ptr_eq(at, der.data + der.len);
    return response;
}

/* OCSP_basic_verify at TEST_NOW, with the CA as the only trust. */
static int basic_verify(OCSP_BASICRESP *basic, const scene_t *scene)
{
    X509_STORE *store = X509_STORE_new();
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    int result;

    X509_VERIFY_PARAM_set_time(param, (time_t)apr_time_sec(TEST_NOW));
    X509_STORE_add_cert(store, test_x509(scene->ca_der));
    result = OCSP_basic_verify(basic, NULL, store, 0);
    X509_STORE_free(store);
    return result;
}

START_TEST(responses_verify_with_openssl)
{
    static const char *const algorithms[] = {"P-256", "P-384", "RSA-2048"};
    static const int statuses[] = {V_OCSP_CERTSTATUS_GOOD, V_OCSP_CERTSTATUS_REVOKED,
                                   V_OCSP_CERTSTATUS_UNKNOWN};

    for (int a = 0; a < 3; a++) {
        scene_t scene = make_scene(algorithms[a]);
        OCSP_RESPONSE *response = read_response(scene.response);
        OCSP_BASICRESP *basic = OCSP_response_get1_basic(response);

        ck_assert_int_eq(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
        ck_assert_ptr_nonnull(basic);
        ck_assert_int_eq(basic_verify(basic, &scene), 1);
        ck_assert_int_eq(OCSP_check_nonce(scene.request, basic), 1);
        for (int i = 0; i < 3; i++) {
            int status, reason = -1;
            ASN1_GENERALIZEDTIME *revoked, *from, *until;

            ck_assert_int_eq(OCSP_resp_find_status(basic, scene.ids[i], &status, &reason, &revoked,
                                                   &from, &until),
                             1);
            ck_assert_int_eq(status, statuses[i]);
            ck_assert_int_eq(reason, i == 1 ? CM_REASON_KEY_COMPROMISE : -1);
            ck_assert_int_eq(OCSP_check_validity(from, until, 5, -1), 1);
        }
        OCSP_BASICRESP_free(basic);
    }
}
END_TEST

START_TEST(a_changed_response_does_not_verify)
{
    scene_t scene = make_scene("P-256");
    unsigned char *data = (unsigned char *)scene.response.data;
    /* the status of the revoked one: its time */
    unsigned char *at = memmem(data, scene.response.len, "20261122160346Z", 15);
    OCSP_BASICRESP *basic;

    ck_assert_ptr_nonnull(at);
    at[13] = '7';
    basic = OCSP_response_get1_basic(read_response(scene.response));
    ck_assert_int_ne(basic_verify(basic, &scene), 1);
    OCSP_BASICRESP_free(basic);
}
END_TEST

START_TEST(responses_without_an_answer)
{
    static const struct {
        const char *word;
        int status;
    } words[] = {{"malformedRequest", 1}, {"internalError", 2}, {"tryLater", 3}, {"sigRequired", 5},
                 {"unauthorized", 6},     {"successful", 2},    {"nonsense", 2}};
    cm_ocsp_spec_t spec = {.produced_at = TEST_NOW};
    cm_bytes_t tbs;

    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        ck_assert_int_eq(OCSP_response_status(read_response(cm_ocsp_error(words[i].word, pool))),
                         words[i].status);
    }
    for (int code = 0; code < CM_E_COUNT; code++) {
        const char *word = cm_code_info((cm_code_t)code)->ocsp;

        ck_assert(strcmp(word, "internalError") == 0 ||
                  OCSP_response_status(read_response(cm_ocsp_error(word, pool))) != 2);
    }
    assert_refused(cm_ocsp_tbs(&tbs, &spec, pool), CM_E_VALUE, "ocsp.response");
}
END_TEST

TCase *ocsp_case(void)
{
    TCase *tcase = unit_case("ocsp");

    tcase_add_test(tcase, requests_of_the_tools);
    tcase_add_test(tcase, several_certificates_and_other_issuers);
    tcase_add_test(tcase, structure_that_is_refused);
    tcase_add_test(tcase, nonces_extensions_and_counts);
    tcase_add_test(tcase, mutilated_requests);
    tcase_add_test(tcase, responses_verify_with_openssl);
    tcase_add_test(tcase, a_changed_response_does_not_verify);
    tcase_add_test(tcase, responses_without_an_answer);
    return tcase;
}
