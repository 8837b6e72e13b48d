/* SPDX-License-Identifier: Apache-2.0
 *
 * Profiles: read, checked against an authority, and asked for a certificate. The input is the JSON,
 * and behind a NUL each the wishes: subject, an alternative name, validity. What the rules let
 * through is a certificate that the check before signing passes, name constraints apart.
 */
#include <apr_strings.h>

#include "fuzz/fixed.h"
#include "fuzz/target.h"
#include "policy/evaluate.h"
#include "policy/lint.h"
#include "policy/profile_check.h"
#include "policy/profile_diff.h"

/* Each violation says where and why. */
static void check_refusals(const cm_error_t *error)
{
    for (; error; error = error->also) {
        require(*error->message && (error->rule || error->code != CM_E_VALUE));
    }
}

static void check_profile(const cm_profile_t *profile, cm_cert_t *issuer, apr_pool_t *pool)
{
    apr_array_header_t *above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    cm_profile_check_in_t in = {profile, issuer, above, 0, FIXED_NOW};

    check_refusals(cm_profile_check(&in, pool));
    APR_ARRAY_PUSH(above, const cm_cert_t *) = issuer;
    in.has_responder = 1;
    check_refusals(cm_profile_check(&in, pool));
}

/* The next wish, NULL when there is none. */
static const char *next_wish(const char **at, const char *end)
{
    apr_size_t len = (apr_size_t)(end - *at);
    const char *wish = *at;

    if (!len) {
        return NULL;
    }
    *at += strnlen(wish, len);
    *at += *at < end;
    return *wish ? wish : NULL;
}

static cm_csr_t *fixed_csr(apr_pool_t *pool)
{
    cm_csr_t *csr = apr_pcalloc(pool, sizeof *csr);
    apr_array_header_t *san = apr_array_make(pool, 2, sizeof(cm_san_t));
    cm_name_t *name;
    cm_pubkey_t *key;

    require(!cm_pubkey_parse(&key, fixed_spki(pool), pool));
    require(!cm_name_read(&name, "CN=www.example.test,OU=Unit,O=Example,C=NL", pool));
    require(!cm_san_read(apr_array_push(san), "dns:www.example.test", pool));
    require(!cm_san_read(apr_array_push(san), "email:jane@example.test", pool));
    csr->subject = name;
    csr->key = key;
    csr->extensions = apr_array_make(pool, 1, sizeof(cm_ext_t));
    csr->san = san;
    return csr;
}

static void build(cm_cert_spec_t *spec, const cm_evaluate_in_t *in, apr_pool_t *pool)
{
    static const unsigned char random[CM_SERIAL_RANDOM] = {0x41, 1};
    cm_cert_t issuer = *in->issuer;
    cm_bytes_t tbs;

    issuer.extensions = NULL;
    spec->serial = cm_serial_make(random, pool);
    spec->sigalg = cm_sigalg_with("P-256", in->profile->signature_hash);
    spec->issuer = issuer.subject->der;
    spec->issuer_key_id = issuer.ski;
    require(!cm_cert_tbs(&tbs, spec, pool));
    if (in->profile->is_ca && in->profile->san->nelts) {
        return;
    }
    {
        const cm_lint_in_t question = {tbs, spec->sigalg, &issuer, NULL, in->profile};

        require(!cm_lint(&question, pool));
    }
}

static void ask(const cm_profile_t *profile, const cm_cert_t *issuer, const char *wishes,
                const char *end, apr_pool_t *pool)
{
    const cm_person_t person = {.id = "p1", .name = "Jane", .mail = "jane@example.test"};
    apr_array_header_t *san = apr_array_make(pool, 1, sizeof(const char *));
    cm_evaluate_in_t in = {.profile = profile,
                           .csr = fixed_csr(pool),
                           .person = &person,
                           .issuer = issuer,
                           .ca = "issuing",
                           .url = "https://pki.example.test/certmgr",
                           .now = FIXED_NOW};
    cm_cert_spec_t *spec;
    const char *name;
    cm_error_t *error;

    in.subject = next_wish(&wishes, end);
    name = next_wish(&wishes, end);
    in.validity = next_wish(&wishes, end);
    if (name) {
        APR_ARRAY_PUSH(san, const char *) = name;
        in.san = san;
    }
    error = cm_evaluate(&spec, &in, pool);
    check_refusals(error);
    if (!error) {
        build(spec, &in, pool);
    }
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    const char *text = apr_pstrmemdup(pool, (const char *)data, len);
    apr_size_t json_len = strnlen(text, len);
    const char *wishes = text + json_len + (json_len < len);
    cm_bytes_t json = cm_bytes_make((const unsigned char *)text, json_len);
    cm_cert_t *issuer = fixed_issuer(pool);
    cm_profile_t *profile;
    json_t *document;
    cm_error_t *error = cm_profile_parse(&profile, json, pool);

    check_refusals(error);
    if (!error) {
        require(!cm_json_parse(&document, json, pool));
        require(json_array_size(cm_profile_diff(document, document, pool)) == 0);
        require(json_array_size(cm_profile_diff(cm_json_object(pool), document, pool)) > 0);
        check_profile(profile, issuer, pool);
        ask(profile, issuer, wishes, text + len, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
