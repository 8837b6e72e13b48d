/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"

#include <apr_cstr.h>
#include <apr_env.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>
#include <arpa/inet.h>
#include <stddef.h>

#include "base/secret.h"
#include "base/text.h"
#include "keys/token.h"
#include "keys/uri.h"
#include "policy/identity.h"

#define CM_SETTING(name, kind, member, min, max, initial, about)                                   \
    {name, kind, offsetof(cm_config_t, member), min, max, initial, about},
static const cm_setting_t settings[] = {
#include "policy/settings.def"
    {NULL, CM_SETTING_PATH, 0, 0, 0, NULL, NULL}};
#undef CM_SETTING

const cm_setting_t *cm_settings(void)
{
    return settings;
}

static cm_error_t *refuse(const char *directive, const char *why, const char *rule,
                          apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_CONFIG, "%s: %s", directive, why), NULL, rule);
}

static cm_error_t *refuse_value(const cm_setting_t *setting, const char *value,
                                const char *accepted, apr_pool_t *pool)
{
    return refuse(
        setting->name,
        apr_psprintf(pool, "\"%s\" is not accepted: %s", cm_text_escape(value, pool), accepted),
        "config.value", pool);
}

/* Visible ASCII, which is all that a URI holds. */
static int is_visible(const char *text)
{
    for (; *text; text++) {
        if (*text <= ' ' || *text >= 0x7f) {
            return 0;
        }
    }
    return 1;
}

static int is_path(const char *text)
{
    return *text == '/';
}

/* A pool of its own: processes of httpd end without destroying that of the configuration, and what
 * p11-kit allocated would be left over. */
static int is_key(const char *text, apr_pool_t *pool)
{
    apr_pool_t *own;
    cm_uri_t *uri;
    int is_one;

    apr_pool_create(&own, pool);
    is_one = strcmp(text, "pkcs11:") != 0 && !cm_uri_parse(&uri, text, own);
    apr_pool_destroy(own);
    return is_one;
}

static int is_url(const char *text, apr_pool_t *pool)
{
    apr_uri_t uri;

    return *text && is_visible(text) && !strpbrk(text, "?#\"<>\\^`{|}") &&
           text[strlen(text) - 1] != '/' && apr_uri_parse(pool, text, &uri) == APR_SUCCESS &&
           uri.scheme && (strcmp(uri.scheme, "http") == 0 || strcmp(uri.scheme, "https") == 0) &&
           uri.hostname && *uri.hostname && !uri.user;
}

/* Where a PIN comes from, as cm_secret_read takes it. */
static int is_source(const char *text)
{
    return strncmp(text, "file:/", 6) == 0 || strncmp(text, "exec:/", 6) == 0 ||
           (strncmp(text, "env:", 4) == 0 && text[4]);
}

static int is_token_name(const char *text)
{
    if (!*text || strlen(text) > 64) {
        return 0;
    }
    for (; *text; text++) {
        if (!apr_isalnum(*text) && *text != '-' && *text != '_') {
            return 0;
        }
    }
    return 1;
}

static cm_error_t *set_text(void *place, const cm_setting_t *setting, const char *word,
                            apr_pool_t *pool)
{
    const char *accepted = NULL;

    if (setting->kind == CM_SETTING_PATH && !is_path(word)) {
        accepted = "an absolute path is expected";
    } else if (setting->kind == CM_SETTING_KEY && !is_key(word, pool)) {
        accepted = "a PKCS#11 URI such as pkcs11:token=ca;object=audit is expected";
    } else if (setting->kind == CM_SETTING_URL && !is_url(word, pool)) {
        accepted = "an http: or https: URL without query and closing slash is expected";
    } else if ((apr_int64_t)strlen(word) > setting->max) {
        accepted =
            apr_psprintf(pool, "at most %" APR_INT64_T_FMT " bytes are expected", setting->max);
    }
    if (accepted) {
        return refuse_value(setting, word, accepted, pool);
    }
    *(const char **)place = apr_pstrdup(pool, word);
    return NULL;
}

static cm_error_t *set_number(void *place, const cm_setting_t *setting, const char *word,
                              apr_pool_t *pool)
{
    int is_duration = setting->kind == CM_SETTING_DURATION;
    apr_int64_t value = 0;
    cm_error_t *error = is_duration
                            ? cm_text_duration(&value, word, pool)
                            : cm_text_integer(&value, word, setting->min, setting->max, pool);

    if (error || value < setting->min || value > setting->max) {
        const char *accepted =
            is_duration
                ? apr_psprintf(pool, "a duration such as 90s or 1d12h from %s to %s is expected",
                               cm_text_of_duration(setting->min, pool),
                               cm_text_of_duration(setting->max, pool))
                : apr_psprintf(pool,
                               "a number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT
                               " is expected",
                               setting->min, setting->max);

        return refuse_value(setting, word, accepted, pool);
    }
    *(apr_int64_t *)place = value;
    return NULL;
}

