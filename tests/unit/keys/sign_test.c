/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/keys/fixture.h"
#include "unit/keys/suite.h"

static const char *const algorithms[] = {"P-256",    "P-384",    "P-521",
                                         "RSA-2048", "RSA-3072", "RSA-4096"};

START_TEST(every_algorithm_signs_with_every_digest)
{
    cm_key_t *key = make_key(make_ring(), "k", algorithms[_i]);

    ck_assert_str_eq(cm_key_algorithm(key), algorithms[_i]);
    ck_assert_str_eq(cm_key_uri(key), "pkcs11:token=certmgr;object=k");
    for (int digest = CM_DIGEST_SHA256; digest <= CM_DIGEST_SHA512; digest++) {
        for (int i = 0; i < 8; i++) {
            assert_done(sign_and_verify(key, (cm_digest_t)digest, pool));
        }
    }
}
END_TEST

START_TEST(a_hash_of_the_wrong_length_is_refused)
{
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    cm_bytes_t signature;

    assert_refused(
        cm_key_sign_digest(&signature, key, CM_DIGEST_SHA384, cm_bytes_of_text("too short"), pool),
        CM_E_INTERNAL, NULL);
}
END_TEST

START_TEST(a_key_is_found_by_label_and_by_id)
{
    cm_keyring_t *ring = make_ring();
    cm_key_request_t request = {"pkcs11:token=certmgr;object=a%20b;id=%00%01", "P-256",
                                CM_KEY_SIGN};
    cm_key_t *made;
    cm_key_t *key;
    cm_key_t *again;

    assert_done(cm_keyring_generate(&made, ring, &request, pool));
    assert_done(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;id=%00%01", pool));
    ck_assert(cm_bytes_equal(cm_key_spki(key), cm_key_spki(made)));
    assert_done(cm_keyring_find(&again, ring, "pkcs11:token=certmgr;id=%00%01", pool));
    ck_assert_ptr_eq(key, again);
    assert_done(cm_keyring_find(&key, ring, "pkcs11:object=a%20b", pool));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=a", pool),
                   CM_E_NOT_FOUND, NULL);
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=other;object=a%20b", pool),
                   CM_E_NOT_FOUND, NULL);
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr", pool), CM_E_CONFIG,
                   "key.uri");
}
END_TEST

START_TEST(foreign_keys_are_passed_over)
{
    cm_keyring_t *ring = make_ring();
    cm_key_t *key = make_key(ring, "mine", "P-256");
    static const char *const ed25519[] = {
        "--keypairgen", "--key-type", "EC:edwards25519", "--label", "ed", "--id", "77", NULL};
    static const char *const secp256k1[] = {"--keypairgen", "--key-type", "EC:secp256k1", "--label",
                                            "koblitz",      "--id",       "78",           NULL};
    static const char *const namesake[] = {
        "--keypairgen", "--key-type", "EC:edwards25519", "--label", "mine", "--id", "7b", NULL};
    static const char *const small[] = {"--keypairgen", "--key-type", "rsa:1024", "--label",
                                        "small",        "--id",       "79",       NULL};
    static const char *const aes[] = {"--keygen", "--key-type", "AES:32", "--label",
                                      "mine",     "--id",       "7a",     NULL};

    pkcs11_tool(ed25519);
    pkcs11_tool(secp256k1);
    pkcs11_tool(small);
    pkcs11_tool(aes);
    pkcs11_tool(namesake);
    ring = make_ring();
    assert_done(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=mine", pool));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=ed", pool), CM_E_CONFIG,
                   NULL);
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=koblitz", pool),
                   CM_E_CONFIG, NULL);
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=small", pool),
                   CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(two_keys_of_one_name_are_ambiguous)
{
    cm_keyring_t *ring = make_ring();
    cm_key_t *key = make_key(ring, "twin", "P-256");
    static const char *const twin[] = {"--keypairgen", "--key-type", "EC:secp256r1", "--label",
                                       "twin",         "--id",       "77",           NULL};

    pkcs11_tool(twin);
    ring = make_ring();
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=twin", pool),
                   CM_E_CONFIG, NULL);
    assert_done(cm_keyring_find(&key, ring, "pkcs11:token=certmgr;object=twin;id=%77", pool));
}
END_TEST

START_TEST(several_tokens_and_empty_slots)
{
    cm_token_config_t configs[2] = {token_config("1234"), token_config("1234")};
    cm_key_request_t request = {"pkcs11:token=second;object=k", "P-256", CM_KEY_SIGN};
    cm_keyring_t *ring;
    cm_key_t *first;
    cm_key_t *second;

    make_token("second");
    faults->empty_slots = 1;
    configs[1].name = "other";
    configs[1].uri = "pkcs11:token=second";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    assert_done(cm_keyring_check(ring, pool));
    first = make_key(ring, "k", "P-256");
    assert_done(cm_keyring_generate(&second, ring, &request, pool));
    ck_assert(!cm_bytes_equal(cm_key_spki(first), cm_key_spki(second)));
    assert_done(sign_and_verify(first, CM_DIGEST_SHA256, pool));
    assert_done(sign_and_verify(second, CM_DIGEST_SHA256, pool));
    assert_refused(cm_keyring_find(&first, ring, "pkcs11:object=k", pool), CM_E_CONFIG, NULL);
    ck_assert_int_eq(faults->initializes, 1);
}
END_TEST

