/* SPDX-License-Identifier: Apache-2.0
 *
 * Each rule of the check before signing: a sample that it refuses and a near miss that passes.
 */
#include "unit/policy/lint_question.h"

#include <apr_strings.h>

#define LONG_CN "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl" /* 64 */

/* What a sample does to the question; `near`: it stays just within the rule. */
typedef void change_fn(question_t *q, int near);

static cm_bytes_t dates(const char *from, int from_tag, const char *until, int until_tag)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_text(writer, from_tag, from);
    cm_der_put_text(writer, until_tag, until);
    cm_der_end(writer);
    return cm_der_written(writer);
}

static void version(question_t *q, int near)
{
    q->profile = NULL;
    if (!near) {
        replace(q, VERSION, cm_bytes_make(NULL, 0));
        replace(q, EXTENSIONS, cm_bytes_make(NULL, 0));
    }
}

static void serial(question_t *q, int near)
{
    replace(q, SERIAL, hex(near ? "0209010000000000000000" : "020100"));
}

static void serial_entropy(question_t *q, int near)
{
    q->spec.serial = hex(near ? "400102030405060708" : "4001020304050607");
}

static void signature_algorithm(question_t *q, int near)
{
    q->profile = NULL;
    q->spec.sigalg = cm_sigalg_for_key("P-384");
    q->sigalg = near ? q->spec.sigalg : q->sigalg;
}

static void signature_hash(question_t *q, int near)
{
    q->profile = NULL;
    q->issuer.spki = question_key(near ? "P-384" : "P-521")->spki;
    q->spec.sigalg = q->sigalg = cm_sigalg_for_key("P-384");
}

static void issuer_name(question_t *q, int near)
{
    cm_name_t *name;

    assert_done(cm_name_read(&name, near ? "CN=Issuer,O=Example" : "CN=issuer,O=Example", pool));
    q->spec.issuer = name->der;
}

static void issuer_ca(question_t *q, int near)
{
    q->issuer.key_usage = near ? CM_KU_KEY_CERT_SIGN : CM_KU_CRL_SIGN;
}

static void issuer_path_length(question_t *q, int near)
{
    use_ca(q, near ? 0 : 1);
    q->issuer.has_path_len = 1;
    q->issuer.path_len = 1;
}

static void issuer_constraints(question_t *q, int near)
{
    constrain(q, texts("dns:example.test", "email:example.test"), NULL);
    use_san(q, "email:jane@example.test", near ? "dns:www.example.test" : "dns:wwwexample.test");
}

static void validity_order(question_t *q, int near)
{
    replace(q, VALIDITY,
            dates("261122160346Z", CM_DER_UTC_TIME, near ? "261122160346Z" : "261122160345Z",
                  CM_DER_UTC_TIME));
}

static void validity_encoding(question_t *q, int near)
{
    q->profile = NULL;
    replace(q, VALIDITY,
            dates("261122160346Z", CM_DER_UTC_TIME, near ? "20500101000000Z" : "20491231235959Z",
                  CM_DER_GENERALIZED_TIME));
}

static void validity_issuer(question_t *q, int near)
{
    q->issuer.not_after = q->spec.not_after - (near ? 0 : apr_time_from_sec(1));
    q->issuer.not_before = q->spec.not_before;
}

static void subject(question_t *q, int near)
{
    q->profile = NULL;
    if (near) {
        q->spec.subject = hex("3000");
    } else {
        q->spec.san = NULL;
        replace(q, SUBJECT, hex("3000"));
    }
}

static void subject_encoding(question_t *q, int near)
{
    q->spec.subject = raw_name(CM_DER_UTF8, near ? LONG_CN : LONG_CN "m");
}

static void unique_ids(question_t *q, int near)
{
    const cm_bytes_t parts[] = {q->spec.spki, hex(near ? "" : "81020001")};

    replace(q, KEY, cm_bytes_concat(parts, 2, pool));
}

