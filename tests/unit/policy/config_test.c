/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"

#include <strings.h>

#include "policy/identity.h"
#include "unit/policy/suite.h"

static cm_config_t *fresh(void)
{
    cm_config_t *config;

    assert_done(cm_config_make(&config, pool));
    return config;
}

static cm_error_t *set_one(cm_config_t *config, const char *name, const char *word)
{
    return cm_config_set(config, name, 1, &word, pool);
}

START_TEST(the_table_is_whole)
{
    for (const cm_setting_t *setting = cm_settings(); setting->name; setting++) {
        ck_assert(strncmp(setting->name, "CertMgr", 7) == 0);
        ck_assert(*setting->about);
        ck_assert_int_le(setting->min, setting->max);
        for (const cm_setting_t *other = cm_settings(); other < setting; other++) {
            ck_assert_int_ne(strcasecmp(other->name, setting->name), 0);
            ck_assert_uint_ne(other->offset, setting->offset);
        }
    }
}
END_TEST

START_TEST(defaults_are_in_place)
{
    cm_config_t *config = fresh();

    ck_assert_int_eq(config->token_sessions, 8);
    ck_assert_int_eq(config->token_deadline, 5);
    ck_assert_int_eq(config->database_deadline, 5);
    ck_assert_int_eq(config->audit_interval, 2);
    ck_assert_int_eq(config->crl_gather, 3);
    ck_assert_int_eq(config->crl_validity, 86400);
    ck_assert_int_eq(config->ocsp_validity, 3600);
    ck_assert_int_eq(config->ocsp_certificate_validity, 14 * 86400);
    ck_assert_int_eq(config->tokens->nelts, 0);
    ck_assert(!config->url && !config->audit_key && !config->audit_heads);
}
END_TEST

START_TEST(good_values_are_taken)
{
    static const char *const words[] = {"hsm-1", "/usr/lib/softhsm/libsofthsm2.so",
                                        "pkcs11:token=ca", "file:/etc/pin"};
    static const char *const open_words[] = {"open", "/x.so", "pkcs11:token=x", "none"};
    cm_config_t *config = fresh();
    char word[] = "https://pki.example.test:8443/certmgr";

    assert_done(set_one(config, "certmgrURL", word));
    *word = 'X'; /* it was copied */
    ck_assert_str_eq(config->url, "https://pki.example.test:8443/certmgr");
    assert_done(set_one(config, "CertMgrURL", "http://[2001:db8::1]/ca"));
    ck_assert_str_eq(config->url, "http://[2001:db8::1]/ca");
    assert_done(set_one(config, "CertMgrAuditKey", "pkcs11:token=ca;object=audit"));
    assert_done(set_one(config, "CertMgrAuditHeads", "/var/log/heads"));
    assert_done(set_one(config, "CertMgrTokenSessions", "256"));
    assert_done(set_one(config, "CertMgrCRLGather", "0s"));
    assert_done(set_one(config, "CertMgrCRLValidity", "366d"));
    ck_assert_int_eq(config->token_sessions, 256);
    ck_assert_int_eq(config->crl_gather, 0);
    ck_assert_int_eq(config->crl_validity, 31622400);
    assert_done(cm_config_set(config, "CertMgrToken", 4, words, pool));
    assert_done(cm_config_set(config, "CertMgrToken", 4, open_words, pool));
    ck_assert_int_eq(config->tokens->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(config->tokens, 0, cm_config_token_t).pin, "file:/etc/pin");
    ck_assert_ptr_null(APR_ARRAY_IDX(config->tokens, 1, cm_config_token_t).pin);
    assert_done(cm_config_check(config, pool));
}
END_TEST

START_TEST(bad_values_are_named)
{
    static const struct {
        const char *name, *word, *said;
    } samples[] = {
        {"CertMgrURL", "", "http: or https:"},
        {"CertMgrURL", "ldap://x/y", "http: or https:"},
        {"CertMgrURL", "https://x/", "closing slash"},
        {"CertMgrURL", "https://x/y?z", "query"},
        {"CertMgrURL", "https://u:p@x/y", "http: or https:"},
        {"CertMgrURL", "https:///y", "http: or https:"},
        {"CertMgrURL", "https://x/\xc3\xab", "http: or https:"},
        {"CertMgrURL", "https://x/a b", "http: or https:"},
        {"CertMgrAuditKey", "audit", "PKCS#11 URI"},
        {"CertMgrAuditKey", "pkcs11:", "PKCS#11 URI"},
        {"CertMgrAuditKey", "pkcs11:object=a;object=b", "PKCS#11 URI"},
        {"CertMgrAuditKey", "pkcs11:token=%zz", "PKCS#11 URI"},
        {"CertMgrAuditHeads", "logs/heads", "absolute path"},
        {"CertMgrTokenSessions", "0", "from 1 to 256"},
        {"CertMgrTokenSessions", "257", "from 1 to 256"},
        {"CertMgrTokenSessions", "8 ", "from 1 to 256"},
        {"CertMgrTokenDeadline", "0s", "from 1s to 5m"},
        {"CertMgrTokenDeadline", "301s", "from 1s to 5m"},
        {"CertMgrTokenDeadline", "5", "duration"},
        {"CertMgrOCSPCertificateValidity", "59m", "from 1h to 366d"},
    };
    cm_config_t *config = fresh();

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_error_t *error = set_one(config, samples[i].name, samples[i].word);

        assert_refused(error, CM_E_CONFIG, "config.value");
        ck_assert_msg(strncmp(error->message, samples[i].name, strlen(samples[i].name)) == 0 &&
                          strstr(error->message, samples[i].said),
                      "%s", error->message);
    }
    ck_assert_int_eq(config->token_sessions, 8);
    ck_assert_ptr_null(config->url);
}
END_TEST

