/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies along paths, with OpenSSL as the measure: what it says of random paths, we say too.
 */
#include "pki/policies.h"

#include <apr_strings.h>
#include <openssl/x509_vfy.h>

#include "base/ossl.h"
#include "unit/pki/suite.h"

enum { LONGEST = 5, PATHS = 400 };

#define A "1.2.3.1"
#define B "1.2.3.2"
#define C "1.2.3.3"

/* A certificate in words: OIDs are policies, OID>OID a mapping, "explicit=0", "mapping=0", "any=0"
 * limits, "self" one that is self-issued. */
typedef struct {
    test_key_t keys[LONGEST];
    cm_cert_t *certs[LONGEST]; /* the root first */
    STACK_OF(X509) * chain;
    X509 *root, *leaf;
    int count;
} path_t;

static void set_limit(cm_policy_limits_t *limits, const char *word)
{
    int number = (int)apr_atoi64(strchr(word, '=') + 1);

    *(*word == 'e'   ? &limits->require_explicit
      : *word == 'm' ? &limits->inhibit_mapping
                     : &limits->inhibit_any) = number;
}

static void put_mapping(cm_der_writer_t *writer, const char *word)
{
    const char *arrow = strchr(word, '>');

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, apr_pstrmemdup(pool, word, (apr_size_t)(arrow - word)));
    cm_der_put_oid(writer, arrow + 1);
    cm_der_end(writer);
}

/* Returns whether it is self-issued. */
static int describe(cm_cert_spec_t *spec, const char *words)
{
    cm_policy_limits_t *limits =
        apr_pmemdup(pool, &(cm_policy_limits_t){-1, -1, -1}, sizeof *limits);
    apr_array_header_t *policies = apr_array_make(pool, 2, sizeof(cm_policy_t));
    apr_array_header_t *extra = apr_array_make(pool, 1, sizeof(cm_ext_t));
    cm_der_writer_t *writer = cm_der_writer(pool);
    char *state, *word = apr_strtok(apr_pstrdup(pool, words), " ", &state);
    int is_self = 0, maps = strchr(words, '>') != NULL;

    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (; word; word = apr_strtok(NULL, " ", &state)) {
        if (strcmp(word, "self") == 0) {
            is_self = 1;
        } else if (strchr(word, '=')) {
            set_limit(limits, word);
        } else if (strchr(word, '>')) {
            put_mapping(writer, word);
        } else {
            APR_ARRAY_PUSH(policies, cm_policy_t) = (cm_policy_t){word, NULL, NULL};
        }
    }
    cm_der_end(writer);
    if (maps) {
        APR_ARRAY_PUSH(extra, cm_ext_t) =
            (cm_ext_t){CM_OID_POLICY_MAPPINGS, 1, cm_der_written(writer)};
    }
    spec->policies = policies;
    spec->limits = limits;
    spec->extra = extra;
    return is_self;
}

/* One more certificate below those there are; the first is the root. */
static void append(path_t *path, const char *words, int is_ca)
{
    int i = path->count++, above = i ? i - 1 : 0;
    cm_cert_spec_t spec = test_spec(&path->keys[above], &path->keys[i]);
    int is_self = describe(&spec, words);
    X509 *cert;

    spec.is_ca = is_ca;
    spec.key_usage = is_ca ? CM_KU_KEY_CERT_SIGN : CM_KU_DIGITAL_SIGNATURE;
    spec.issuer = i ? path->certs[above]->subject->der : test_name("Authority 0");
    spec.subject = !i || is_self ? spec.issuer : test_name(apr_psprintf(pool, "Authority %d", i));
    assert_done(cm_cert_parse(&path->certs[i], test_cert(&spec, &path->keys[above]), pool));
    cert = test_x509(path->certs[i]->der);
    sk_X509_push(path->chain, cert);
    path->root = i ? path->root : cert;
    path->leaf = cert;
}

static void begin(path_t *path)
{
    path->count = 0;
    path->chain = sk_X509_new_null();
    append(path, "", 1);
}

static int openssl_allows(const path_t *path)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    int result;

    X509_STORE_add_cert(store, path->root);
    ck_assert_int_eq(X509_STORE_CTX_init(ctx, store, path->leaf, path->chain), 1);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), apr_time_sec(TEST_NOW));
    /* without it OpenSSL wants no policy at all to be good enough, and finds none */
    X509_VERIFY_PARAM_add0_policy(X509_STORE_CTX_get0_param(ctx), OBJ_nid2obj(NID_any_policy));
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_POLICY_CHECK);
    result = X509_verify_cert(ctx);
    ck_assert_msg(result == 1 || X509_STORE_CTX_get_error(ctx) == X509_V_ERR_NO_EXPLICIT_POLICY ||
                      X509_STORE_CTX_get_error(ctx) == X509_V_ERR_INVALID_POLICY_EXTENSION,
                  "%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx)));
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    return result == 1;
}