static void key(question_t *q, int near)
{
    if (!near) { /* Ed25519 */
        replace(q, KEY,
                hex("302a300506032b6570032100"
                    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"));
    }
}

static cm_bytes_t one_bit_off(cm_bytes_t id)
{
    unsigned char *copy = apr_pmemdup(pool, id.data, id.len);

    copy[id.len - 1] ^= 1;
    return cm_bytes_make(copy, id.len);
}

static void authority_key_id(question_t *q, int near)
{
    q->spec.issuer_key_id = near ? q->issuer.ski : one_bit_off(q->issuer.ski);
}

static void subject_key_id(question_t *q, int near)
{
    q->spec.key_id = near ? q->spec.key_id : one_bit_off(q->spec.key_id);
}

static void key_usage(question_t *q, int near)
{
    q->flip = near ? NULL : CM_OID_KEY_USAGE;
}

static void key_cert_sign(question_t *q, int near)
{
    if (near) {
        use_ca(q, -1);
    } else {
        q->profile = NULL;
        add_ext(q, CM_OID_KEY_USAGE, 1, hex("03020284")); /* digitalSignature, keyCertSign */
    }
}

static void key_agreement(question_t *q, int near)
{
    q->profile = NULL;
    q->spec.key_usage |= CM_KU_ENCIPHER_ONLY | (near ? CM_KU_KEY_AGREEMENT : 0);
}

static void key_usage_key(question_t *q, int near)
{
    q->profile = NULL;
    q->spec.key_usage |= near ? CM_KU_KEY_AGREEMENT : CM_KU_KEY_ENCIPHERMENT;
}

static void eku_key_usage(question_t *q, int near)
{
    q->profile = NULL;
    q->spec.key_usage = CM_KU_NON_REPUDIATION;
    q->spec.eku = texts(near ? "emailProtection" : "clientAuth", NULL);
}

static void basic_constraints(question_t *q, int near)
{
    use_ca(q, -1);
    q->flip = near ? NULL : CM_OID_BASIC_CONSTRAINTS;
}

static void path_length(question_t *q, int near)
{
    if (near) {
        use_ca(q, 0);
    } else {
        add_ext(q, CM_OID_BASIC_CONSTRAINTS, 1, hex("3003020100"));
    }
}

static void name_constraints(question_t *q, int near)
{
    use_ca(q, -1);
    q->spec.permitted = texts("dns:example.test", NULL);
    q->flip = near ? NULL : CM_OID_NAME_CONSTRAINTS;
}

static void san_critical(question_t *q, int near)
{
    q->profile = near ? NULL : q->profile;
    q->spec.subject = near ? hex("3000") : q->spec.subject;
    q->flip = near ? NULL : CM_OID_SAN;
}

static void san_encoding(question_t *q, int near)
{
    q->profile = NULL;
    /* "a.test" and "b.test", or the first of them twice */
    add_ext(q, CM_OID_SAN, 0,
            hex(near ? "30108206612e746573748206622e74657374"
                     : "30108206612e746573748206612e74657374"));
}

static void san_type(question_t *q, int near)
{
    q->profile = NULL;
    /* an ediPartyName, or uniformResourceIdentifier "urn:a:b" */
    add_ext(q, CM_OID_SAN, 0, hex(near ? "3009860775726e3a613a62" : "3007a505a1030c0161"));
}

static void san_othername(question_t *q, int near)
{
    q->profile = NULL;
    use_san(q, near ? "othername;1.3.6.1.5.5.7.8.5;utf8:a" : "othername;1.3.6.1.5.5.7.8.5;ia5:a",
            NULL);
}

static void critical(question_t *q, int near)
{
    q->profile = NULL;
    add_ext(q, "1.3.6.1.4.1.99999.1", !near, hex("0500"));
}

static void policies(question_t *q, int near)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(cm_policy_t));

    q->profile = NULL;
    APR_ARRAY_PUSH(list, cm_policy_t) = (cm_policy_t){"1.2.3.4", NULL, NULL};
    APR_ARRAY_PUSH(list, cm_policy_t) = (cm_policy_t){near ? "1.2.3.5" : "1.2.3.4", NULL, NULL};
    q->spec.policies = list;
}

