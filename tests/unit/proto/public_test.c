/* SPDX-License-Identifier: Apache-2.0
 *
 * What everybody may fetch: OCSP answers, CRLs, certificates of authorities.
 */
#include <apr_escape.h>
#include <apr_strings.h>
#include <openssl/pkcs7.h>

#include "base/ossl.h"
#include "flow/crl.h"
#include "unit/flow/fixture.h"
#include "unit/proto/fake.h"
#include "unit/proto/suite.h"

static cm_reply_t *serve(fake_t *fake)
{
    cm_reply_t *reply = apr_pcalloc(pool, sizeof *reply);

    cm_dispatch(reply, ctx, &fake->call);
    return reply;
}

static cm_reply_t *get(const char *target)
{
    return serve(fake_call("GET", target));
}

static X509 *authority(void)
{
    cm_reply_t *reply = get("/ca/ca.cer");
    const unsigned char *at = reply->body.data;
    X509 *cert;

    ck_assert_int_eq(reply->status, 200);
    ck_assert_str_eq(reply->media_type, "application/pkix-cert");
    cert = cm_ossl_x509(d2i_X509(NULL, &at, (long)reply->body.len), pool);
    ck_assert_ptr_nonnull(cert);
    return cert;
}

START_TEST(authorities_are_served)
{
    cm_reply_t *reply = get("/ca/ca.p7b");
    const unsigned char *at = reply->body.data;
    PKCS7 *bundle = d2i_PKCS7(NULL, &at, (long)reply->body.len);

    ck_assert_str_eq(reply->media_type, "application/pkcs7-mime; smime-type=certs-only");
    ck_assert_ptr_nonnull(bundle);
    ck_assert_int_eq(sk_X509_num(bundle->d.sign->cert), 1);
    ck_assert_int_eq(X509_cmp(sk_X509_value(bundle->d.sign->cert, 0), authority()), 0);
    PKCS7_free(bundle);
    ck_assert_int_eq(strncmp((const char *)get("/ca/ca.pem")->body.data, "-----BEGIN", 10), 0);
    assert_problem(get("/ca/nobody.cer"), 404, "not-found", NULL);
    assert_problem(get("/ca/ca.txt"), 404, "not-found", NULL);
}
END_TEST

START_TEST(crls_are_served)
{
    cm_reply_t *reply;

    assert_done(cm_crl_publish(ctx, "ca"));
    reply = get("/crl/ca.crl");
    ck_assert_int_eq(reply->status, 200);
    ck_assert_str_eq(reply->media_type, "application/pkix-crl");
    ck_assert_ptr_nonnull(reply->file);
    ck_assert_ptr_nonnull(apr_table_get(reply->headers, "ETag"));
    ck_assert_int_eq(apr_time_sec(reply->modified), apr_time_sec(ctx->now));
    assert_problem(get("/crl/nobody.crl"), 404, "not-found", NULL);
}
END_TEST

/* An OCSPRequest for serial 1 of the authority. */
static cm_bytes_t ocsp_request(int nonce)
{
    OCSP_REQUEST *request = cm_ossl_ocsp_request(OCSP_REQUEST_new(), pool);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    X509 *ca = authority();
    unsigned char *der = NULL;
    int len;

    ASN1_INTEGER_set(serial, 1);
    OCSP_request_add0_id(request, OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca),
                                                   X509_get0_pubkey_bitstr(ca), serial));
    ASN1_INTEGER_free(serial);
    if (nonce) {
        OCSP_request_add1_nonce(request, NULL, -1);
    }
    len = i2d_OCSP_REQUEST(request, &der);
    ck_assert_int_gt(len, 0);
    return cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len);
}

/* OCSPResponseStatus of an answer, -1 when it is none. */
static int ocsp_status(const cm_reply_t *reply)
{
    const unsigned char *at = reply->body.data;
    OCSP_RESPONSE *response =
        cm_ossl_ocsp_response(d2i_OCSP_RESPONSE(NULL, &at, (long)reply->body.len), pool);

    ck_assert_int_eq(reply->status, 200);
    ck_assert_str_eq(reply->media_type, "application/ocsp-response");
    return response ? OCSP_response_status(response) : -1;
}

static fake_t *ocsp_get(cm_bytes_t request, const char *escape)
{
    const char *base64 = cm_bytes_base64(request, pool);
    fake_t *fake = fake_call("GET", apr_pstrcat(pool, "/ocsp/", base64, NULL));

    fake->call.raw_path =
        apr_pstrcat(pool, "/ocsp/", apr_pescape_urlencoded(pool, base64), escape, NULL);
    return fake;
}

START_TEST(ocsp_answers_may_be_cached)
{
    cm_reply_t *reply = serve(ocsp_get(ocsp_request(0), ""));
    fake_t *again;

    ck_assert_int_eq(ocsp_status(reply), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    ck_assert_int_eq(strncmp(apr_table_get(reply->headers, "Cache-Control"), "max-age=", 8), 0);
    ck_assert_ptr_nonnull(apr_table_get(reply->headers, "Expires"));
    ck_assert_ptr_nonnull(apr_table_get(reply->headers, "Last-Modified"));
    again = ocsp_get(ocsp_request(0), "");
    fake_header(again, "If-Modified-Since", apr_table_get(reply->headers, "Last-Modified"));
    ck_assert_int_eq(serve(again)->status, 304);

    reply = serve(ocsp_get(ocsp_request(1), ""));
    ck_assert_int_eq(ocsp_status(reply), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    ck_assert_str_eq(apr_table_get(reply->headers, "Cache-Control"), "no-store");
}
END_TEST

START_TEST(ocsp_is_asked_by_post)
{
    fake_t *fake = fake_call("POST", "/ocsp");
    cm_reply_t *reply;

    fake_header(fake, "Content-Type", "application/ocsp-request");
    fake->body = NULL;
    reply = serve(fake);
    ck_assert_int_eq(ocsp_status(reply), OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    ck_assert_str_eq(apr_table_get(reply->headers, "Cache-Control"), "no-store");
    assert_problem(serve(fake_call("POST", "/ocsp")), 415, "media-type", NULL);
    assert_problem(get("/ocsp"), 405, "method", NULL);
    fake->body = apr_pstrcat(pool, apr_psprintf(pool, "%16384d", 1), "x", NULL);
    assert_problem(serve(fake), 413, "too-large", NULL);
}
END_TEST

START_TEST(malformed_addresses_are_malformed_requests)
{
    static const char *const samples[] = {"/ocsp/x", "/ocsp/AAA", "/ocsp/%41%ZZ", "/ocsp/MAA="};

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        ck_assert_int_eq(ocsp_status(get(samples[i])), OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    }
    ck_assert_int_eq(ocsp_status(serve(ocsp_get(ocsp_request(0), "A"))),
                     OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
}
END_TEST

TCase *public_case(void)
{
    TCase *tcase = flow_case("public");

    tcase_add_test(tcase, authorities_are_served);
    tcase_add_test(tcase, crls_are_served);
    tcase_add_test(tcase, ocsp_answers_may_be_cached);
    tcase_add_test(tcase, ocsp_is_asked_by_post);
    tcase_add_test(tcase, malformed_addresses_are_malformed_requests);
    return tcase;
}
