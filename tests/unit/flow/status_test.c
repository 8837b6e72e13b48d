/* SPDX-License-Identifier: Apache-2.0
 *
 * What the world sees of a certificate: log-in, CRL, OCSP.
 */
#include <apr_strings.h>
#include <openssl/ocsp.h>

#include "base/ossl.h"
#include "flow/crl.h"
#include "flow/crl_file.h"
#include "flow/ocsp.h"
#include "flow/people.h"
#include "pki/crl.h"
#include "store/authorities.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static void revoke_it(const cm_certificate_t *certificate)
{
    const cm_submission_t submission = {.operation = CM_OP_REVOKE,
                                        .certificate = certificate->id,
                                        .reason = "keyCompromise",
                                        .remarks = "found on the street"};
    cm_request_view_t *view;

    assert_done(cm_request_submit(&view, ctx, &submission));
}

static X509 *x509(cm_bytes_t der)
{
    const unsigned char *at = der.data;

    return cm_ossl_x509(d2i_X509(NULL, &at, (long)der.len), pool);
}

static cm_bytes_t authority_der(void)
{
    cm_authority_t *authority;

    assert_done(cm_authority_read(&authority, ctx->store, "ca", pool));
    return authority->der;
}

/* OCSP status of a serial (RFC 6960: 0 good, 1 revoked, 2 unknown), the answer verified. */
static int ocsp_status(ASN1_INTEGER *serial, int *reason)
{
    X509 *ca = x509(authority_der());
    OCSP_REQUEST *request = cm_ossl_ocsp_request(OCSP_REQUEST_new(), pool);
    OCSP_CERTID *id = OCSP_cert_id_new(EVP_sha256(), X509_get_subject_name(ca),
                                       X509_get0_pubkey_bitstr(ca), serial);
    X509_STORE *trust = X509_STORE_new();
    unsigned char *der = NULL;
    cm_ocsp_answer_t answer;
    OCSP_RESPONSE *response;
    OCSP_BASICRESP *basic;
    const unsigned char *at;
    int status = -1, len;

    OCSP_request_add0_id(request, id);
    OCSP_request_add1_nonce(request, NULL, 32);
    len = i2d_OCSP_REQUEST(request, &der);
    cm_ossl_memory(der, pool);
    cm_ocsp_answer(&answer, ctx, cm_bytes_make(der, (apr_size_t)len));
    assert_done(answer.error);
    at = answer.der.data;
    response = cm_ossl_ocsp_response(d2i_OCSP_RESPONSE(NULL, &at, (long)answer.der.len), pool);
    ck_assert_int_eq(OCSP_response_status(response), OCSP_RESPONSE_STATUS_SUCCESSFUL);
    basic = OCSP_response_get1_basic(response);
    X509_STORE_add_cert(trust, ca);
    ck_assert_int_eq(OCSP_basic_verify(basic, NULL, trust, 0), 1);
    ck_assert_int_eq(OCSP_check_nonce(request, basic), 1);
    ck_assert_int_eq(OCSP_resp_find_status(basic, id, &status, reason, NULL, NULL, NULL), 1);
    OCSP_BASICRESP_free(basic);
    X509_STORE_free(trust);
    return status;
}

cm_bytes_t ocsp_request(ASN1_INTEGER *serial, int nonce)
{
    X509 *ca = x509(authority_der());
    OCSP_REQUEST *request = cm_ossl_ocsp_request(OCSP_REQUEST_new(), pool);
    unsigned char *der = NULL;
    int len;

    OCSP_request_add0_id(request, OCSP_cert_id_new(EVP_sha1(), X509_get_subject_name(ca),
                                                   X509_get0_pubkey_bitstr(ca), serial));
    if (nonce) {
        OCSP_request_add1_nonce(request, NULL, 32);
    }
    len = i2d_OCSP_REQUEST(request, &der);
    cm_ossl_memory(der, pool);
    return cm_bytes_make(der, (apr_size_t)len);
}