/* A CRL distribution point with the text as its URI. */
static void crl_points(question_t *q, int near)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    for (int i = 0; i < 2; i++) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
    }
    for (int i = 0; i < 2; i++) {
        cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    }
    cm_der_put_text(writer, CM_DER_CONTEXT(6), near ? "ldap://example.test/" : "/issuing.crl");
    for (int i = 0; i < 4; i++) {
        cm_der_end(writer);
    }
    add_ext(q, CM_OID_CRL_POINTS, 0, cm_der_written(writer));
}

static void authority_info(question_t *q, int near)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    for (int i = 0; i < 2; i++) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
    }
    cm_der_put_oid(writer, near ? "1.3.6.1.5.5.7.48.2" : "1.3.6.1.5.5.7.48.3");
    cm_der_put_text(writer, CM_DER_CONTEXT(6), "http://example.test/ca.cer");
    for (int i = 0; i < 2; i++) {
        cm_der_end(writer);
    }
    add_ext(q, CM_OID_AUTHORITY_INFO, 0, cm_der_written(writer));
}

static void profile_key(question_t *q, int near)
{
    q->profile->keys = texts("RSA-2048", near ? "P-256" : "P-384");
}

static void profile_signature_hash(question_t *q, int near)
{
    q->profile->signature_hash = near ? "SHA-512" : "SHA-384";
    q->spec.sigalg = q->sigalg = cm_sigalg_with("P-256", "SHA-512");
}

static void profile_validity(question_t *q, int near)
{
    q->profile->validity.max = 86400 + near; /* a day and its last second */
}

static void profile_key_usage(question_t *q, int near)
{
    q->spec.key_usage |= near ? 0 : CM_KU_NON_REPUDIATION;
}

static void profile_eku(question_t *q, int near)
{
    q->spec.eku = texts(near ? "1.3.6.1.5.5.7.3.2" : "serverAuth", "emailProtection");
}

static void profile_ca(question_t *q, int near)
{
    q->profile->is_ca = 1;
    q->profile->path_len = 2;
    q->profile->key_usage = CM_KU_KEY_CERT_SIGN;
    q->spec.is_ca = q->spec.has_path_len = 1;
    q->spec.key_usage = CM_KU_KEY_CERT_SIGN;
    q->spec.path_len = near ? 2 : 3;
}

static void profile_subject(question_t *q, int near)
{
    cm_name_t *name;

    assert_done(cm_name_read(&name, near ? "CN=Jane" : "CN=Jane,O=Example", pool));
    q->spec.subject = name->der;
}

static void profile_san(question_t *q, int near)
{
    use_san(q, near ? "email:a@example.test" : "ip:192.0.2.1", "dns:a.example.test");
}

static void profile_policies(question_t *q, int near)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(cm_policy_t));

    APR_ARRAY_PUSH(list, cm_policy_t) = (cm_policy_t){"1.2.3.4", NULL, NULL};
    q->profile->policies = list;
    list = apr_array_copy(pool, list);
    APR_ARRAY_IDX(list, 0, cm_policy_t).oid = near ? "1.2.3.4" : "1.2.3.5";
    q->spec.policies = list;
}

static void profile_limits(question_t *q, int near)
{
    static const cm_policy_limits_t asked = {-1, 0, 2}, other = {-1, 0, 1};

    profile_ca(q, 1);
    q->profile->limits = asked;
    q->spec.limits = near ? &asked : &other;
}

static cm_profile_name_t *row_of(const apr_array_header_t *rows, int place)
{
    return &APR_ARRAY_IDX(rows, place, cm_profile_name_t);
}

