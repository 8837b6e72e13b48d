/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_thread_proc.h>
#include <p11-kit/pkcs11.h>

#include "keys/token.h"
#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

enum { THREADS = 8, TIMES = 20 };

/* what modules say when a session, a handle, a log-in or the device was lost */
static const CK_RV losses[] = {CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
                               CKR_USER_NOT_LOGGED_IN,     CKR_KEY_HANDLE_INVALID,
                               CKR_OBJECT_HANDLE_INVALID,  CKR_DEVICE_REMOVED,
                               CKR_TOKEN_NOT_PRESENT,      CKR_DEVICE_ERROR,
                               CKR_GENERAL_ERROR,          CKR_FUNCTION_FAILED,
                               CKR_OPERATION_ACTIVE,       CKR_OPERATION_NOT_INITIALIZED,
                               CKR_DEVICE_MEMORY,          CKR_KEY_CHANGED};

START_TEST(no_session_to_be_had)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    cm_keyring_t *ring = make_ring();
    cm_error_t *error;

    assert_done(cm_keyring_find(&key, ring, cm_key_uri(key), pool));
    faults->open_rv = CKR_SESSION_COUNT;
    faults->drop_sessions = 1;
    error = sign_and_verify(key, CM_DIGEST_SHA256, pool);
    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert_int_gt(error->retry_after, 0);
    ck_assert(strstr(error->log_detail, "C_OpenSession: CKR_SESSION_COUNT"));
    ck_assert_int_gt(faults->opens, 3);
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    faults->open_rv = 0;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

static void *APR_THREAD_FUNC let_open(apr_thread_t *thread, void *baton)
{
    (void)baton;
    apr_sleep(apr_time_from_msec(200));
    faults->open_rv = 0;
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

START_TEST(a_session_is_waited_for)
{
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;
    apr_thread_t *thread;
    apr_status_t status;

    config.deadline = apr_time_from_sec(10);
    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    faults->open_rv = _i ? CKR_HOST_MEMORY : CKR_SESSION_COUNT;
    apr_thread_create(&thread, NULL, let_open, NULL, pool);
    assert_done(cm_keyring_check(ring, pool));
    apr_thread_join(&status, thread);
}
END_TEST

START_TEST(the_configured_limit_holds)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    const char *error;
    int good = sign_in_threads(key, THREADS, TIMES, &error);

    ck_assert_msg(good == THREADS * TIMES, "%d, %s", good, error);
    ck_assert_int_le(faults->most_sessions, 4);
}
END_TEST

START_TEST(the_limit_of_the_token_holds)
{
    cm_key_t *key;
    const char *error;
    int good;

    faults->max_sessions = 2;
    key = make_key(make_ring(), "k", "P-256");
    good = sign_in_threads(key, THREADS, TIMES, &error);
    ck_assert_msg(good == THREADS * TIMES, "%d, %s", good, error);
    ck_assert_int_le(faults->most_sessions, 2);
}
END_TEST

START_TEST(who_waits_too_long_is_told_so)
{
    cm_key_t *key;
    const char *error;
    int good;

    faults->max_sessions = 1;
    key = make_key(make_ring(), "k", "P-256");
    faults->slow_ms = 250;
    good = sign_in_threads(key, THREADS, 1, &error);
    ck_assert_int_ge(good, 1);
    ck_assert_int_lt(good, THREADS);
    ck_assert(strstr(error, "CKR_SESSION_COUNT"));
    faults->slow_ms = 0;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(a_slow_token_is_used_by_many)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    const char *error;
    int good;

    faults->slow_ms = 100;
    good = sign_in_threads(key, 4, 3, &error);
    ck_assert_msg(good == 12, "%d, %s", good, error);
}
END_TEST

START_TEST(a_loss_is_mended_once)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    cm_error_t *error;

    faults->sign_rv = losses[_i];
    faults->sign_times = 1;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->signs, 2);
    faults->sign_times = 2;
    error = sign_and_verify(key, CM_DIGEST_SHA256, pool);
    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert_int_gt(error->retry_after, 0);
    ck_assert_int_eq(faults->signs, 4);
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(what_would_fail_again_is_not_tried_again)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");

    faults->sign_rv = CKR_KEY_FUNCTION_NOT_PERMITTED;
    faults->sign_times = 1;
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_CONFIG, NULL);
    faults->sign_rv = CKR_VENDOR_DEFINED + 7;
    faults->sign_times = 1;
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_TOKEN, NULL);
    ck_assert_int_eq(faults->signs, 2);
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(sessions_lost_in_the_middle)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    const char *error;
    int good;

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->drop_sessions = 1;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->slow_ms = 1;
    faults->drop_sessions = 1;
    good = sign_in_threads(key, THREADS, TIMES, &error);
    ck_assert_msg(good == THREADS * TIMES, "%d, %s", good, error);
    ck_assert_int_eq(faults->drop_sessions, 0);
    /* the pool is full of sessions that are all lost: the retry must not take one of them */
    ck_assert_int_gt(faults->sessions, 2);
    faults->drop_sessions = 1;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