/* Of the last certificate, below the others. */
static int we_allow(const path_t *path)
{
    apr_array_header_t *above = apr_array_make(pool, LONGEST, sizeof(const cm_cert_t *));
    cm_policy_says_t says;
    cm_policy_path_t line;

    for (int i = path->count - 3; i >= 0; i--) {
        APR_ARRAY_PUSH(above, const cm_cert_t *) = path->certs[i];
    }
    assert_done(cm_policy_read(&says, path->certs[path->count - 1], pool));
    cm_policy_path(&line, path->certs[path->count - 2], above, pool);
    return cm_policy_path_allows(&line, &says, pool);
}

static void make_keys(path_t *path)
{
    for (int i = 0; i < LONGEST; i++) {
        path->keys[i] = test_key("P-256");
    }
}

START_TEST(paths_that_were_thought_of)
{
    static const struct {
        const char *certs[LONGEST - 1]; /* below the root */
        int passes;
    } cases[] = {
        {{"", ""}, 1},
        {{"explicit=0", ""}, 0},
        {{A " explicit=0", A}, 1},
        {{A " explicit=0", B}, 0},
        {{CM_OID_ANY_POLICY " explicit=0", B}, 1},
        {{A " explicit=1", A, ""}, 0},
        {{A " explicit=1", ""}, 0}, /* 6.1.5 (a) */
        {{A " explicit=2", ""}, 1},
        {{A " explicit=2", "", ""}, 0},
        {{A " explicit=1", "", A}, 0},
        {{A " explicit=0", "self " A, A}, 1},
        {{A " explicit=0 any=0", CM_OID_ANY_POLICY, A}, 0},
        {{A " explicit=0 any=1", CM_OID_ANY_POLICY, A}, 1},
        {{A " explicit=0 any=0", "self " CM_OID_ANY_POLICY, A}, 1},
        {{A " explicit=0 " A ">" B, B}, 1},
        {{A " explicit=0 " A ">" B, A}, 0},
        {{A " explicit=0 mapping=0", A " " A ">" B, B}, 0},
        {{A " explicit=0 mapping=1", A " " A ">" B, B}, 1},
        {{A " " CM_OID_ANY_POLICY ">" B, A}, 0},
    };
    path_t path;

    make_keys(&path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(&path);
        for (int k = 0; k < LONGEST - 1 && cases[i].certs[k]; k++) {
            append(&path, cases[i].certs[k], k + 2 < LONGEST && cases[i].certs[k + 1] != NULL);
        }
        ck_assert_msg(openssl_allows(&path) == cases[i].passes, "%d: OpenSSL", (int)i);
        ck_assert_msg(we_allow(&path) == cases[i].passes, "%d", (int)i);
        sk_X509_free(path.chain);
    }
}
END_TEST

/* The constants are those of Numerical Recipes. */
static unsigned draw(unsigned *state, unsigned end)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 16) % end;
}

static const char *draw_words(unsigned *state, int is_ca)
{
    static const char *const oids[] = {A, B, C, CM_OID_ANY_POLICY};
    static const char *const limits[] = {"explicit=%u ", "mapping=%u ", "any=%u "};
    const char *words = is_ca && !draw(state, 6) ? "self " : "";

    for (int i = 0; i < 4; i++) {
        if (!draw(state, i < 3 ? 2 : 4)) {
            words = apr_pstrcat(pool, words, oids[i], " ", NULL);
        }
    }
    for (int i = 0; is_ca && i < 3; i++) {
        if (i ? !draw(state, 3) : draw(state, 4)) {
            words = apr_pstrcat(pool, words, apr_psprintf(pool, limits[i], draw(state, 3)), NULL);
        }
    }
    if (is_ca && !draw(state, 3)) {
        unsigned from = draw(state, 3), to = (from + 1 + draw(state, 2)) % 3;

        words = apr_pstrcat(pool, words, oids[from], ">", oids[to], NULL);
    }
    return words;
}

/* OpenSSL 3.0 lets a mapping take up a policy that stands for an anyPolicy which is
 * inhibited: 6.1.4 (b) has no such node. */