static void profile_patterns(question_t *q, int near)
{
    row_of(q->profile->san, 1)->patterns = texts(near ? "*.example.test" : "www.*", NULL);
}

static void profile_subject_san(question_t *q, int near)
{
    row_of(q->profile->subject, 0)->from = CM_FROM_SAN;
    q->spec.subject = raw_name(CM_DER_UTF8, near ? "jane.example.test" : "john.example.test");
}

static void profile_critical(question_t *q, int near)
{
    q->spec.critical = texts("extendedKeyUsage", NULL);
    if (near) {
        q->profile->critical = q->spec.critical;
    }
}

static void profile_constraints(question_t *q, int near)
{
    profile_ca(q, 1);
    q->profile->constraints.permitted = texts("dns:example.test", NULL);
    q->spec.permitted = texts(near ? "dns:example.test" : "dns:example.org", NULL);
}

static void profile_addresses(question_t *q, int near)
{
    q->profile->crl_urls = texts("http://other.test/a.crl", NULL);
    q->spec.crl_urls = near ? q->profile->crl_urls : NULL;
}

static void profile_extensions(question_t *q, int near)
{
    q->spec.must_staple = !near;
}

/* What the reader refuses before any rule is asked. */

static void duplicate(question_t *q, int near)
{
    q->profile = NULL;
    q->is_twice = !near;
    add_ext(q, CM_OID_KEY_USAGE, 1, hex("03020780"));
}

static void negative_serial(question_t *q, int near)
{
    replace(q, SERIAL, hex(near ? "020a00ff010203040506070a" : "0209ff010203040506070a"));
}

static void host_name(question_t *q, int near)
{
    q->profile = NULL;
    /* "a-b" or "a_b" */
    add_ext(q, CM_OID_SAN, 0, hex(near ? "30058203612d62" : "30058203615f62"));
}

static void month(question_t *q, int near)
{
    replace(q, VALIDITY,
            dates("261122160346Z", CM_DER_UTC_TIME, near ? "261201000000Z" : "261301000000Z",
                  CM_DER_UTC_TIME));
}

static const struct {
    const char *rule;
    change_fn *change;
} samples[] = {{"lint.version", version},
               {"lint.serial", serial},
               {"lint.serial-entropy", serial_entropy},
               {"lint.signature-algorithm", signature_algorithm},
               {"lint.signature-hash", signature_hash},
               {"lint.issuer-name", issuer_name},
               {"lint.issuer-ca", issuer_ca},
               {"lint.issuer-path-length", issuer_path_length},
               {"lint.issuer-constraints", issuer_constraints},
               {"lint.issuer-policies", sample_issuer_policies},
               {"lint.validity-order", validity_order},
               {"lint.validity-encoding", validity_encoding},
               {"lint.validity-issuer", validity_issuer},
               {"lint.subject", subject},
               {"lint.subject-encoding", subject_encoding},
               {"lint.unique-ids", unique_ids},
               {"lint.key", key},
               {"lint.authority-key-id", authority_key_id},
               {"lint.subject-key-id", subject_key_id},
               {"lint.key-usage", key_usage},
               {"lint.key-cert-sign", key_cert_sign},
               {"lint.key-agreement", key_agreement},
               {"lint.key-usage-key", key_usage_key},
               {"lint.eku-key-usage", eku_key_usage},
               {"lint.basic-constraints", basic_constraints},
               {"lint.path-length", path_length},
               {"lint.name-constraints", name_constraints},
               {"lint.san-critical", san_critical},
               {"lint.san-encoding", san_encoding},
               {"lint.san-type", san_type},
               {"lint.san-othername", san_othername},
               {"lint.critical", critical},
               {"lint.policies", policies},
               {"lint.any-policy", sample_any_policy},
               {"lint.policy-mappings", sample_policy_mappings},
               {"lint.policy-constraints", sample_policy_constraints},
               {"lint.inhibit-any-policy", sample_inhibit_any_policy},
               {"lint.crl-points", crl_points},
               {"lint.authority-info", authority_info},
               {"lint.profile-key", profile_key},
               {"lint.profile-signature-hash", profile_signature_hash},
               {"lint.profile-validity", profile_validity},
               {"lint.profile-key-usage", profile_key_usage},
               {"lint.profile-ext-key-usage", profile_eku},
               {"lint.profile-ca", profile_ca},
               {"lint.profile-subject", profile_subject},
               {"lint.profile-san", profile_san},
               {"lint.profile-policies", profile_policies},
               {"lint.profile-policy-constraints", profile_limits},
               {"lint.profile-patterns", profile_patterns},
               {"lint.profile-subject-san", profile_subject_san},
               {"lint.profile-critical", profile_critical},
               {"lint.profile-constraints", profile_constraints},
               {"lint.profile-addresses", profile_addresses},
               {"lint.profile-extensions", profile_extensions},
               {"extension.duplicate", duplicate},
               {"cert.serial", negative_serial},
               {"san.dns", host_name},
               {"der.time", month}};