static void ask_ocsp(cm_ocsp_answer_t *answer, ASN1_INTEGER *serial)
{
    cm_ocsp_answer(answer, ctx, ocsp_request(serial, 0));
}

/* nextUpdate of the answer. */
static apr_time_t ocsp_expires(ASN1_INTEGER *serial)
{
    cm_ocsp_answer_t answer;

    ask_ocsp(&answer, serial);
    assert_done(answer.error);
    return answer.expires;
}

START_TEST(no_ocsp_answer_outlives_the_responder)
{
    apr_time_t end = apr_strtoi64(sql_value("SELECT ocsp_not_after FROM authority"), NULL, 10);
    ASN1_INTEGER *serial = ASN1_INTEGER_new();

    ASN1_INTEGER_set(serial, 4711);
    act_as(NULL);
    ck_assert_int_eq(ocsp_expires(serial), ctx->now - ctx->now % APR_USEC_PER_SEC +
                                               apr_time_from_sec(config->ocsp_validity));
    clock_now = end - apr_time_from_sec(60);
    act_as(NULL);
    ck_assert_int_eq(ocsp_expires(serial), end);
    ASN1_INTEGER_free(serial);
}
END_TEST

/* Clients refuse what it signs; later there may be a new one. */
START_TEST(an_expired_responder_says_try_later)
{
    cm_request_view_t *mine;
    cm_ocsp_answer_t answer;

    act_as("user1");
    mine = enroll();
    clock_now = apr_strtoi64(sql_value("SELECT ocsp_not_after FROM authority"), NULL, 10);
    act_as(NULL);
    ask_ocsp(&answer, X509_get_serialNumber(x509(mine->certificate->der)));
    assert_done(answer.error);
    clock_now += APR_USEC_PER_SEC;
    act_as(NULL);
    ask_ocsp(&answer, X509_get_serialNumber(x509(mine->certificate->der)));
    assert_refused(answer.error, CM_E_TOKEN, NULL);
    ck_assert_str_eq(cm_bytes_hex(answer.der, pool), "30030a0103"); /* tryLater */
    ck_assert_int_eq(answer.expires, 0);
}
END_TEST

START_TEST(ocsp_follows_the_record_at_once)
{
    cm_request_view_t *mine;
    ASN1_INTEGER *never = ASN1_INTEGER_new();
    int reason = -1;

    act_as("user1");
    mine = enroll();
    ck_assert_int_eq(ocsp_status(X509_get_serialNumber(x509(mine->certificate->der)), &reason),
                     V_OCSP_CERTSTATUS_GOOD);
    revoke_it(mine->certificate);
    ck_assert_int_eq(ocsp_status(X509_get_serialNumber(x509(mine->certificate->der)), &reason),
                     V_OCSP_CERTSTATUS_REVOKED);
    ck_assert_int_eq(reason, OCSP_REVOKED_STATUS_KEYCOMPROMISE);
    sql("UPDATE certificate SET status = 'suspended', reason = 6");
    ck_assert_int_eq(ocsp_status(X509_get_serialNumber(x509(mine->certificate->der)), &reason),
                     V_OCSP_CERTSTATUS_REVOKED);
    ck_assert_int_eq(reason, OCSP_REVOKED_STATUS_CERTIFICATEHOLD);
    ASN1_INTEGER_set(never, 4711);
    ck_assert_int_eq(ocsp_status(never, &reason), V_OCSP_CERTSTATUS_UNKNOWN);
    ASN1_INTEGER_free(never);
}
END_TEST

static cm_error_t *hold(cm_operation_t operation, const char *id)
{
    const cm_submission_t submission = {
        .operation = operation, .certificate = id, .remarks = "left in a taxi"};
    cm_request_view_t *view;

    return cm_request_submit(&view, ctx, &submission);
}

static int crl_lists(const cm_certificate_t *certificate, int *reason)
{
    clock_now += apr_time_from_sec(config->crl_gather);
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    return cm_crl_find(crl_info("ca"), certificate->serial, reason, NULL);
}

