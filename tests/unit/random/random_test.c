/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates from random profiles and requests: whatever the rules let through passes the check
 * before signing, and OpenSSL and GnuTLS read it. CERTMGR_RANDOM sets how many (default 1000),
 * CERTMGR_SEED another seed.
 */
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "policy/lint.h"
#include "unit/random/random.h"

enum { COUNT = 1000, GNUTLS_SAMPLES = 200, SEED = 20261122 };

#define NOW apr_time_from_sec(1795363426) /* 2026-11-22T16:03:46Z */

const char unit_name[] = "random";
const unit_case_fn unit_cases[] = {certificates_case, NULL};

/* Who issues, and what happened so far. */
typedef struct {
    random_key_t keys[RANDOM_KEYS];
    random_key_t ca;
    cm_cert_t issuer;
    int issued, refused, contradictions;
    apr_file_t *pem; /* for certtool */
    int samples;
    const char *pem_path;
} run_t;

static apr_int64_t number_of(const char *variable, apr_int64_t initial)
{
    char *text;

    return apr_env_get(&text, variable, pool) == APR_SUCCESS ? apr_atoi64(text) : initial;
}

static void set_up_issuer(run_t *run)
{
    cm_name_t *name;

    make_keys(run->keys);
    run->ca = run->keys[0];
    assert_done(cm_name_read(&name, "CN=Issuer,O=Example", pool));
    run->issuer.subject = run->issuer.issuer = name;
    run->issuer.spki = run->ca.key->spki;
    run->issuer.ski = run->ca.key->id;
    run->issuer.is_ca = 1;
    run->issuer.key_usage = CM_KU_KEY_CERT_SIGN;
    run->issuer.not_before = NOW - apr_time_from_sec(30);
    run->issuer.not_after = NOW + apr_time_from_sec(APR_INT64_C(86400) * 3000);
    run->issuer.extensions = apr_array_make(pool, 1, sizeof(cm_ext_t));
}

/* OpenSSL reads the very same bytes, finds no extension it can't make sense of, and verifies. */
static void read_with_openssl(const run_t *run, cm_bytes_t der, const char *seed)
{
    const unsigned char *at = der.data;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    unsigned char *again = NULL;
    int len;

    ck_assert_msg(cert && at == der.data + der.len, "%s: OpenSSL can't read it", seed);
    ck_assert_msg(!(X509_get_extension_flags(cert) & (EXFLAG_INVALID | EXFLAG_CRITICAL)),
                  "%s: OpenSSL finds an extension invalid", seed);
    ck_assert_msg(X509_verify(cert, run->ca.pkey) == 1, "%s: the signature is wrong", seed);
    len = i2d_X509(cert, &again);
    ck_assert_msg(cm_bytes_equal(der, cm_bytes_make(again, (apr_size_t)len)), "%s: not DER", seed);
    OPENSSL_free(again);
    X509_free(cert);
}

static void issue(run_t *run, cm_cert_spec_t *spec, const cm_profile_t *profile, dice_t *dice,
                  const char *seed)
{
    unsigned char random[CM_SERIAL_RANDOM];
    cm_bytes_t tbs, der;
    cm_lint_in_t in;
    cm_cert_t *cert;
    cm_error_t *error;

    for (int i = 0; i < CM_SERIAL_RANDOM; i++) {
        random[i] = (unsigned char)draw(dice, 256);
    }
    spec->serial = cm_serial_make(random, dice->pool);
    spec->sigalg = cm_sigalg_with(run->ca.key->algorithm, profile->signature_hash);
    spec->issuer = run->issuer.subject->der;
    spec->issuer_key_id = run->issuer.ski;
    error = cm_cert_tbs(&tbs, spec, dice->pool);
    ck_assert_msg(!error, "%s: %s", seed, error ? cm_error_text(error, pool) : "");
    in = (cm_lint_in_t){tbs, spec->sigalg, &run->issuer, NULL, profile};
    error = cm_lint(&in, dice->pool);
    ck_assert_msg(!error, "%s: %s", seed, error ? cm_error_text(error, pool) : "");
    assert_done(cm_signed_wrap(&der, tbs, spec->sigalg,
                               sign(&run->ca, spec->sigalg, tbs, dice->pool), dice->pool));
    assert_done(cm_cert_parse(&cert, der, dice->pool));
    read_with_openssl(run, der, seed);
    if (run->samples < GNUTLS_SAMPLES) {
        apr_file_puts(cm_cert_pem(der, dice->pool), run->pem);
        run->samples++;
    }
    run->issued++;
}

