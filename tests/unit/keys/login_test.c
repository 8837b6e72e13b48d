/* SPDX-License-Identifier: Apache-2.0 */
#include <p11-kit/pkcs11.h>

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
    cm_keyring_t *ring = ring_with("4711");

    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    faults->gone = 1;
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    faults->gone = 0;
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
    return tcase;
}