static CK_RV lose(cm_session_t *session, void *baton)
{
    (void)session;
    (void)baton;
    return CKR_SESSION_CLOSED;
}

/* While this session is out, another call finds that sessions were lost. */
static CK_RV lose_meanwhile(cm_session_t *session, void *token)
{
    (void)session;
    assert_refused(cm_token_run(token, lose, NULL, 0, pool), CM_E_TOKEN, NULL);
    return CKR_OK;
}

static CK_RV fail_half_way(cm_session_t *session, void *baton)
{
    CK_ATTRIBUTE none = {CKA_LABEL, "none", 4};

    (void)baton;
    ck_assert_uint_eq(session->calls->C_FindObjectsInit(session->handle, &none, 1), CKR_OK);
    return CKR_KEY_FUNCTION_NOT_PERMITTED;
}

static CK_RV do_nothing(cm_session_t *session, void *baton)
{
    (void)session;
    (void)baton;
    return CKR_OK;
}

START_TEST(a_session_that_may_write_is_not_kept)
{
    cm_token_t *token;
    cm_uri_t *uri;

    assert_done(cm_uri_parse(&uri, "pkcs11:token=certmgr", pool));
    assert_done(cm_keyring_token(&token, make_ring(), uri, pool));
    assert_done(cm_token_run(token, do_nothing, NULL, CM_SESSION_RW, pool));
    ck_assert_int_eq(faults->sessions, 0);
    assert_done(cm_token_run(token, do_nothing, NULL, 0, pool));
    ck_assert_int_eq(faults->sessions, 1);
}
END_TEST

/* Nobody knows what was begun in it. */
START_TEST(a_session_is_closed_after_a_failure)
{
    cm_token_t *token;
    cm_uri_t *uri;

    assert_done(cm_uri_parse(&uri, "pkcs11:token=certmgr", pool));
    assert_done(cm_keyring_token(&token, make_ring(), uri, pool));
    assert_refused(cm_token_run(token, fail_half_way, NULL, 0, pool), CM_E_CONFIG, NULL);
    ck_assert_int_eq(faults->sessions, 0);
}
END_TEST

/* A stale handle may be another object's by now. */
START_TEST(handles_end_with_the_last_session)
{
    cm_keyring_t *ring = make_ring();
    cm_key_t *key;

    faults->max_sessions = 1;
    key = make_key(ring, "k", "P-256");
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    make_key(ring, "other", "P-256"); /* in a session of its own, which replaces ours */
    faults->sign_inits = 0;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->sign_inits, 1);
}
END_TEST

START_TEST(an_old_session_is_not_kept)
{
    cm_token_t *token;
    cm_uri_t *uri;

    assert_done(cm_uri_parse(&uri, "pkcs11:token=certmgr", pool));
    assert_done(cm_keyring_token(&token, make_ring(), uri, pool));
    assert_done(cm_token_run(token, lose_meanwhile, token, 0, pool));
    ck_assert_int_eq(faults->sessions, 0);
}
END_TEST

START_TEST(a_module_that_can_not_lock)
{
    cm_key_t *key;
    const char *error;
    int good;

    faults->cant_lock = 1;
    key = make_key(make_ring(), "k", "P-256");
    good = sign_in_threads(key, THREADS, TIMES, &error);
    ck_assert_msg(good == THREADS * TIMES, "%d, %s", good, error);
    ck_assert_int_eq(faults->meetings, 0);
}
END_TEST

TCase *session_case(void)
{
    TCase *tcase = token_case("session");

    tcase_add_test(tcase, no_session_to_be_had);
    tcase_add_loop_test(tcase, a_session_is_waited_for, 0, 2);
    tcase_add_test(tcase, the_configured_limit_holds);
    tcase_add_test(tcase, the_limit_of_the_token_holds);
    tcase_add_test(tcase, who_waits_too_long_is_told_so);
    tcase_add_test(tcase, a_slow_token_is_used_by_many);
    tcase_add_loop_test(tcase, a_loss_is_mended_once, 0, sizeof losses / sizeof *losses);
    tcase_add_test(tcase, what_would_fail_again_is_not_tried_again);
    tcase_add_test(tcase, sessions_lost_in_the_middle);
    tcase_add_test(tcase, a_session_that_may_write_is_not_kept);
    tcase_add_test(tcase, a_session_is_closed_after_a_failure);
    tcase_add_test(tcase, handles_end_with_the_last_session);
    tcase_add_test(tcase, an_old_session_is_not_kept);
    tcase_add_test(tcase, a_module_that_can_not_lock);
    return tcase;
}