static int is_as_openssl_says(const path_t *path, int ours, const char *said)
{
    int theirs = openssl_allows(path);

    return ours == theirs || (theirs && strstr(said, "any=") && strchr(said, '>'));
}

/* What an authority is asked for is whether anything below it can be valid: what has every policy.
 */
START_TEST(random_paths_end_as_with_openssl)
{
    unsigned state = 20261122;
    int allowed = 0;
    path_t path;

    make_keys(&path);
    for (int i = 0; i < PATHS; i++) {
        const char *said = "";

        begin(&path);
        for (unsigned more = 1 + draw(&state, LONGEST - 2); more > 0; more--) {
            const char *words = draw_words(&state, 1);

            said = apr_pstrcat(pool, said, words, " | ", NULL);
            append(&path, words, 1);
        }
        if (draw(&state, 2)) {
            int ours = we_allow(&path);

            append(&path, A " " B " " C " " CM_OID_ANY_POLICY, 0);
            ck_assert_msg(is_as_openssl_says(&path, ours, said), "an authority: %s", said);
        } else {
            const char *words = draw_words(&state, 0);

            append(&path, words, 0);
            ck_assert_msg(is_as_openssl_says(&path, we_allow(&path), said), "%s%s", said, words);
        }
        allowed += openssl_allows(&path);
        sk_X509_free(path.chain);
    }
    ck_assert_int_gt(allowed, PATHS / 4);
    ck_assert_int_lt(allowed, PATHS * 3 / 4);
}
END_TEST

/* Limits of a trust anchor count, its policies don't. */
START_TEST(the_anchor_limits)
{
    path_t path;

    make_keys(&path);
    path.count = 0;
    path.chain = sk_X509_new_null();
    append(&path, A " explicit=0 any=0", 1);
    append(&path, B, 1);
    append(&path, B, 0);
    ck_assert_int_eq(we_allow(&path), 1);
    path.count--;
    append(&path, "", 0);
    ck_assert_int_eq(we_allow(&path), 0);
    path.count--;
    append(&path, CM_OID_ANY_POLICY, 0);
    ck_assert_int_eq(we_allow(&path), 0);
    sk_X509_free(path.chain);
}
END_TEST

/* An authority whose extension can't be read has nothing valid below it. */
START_TEST(what_cannot_be_read)
{
    static const struct {
        const char *oid, *hex;
        int is_wrong;
    } cases[] = {
        {CM_OID_POLICIES, "3000", 1},
        {CM_OID_POLICIES, "3005 3003 020100", 1},
        {CM_OID_POLICIES, "3006 3004 06022a03", 0},
        {CM_OID_POLICY_CONSTRAINTS, "3003 8001ff", 1},
        {CM_OID_POLICY_CONSTRAINTS, "3006 810100 800100", 1},
        {CM_OID_POLICY_CONSTRAINTS, "3006 800100 810100", 0},
        {CM_OID_INHIBIT_ANY_POLICY, "0201ff", 1},
        {CM_OID_INHIBIT_ANY_POLICY, "020100 0500", 1},
        {CM_OID_INHIBIT_ANY_POLICY, "020100", 0},
        {CM_OID_POLICY_MAPPINGS, "3006 3004 06022a03", 1},
        {CM_OID_POLICY_MAPPINGS, "300a 3008 06022a03 06022a04", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_ext_t));
        const cm_name_t name = {cm_bytes_make("0", 1), NULL};
        const cm_cert_t cert = {.extensions = list, .subject = &name, .is_ca = 1};
        cm_policy_says_t says;
        cm_policy_path_t line;
        cm_error_t *error;

        APR_ARRAY_PUSH(list, cm_ext_t) = (cm_ext_t){cases[i].oid, 1, test_hex(cases[i].hex)};
        error = cm_policy_read(&says, &cert, pool);
        cm_policy_path(&line, &cert, NULL, pool);
        ck_assert_int_eq(line.is_broken, cases[i].is_wrong);
        if (cases[i].is_wrong) {
            assert_refused(error, CM_E_VALUE, "extension.syntax");
        } else {
            assert_done(error);
        }
    }
}
END_TEST

TCase *policies_case(void)
{
    TCase *tests = unit_case("policies");

    tcase_add_test(tests, paths_that_were_thought_of);
    tcase_add_test(tests, random_paths_end_as_with_openssl);
    tcase_add_test(tests, the_anchor_limits);
    tcase_add_test(tests, what_cannot_be_read);
    return tests;
}