static const cm_config_token_t *find_token(const apr_array_header_t *tokens, const char *name)
{
    for (int i = 0; i < tokens->nelts; i++) {
        const cm_config_token_t *token = &APR_ARRAY_IDX(tokens, i, cm_config_token_t);

        if (strcmp(token->name, name) == 0) {
            return token;
        }
    }
    return NULL;
}

static cm_error_t *set_token(apr_array_header_t *tokens, const cm_setting_t *setting,
                             const char *const *words, apr_pool_t *pool)
{
    int needs_pin = strcmp(words[3], "none") != 0;
    cm_config_token_t *token;

    if (!is_token_name(words[0])) {
        return refuse_value(setting, words[0],
                            "a name of 1 to 64 letters, digits, - and _ is expected", pool);
    }
    if (!is_path(words[1])) {
        return refuse_value(setting, words[1], "the absolute path of a PKCS#11 module is expected",
                            pool);
    }
    if (!is_key(words[2], pool)) {
        return refuse_value(setting, words[2], "a PKCS#11 URI such as pkcs11:token=ca is expected",
                            pool);
    }
    /* what stands here may be the PIN itself: it is not repeated */
    if (needs_pin && !is_source(words[3])) {
        return refuse(setting->name,
                      "the PIN is expected as file:/path, env:NAME, exec:/program or none",
                      "config.value", pool);
    }
    if (find_token(tokens, words[0])) {
        return refuse(setting->name, apr_psprintf(pool, "there are two tokens named %s", words[0]),
                      "config.token-duplicate", pool);
    }
    if (tokens->nelts >= setting->max) {
        return refuse(setting->name,
                      apr_psprintf(pool, "more than %" APR_INT64_T_FMT " tokens", setting->max),
                      "config.value", pool);
    }
    token = apr_array_push(tokens);
    token->name = apr_pstrdup(pool, words[0]);
    token->module = apr_pstrdup(pool, words[1]);
    token->uri = apr_pstrdup(pool, words[2]);
    token->pin = needs_pin ? apr_pstrdup(pool, words[3]) : NULL;
    return NULL;
}

