/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys that the records, or a list, know something about; and what is not sound is not signed.
 */
#include "flow/keycheck.h"

#include <apr_file_io.h>
#include <apr_strings.h>

#include "flow/govern.h"
#include "flow/sign.h"
#include "pki/csr.h"
#include "unit/flow/fixture.h"
#include "unit/flow/suite.h"

static cm_error_t *enroll_with(cm_request_view_t **view, const char *csr)
{
    const cm_submission_t submission = {.operation = CM_OP_ENROLL, .profile = "user", .csr = csr};

    return cm_request_submit(view, ctx, &submission);
}

static cm_pubkey_t *key_of(const char *csr)
{
    cm_pubkey_t *key;

    assert_done(cm_key_of_file(&key, cm_bytes_of_text(csr), pool));
    return key;
}

/* The request is refused at /csr for this alone, and nothing is signed. */
static void refuses(const char *csr, const char *rule)
{
    const char *before = sql_value("SELECT count(*) FROM certificate");
    cm_request_view_t *view;
    cm_error_t *error = enroll_with(&view, csr);

    assert_refused(error, CM_E_REFUSED, rule);
    ck_assert_str_eq(error->field, "/csr");
    ck_assert_ptr_nonnull(error->hint);
    ck_assert_ptr_null(error->also);
    ck_assert_str_eq(sql_value("SELECT count(*) FROM certificate"), before);
}

START_TEST(a_key_belongs_to_one_person)
{
    const char *csr = new_csr();
    cm_request_view_t *view;

    act_as("user1");
    assert_done(enroll_with(&view, csr));
    assert_done(enroll_with(&view, csr)); /* one's own key again */
    act_as("user2");
    refuses(csr, "key.taken");
    assert_done(enroll_with(&view, new_csr()));
}
END_TEST

START_TEST(a_revoked_certificate_keeps_its_key)
{
    const char *csr = new_csr();
    cm_request_view_t *view;

    act_as("user1");
    assert_done(enroll_with(&view, csr));
    sql("UPDATE certificate SET status = 'revoked', reason = 4, revoked_at = 1 WHERE owner IS NOT "
        "NULL");
    act_as("user2");
    refuses(csr, "key.taken");
}
END_TEST

START_TEST(the_keys_of_the_installation_are_taken)
{
    cm_issuer_t *issuer;
    cm_pubkey_t *key;

    act_as("user1");
    assert_done(cm_issuer_open(&issuer, ctx, "ca"));
    assert_done(cm_pubkey_parse(&key, issuer->cert->spki, pool));
    assert_refused(cm_key_check(ctx, key, ctx->who->person->id), CM_E_REFUSED, "key.taken");
    assert_done(cm_key_check(ctx, key, NULL));
}
END_TEST

static cm_error_t *revoke_it(const char *certificate, const char *reason)
{
    const cm_submission_t submission = {.operation = CM_OP_REVOKE,
                                        .certificate = certificate,
                                        .reason = reason,
                                        .remarks = "published by mistake"};
    cm_request_view_t *view;

    return cm_request_submit(&view, ctx, &submission);
}

START_TEST(a_revocation_for_compromise_reports_the_key)
{
    const char *csr = new_csr(), *other = new_csr();
    cm_request_view_t *view;

    act_as("user1");
    assert_done(enroll_with(&view, csr));
    assert_done(revoke_it(view->certificate->id, "keyCompromise"));
    refuses(csr, "key.compromised");
    assert_done(enroll_with(&view, other));
    assert_done(revoke_it(view->certificate->id, "superseded"));
    assert_done(enroll_with(&view, other));
    ck_assert_str_eq(sql_value("SELECT count(*) FROM compromised_key"), "1");
}
END_TEST

/* By a command, while the installation is being set up. */
static void report_key(const char *csr)
{
    json_t *change = cm_json_object(pool);
    const cm_submission_t submission = {
        .operation = CM_OP_CHANGE, .kind = "key.compromised", .change = change};
    const cm_identity_t *who = ctx->who;
    cm_request_view_t *view;

    cm_json_set_text(change, "key", csr);
    ctx->who = NULL;
    assert_done(cm_govern_change(&view, ctx, &submission, NULL));
    ctx->who = who;
}