START_TEST(a_hold_comes_and_goes)
{
    cm_evidence_t evidence = {.user = NULL};
    const cm_certificate_t *mine;
    ASN1_INTEGER *serial;
    cm_identity_t *who;
    int reason = -1;

    act_as("user1");
    mine = enroll()->certificate;
    serial = X509_get_serialNumber(x509(mine->der));
    evidence.certificate = mine->der;
    act_as("officer1");
    assert_refused(hold(CM_OP_REINSTATE, mine->id), CM_E_CONFLICT, "certificate.active");
    act_as("user1");
    assert_done(hold(CM_OP_SUSPEND, mine->id));
    assert_refused(hold(CM_OP_SUSPEND, mine->id), CM_E_CONFLICT, "certificate.suspended");
    assert_refused(hold(CM_OP_REINSTATE, mine->id), CM_E_REFUSED, "profile.operation");
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    ck_assert_int_eq(ocsp_status(serial, &reason), V_OCSP_CERTSTATUS_REVOKED);
    ck_assert_int_eq(reason, OCSP_REVOKED_STATUS_CERTIFICATEHOLD);
    ck_assert(crl_lists(mine, &reason));
    ck_assert_int_eq(reason, CM_REASON_CERTIFICATE_HOLD);
    act_as("officer1");
    assert_done(hold(CM_OP_REINSTATE, mine->id));
    ck_assert_int_eq(ocsp_status(serial, &reason), V_OCSP_CERTSTATUS_GOOD);
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert(!crl_lists(mine, &reason));
    act_as("user1");
    revoke_it(mine);
    act_as("officer1");
    assert_refused(hold(CM_OP_REINSTATE, mine->id), CM_E_CONFLICT, "certificate.revoked");
}
END_TEST

START_TEST(ocsp_always_has_an_answer)
{
    cm_ocsp_answer_t answer;

    cm_ocsp_answer(&answer, ctx, cm_bytes_of_text("garbage"));
    assert_refused(answer.error, CM_E_SYNTAX, NULL);
    ck_assert_str_eq(cm_bytes_hex(answer.der, pool), "30030a0101"); /* malformedRequest */
    ck_assert_int_eq(answer.expires, 0);
}
END_TEST

START_TEST(the_responder_renews_itself)
{
    const char *before = sql_value("SELECT hex(ocsp_der) FROM authority");

    assert_done(cm_ocsp_job(ctx));
    ck_assert_str_eq(sql_value("SELECT hex(ocsp_der) FROM authority"), before);
    clock_now += apr_time_from_sec(config->ocsp_certificate_validity) / 2 + apr_time_from_sec(60);
    act_as(NULL);
    assert_done(cm_ocsp_job(ctx));
    ck_assert_str_ne(sql_value("SELECT hex(ocsp_der) FROM authority"), before);
}
END_TEST

START_TEST(the_crl_follows_when_its_job_runs)
{
    cm_request_view_t *mine;
    const cm_crl_info_t *info;
    cm_crl_file_t file;
    int reason = -1;

    act_as("user1");
    mine = enroll();
    assert_done(cm_crl_job(ctx));
    ck_assert_int_eq(crl_info("ca")->number, 1); /* nothing was due */
    revoke_it(mine->certificate);
    clock_now += apr_time_from_sec(config->crl_gather);
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    info = crl_info("ca");
    ck_assert_int_eq(info->number, 2);
    ck_assert_int_eq(
        X509_CRL_verify((X509_CRL *)info->crl, X509_get0_pubkey(x509(authority_der()))), 1);
    ck_assert(cm_crl_find(info, mine->certificate->serial, &reason, NULL));
    ck_assert_int_eq(reason, 1);
    clock_now += apr_time_from_sec(config->crl_validity) / 2;
    act_as(NULL);
    assert_done(cm_crl_job(ctx));
    ck_assert_int_eq(crl_info("ca")->number, 3);
    assert_refused(cm_crl_open(&file, ctx, "nope", 0), CM_E_NOT_FOUND, NULL);
    assert_refused(cm_crl_open(&file, ctx, "../heads", 0), CM_E_NOT_FOUND, NULL);
}
END_TEST

