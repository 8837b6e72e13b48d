/* SPDX-License-Identifier: Apache-2.0
 *
 * Tokens that go and come back, and modules that must be restarted for it.
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keys/module.h"
#include "keys/wait.h"
#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

enum { THREADS = 8, TIMES = 20, TRIES = 20 };

/* Sign until it works: a module is restarted once a second at most. */
static cm_error_t *sign_at_last(cm_key_t *key)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < TRIES; i++) {
        error = sign_and_verify(key, CM_DIGEST_SHA256, pool);
        if (!error) {
            break;
        }
        ck_assert_int_eq((int)error->code, CM_E_TOKEN);
        apr_sleep(apr_time_from_msec(100));
    }
    return error;
}

START_TEST(a_token_goes_and_comes_back)
{
    cm_keyring_t *ring = make_ring();
    cm_key_t *key = make_key(ring, "k", "P-256");
    cm_error_t *error;

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->sticky = _i;
    faults->gone = 1;
    error = sign_and_verify(key, CM_DIGEST_SHA256, pool);
    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert_int_gt(error->retry_after, 0);
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    faults->gone = 0;
    assert_done(sign_at_last(key));
    assert_done(cm_keyring_check(ring, pool));
    ck_assert_int_ge(faults->initializes, 1 + _i);
}
END_TEST

START_TEST(sessions_open_but_do_not_work)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");

    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    faults->stuck_sessions = 1;
    faults->was_gone = 1;
    assert_done(sign_at_last(key));
    ck_assert_int_eq(faults->initializes, 2);
}
END_TEST

