/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/certificates.h"

#include <apr_strings.h>

#include "pki/cert.h"
#include "pki/csr.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_error_t *revoke_it(const char *certificate, const char *reason)
{
    const cm_submission_t submission = {
        .operation = CM_OP_REVOKE, .certificate = certificate, .reason = reason, .remarks = "lost"};
    cm_request_view_t *view;

    return cm_request_submit(&view, ctx, &submission);
}

START_TEST(an_enrollment_happens_at_once)
{
    cm_request_view_t *view;
    const cm_certificate_t *made;
    cm_cert_t *cert;

    act_as("user1");
    view = enroll();
    made = view->certificate;
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    ck_assert_int_eq(view->events->nelts, 0);
    ck_assert_ptr_nonnull(made);
    ck_assert_str_eq(made->subject, "CN=user1"); /* not the name in the request */
    ck_assert_int_eq(made->san->nelts, 1);
    ck_assert_str_eq(APR_ARRAY_IDX(made->san, 0, const char *), "email:user1@example.test");
    ck_assert_str_eq(made->owner, ctx->who->person->id);
    assert_done(cm_cert_parse(&cert, made->der, pool));
    ck_assert_str_eq(cert->serial_hex, made->serial);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request"), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE action = 'request.submit'"),
                     "1");
}
END_TEST

START_TEST(a_refusal_leaves_an_event_and_nothing_else)
{
    static const struct {
        const char *profile, *csr, *validity;
        cm_code_t code;
        const char *field;
    } samples[] = {
        {"nope", NULL, NULL, CM_E_VALUE, "/profile"},
        {"user", "garbage", NULL, CM_E_VALUE, "/csr"},
        {"user", NULL, "9000d", CM_E_REFUSED, "/validity"},
    };

    act_as("user1");
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        const cm_submission_t submission = {.operation = CM_OP_ENROLL,
                                            .profile = samples[i].profile,
                                            .csr = samples[i].csr ? samples[i].csr : new_csr(),
                                            .validity = samples[i].validity};
        cm_request_view_t *view;
        cm_error_t *error = cm_request_submit(&view, ctx, &submission);

        assert_refused(error, samples[i].code, NULL);
        ck_assert_pstr_eq(error->field, samples[i].field);
        ck_assert_ptr_nonnull(error->rule);
        ck_assert_str_eq(sql_value("SELECT count(*) FROM audit_event WHERE outcome = 'refused'"),
                         apr_itoa(pool, (int)i + 1));
    }
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request"), "0");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "0");
}
END_TEST

START_TEST(a_request_shows_that_its_key_is_there)
{
    cm_submission_t submission = {.operation = CM_OP_ENROLL, .profile = "user"};
    cm_request_view_t *view;
    unsigned char *data;
    cm_bytes_t der;

    assert_done(cm_csr_decode(&der, cm_bytes_of_text(new_csr()), pool));
    data = apr_pmemdup(pool, der.data, der.len);
    data[der.len - 1] ^= 1; /* of the signature */
    submission.csr = cm_bytes_base64(cm_bytes_make(data, der.len), pool);
    act_as("user1");
    assert_refused(cm_request_submit(&view, ctx, &submission), CM_E_REFUSED, "csr.signature");
    submission.csr = cm_bytes_base64(der, pool);
    assert_done(cm_request_submit(&view, ctx, &submission));
}
END_TEST

START_TEST(an_authority_signs_with_its_own_key)
{
    const cm_submission_t submission = {
        .operation = CM_OP_ENROLL, .profile = "user", .csr = new_csr()};
    cm_request_view_t *view;

    sql("UPDATE authority SET key_uri = 'pkcs11:token=test;object=audit'");
    act_as("user1");
    assert_refused(cm_request_submit(&view, ctx, &submission), CM_E_CONFIG, NULL);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "0");
}
END_TEST

START_TEST(others_do_not_see_it)
{
    cm_request_view_t *mine, *view;
    cm_certificate_t *certificate;
    const cm_request_words_t everything = {.limit = 50};
    cm_page_t page;

    act_as("user1");
    mine = enroll();
    assert_done(cm_request_show(&view, ctx, CM_OP_ENROLL, mine->request->id));
    assert_refused(cm_request_show(&view, ctx, CM_OP_REVOKE, mine->request->id), CM_E_NOT_FOUND,
                   NULL);
    act_as("user2");
    assert_refused(cm_request_show(&view, ctx, -1, mine->request->id), CM_E_NOT_FOUND, NULL);
    assert_refused(cm_certificate_show(&certificate, ctx, mine->certificate->id), CM_E_NOT_FOUND,
                   NULL);
    assert_refused(revoke_it(mine->certificate->id, "superseded"), CM_E_NOT_FOUND, NULL);
    assert_done(cm_request_search(&page, ctx, -1, &everything));
    ck_assert_int_eq(page.items->nelts, 0);
    act_as("officer1");
    assert_done(cm_request_show(&view, ctx, -1, mine->request->id));
    assert_done(cm_request_search(&page, ctx, -1, &everything));
    ck_assert_int_eq(page.items->nelts, 1);
}
END_TEST

START_TEST(a_revocation_is_final)
{
    static const char *const wrong[] = {"certificateHold", "cACompromise", "removeFromCRL", "nope"};
    cm_request_view_t *mine;

    act_as("user1");
    mine = enroll();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_refused(revoke_it(mine->certificate->id, wrong[i]), CM_E_REFUSED, "revoke.reason");
    }
    assert_refused(revoke_it("nope", "superseded"), CM_E_NOT_FOUND, NULL);
    assert_done(revoke_it(mine->certificate->id, "keyCompromise"));
    assert_refused(revoke_it(mine->certificate->id, "keyCompromise"), CM_E_CONFLICT,
                   "certificate.revoked");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM crl_entry"), "1");
    mine = enroll();
    clock_now += apr_time_from_sec(86400 * 31);
    act_as("user1");
    assert_refused(revoke_it(mine->certificate->id, "superseded"), CM_E_CONFLICT,
                   "certificate.expired");
}
END_TEST

