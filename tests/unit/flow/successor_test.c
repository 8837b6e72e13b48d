/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "flow/setup.h"
#include "pki/cert.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_error_t *succeed(cm_request_view_t **view, cm_operation_t operation, const char *id,
                           const char *csr)
{
    const cm_submission_t submission = {.operation = operation, .certificate = id, .csr = csr};

    return cm_request_submit(view, ctx, &submission);
}

static void assert_succeeds(const cm_certificate_t *next, const cm_certificate_t *old)
{
    const cm_certificate_t *first = old;

    ck_assert_str_eq(next->subject, first->subject);
    ck_assert_str_eq(APR_ARRAY_IDX(next->san, 0, const char *),
                     APR_ARRAY_IDX(first->san, 0, const char *));
    ck_assert_str_eq(next->owner, first->owner);
    ck_assert_str_eq(next->replaces, first->id);
    ck_assert_str_eq(sql_value(apr_psprintf(
                         pool, "SELECT replaced_by FROM certificate WHERE id = '%s'", first->id)),
                     next->id);
}

static const cm_certificate_t *enrolled(void)
{
    act_as("user1");
    return enroll()->certificate;
}

START_TEST(renew_keeps_the_key)
{
    const cm_certificate_t *old = enrolled();
    cm_request_view_t *view;

    clock_now += apr_time_from_sec(86400 * 10);
    act_as("user1");
    assert_done(succeed(&view, CM_OP_RENEW, old->id, NULL));
    ck_assert_int_eq(view->request->state, CM_STATE_COMPLETED);
    assert_succeeds(view->certificate, old);
    ck_assert_str_eq(view->certificate->spki_sha256, old->spki_sha256);
    ck_assert_str_ne(view->certificate->serial, old->serial);
    ck_assert_int_eq(view->certificate->not_after - old->not_after, apr_time_from_sec(86400 * 10));
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_CONFLICT,
                   "certificate.replaced");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "2");
}
END_TEST

START_TEST(rekey_keeps_the_expiry)
{
    const cm_certificate_t *old = enrolled();
    const char *same = (const char *)unit_file(apr_pstrcat(pool, folder, "/new.csr", NULL)).data;
    cm_request_view_t *view;

    assert_refused(succeed(&view, CM_OP_REKEY, old->id, same), CM_E_REFUSED, "rekey.key");
    assert_refused(succeed(&view, CM_OP_REKEY, old->id, "garbage"), CM_E_VALUE, NULL);
    clock_now += apr_time_from_sec(86400 * 10);
    act_as("user1");
    assert_done(succeed(&view, CM_OP_REKEY, old->id, new_csr()));
    assert_succeeds(view->certificate, old);
    ck_assert_str_ne(view->certificate->spki_sha256, old->spki_sha256);
    ck_assert_int_eq(view->certificate->not_after, old->not_after);
}
END_TEST

START_TEST(a_successor_has_to_pass_the_rules_of_today)
{
    const char *text = (const char *)unit_file("unit/flow/profile.json").data;
    const char *at = strstr(text, "\"P-256\", ");
    const cm_certificate_t *old = enrolled();
    cm_request_view_t *view;
    apr_int64_t version;

    act_as("user2");
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_NOT_FOUND,
                   "certificate.unknown");
    act_as("admin1");
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_FORBIDDEN,
                   "permission.submit-for-others");
    sql("UPDATE person SET name = 'married' WHERE name = 'user1'");
    act_as("user1");
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_REFUSED, "successor.names");
    sql("UPDATE person SET name = 'user1' WHERE name = 'married'");
    act_as("user1");
    text = apr_pstrcat(pool, apr_pstrmemdup(pool, text, (apr_size_t)(at - text)),
                       at + strlen("\"P-256\", "), NULL);
    assert_done(cm_profile_store(&version, ctx, "user", text));
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_REFUSED,
                   "profile.key-algorithm");
    sql("DELETE FROM profile WHERE name = 'user' AND version = 2");
    sql("UPDATE certificate SET status = 'suspended'");
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_CONFLICT,
                   "certificate.suspended");
    sql("UPDATE certificate SET status = 'active'");
    clock_now += apr_time_from_sec(86400 * 31);
    act_as("user1");
    assert_refused(succeed(&view, CM_OP_RENEW, old->id, NULL), CM_E_CONFLICT,
                   "certificate.expired");
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate WHERE owner IS NOT NULL"), "1");
}
END_TEST

/* Names that the requester once chose are those of the certificate. */
START_TEST(chosen_names_are_kept)
{
    cm_submission_t submission = server_submission(new_csr());
    cm_request_view_t *view;
    const cm_certificate_t *old;

    act_as("user1");
    assert_done(cm_request_submit(&view, ctx, &submission));
    assert_done(send_event(&view, "officer1", view->request->id, "approve"));
    old = view->certificate;
    act_as("officer1");
    assert_done(succeed(&view, CM_OP_RENEW, old->id, NULL));
    assert_succeeds(view->certificate, old);
}
END_TEST

TCase *successor_case(void)
{
    TCase *tcase = flow_case("successors");

    tcase_add_test(tcase, renew_keeps_the_key);
    tcase_add_test(tcase, rekey_keeps_the_expiry);
    tcase_add_test(tcase, a_successor_has_to_pass_the_rules_of_today);
    tcase_add_test(tcase, chosen_names_are_kept);
    return tcase;
}