static void *APR_THREAD_FUNC replug(apr_thread_t *thread, void *baton)
{
    (void)baton;
    apr_sleep(apr_time_from_msec(30));
    faults->gone = 1;
    apr_sleep(apr_time_from_msec(100));
    faults->gone = 0;
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

START_TEST(threads_do_not_notice_a_short_absence)
{
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;
    cm_key_t *key;
    apr_thread_t *thread;
    apr_status_t status;
    const char *error;
    int good;

    config.deadline = apr_time_from_sec(10);
    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    key = make_key(ring, "k", "P-256");
    faults->sticky = 1;
    faults->slow_ms = 2;
    apr_thread_create(&thread, NULL, replug, NULL, pool);
    good = sign_in_threads(key, THREADS, TIMES, &error);
    apr_thread_join(&status, thread);
    ck_assert_msg(good == THREADS * TIMES, "%d, %s", good, error);
    ck_assert_int_ge(faults->initializes, 2);
}
END_TEST

START_TEST(another_token_outlives_the_restart)
{
    cm_token_config_t configs[2] = {token_config("1234"), token_config("1234")};
    cm_keyring_t *ring;
    cm_key_t *key;

    configs[1].name = "absent";
    configs[1].uri = "pkcs11:token=absent";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    key = make_key(ring, "k", "P-256");
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    /* looking for the absent token restarts the module */
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    ck_assert_int_ge(faults->finalizes, 1);
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

/* After a restart the module counts its handles from the start again, so that those of one token
 * are those of another now. */
START_TEST(handles_of_before_a_restart_are_void)
{
    cm_token_config_t configs[3] = {token_config("1234"), token_config("1234"),
                                    token_config("1234")};
    cm_key_request_t request = {"pkcs11:token=second;object=k", "P-256", CM_KEY_SIGN};
    cm_key_t *first, *second;
    cm_keyring_t *ring;

    make_token("second");
    configs[1].name = "second";
    configs[1].uri = "pkcs11:token=second";
    configs[2].name = "absent";
    configs[2].uri = "pkcs11:token=absent";
    assert_done(cm_keyring_make(&ring, configs, 3, pool));
    first = make_key(ring, "k", "P-256");
    assert_done(cm_keyring_generate(&second, ring, &request, pool));
    assert_done(sign_and_verify(first, CM_DIGEST_SHA256, pool));
    assert_done(sign_and_verify(second, CM_DIGEST_SHA256, pool));
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    ck_assert_int_ge(faults->finalizes, 1);
    faults->sign_inits = 0;
    assert_done(sign_and_verify(second, CM_DIGEST_SHA256, pool));
    assert_done(sign_and_verify(first, CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->sign_inits, 2);
}
END_TEST

static void *APR_THREAD_FUNC look_for_absent(apr_thread_t *thread, void *ring)
{
    apr_pool_t *own;

    apr_pool_create_unmanaged_ex(&own, NULL, NULL);
    for (int i = 0; i < 8; i++) {
        cm_keyring_check(ring, own);
    }
    apr_pool_destroy(own);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

START_TEST(restarts_while_others_sign)
{
    cm_token_config_t configs[2] = {token_config("1234"), token_config("1234")};
    cm_keyring_t *ring;
    cm_key_t *key;
    apr_thread_t *thread;
    apr_status_t status;
    const char *error;
    int good;

    configs[0].deadline = apr_time_from_sec(10);
    configs[1].name = "absent";
    configs[1].uri = "pkcs11:token=absent";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    key = make_key(ring, "k", "P-256");
    faults->slow_ms = 5;
    apr_thread_create(&thread, NULL, look_for_absent, ring, pool);
    good = sign_in_threads(key, THREADS, 150, &error);
    apr_thread_join(&status, thread);
    ck_assert_msg(good == THREADS * 150, "%d, %s", good, error);
    ck_assert_int_ge(faults->finalizes, 2);
    ck_assert_int_eq(faults->meetings, 0);
}
END_TEST

START_TEST(one_lost_call_restarts_nothing)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");

    faults->sign_rv = CKR_DEVICE_ERROR;
    faults->sign_times = 1;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->finalizes, 0);
}
END_TEST

/* At once, after one second, after two more, after four more. */
START_TEST(restarts_become_rarer)
{
    cm_keyring_t *ring = make_ring();
    apr_time_t end;

    assert_done(cm_keyring_check(ring, pool));
    faults->gone = 1;
    end = cm_wait_now() + apr_time_from_msec(3900);
    while (cm_wait_now() < end - apr_time_from_msec(400)) {
        assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    }
    ck_assert(cm_wait_now() > end || faults->finalizes <= 3);
    ck_assert_int_ge(faults->finalizes, 1);
}
END_TEST

typedef struct {
    cm_module_t *module;
    unsigned epoch;
} restart_t;

static void *APR_THREAD_FUNC restart(apr_thread_t *thread, void *baton)
{
    const restart_t *what = baton;

    cm_module_restart(what->module, what->epoch, cm_wait_now() + apr_time_from_sec(10));
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void use(cm_module_t *module)
{
    const char *why;

    ck_assert_uint_eq(cm_module_enter(module, cm_wait_now() + apr_time_from_sec(10), &why, pool),
                      CKR_OK);
}

/* Two have seen the same fault while a third was inside; and a fault of before is no new one. */
START_TEST(one_fault_is_one_restart)
{
    cm_module_t *module = cm_module_make(FAULTY_MODULE, pool);
    restart_t what = {module, cm_module_epoch(module)};
    apr_thread_t *threads[2];
    apr_status_t status;

    use(module);
    for (int i = 0; i < 2; i++) {
        apr_thread_create(&threads[i], NULL, restart, &what, pool);
    }
    apr_sleep(apr_time_from_msec(200));
    cm_module_leave(module);
    for (int i = 0; i < 2; i++) {
        apr_thread_join(&status, threads[i]);
    }
    ck_assert_int_eq(faults->finalizes, 1);
    use(module);
    cm_module_leave(module);
    apr_sleep(apr_time_from_msec(1100));
    cm_module_restart(module, what.epoch, cm_wait_now());
    ck_assert_int_eq(faults->finalizes, 1);
    cm_module_restart(module, cm_module_epoch(module), cm_wait_now());
    ck_assert_int_eq(faults->finalizes, 2);
}
END_TEST

START_TEST(another_key_of_the_same_name_is_noticed)
{
    static const char *const away[] = {"--delete-object", "--type", "privkey", "--id", "77", NULL};
    static const char *const public[] = {"--delete-object", "--type", "pubkey", "--id", "77", NULL};
    static const char *const other[] = {
        "--keypairgen", "--key-type", "EC:secp256r1", "--label", "k", "--id", "77", NULL};
    cm_key_request_t request = {"pkcs11:token=certmgr;object=k;id=%77", "P-256", CM_KEY_SIGN};
    cm_key_t *key;

    assert_done(cm_keyring_generate(&key, make_ring(), &request, pool));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    pkcs11_tool(away);
    pkcs11_tool(public);
    faults->drop_sessions = 1;
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_NOT_FOUND, NULL);
    pkcs11_tool(other);
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(nothing_is_called_before_the_first_use)
{
    apr_pool_t *sub;
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;

    apr_pool_create(&sub, pool);
    assert_done(cm_keyring_make(&ring, &config, 1, sub));
    ck_assert_int_eq(faults->initializes, 0);
    assert_done(cm_keyring_check(ring, pool));
    ck_assert_int_eq(faults->initializes, 1);
    apr_pool_destroy(sub);
    ck_assert_int_eq(faults->finalizes, 1);
}
END_TEST

START_TEST(a_forked_child_leaves_the_module_alone)
{
    apr_pool_t *sub;
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;
    int status;
    pid_t child;

    apr_pool_create(&sub, pool);
    assert_done(cm_keyring_make(&ring, &config, 1, sub));
    assert_done(cm_keyring_check(ring, pool));
    child = fork();
    if (child == 0) {
        apr_pool_destroy(sub);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(faults->finalizes, 0);
    assert_done(cm_keyring_check(ring, pool));
}
END_TEST

START_TEST(a_module_of_somebody_else_is_not_finalised)
{
    void *library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
    CK_C_GetFunctionList list = NULL;
    CK_FUNCTION_LIST *theirs;
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;
    apr_pool_t *sub;
    CK_INFO info;

    ck_assert_ptr_nonnull(library);
    *(void **)&list = dlsym(library, "C_GetFunctionList");
    ck_assert_uint_eq(list(&theirs), CKR_OK);
    ck_assert_uint_eq(theirs->C_Initialize(NULL), CKR_OK);
    apr_pool_create(&sub, pool);
    assert_done(cm_keyring_make(&ring, &config, 1, sub));
    assert_done(sign_and_verify(make_key(ring, "k", "P-256"), CM_DIGEST_SHA256, pool));
    faults->gone = 1;
    assert_refused(cm_keyring_check(ring, pool), CM_E_TOKEN, NULL);
    faults->gone = 0;
    assert_done(cm_keyring_check(ring, pool));
    apr_pool_destroy(sub);
    ck_assert_int_eq(faults->finalizes, 0);
    ck_assert_uint_eq(theirs->C_GetInfo(&info), CKR_OK);
    theirs->C_Finalize(NULL);
}
END_TEST

TCase *replug_case(void)
{
    TCase *tcase = token_case("replug");

    tcase_add_loop_test(tcase, a_token_goes_and_comes_back, 0, 2);
    tcase_add_test(tcase, sessions_open_but_do_not_work);
    tcase_add_test(tcase, threads_do_not_notice_a_short_absence);
    tcase_add_test(tcase, another_token_outlives_the_restart);
    tcase_add_test(tcase, handles_of_before_a_restart_are_void);
    tcase_add_test(tcase, restarts_while_others_sign);
    tcase_add_test(tcase, one_lost_call_restarts_nothing);
    tcase_add_test(tcase, restarts_become_rarer);
    tcase_add_test(tcase, one_fault_is_one_restart);
    tcase_add_test(tcase, another_key_of_the_same_name_is_noticed);
    tcase_add_test(tcase, nothing_is_called_before_the_first_use);
    tcase_add_test(tcase, a_forked_child_leaves_the_module_alone);
    tcase_add_test(tcase, a_module_of_somebody_else_is_not_finalised);
    return tcase;
}