START_TEST(a_report_counts_for_all)
{
    const char *csr = new_csr();
    cm_request_view_t *view;

    act_as("user1");
    assert_done(enroll_with(&view, csr));
    report_key(csr);
    refuses(csr, "key.compromised");
    assert_done(revoke_it(view->certificate->id, "keyCompromise")); /* reported already */

    act_as("user2"); /* both are said */
    {
        cm_error_t *error = enroll_with(&view, csr);

        assert_refused(error, CM_E_REFUSED, "key.compromised");
        assert_refused(error->also, CM_E_REFUSED, "key.taken");
    }
}
END_TEST

START_TEST(files_that_hold_no_public_key)
{
    static const char *const samples[] = {
        "", "hello", "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"};
    cm_pubkey_t *key;

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assert_refused(cm_key_of_file(&key, cm_bytes_of_text(samples[i]), pool), CM_E_VALUE,
                       "key.file");
    }
}
END_TEST

static const char *written(const char *name, const char *text)
{
    const char *path = apr_pstrcat(pool, folder, "/", name, NULL);
    apr_size_t len = strlen(text);
    apr_file_t *file;

    ck_assert(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                            APR_FPROT_OS_DEFAULT, pool) == APR_SUCCESS);
    ck_assert(apr_file_write_full(file, text, len, NULL) == APR_SUCCESS);
    apr_file_close(file);
    return path;
}

/* The list is made by the recipe of Debian's package, with the tools it names. */
START_TEST(a_list_of_weak_keys)
{
    const char *key = apr_pstrcat(pool, folder, "/weak.key", NULL);
    const char *list = apr_pstrcat(pool, folder, "/weak.list", NULL);
    const char *recipe = apr_psprintf(
        pool,
        "openssl genrsa -out '%s' 2048 2>/dev/null && { echo '# header';"
        " echo 00112233445566778899; openssl rsa -in '%s' -modulus -noout | sha1sum |"
        " cut -c21-40; } > '%s' && openssl req -new -key '%s' -subj /CN=x -out '%s.csr'",
        key, key, list, key, key);
    const char *const arguments[] = {"/bin/sh", "-c", recipe, NULL};
    cm_request_view_t *view;
    const char *csr;

    run(arguments);
    csr = (const char *)unit_file(apr_pstrcat(pool, key, ".csr", NULL)).data;
    act_as("user1");
    config->weak_keys = list;
    refuses(csr, "key.debian");
    config->weak_keys = written("other.list", "00112233445566778899\n");
    assert_done(enroll_with(&view, csr));
    config->weak_keys = "/nonexistent/weak.list";
    assert_refused(enroll_with(&view, csr), CM_E_CONFIG, NULL);
    config->weak_keys = written("empty.list", "");
    assert_refused(enroll_with(&view, csr), CM_E_CONFIG, NULL);
    config->weak_keys = NULL;
    assert_done(enroll_with(&view, csr));
}
END_TEST

/* A spec that the writer lets through and the check does not: a day past the authority's end. */
START_TEST(what_is_not_sound_is_not_signed)
{
    cm_pubkey_t *key = key_of(new_csr());
    cm_cert_spec_t spec = {.spki = key->spki, .key_id = key->id};
    cm_certificate_t *made = NULL;
    cm_issuer_t *issuer;

    assert_done(cm_issuer_open(&issuer, ctx, "ca"));
    spec.subject = issuer->cert->subject->der;
    spec.key_usage = CM_KU_DIGITAL_SIGNATURE;
    spec.not_before = ctx->now;
    spec.not_after = issuer->cert->not_after + apr_time_from_sec(86400);
    assert_refused(cm_issuer_sign(&made, issuer, &spec, ctx), CM_E_REFUSED, "lint.validity-issuer");
    ck_assert_ptr_null(made);
    spec.not_after = issuer->cert->not_after;
    assert_done(cm_issuer_sign(&made, issuer, &spec, ctx));
    ck_assert_ptr_nonnull(made);
}
END_TEST

TCase *keycheck_case(void)
{
    TCase *tests = flow_case("keycheck");

    tcase_add_test(tests, a_key_belongs_to_one_person);
    tcase_add_test(tests, a_revoked_certificate_keeps_its_key);
    tcase_add_test(tests, the_keys_of_the_installation_are_taken);
    tcase_add_test(tests, a_revocation_for_compromise_reports_the_key);
    tcase_add_test(tests, a_report_counts_for_all);
    tcase_add_test(tests, files_that_hold_no_public_key);
    tcase_add_test(tests, a_list_of_weak_keys);
    tcase_add_test(tests, what_is_not_sound_is_not_signed);
    return tests;
}