/* RFC 5280 3.3 */
START_TEST(an_entry_outlives_its_certificate_by_one_list)
{
    cm_request_view_t *mine;

    act_as("user1");
    mine = enroll();
    revoke_it(mine->certificate);
    clock_now = mine->certificate->not_after - apr_time_from_sec(60);
    act_as(NULL);
    assert_done(cm_crl_publish(ctx, "ca"));
    for (int beyond = 1; beyond <= 2; beyond++) {
        clock_now = mine->certificate->not_after + apr_time_from_sec(beyond);
        act_as(NULL);
        assert_done(cm_crl_publish(ctx, "ca"));
        ck_assert_int_eq(cm_crl_find(crl_info("ca"), mine->certificate->serial, NULL, NULL),
                         beyond == 1);
    }
}
END_TEST

START_TEST(only_a_good_certificate_logs_in)
{
    cm_request_view_t *mine;
    cm_evidence_t evidence = {.user = NULL};
    cm_identity_t *who;

    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_ptr_null(who);
    act_as("user1");
    mine = enroll();
    evidence.certificate = mine->certificate->der;
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->name, "user1");
    ck_assert_uint_eq(who->roles, CM_ROLE_USER);
    evidence.certificate = authority_der();
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    evidence.certificate = cm_bytes_of_text("garbage");
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    evidence.certificate = mine->certificate->der;
    clock_now += apr_time_from_sec(86400 * 31);
    act_as(NULL);
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    clock_now -= apr_time_from_sec(86400 * 32); /* before its first second */
    act_as(NULL);
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    clock_now += apr_time_from_sec(86400);
    act_as("user1");
    sql("UPDATE certificate SET status = 'suspended', reason = 6");
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
    sql("UPDATE certificate SET status = 'active', reason = 0");
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    sql("UPDATE person SET state = 'inactive' WHERE name = 'user1'");
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.inactive");
    sql("UPDATE person SET state = 'active'");
    revoke_it(mine->certificate);
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
}
END_TEST

START_TEST(a_certificate_that_a_proxy_hands_on_logs_in)
{
    cm_evidence_t evidence = {.handed = "nonsense"};
    cm_request_view_t *mine;
    cm_identity_t *who;

    act_as("user1");
    mine = enroll();
    evidence.certificate = mine->certificate->der;
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.client-cert");
    ck_assert_ptr_null(who);
    evidence.handed =
        apr_pstrcat(pool, ":", cm_bytes_base64(mine->certificate->der, pool), ":", NULL);
    assert_done(cm_identity_resolve(&who, ctx, &evidence));
    ck_assert_str_eq(who->person->name, "user1");
    ck_assert_str_eq(who->login, "proxy");
    ck_assert_str_eq(who->certificate, mine->certificate->id);
    revoke_it(mine->certificate);
    assert_refused(cm_identity_resolve(&who, ctx, &evidence), CM_E_IDENTITY, "login.certificate");
}
END_TEST

TCase *status_case(void)
{
    TCase *tcase = flow_case("status");

    tcase_add_test(tcase, ocsp_follows_the_record_at_once);
    tcase_add_test(tcase, a_hold_comes_and_goes);
    tcase_add_test(tcase, no_ocsp_answer_outlives_the_responder);
    tcase_add_test(tcase, an_expired_responder_says_try_later);
    tcase_add_test(tcase, ocsp_always_has_an_answer);
    tcase_add_test(tcase, the_responder_renews_itself);
    tcase_add_test(tcase, the_crl_follows_when_its_job_runs);
    tcase_add_test(tcase, an_entry_outlives_its_certificate_by_one_list);
    tcase_add_test(tcase, only_a_good_certificate_logs_in);
    tcase_add_test(tcase, a_certificate_that_a_proxy_hands_on_logs_in);
    return tcase;
}
