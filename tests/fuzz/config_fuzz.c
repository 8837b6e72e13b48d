/* SPDX-License-Identifier: Apache-2.0
 *
 * Directives as certmgrctl reads them from httpd's files, role expressions among them: lines,
 * words, variables, values. What is refused says where and changes nothing; what is taken is what
 * was written.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/config_line.h"
#include "fuzz/target.h"
#include "policy/config.h"
#include "policy/identity.h"

enum { WORDS = 6 };

/* Written in quotes, a word is read as the same. */
static void check_word(const char *word, apr_pool_t *pool)
{
    char *quoted = apr_palloc(pool, 2 * strlen(word) + 3), *out = quoted;
    const char *line = quoted;

    *out++ = '"';
    for (const char *in = word; *in; in++) {
        if (*in == '"' || *in == '\\') {
            *out++ = '\\';
        }
        *out++ = *in;
    }
    *out++ = '"';
    *out = '\0';
    require(strcmp(cm_config_word(&line, pool), word) == 0 && !*line);
}

/* Whoever reads the log, or a terminal, sees one line. */
static void check_refusal(const cm_error_t *error, apr_pool_t *pool)
{
    const char *text = cm_error_text(error, pool);

    require(*error->message && error->rule);
    for (; *text; text++) {
        require((unsigned char)*text >= ' ' && *text != 0x7f);
    }
}

static int claims_of(const cm_config_t *config)
{
    return config->role_claims->nelts + config->memberships->nelts + config->registrations->nelts;
}

static void check_claims(const cm_config_t *config, const char *name, const char *const *words)
{
    const apr_array_header_t *claims =
        strcasecmp(name, "CertMgrRole") == 0 ? config->role_claims : config->memberships;
    const cm_config_claim_t *claim;

    if (strcasecmp(name, "CertMgrRole") != 0 && strcasecmp(name, "CertMgrGroup") != 0) {
        return;
    }
    claim = &APR_ARRAY_IDX(claims, claims->nelts - 1, cm_config_claim_t);
    require(strcmp(claim->condition, words[1]) == 0);
    require(claims == config->memberships ? claim->group != NULL : claim->role != 0);
    require(!claim->group || cm_group_is_name(claim->group));
}

static void set(cm_config_t *config, const char *line, apr_pool_t *pool)
{
    const char *name = cm_config_word(&line, pool);
    const char *words[WORDS];
    int before = claims_of(config), count = 0;
    cm_error_t *error;

    while (*line && count < WORDS) {
        words[count] = cm_config_word(&line, pool);
        check_word(words[count++], pool);
    }
    error = cm_config_set(config, name, count, words, pool);
    if (error) {
        check_refusal(error, pool);
        require(claims_of(config) == before);
    } else {
        check_claims(config, name, words);
    }
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_config_text_t text = {apr_pstrmemdup(pool, (const char *)data, len), 0, 0};
    apr_table_t *variables = apr_table_make(pool, 1);
    cm_config_t *config;
    const char *line;

    apr_table_setn(variables, "NAME", "a \"value");
    require(!cm_config_make(&config, pool));
    for (int last = 0; (line = cm_config_line(&text)); last = text.line) {
        require(text.first == last + 1 && text.line >= text.first);
        set(config, cm_config_resolve(line, variables, pool), pool);
    }
    (void)cm_config_check(config, pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
