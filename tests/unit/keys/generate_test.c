/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

static cm_error_t *generate(const char *uri, const char *algorithm, int uses)
{
    cm_key_request_t request = {uri, algorithm, uses};
    cm_key_t *key;

    return cm_keyring_generate(&key, make_ring(), &request, pool);
}

START_TEST(the_private_key_stays_in_the_token)
{
    static const char *const list[] = {"--list-objects", "--type", "privkey", NULL};
    const char *said;

    assert_done(generate("pkcs11:token=certmgr;object=k", "P-256", CM_KEY_SIGN));
    pkcs11_tool(list);
    said = (const char *)unit_file(apr_pstrcat(pool, token_folder, "/log", NULL)).data;
    ck_assert_ptr_nonnull(strstr(said, "sensitive, always sensitive, never extractable, local"));
}
END_TEST

START_TEST(a_token_that_lets_keys_out_is_refused)
{
    cm_key_t *key;

    faults->extractable = 1;
    assert_refused(generate("pkcs11:token=certmgr;object=k", "P-256", CM_KEY_SIGN), CM_E_CONFIG,
                   NULL);
    faults->extractable = 0;
    assert_refused(cm_keyring_find(&key, make_ring(), "pkcs11:token=certmgr;object=k", pool),
                   CM_E_NOT_FOUND, NULL);
    assert_done(generate("pkcs11:token=certmgr;object=k", "P-256", CM_KEY_SIGN));
}
END_TEST

START_TEST(nothing_is_overwritten)
{
    assert_done(generate("pkcs11:token=certmgr;object=k;id=%77", "P-256", CM_KEY_SIGN));
    assert_refused(generate("pkcs11:token=certmgr;object=k", "P-256", CM_KEY_SIGN), CM_E_CONFLICT,
                   NULL);
    assert_refused(generate("pkcs11:token=certmgr;object=l;id=%77", "P-256", CM_KEY_SIGN),
                   CM_E_CONFLICT, NULL);
    assert_done(generate("pkcs11:token=certmgr;object=l", "P-256", CM_KEY_SIGN));
}
END_TEST

START_TEST(requests_are_checked)
{
    const char *uri = "pkcs11:token=certmgr;object=k";

    assert_refused(generate("pkcs11:object=k", "P-256", CM_KEY_SIGN), CM_E_CONFIG, "key.uri");
    assert_refused(generate("pkcs11:token=certmgr", "P-256", CM_KEY_SIGN), CM_E_CONFIG, "key.uri");
    assert_refused(generate("pkcs11:token=other;object=k", "P-256", CM_KEY_SIGN), CM_E_CONFIG,
                   NULL);
    assert_refused(generate(uri, "RSA-1024", CM_KEY_SIGN), CM_E_VALUE, "key.algorithm");
    assert_refused(generate(uri, "P-256", 0), CM_E_VALUE, "key.uses");
    assert_refused(generate(uri, "P-256", CM_KEY_DECRYPT), CM_E_VALUE, "key.uses");
    assert_refused(generate(uri, "RSA-2048", CM_KEY_DERIVE), CM_E_VALUE, "key.uses");
    assert_done(generate(uri, "P-256", CM_KEY_DERIVE | CM_KEY_SIGN));
}
END_TEST

START_TEST(a_key_for_decryption_does_not_sign)
{
    cm_key_request_t request = {"pkcs11:token=certmgr;object=k", "RSA-2048", CM_KEY_DECRYPT};
    cm_key_t *key;

    assert_done(cm_keyring_generate(&key, make_ring(), &request, pool));
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(one_session_is_enough)
{
    cm_keyring_t *ring = make_ring();
    cm_key_t *key;

    faults->max_sessions = 1;
    assert_done(cm_keyring_check(ring, pool));
    key = make_key(ring, "k", "P-256");
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    key = make_key(ring, "l", "P-256");
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    ck_assert_int_eq(faults->most_sessions, 1);
}
END_TEST

TCase *generate_case(void)
{
    TCase *tcase = token_case("generate");

    tcase_add_test(tcase, the_private_key_stays_in_the_token);
    tcase_add_test(tcase, a_token_that_lets_keys_out_is_refused);
    tcase_add_test(tcase, nothing_is_overwritten);
    tcase_add_test(tcase, requests_are_checked);
    tcase_add_test(tcase, a_key_for_decryption_does_not_sign);
    tcase_add_test(tcase, one_session_is_enough);
    return tcase;
}