START_TEST(the_authoritys_own_certificates_are_no_subject_of_requests)
{
    act_as("officer1");
    assert_refused(
        revoke_it(sql_value("SELECT id FROM certificate WHERE owner IS NULL"), "superseded"),
        CM_E_REFUSED, "certificate.profile");
}
END_TEST

START_TEST(an_officer_revokes_for_others)
{
    cm_request_view_t *mine;

    act_as("user1");
    mine = enroll();
    act_as("officer1");
    assert_done(revoke_it(mine->certificate->id, "privilegeWithdrawn"));
}
END_TEST

/* Seeing all is not deciding for all: an auditor who is a user too, an administrator. */
START_TEST(who_sees_all_ends_only_the_own)
{
    static const unsigned more[] = {CM_ROLE_AUDITOR, CM_ROLE_OPERATOR, CM_ROLE_ADMINISTRATOR,
                                    CM_ROLE_CA_ADMIN};
    cm_request_view_t *mine;

    act_as("user1");
    mine = enroll();
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        cm_identity_t who;
        cm_certificate_t *seen;

        act_as("user2");
        who = *ctx->who;
        who.roles |= more[i];
        ctx->who = &who;
        assert_done(cm_certificate_show(&seen, ctx, mine->certificate->id));
        assert_refused(revoke_it(mine->certificate->id, "superseded"), CM_E_FORBIDDEN,
                       "permission.decide");
    }
    act_as("user1");
    assert_done(revoke_it(mine->certificate->id, "superseded"));
}
END_TEST

static const char *refusals(void)
{
    return sql_value("SELECT count(*) FROM audit_event WHERE outcome = 'refused'");
}

START_TEST(refused_events_are_recorded)
{
    const cm_request_action_t cancel = {.event = "cancel"};
    cm_request_view_t *mine, *view;

    act_as("user1");
    mine = enroll();
    assert_refused(cm_request_act(&view, ctx, CM_OP_ENROLL, mine->request->id, &cancel),
                   CM_E_CONFLICT, "request.event");
    ck_assert_str_eq(refusals(), "1");
    act_as("user2");
    assert_refused(cm_request_act(&view, ctx, CM_OP_ENROLL, mine->request->id, &cancel),
                   CM_E_NOT_FOUND, NULL);
    ck_assert_str_eq(refusals(), "2");
}
END_TEST

/* Two revocations at once: whoever comes second is refused by the database, and that is recorded
 * too. The trigger is the other one, between our reading and our writing. */
START_TEST(a_lost_race_is_recorded)
{
    cm_request_view_t *mine;

    act_as("user1");
    mine = enroll();
    sql("CREATE TRIGGER race BEFORE UPDATE ON certificate BEGIN SELECT RAISE(IGNORE); END");
    assert_refused(revoke_it(mine->certificate->id, "superseded"), CM_E_CONFLICT, NULL);
    ck_assert_str_eq(refusals(), "1");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM request WHERE operation = 'revoke'"), "0");
}
END_TEST

START_TEST(a_revocation_is_checked)
{
    const cm_certificate_t *mine;
    cm_submission_t good = {.operation = CM_OP_REVOKE, .reason = "superseded", .remarks = "lost"};
    cm_submission_t bad;
    cm_request_view_t *view;

    act_as("user1");
    mine = enroll()->certificate;
    good.certificate = mine->id;
    bad = good;
    bad.remarks = "";
    assert_refused(cm_request_submit(&view, ctx, &bad), CM_E_REFUSED, "revoke.remarks");
    bad = good;
    bad.invalidity_date = clock_now + apr_time_from_sec(1);
    assert_refused(cm_request_submit(&view, ctx, &bad), CM_E_REFUSED, "revoke.invalidity-date");
    bad.invalidity_date = mine->not_before - apr_time_from_sec(1);
    assert_refused(cm_request_submit(&view, ctx, &bad), CM_E_REFUSED, "revoke.invalidity-date");
    clock_now = mine->not_after + apr_time_from_sec(1);
    act_as("user1");
    assert_refused(cm_request_submit(&view, ctx, &good), CM_E_CONFLICT, "certificate.expired");
    clock_now = mine->not_after;
    act_as("user1");
    good.invalidity_date = mine->not_before;
    assert_done(cm_request_submit(&view, ctx, &good));
}
END_TEST

TCase *request_case(void)
{
    TCase *tcase = flow_case("requests");

    tcase_add_test(tcase, an_enrollment_happens_at_once);
    tcase_add_test(tcase, a_refusal_leaves_an_event_and_nothing_else);
    tcase_add_test(tcase, a_request_shows_that_its_key_is_there);
    tcase_add_test(tcase, an_authority_signs_with_its_own_key);
    tcase_add_test(tcase, others_do_not_see_it);
    tcase_add_test(tcase, a_revocation_is_final);
    tcase_add_test(tcase, the_authoritys_own_certificates_are_no_subject_of_requests);
    tcase_add_test(tcase, an_officer_revokes_for_others);
    tcase_add_test(tcase, who_sees_all_ends_only_the_own);
    tcase_add_test(tcase, refused_events_are_recorded);
    tcase_add_test(tcase, a_lost_race_is_recorded);
    tcase_add_test(tcase, a_revocation_is_checked);
    return tcase;
}