START_TEST(a_text_has_a_limit)
{
    char path[1026];

    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[1025] = '\0';
    assert_refused(set_one(fresh(), "CertMgrAuditHeads", path), CM_E_CONFIG, "config.value");
    path[1024] = '\0';
    assert_done(set_one(fresh(), "CertMgrAuditHeads", path));
}
END_TEST

START_TEST(bad_tokens_are_named_without_their_pin)
{
    static const struct {
        const char *words[4];
        const char *said;
    } samples[] = {
        {{"", "/m.so", "pkcs11:token=a", "none"}, "a name"},
        {{"a b", "/m.so", "pkcs11:token=a", "none"}, "a name"},
        {{"a", "m.so", "pkcs11:token=a", "none"}, "absolute path"},
        {{"a", "/m.so", "token=a", "none"}, "PKCS#11 URI"},
        {{"a", "/m.so", "pkcs11:token=a", "hunter2"}, "the PIN is expected as"},
        {{"a", "/m.so", "pkcs11:token=a", "file:pin"}, "the PIN is expected as"},
        {{"a", "/m.so", "pkcs11:token=a", "env:"}, "the PIN is expected as"},
    };
    cm_config_t *config = fresh();

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        cm_error_t *error = cm_config_set(config, "CertMgrToken", 4, samples[i].words, pool);

        assert_refused(error, CM_E_CONFIG, "config.value");
        ck_assert_msg(strstr(error->message, samples[i].said) != NULL, "%s", error->message);
        ck_assert_ptr_null(strstr(cm_error_text(error, pool), "hunter2"));
    }
    ck_assert_int_eq(config->tokens->nelts, 0);
}
END_TEST

START_TEST(tokens_are_counted_and_have_names_of_their_own)
{
    cm_config_t *config = fresh();
    char name[] = "a";
    const char *words[] = {name, "/m.so", "pkcs11:token=a", "none"};

    for (; *name < 'a' + 16; ++*name) {
        assert_done(cm_config_set(config, "CertMgrToken", 4, words, pool));
    }
    assert_refused(cm_config_set(config, "CertMgrToken", 4, words, pool), CM_E_CONFIG,
                   "config.value");
    *name = 'b';
    assert_refused(cm_config_set(config, "CertMgrToken", 4, words, pool), CM_E_CONFIG,
                   "config.token-duplicate");
}
END_TEST

START_TEST(unknown_names_and_wrong_counts)
{
    static const char *const words[] = {"a", "/m.so", "pkcs11:token=a"};
    cm_config_t *config = fresh();

    assert_refused(set_one(config, "CertMgrUrls", "x"), CM_E_NOT_FOUND, "config.unknown");
    assert_refused(cm_config_set(config, "CertMgrURL", 2, words, pool), CM_E_CONFIG,
                   "config.words");
    assert_refused(cm_config_set(config, "CertMgrURL", 0, NULL, pool), CM_E_CONFIG, "config.words");
    assert_refused(cm_config_set(config, "CertMgrToken", 3, words, pool), CM_E_CONFIG,
                   "config.words");
}
END_TEST

