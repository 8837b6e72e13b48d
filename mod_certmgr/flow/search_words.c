/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_lib.h>
#include <apr_strings.h>
#include <stddef.h>

#include "base/text.h"
#include "flow/search.h"

enum { PART_LEAST = 3, HEX_SHA256 = 64 };

typedef cm_error_t *fold_fn(const char **folded, const char *text, cm_match_t match,
                            apr_pool_t *pool);

static cm_error_t *wrong(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

/* Three letters or digits in a row: what an index of trigrams can look up. */
static int has_part(const char *text)
{
    int run = 0;

    for (; *text && run < PART_LEAST; text++) {
        unsigned char c = (unsigned char)*text;

        if (c >= 0x80 && c < 0xc0) {
            continue; /* within a character */
        }
        run = c >= 0x80 || apr_isalnum(c) ? run + 1 : 0;
    }
    return run >= PART_LEAST;
}

static cm_error_t *fold_exact(const char **folded, const char *text, cm_match_t match,
                              apr_pool_t *pool)
{
    *folded = text;
    if (!*text) {
        return wrong("there is nothing to search for", "search.empty", pool);
    }
    if (match == CM_MATCH_CONTAINS && !has_part(text)) {
        return wrong("contains takes at least three letters or digits in a row", "search.part",
                     pool);
    }
    return NULL;
}

static cm_error_t *fold_text(const char **folded, const char *text, cm_match_t match,
                             apr_pool_t *pool)
{
    return fold_exact(folded, cm_text_lower(text, pool), match, pool);
}

static cm_error_t *fold_hex(const char **folded, const char *text, cm_match_t match,
                            apr_pool_t *pool)
{
    char *digits = apr_pstrdup(pool, text), *out = digits;

    for (; *text; text++) {
        if (apr_isxdigit(*text)) {
            *out++ = (char)apr_tolower(*text);
        } else if (*text != ':' && *text != ' ') {
            return wrong("not hexadecimal digits", "search.hex", pool);
        }
    }
    *out = '\0';
    return fold_exact(folded, digits, match, pool);
}

static cm_error_t *fold_sha256(const char **folded, const char *text, cm_match_t match,
                               apr_pool_t *pool)
{
    cm_error_t *error = fold_hex(folded, text, match, pool);
    apr_size_t len = error ? 0 : strlen(*folded);

    if (len > HEX_SHA256 || (!error && match == CM_MATCH_EQUAL && len != HEX_SHA256)) {
        return wrong("a SHA-256 has 64 hexadecimal digits", "search.length", pool);
    }
    return error;
}

static const struct {
    const char *name;
    apr_size_t word, member;
    fold_fn *fold;
} texts[] = {
    {"serial", offsetof(cm_search_words_t, serial), offsetof(cm_search_t, serial), fold_hex},
    {"cn", offsetof(cm_search_words_t, cn), offsetof(cm_search_t, cn), fold_text},
    {"subscriber", offsetof(cm_search_words_t, subscriber), offsetof(cm_search_t, subscriber),
     fold_exact},
    {"sha256", offsetof(cm_search_words_t, sha256), offsetof(cm_search_t, sha256), fold_sha256}};

static cm_error_t *at(cm_error_t *error, const char *name, apr_pool_t *pool)
{
    return error ? cm_error_locate(error, cm_json_pointer("", name, pool), error->rule) : NULL;
}

static cm_error_t *parse_texts(cm_search_t *search, const cm_search_words_t *words,
                               apr_pool_t *pool)
{
    cm_error_t *errors = NULL;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *word =
            *(const char *const *)(const void *)((const char *)words + texts[i].word);
        const char **folded = (const char **)(void *)((char *)search + texts[i].member);

        if (word) {
            errors = cm_error_join(
                errors, at(texts[i].fold(folded, word, search->match, pool), texts[i].name, pool));
        }
    }
    return errors;
}

/* "dns:host" names the kind; any other colon belongs to the name. */
static cm_error_t *parse_san(cm_search_t *search, const char *word, apr_pool_t *pool)
{
    static const char *const kinds[] = {"dns:", "email:", "ip:", "uri:"};
    const char *folded = cm_text_lower(word, pool);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strncmp(folded, kinds[i], strlen(kinds[i])) == 0) {
            search->san_kind = kinds[i];
            folded += strlen(kinds[i]);
            break;
        }
    }
    return at(fold_exact(&search->san, folded, search->match, pool), "san", pool);
}

static cm_error_t *parse_match(cm_match_t *match, const char *word, apr_pool_t *pool)
{
    static const char *const words[] = {"equal", "begins", "contains"};

    *match = CM_MATCH_EQUAL;
    for (int i = 0; word && i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            *match = (cm_match_t)i;
            return NULL;
        }
    }
    return word ? at(wrong("equal, begins or contains", "search.match", pool), "match", pool)
                : NULL;
}

static cm_error_t *parse_time(apr_time_t *time, const char *word, const char *name,
                              apr_pool_t *pool)
{
    cm_error_t *error = word ? cm_text_parse_time(time, word, pool) : NULL;

    if (!error && word && *time <= 0) {
        error = wrong("a time after 1970", "search.time", pool);
    }
    if (error) {
        *time = 0;
        return cm_error_locate(error, cm_json_pointer("", name, pool), "search.time");
    }
    return NULL;
}

static cm_error_t *parse_status(int *status, const char *word, apr_pool_t *pool)
{
    *status = word ? cm_status_of(word) : -1;
    return word && *status < 0
               ? at(wrong("active, suspended, revoked or expired", "search.status", pool), "status",
                    pool)
               : NULL;
}

cm_error_t *cm_search_parse(cm_search_t *search, const cm_search_words_t *words, apr_pool_t *pool)
{
    cm_error_t *errors = parse_match(&search->match, words->match, pool);
    const char *folded;

    errors = cm_error_join(errors, parse_texts(search, words, pool));
    if (words->san) {
        errors = cm_error_join(errors, parse_san(search, words->san, pool));
    }
    if (words->issuer) {
        errors = cm_error_join(
            errors, at(fold_text(&folded, words->issuer, search->match, pool), "issuer", pool));
    }
    if (words->profile) {
        errors = cm_error_join(
            errors, at(fold_exact(&folded, words->profile, search->match, pool), "profile", pool));
    }
    errors = cm_error_join(errors, parse_status(&search->status, words->status, pool));
    errors = cm_error_join(
        errors, parse_time(&search->expires_after, words->expires_after, "expires_after", pool));
    errors = cm_error_join(
        errors, parse_time(&search->expires_before, words->expires_before, "expires_before", pool));
    if (search->expires_after && search->expires_before &&
        search->expires_after >= search->expires_before) {
        errors = cm_error_join(
            errors, at(wrong("expires_after is not before expires_before", "search.window", pool),
                       "expires_after", pool));
    }
    search->before = words->before;
    search->limit = (int)words->limit;
    return errors;
}

int cm_search_matches(const char *text, const char *wanted, cm_match_t match, apr_pool_t *pool)
{
    const char *folded = cm_text_lower(text, pool);

    switch (match) {
    case CM_MATCH_BEGINS:
        return strncmp(folded, wanted, strlen(wanted)) == 0;
    case CM_MATCH_CONTAINS:
        return strstr(folded, wanted) != NULL;
    default:
        return strcmp(folded, wanted) == 0;
    }
}