/* One throw of the dice. Refusals must say why. */
static void throw_dice(run_t *run, apr_uint64_t seed, apr_pool_t *once_pool)
{
    dice_t dice = {seed * APR_UINT64_C(0x2545f4914f6cdd1d), once_pool};
    const random_key_t *key = &run->keys[1 + draw(&dice, RANDOM_KEYS - 1)];
    cm_evaluate_in_t in = {.issuer = &run->issuer, .ca = "issuing", .now = NOW};
    const char *name = apr_psprintf(once_pool, "seed %" APR_UINT64_T_FMT, seed);
    cm_profile_t *profile;
    cm_cert_spec_t *spec;
    cm_csr_t *csr;
    cm_error_t *error =
        cm_profile_parse(&profile, draw_profile(&dice, key->key->algorithm), once_pool);

    if (error) {
        ck_assert_msg(error->field != NULL, "%s: %s", name, cm_error_text(error, pool));
        run->contradictions++;
        return;
    }
    error = cm_csr_parse(&csr, draw_csr(&dice, key), once_pool);
    ck_assert_msg(!error, "%s: %s", name, error ? cm_error_text(error, pool) : "");
    assert_done(cm_csr_verify(csr, once_pool));
    draw_wishes(&dice, &in);
    in.profile = profile;
    in.csr = csr;
    error = cm_evaluate(&spec, &in, once_pool);
    if (error) {
        ck_assert_msg(error->field && error->rule, "%s: %s", name, cm_error_text(error, pool));
        run->refused++;
        return;
    }
    issue(run, spec, profile, &dice, name);
}

/* certtool reads all of a file's certificates in one run. */
static void read_with_gnutls(const run_t *run)
{
    const char *command =
        apr_psprintf(pool, "certtool -i --infile '%s' | grep -c '^X.509 Certificate Information'",
                     run->pem_path);
    const char *const arguments[] = {"/bin/sh", "-c", command, NULL};
    char answer[32] = "";
    apr_size_t len = sizeof answer - 1;
    apr_procattr_t *attributes;
    apr_proc_t process;
    apr_exit_why_e why;
    int code;

    ck_assert(apr_procattr_create(&attributes, pool) == APR_SUCCESS);
    apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    ck_assert(apr_proc_create(&process, "/bin/sh", arguments, NULL, attributes, pool) ==
              APR_SUCCESS);
    apr_file_read(process.out, answer, &len);
    apr_proc_wait(&process, &code, &why, APR_WAIT);
    ck_assert_msg(apr_atoi64(answer) == run->samples, "certtool read %s of %d certificates", answer,
                  run->samples);
}

START_TEST(what_is_let_through_is_sound)
{
    apr_int64_t count = number_of("CERTMGR_RANDOM", COUNT);
    apr_uint64_t seed = (apr_uint64_t)number_of("CERTMGR_SEED", SEED);
    apr_pool_t *once_pool;
    run_t run = {.samples = 0};
    const char *temp;

    set_up_issuer(&run);
    ck_assert(apr_temp_dir_get(&temp, pool) == APR_SUCCESS);
    run.pem_path = apr_pstrcat(pool, temp, "/certmgr-random-XXXXXX", NULL);
    ck_assert(apr_file_mktemp(&run.pem, (char *)run.pem_path, 0, pool) == APR_SUCCESS);
    apr_pool_create(&once_pool, pool);
    while (run.issued < count) {
        throw_dice(&run, seed++, once_pool);
        apr_pool_clear(once_pool);
        ck_assert_msg(run.refused + run.contradictions < 100 * (run.issued + 100),
                      "almost nothing is issued");
    }
    read_with_gnutls(&run);
    apr_file_close(run.pem);
    apr_file_remove(run.pem_path, pool);
    printf("%d certificates issued, %d requests refused, %d profiles that contradict themselves\n",
           run.issued, run.refused, run.contradictions);
}
END_TEST

TCase *certificates_case(void)
{
    TCase *tests = unit_case("certificates");

    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, what_is_let_through_is_sound);
    return tests;
}