START_TEST(proxies_are_addresses_and_networks)
{
    static const char *const good[] = {"192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "::1"};
    static const char *const bad[] = {"",           "localhost",   "10.1",      "192.0.2.7/33",
                                      "192.0.2.7/", "192.0.2.7/0", "::1/129",   "192.0.2.7/x",
                                      "all",        "192.0.2.256", "192.0.2.7 "};
    static const struct {
        const char *address;
        int is_proxy;
    } peers[] = {{"192.0.2.7", 1},    {"192.0.2.8", 0},     {"198.51.100.255", 1},
                 {"198.51.101.0", 0}, {"2001:db8:1::2", 1}, {"2001:db9::2", 0},
                 {"::1", 1},          {"::2", 0},           {"::ffff:192.0.2.7", 1}};
    cm_config_t *config = fresh();
    apr_sockaddr_t *peer;

    for (apr_size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused(set_one(config, "CertMgrTrustedProxy", bad[i]), CM_E_CONFIG, "config.value");
    }
    ck_assert_int_eq(config->proxies->nelts, 0);
    for (apr_size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_done(set_one(config, "CertMgrTrustedProxy", good[i]));
    }
    for (apr_size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        ck_assert_int_eq(apr_sockaddr_info_get(&peer, peers[i].address, APR_UNSPEC, 0, 0, pool),
                         APR_SUCCESS);
        ck_assert_msg(!!cm_config_is_proxy(config, peer) == peers[i].is_proxy, "%s",
                      peers[i].address);
    }
}
END_TEST

START_TEST(what_is_missing_is_listed)
{
    cm_config_t *config = fresh();
    const char *text = cm_error_text(cm_config_check(config, pool), pool);

    assert_refused(cm_config_check(config, pool), CM_E_CONFIG, "config.missing");
    ck_assert(strstr(text, "CertMgrURL") && strstr(text, "CertMgrToken") &&
              strstr(text, "CertMgrAuditKey"));
    assert_done(set_one(config, "CertMgrURL", "https://x/y"));
    ck_assert_ptr_null(strstr(cm_error_text(cm_config_check(config, pool), pool), "CertMgrURL"));
}
END_TEST

START_TEST(roles_and_groups_come_by_expression)
{
    static const char *const officer[] = {"officer", "true", "group=web"};
    static const char *const group[] = {"web.1", "%{reqenv:A} == 'b'"};
    static const char *const name[] = {"%{reqenv:NAME}", "", "true"};
    cm_config_t *config = fresh();
    const cm_config_claim_t *claim;

    assert_done(cm_config_set(config, "CertMgrRole", 2, officer, pool));
    assert_done(cm_config_set(config, "CertMgrRole", 3, officer, pool));
    assert_done(cm_config_set(config, "CertMgrGroup", 2, group, pool));
    assert_done(cm_config_set(config, "CertMgrRegister", 2, name, pool));
    assert_done(cm_config_set(config, "CertMgrRegister", 3, name, pool));
    ck_assert_int_eq(config->role_claims->nelts, 2);
    claim = &APR_ARRAY_IDX(config->role_claims, 0, cm_config_claim_t);
    ck_assert(claim->role == CM_ROLE_OFFICER && !claim->group);
    ck_assert_str_eq(claim->condition, "true");
    ck_assert_str_eq(APR_ARRAY_IDX(config->role_claims, 1, cm_config_claim_t).group, "web");
    claim = &APR_ARRAY_IDX(config->memberships, 0, cm_config_claim_t);
    ck_assert(claim->role == 0);
    ck_assert_str_eq(claim->group, "web.1");
    ck_assert_ptr_null(APR_ARRAY_IDX(config->registrations, 0, cm_config_registration_t).condition);
    ck_assert_str_eq(APR_ARRAY_IDX(config->registrations, 1, cm_config_registration_t).condition,
                     "true");
}
END_TEST

START_TEST(bad_roles_and_groups_are_refused)
{
    static const struct {
        const char *name;
        int count;
        const char *words[4];
        const char *rule;
    } samples[] = {
        {"CertMgrRole", 1, {"officer"}, "config.words"},
        {"CertMgrRole", 2, {"officr", "true"}, "config.value"},
        {"CertMgrRole", 2, {"member", "true"}, "config.value"},
        {"CertMgrRole", 3, {"officer", "true", "web"}, "config.value"},
        {"CertMgrRole", 3, {"officer", "true", "group="}, "config.value"},
        {"CertMgrRole", 3, {"officer", "true", "group=a b"}, "config.value"},
        {"CertMgrRole", 4, {"officer", "true", "group=a", "more"}, "config.words"},
        {"CertMgrGroup", 1, {"web"}, "config.words"},
        {"CertMgrGroup", 2, {"we/b", "true"}, "config.value"},
        {"CertMgrGroup", 3, {"web", "true", "more"}, "config.words"},
        {"CertMgrRegister", 0, {NULL}, "config.words"},
        {"CertMgrRegister", 4, {"name", "mail", "true", "more"}, "config.words"},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_refused(
            cm_config_set(fresh(), samples[i].name, samples[i].count, samples[i].words, pool),
            CM_E_CONFIG, samples[i].rule);
    }
}
END_TEST

TCase *config_case(void)
{
    TCase *tcase = unit_case("config");

    tcase_add_test(tcase, the_table_is_whole);
    tcase_add_test(tcase, defaults_are_in_place);
    tcase_add_test(tcase, roles_and_groups_come_by_expression);
    tcase_add_test(tcase, bad_roles_and_groups_are_refused);
    tcase_add_test(tcase, good_values_are_taken);
    tcase_add_test(tcase, bad_values_are_named);
    tcase_add_test(tcase, a_text_has_a_limit);
    tcase_add_test(tcase, bad_tokens_are_named_without_their_pin);
    tcase_add_test(tcase, tokens_are_counted_and_have_names_of_their_own);
    tcase_add_test(tcase, unknown_names_and_wrong_counts);
    tcase_add_test(tcase, proxies_are_addresses_and_networks);
    tcase_add_test(tcase, what_is_missing_is_listed);
    return tcase;
}
