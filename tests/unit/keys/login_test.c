/* SPDX-License-Identifier: Apache-2.0 */
#include <p11-kit/pkcs11.h>

#include "keys/token.h"
#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

static cm_keyring_t *ring_with(const char *pin)
{
    cm_token_config_t config = token_config(pin);
    cm_keyring_t *ring = NULL;

    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    return ring;
}

START_TEST(a_wrong_pin_is_sent_once)
{
    cm_keyring_t *ring = ring_with("4711");
    cm_error_t *error = cm_keyring_check(ring, pool);

    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert(strstr(error->log_detail, "CKR_PIN_INCORRECT"));
    ck_assert(!strstr(cm_error_text(error, pool), "4711"));
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    ck_assert_int_eq(faults->logins, 1);
    assert_done(cm_keyring_check(ring_with("1234"), pool));
}
END_TEST

START_TEST(a_wrong_pin_is_sent_once_by_all_threads)
{
    cm_key_t *key = make_key(ring_with("1234"), "k", "P-256");
    const char *error;

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->logins = 0;
    faults->login_rv = CKR_PIN_INCORRECT;
    faults->drop_sessions = 1;
    ck_assert_int_eq(sign_in_threads(key, 8, 3, &error), 0);
    ck_assert(strstr(error, "CKR_PIN_INCORRECT"));
    ck_assert_int_eq(faults->logins, 1);
}
END_TEST

START_TEST(a_restart_does_not_send_it_again)
{
    cm_token_config_t configs[2] = {token_config("4711"), token_config("1234")};
    cm_keyring_t *ring;

    configs[1].name = "absent";
    configs[1].uri = "pkcs11:token=absent";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    /* looking for the absent token restarts the module */
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    ck_assert_int_ge(faults->finalizes, 1);
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    ck_assert_int_eq(faults->logins, 1);
}
END_TEST

START_TEST(the_last_try_is_left_to_a_person)
{
    faults->final_try = 1;
    assert_refused(cm_keyring_check(ring_with("1234"), pool), CM_E_TOKEN, NULL);
    ck_assert_int_eq(faults->logins, 0);
}
END_TEST

START_TEST(a_pin_is_wanted)
{
    cm_error_t *error = cm_keyring_check(ring_with(NULL), pool);

    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert(strstr(error->log_detail, "none is configured"));
    ck_assert_int_eq(faults->logins, 0);
}
END_TEST

START_TEST(a_token_without_log_in)
{
    cm_keyring_t *ring = ring_with(NULL);

    faults->no_login = 1;
    assert_done(cm_keyring_check(ring, pool));
    assert_done(sign_and_verify(make_key(ring, "k", "P-256"), CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->logins, 0);
}
END_TEST

START_TEST(a_token_with_a_pin_pad)
{
    cm_keyring_t *ring = ring_with(NULL);

    faults->pin_pad = 1;
    assert_done(cm_keyring_check(ring, pool));
    assert_done(sign_and_verify(make_key(ring, "k", "P-256"), CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->logins, 0);
}
END_TEST

START_TEST(a_lost_log_in_is_made_again)
{
    cm_keyring_t *ring = ring_with("1234");
    cm_key_t *key = make_key(ring, "k", "P-256");

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->drop_login = 1;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->drop_login = 1;
    /* without a log-in the key is invisible, not absent */
    assert_done(cm_keyring_find(&key, ring, "pkcs11:object=k", pool));
}
END_TEST

static CK_RV log_out(cm_session_t *session, void *baton)
{
    (void)baton;
    return session->calls->C_Logout(session->handle);
}

START_TEST(a_check_notices_a_lost_log_in)
{
    cm_keyring_t *ring = ring_with("1234");
    cm_token_t *token;
    cm_uri_t *uri;

    assert_done(cm_uri_parse(&uri, "pkcs11:token=certmgr", pool));
    assert_done(cm_keyring_token(&token, ring, uri, pool));
    assert_done(cm_token_run(token, log_out, NULL, 0, pool));
    assert_done(cm_keyring_check(ring, pool));
    ck_assert_int_eq(faults->logins, 2);
}
END_TEST

START_TEST(a_refused_log_in_leaves_no_session)
{
    assert_refused(cm_keyring_check(ring_with("4711"), pool), CM_E_TOKEN, NULL);
    ck_assert_int_eq(faults->opens, 1);
    ck_assert_int_eq(faults->sessions, 0);
}
END_TEST

START_TEST(one_log_in_serves_all_sessions)
{
    cm_key_t *key = make_key(ring_with("1234"), "k", "P-256");
    const char *error;

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->logins = 0;
    faults->slow_ms = 50;
    ck_assert_int_eq(sign_in_threads(key, 4, 2, &error), 8);
    ck_assert_int_gt(faults->most_sessions, 1);
    ck_assert_int_eq(faults->logins, 0);
}
END_TEST

START_TEST(somebody_else_has_logged_in)
{
    assert_done(cm_keyring_check(ring_with("1234"), pool));
    assert_done(cm_keyring_check(ring_with("1234"), pool));
    ck_assert_int_eq(faults->logins, 1);
}
END_TEST

START_TEST(somebody_else_logs_in_meanwhile)
{
    faults->rival = 1;
    assert_done(cm_keyring_check(ring_with("1234"), pool));
    ck_assert_int_eq(faults->logins, 1);
}
END_TEST

TCase *login_case(void)
{
    TCase *tcase = token_case("login");

    tcase_add_test(tcase, a_wrong_pin_is_sent_once);
    tcase_add_test(tcase, a_wrong_pin_is_sent_once_by_all_threads);
    tcase_add_test(tcase, a_restart_does_not_send_it_again);
    tcase_add_test(tcase, the_last_try_is_left_to_a_person);
    tcase_add_test(tcase, a_pin_is_wanted);
    tcase_add_test(tcase, a_token_without_log_in);
    tcase_add_test(tcase, a_token_with_a_pin_pad);
    tcase_add_test(tcase, a_lost_log_in_is_made_again);
    tcase_add_test(tcase, a_check_notices_a_lost_log_in);
    tcase_add_test(tcase, a_refused_log_in_leaves_no_session);
    tcase_add_test(tcase, one_log_in_serves_all_sessions);
    tcase_add_test(tcase, somebody_else_has_logged_in);
    tcase_add_test(tcase, somebody_else_logs_in_meanwhile);
    return tcase;
}