enum { SAMPLES = sizeof samples / sizeof *samples };

/* With a profile that asks for the addresses that the question has. */
static question_t *question(void)
{
    question_t *made = question_make();

    made->profile->ca_issuers = 0;
    return made;
}

START_TEST(a_sound_certificate_passes)
{
    assert_done(question_lint(question()));
}
END_TEST

START_TEST(each_rule_refuses_its_sample)
{
    question_t *q = question();
    const cm_error_t *error;
    int found = 0;

    samples[_i].change(q, 0);
    error = question_lint(q);
    ck_assert_msg(error != NULL, "%s refused nothing", samples[_i].rule);
    for (const cm_error_t *at = error; at; at = at->also) {
        ck_assert_int_eq(at->code, CM_E_REFUSED);
        ck_assert_ptr_nonnull(at->hint);
        found |= strcmp(at->rule, samples[_i].rule) == 0;
    }
    ck_assert_msg(found, "not refused by %s, but by: %s", samples[_i].rule,
                  cm_error_text(error, pool));
}
END_TEST

START_TEST(each_near_miss_passes)
{
    question_t *q = question();
    cm_error_t *error;

    samples[_i].change(q, 1);
    error = question_lint(q);
    ck_assert_msg(!error, "%s: %s", samples[_i].rule, error ? cm_error_text(error, pool) : "");
}
END_TEST

START_TEST(every_rule_has_a_sample)
{
    int i = 0;

    for (const cm_lint_rule_t *rule = cm_lint_rules; rule->name; rule++, i++) {
        ck_assert_str_eq(rule->name, samples[i].rule);
        ck_assert(rule->holds && *rule->source && *rule->message);
    }
    ck_assert_int_eq(i, SAMPLES - 4);
}
END_TEST

START_TEST(all_that_is_wrong_is_named)
{
    question_t *q = question();
    cm_error_t *error;

    serial_entropy(q, 0);
    validity_order(q, 0);
    profile_extensions(q, 0);
    error = question_lint(q);
    assert_refused(error, CM_E_REFUSED, "lint.serial-entropy");
    assert_refused(error->also, CM_E_REFUSED, "lint.validity-order");
    assert_refused(error->also->also, CM_E_REFUSED, "lint.profile-extensions");
    ck_assert_ptr_null(error->also->also->also);
}
END_TEST

TCase *lint_case(void)
{
    TCase *tests = unit_case("lint");

    tcase_add_test(tests, a_sound_certificate_passes);
    tcase_add_loop_test(tests, each_rule_refuses_its_sample, 0, SAMPLES);
    tcase_add_loop_test(tests, each_near_miss_passes, 0, SAMPLES);
    tcase_add_test(tests, every_rule_has_a_sample);
    tcase_add_test(tests, all_that_is_wrong_is_named);
    return tests;
}