static cm_error_t *set_pair(apr_array_header_t *pairs, const cm_setting_t *setting,
                            const char *const *words, apr_pool_t *pool)
{
    cm_config_pair_t *pair;

    if (!*words[0] ||
        strspn(words[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != strlen(words[0])) {
        return refuse_value(setting, words[0], "a name of capitals, digits and _ is expected",
                            pool);
    }
    if (pairs->nelts >= setting->max) {
        return refuse(setting->name,
                      apr_psprintf(pool, "more than %" APR_INT64_T_FMT " variables", setting->max),
                      "config.value", pool);
    }
    pair = apr_array_push(pairs);
    pair->name = apr_pstrdup(pool, words[0]);
    pair->value = apr_pstrdup(pool, words[1]);
    return NULL;
}

/* Whole addresses only: APR would take "10.1" for a network, and so might somebody's typo. */
static int is_network(apr_ipsubnet_t **network, const char *word, apr_pool_t *pool)
{
    const char *slash = strchr(word, '/');
    const char *address = slash ? apr_pstrmemdup(pool, word, (apr_size_t)(slash - word)) : word;
    unsigned char binary[16];
    int is_four = inet_pton(AF_INET, address, binary) == 1;
    apr_int64_t bits;

    if (!is_four && inet_pton(AF_INET6, address, binary) != 1) {
        return 0;
    }
    if (slash && cm_text_integer(&bits, slash + 1, 1, is_four ? 32 : 128, pool)) {
        return 0;
    }
    return apr_ipsubnet_create(network, address, slash ? slash + 1 : NULL, pool) == APR_SUCCESS;
}

static cm_error_t *set_network(apr_array_header_t *networks, const cm_setting_t *setting,
                               const char *word, apr_pool_t *pool)
{
    apr_ipsubnet_t *network;

    if (!is_network(&network, word, pool)) {
        return refuse_value(setting, word,
                            "an address such as 192.0.2.7 or a network such as 192.0.2.0/24 or "
                            "2001:db8::/32 is expected",
                            pool);
    }
    if (networks->nelts >= setting->max) {
        return refuse(setting->name,
                      apr_psprintf(pool, "more than %" APR_INT64_T_FMT " addresses", setting->max),
                      "config.value", pool);
    }
    APR_ARRAY_PUSH(networks, apr_ipsubnet_t *) = network;
    return NULL;
}

static cm_error_t *check_room(const apr_array_header_t *array, const cm_setting_t *setting,
                              apr_pool_t *pool)
{
    if (array->nelts < setting->max) {
        return NULL;
    }
    return refuse(setting->name,
                  apr_psprintf(pool, "more than %" APR_INT64_T_FMT " lines", setting->max),
                  "config.value", pool);
}

/* `group` is a name, `condition` an expression that only the host can parse. */
static cm_error_t *add_claim(apr_array_header_t *claims, const cm_setting_t *setting,
                             const cm_config_claim_t *claim, apr_pool_t *pool)
{
    cm_error_t *error = check_room(claims, setting, pool);

    if (!error && claim->group && !cm_group_is_name(claim->group)) {
        error =
            refuse_value(setting, claim->group,
                         "the name of a group has 1 to 64 letters, digits, dots, - and _", pool);
    }
    if (!error) {
        cm_config_claim_t *added = apr_array_push(claims);

        added->role = claim->role;
        added->group = apr_pstrdup(pool, claim->group);
        added->condition = apr_pstrdup(pool, claim->condition);
    }
    return error;
}

static cm_error_t *set_role(apr_array_header_t *claims, const cm_setting_t *setting,
                            const char *const *words, apr_pool_t *pool)
{
    static const char prefix[] = "group=";
    cm_config_claim_t claim = {cm_role_of(words[0]), NULL, words[1]};

    if (!claim.role) {
        return refuse_value(setting, words[0], "the name of a role is expected", pool);
    }
    if (words[2]) {
        if (strncmp(words[2], prefix, sizeof prefix - 1) != 0) {
            return refuse_value(setting, words[2], "group=NAME is expected", pool);
        }
        claim.group = words[2] + sizeof prefix - 1;
    }
    return add_claim(claims, setting, &claim, pool);
}

static cm_error_t *set_group(apr_array_header_t *claims, const cm_setting_t *setting,
                             const char *const *words, apr_pool_t *pool)
{
    const cm_config_claim_t claim = {0, words[0], words[1]};

    return add_claim(claims, setting, &claim, pool);
}

static cm_error_t *set_registration(apr_array_header_t *registrations, const cm_setting_t *setting,
                                    const char *const *words, apr_pool_t *pool)
{
    cm_error_t *error = check_room(registrations, setting, pool);

    if (!error) {
        cm_config_registration_t *added = apr_array_push(registrations);

        added->name = apr_pstrdup(pool, words[0]);
        added->mail = apr_pstrdup(pool, words[1]);
        added->condition = apr_pstrdup(pool, words[2]);
    }
    return error;
}

int cm_config_is_proxy(const cm_config_t *config, apr_sockaddr_t *peer)
{
    for (int i = 0; i < config->proxies->nelts; i++) {
        if (apr_ipsubnet_test(APR_ARRAY_IDX(config->proxies, i, apr_ipsubnet_t *), peer)) {
            return 1;
        }
    }
    return 0;
}

static cm_error_t *set(cm_config_t *config, const cm_setting_t *setting, const char *const *words,
                       apr_pool_t *pool)
{
    void *place = (char *)config + setting->offset;

    switch (setting->kind) {
    case CM_SETTING_PATH:
    case CM_SETTING_URL:
    case CM_SETTING_KEY:
        return set_text(place, setting, words[0], pool);
    case CM_SETTING_COUNT:
    case CM_SETTING_DURATION:
        return set_number(place, setting, words[0], pool);
    case CM_SETTING_NETWORK:
        return set_network(*(apr_array_header_t **)place, setting, words[0], pool);
    case CM_SETTING_PAIR:
        return set_pair(*(apr_array_header_t **)place, setting, words, pool);
    case CM_SETTING_ROLE:
        return set_role(*(apr_array_header_t **)place, setting, words, pool);
    case CM_SETTING_GROUP:
        return set_group(*(apr_array_header_t **)place, setting, words, pool);
    case CM_SETTING_REGISTER:
        return set_registration(*(apr_array_header_t **)place, setting, words, pool);
    case CM_SETTING_TOKEN:
        return set_token(*(apr_array_header_t **)place, setting, words, pool);
    }
    return NULL;
}

static const cm_setting_t *find(const char *name)
{
    for (const cm_setting_t *setting = settings; setting->name; setting++) {
        if (apr_cstr_casecmp(setting->name, name) == 0) {
            return setting;
        }
    }
    return NULL;
}

cm_error_t *cm_config_make(cm_config_t **config, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    *config = apr_pcalloc(pool, sizeof **config);
    (*config)->token_environment = apr_array_make(pool, 2, sizeof(cm_config_pair_t));
    (*config)->proxies = apr_array_make(pool, 2, sizeof(apr_ipsubnet_t *));
    (*config)->role_claims = apr_array_make(pool, 4, sizeof(cm_config_claim_t));
    (*config)->memberships = apr_array_make(pool, 4, sizeof(cm_config_claim_t));
    (*config)->registrations = apr_array_make(pool, 1, sizeof(cm_config_registration_t));
    (*config)->tokens = apr_array_make(pool, 4, sizeof(cm_config_token_t));
    for (const cm_setting_t *setting = settings; setting->name && !error; setting++) {
        if (*setting->initial) {
            error = set(*config, setting, &setting->initial, pool);
        }
    }
    return error;
}

enum { WORDS_MAX = 4 };

static const struct {
    int min, max;
    const char *words;
} word_counts[] = {
    [CM_SETTING_PATH] = {1, 1, "one word is expected"},
    [CM_SETTING_URL] = {1, 1, "one word is expected"},
    [CM_SETTING_KEY] = {1, 1, "one word is expected"},
    [CM_SETTING_COUNT] = {1, 1, "one word is expected"},
    [CM_SETTING_DURATION] = {1, 1, "one word is expected"},
    [CM_SETTING_NETWORK] = {1, 1, "one word is expected"},
    [CM_SETTING_PAIR] = {2, 2, "two words are expected: name and value"},
    [CM_SETTING_ROLE] = {2, 3, "two or three words are expected: role, expression, group=NAME"},
    [CM_SETTING_GROUP] = {2, 2, "two words are expected: group and expression"},
    [CM_SETTING_REGISTER] = {1, 3, "one to three words are expected: name, mail, for whom"},
    [CM_SETTING_TOKEN] = {4, 4, "four words are expected: name, module, URI, source of the PIN"},
};

cm_error_t *cm_config_set(cm_config_t *config, const char *name, int count,
                          const char *const *words, apr_pool_t *pool)
{
    const cm_setting_t *setting = find(name);
    apr_size_t kind = setting ? (apr_size_t)setting->kind : 0;
    const char *given[WORDS_MAX] = {NULL};

    if (!setting) {
        return cm_error_locate(cm_error_make(pool, CM_E_NOT_FOUND, "%s: no such directive",
                                             cm_text_escape(name, pool)),
                               NULL, "config.unknown");
    }
    if (count < word_counts[kind].min || count > word_counts[kind].max) {
        return refuse(setting->name, word_counts[kind].words, "config.words", pool);
    }
    memcpy(given, words, (size_t)count * sizeof *words);
    return set(config, setting, given, pool);
}

cm_error_t *cm_config_check(const cm_config_t *config, apr_pool_t *pool)
{
    const struct {
        const char *name;
        int is_there;
    } needed[] = {{"CertMgrURL", config->url != NULL},
                  {"CertMgrToken", config->tokens->nelts > 0},
                  {"CertMgrAuditKey", config->audit_key != NULL}};
    cm_error_t *error = NULL;

    for (apr_size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (!needed[i].is_there) {
            error = cm_error_join(
                error, refuse(needed[i].name, "the directive is missing", "config.missing", pool));
        }
    }
    return error;
}

void cm_config_environment(const cm_config_t *config, apr_pool_t *pool)
{
    for (int i = 0; i < config->token_environment->nelts; i++) {
        const cm_config_pair_t *pair =
            &APR_ARRAY_IDX(config->token_environment, i, cm_config_pair_t);

        apr_env_set(pair->name, pair->value, pool);
    }
}

cm_error_t *cm_config_tokens(apr_array_header_t **tokens, const cm_config_t *config,
                             apr_pool_t *pool)
{
    *tokens = apr_array_make(pool, config->tokens->nelts, sizeof(cm_token_config_t));
    for (int i = 0; i < config->tokens->nelts; i++) {
        const cm_config_token_t *line = &APR_ARRAY_IDX(config->tokens, i, cm_config_token_t);
        cm_token_config_t *token = apr_array_push(*tokens);
        cm_secret_t *pin = NULL;
        cm_error_t *error = line->pin ? cm_secret_read(&pin, line->pin, pool) : NULL;

        if (error) {
            return cm_error_wrap(
                refuse("CertMgrToken",
                       apr_psprintf(pool, "the PIN of %s can't be read", line->name), "config.pin",
                       pool),
                error);
        }
        *token = (cm_token_config_t){.name = line->name,
                                     .module = line->module,
                                     .uri = line->uri,
                                     .pin = pin,
                                     .max_sessions = (int)config->token_sessions,
                                     .deadline = apr_time_from_sec(config->token_deadline)};
    }
    return NULL;
}