/* SoftHSM always has one to be initialised. */
START_TEST(an_uninitialised_token_is_passed_over)
{
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;

    config.uri = "pkcs11:model=SoftHSM%20v2";
    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    assert_done(cm_keyring_check(ring, pool));
}
END_TEST

/* Nothing in the URI says in which of them the key is. */
START_TEST(an_absent_token_hides_no_other)
{
    cm_token_config_t configs[2] = {token_config("1234"), token_config("1234")};
    cm_key_t *key = make_key(make_ring(), "k", "P-256");
    cm_keyring_t *ring;

    configs[0].name = "absent";
    configs[0].uri = "pkcs11:serial=absent";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    assert_done(cm_keyring_find(&key, ring, "pkcs11:object=k", pool));
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
    assert_refused(cm_keyring_find(&key, ring, "pkcs11:object=other", pool), CM_E_TOKEN, NULL);
}
END_TEST

START_TEST(a_signature_has_its_length)
{
    cm_key_t *key = make_key(make_ring(), "k", algorithms[_i]);

    faults->short_by = 1;
    assert_refused(sign_and_verify(key, CM_DIGEST_SHA256, pool), CM_E_TOKEN, NULL);
    faults->short_by = 0;
    assert_done(sign_and_verify(key, CM_DIGEST_SHA256, pool));
}
END_TEST

START_TEST(two_tokens_that_match_are_ambiguous)
{
    faults->twice = 1;
    assert_refused(cm_keyring_check(make_ring(), pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(tokens_are_listed)
{
    cm_token_config_t configs[2] = {token_config("1234"), token_config("1234")};
    apr_array_header_t *infos;
    cm_keyring_t *ring;

    configs[1].name = "absent";
    configs[1].uri = "pkcs11:token=absent";
    assert_done(cm_keyring_make(&ring, configs, 2, pool));
    assert_done(cm_keyring_tokens(&infos, ring, pool));
    ck_assert_int_eq(infos->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(infos, 0, cm_token_info_t *)->label, "certmgr");
    ck_assert_str_eq(APR_ARRAY_IDX(infos, 0, cm_token_info_t *)->model, "SoftHSM v2");
    ck_assert_str_eq(APR_ARRAY_IDX(infos, 0, cm_token_info_t *)->state, "ready");
    ck_assert_str_eq(APR_ARRAY_IDX(infos, 1, cm_token_info_t *)->label, "");
    ck_assert_str_eq(APR_ARRAY_IDX(infos, 1, cm_token_info_t *)->state, "unreachable");
}
END_TEST

START_TEST(a_module_that_is_none_is_named)
{
    cm_token_config_t config = token_config("1234");
    cm_keyring_t *ring;
    cm_error_t *error;

    config.module = "/nowhere/module.so";
    assert_done(cm_keyring_make(&ring, &config, 1, pool));
    error = cm_keyring_check(ring, pool);
    assert_refused(error, CM_E_TOKEN, NULL);
    ck_assert_int_gt(error->retry_after, 0);
    ck_assert(strstr(error->log_detail, "/nowhere/module.so"));
    config.uri = "pkcs11:token=certmgr;object=k";
    assert_refused(cm_keyring_make(&ring, &config, 1, pool), CM_E_CONFIG, NULL);
    assert_refused(cm_keyring_make(&ring, &config, 0, pool), CM_E_CONFIG, NULL);
}
END_TEST

TCase *sign_case(void)
{
    TCase *tcase = token_case("sign");

    tcase_add_loop_test(tcase, every_algorithm_signs_with_every_digest, 0,
                        sizeof algorithms / sizeof *algorithms);
    tcase_add_test(tcase, a_hash_of_the_wrong_length_is_refused);
    tcase_add_test(tcase, a_key_is_found_by_label_and_by_id);
    tcase_add_test(tcase, foreign_keys_are_passed_over);
    tcase_add_test(tcase, two_keys_of_one_name_are_ambiguous);
    tcase_add_test(tcase, several_tokens_and_empty_slots);
    tcase_add_test(tcase, two_tokens_that_match_are_ambiguous);
    tcase_add_test(tcase, an_uninitialised_token_is_passed_over);
    tcase_add_test(tcase, an_absent_token_hides_no_other);
    tcase_add_loop_test(tcase, a_signature_has_its_length, 2, 4); /* P-521 and RSA-2048 */
    tcase_add_test(tcase, tokens_are_listed);
    tcase_add_test(tcase, a_module_that_is_none_is_named);
    return tcase;
}
