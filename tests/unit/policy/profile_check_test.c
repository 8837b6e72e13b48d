/* SPDX-License-Identifier: Apache-2.0
 *
 * Each rule of the check at import: a profile that it refuses, alone, and a near miss that passes.
 */
#include "policy/profile_check.h"

#include <apr_strings.h>

#include "policy/identity.h"
#include "unit/policy/lint_question.h"

/* Before it, the authority has path length 1, ten years to live, and a responder. */
typedef struct {
    const char *rule, *field;
    const char *refused, *passes; /* changes of conf/profiles/user.json */
} sample_t;

#define CA_ONLY    "\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"ext_key_usage\":[]"
#define CA         CA_ONLY ",\"san\":[]"
#define OPERATIONS "\"operations\":{\"reinstate\":{\"roles\":[\"officer\"]}"

static const sample_t samples[] = {
    {"profile.ca", "/ca", "{\"ca\":\"no-authority\"}", "{\"ca\":\"issuing\"}"},
    {"profile.ca-validity", "/validity/max", "{\"validity\":{\"max\":\"3650d61s\"}}",
     "{\"validity\":{\"max\":\"3650d60s\"}}"},
    {"profile.ca-path-length", "/path_length", "{" CA ",\"path_length\":1}",
     "{" CA ",\"path_length\":0}"},
    {"profile.ca-ocsp", "/ocsp", "{\"ca\":\"no-responder\"}",
     "{\"ca\":\"no-responder\",\"ocsp\":false,\"ocsp_urls\":[\"http://a.test/\"]}"},
    {"profile.ca-signature-hash", "/signature_hash",
     "{\"ca\":\"p384\",\"signature_hash\":\"SHA-256\"}",
     "{\"ca\":\"p384\",\"signature_hash\":\"SHA-384\"}"},
    {"profile.ca-subject", "/subject",
     "{" CA_ONLY ",\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"required\":false}],"
     "\"san\":[{\"type\":\"email\",\"from\":\"csr\",\"required\":true}]}",
     "{" CA ",\"subject\":[{\"type\":\"CN\",\"from\":\"csr\"}]}"},
    {"profile.ca-san", "/san/0/type",
     "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"ext_key_usage\":[],"
     "\"san\":[{\"type\":\"dns\",\"from\":\"csr\"}]}",
     "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"ext_key_usage\":[],"
     "\"san\":[{\"type\":\"dirname\",\"from\":\"csr\"}]}"},
    {"profile.ca-responder", "/ext_key_usage/1",
     "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"san\":[],"
     "\"ext_key_usage\":[\"clientAuth\",\"1.3.6.1.5.5.7.3.9\"]}",
     "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"san\":[],"
     "\"ext_key_usage\":[\"clientAuth\",\"1.3.6.1.5.5.7.3.10\"]}"},
    {"profile.attribute-twice", "/subject/1/type",
     "{\"subject\":[{\"type\":\"OU\",\"from\":\"csr\"},{\"type\":\"OU\",\"from\":\"csr\"}]}",
     "{\"subject\":[{\"type\":\"DC\",\"from\":\"fixed\",\"value\":\"a\"},"
     "{\"type\":\"DC\",\"from\":\"fixed\",\"value\":\"b\"}]}"},
    {"profile.san-twice", "/san/1/type",
     "{\"san\":[{\"type\":\"email\",\"from\":\"csr\"},{\"type\":\"email\",\"from\":\"csr\"}]}",
     "{\"san\":[{\"type\":\"email\",\"from\":\"csr\"},{\"type\":\"email\",\"from\":\"login.mail\"}]"
     "}"},
    {"profile.san-othername", "/san/1/type",
     "{\"san\":[{\"type\":\"email\",\"from\":\"csr\"},"
     "{\"type\":\"othername;1.3.6.1.5.5.7.8.7;utf8\",\"from\":\"csr\"}]}",
     "{\"san\":[{\"type\":\"email\",\"from\":\"csr\"},"
     "{\"type\":\"othername;1.3.6.1.5.5.7.8.7;ia5\",\"from\":\"csr\"},"
     "{\"type\":\"othername;1.3.6.1.4.1.99999.7;utf8\",\"from\":\"csr\"}]}"},
    {"profile.subject-san", "/subject/0/from", "{\"subject\":[{\"type\":\"CN\",\"from\":\"san\"}]}",
     "{\"subject\":[{\"type\":\"CN\",\"from\":\"san\"}],\"san\":[{\"type\":\"email\","
     "\"from\":\"csr\"},{\"type\":\"ip\",\"from\":\"csr\"}]}"},
    {"profile.length", "/subject/0/min_length",
     "{\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"min_length\":9,\"max_length\":8}]}",
     "{\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"min_length\":9,\"max_length\":9}]}"},
    {"profile.constraints-within", "/name_constraints/permitted/1",
     "{\"ca\":\"constrained\"," CA ",\"name_constraints\":{\"permitted\":"
     "[\"dns:a.example.test\",\"dns:example.org\"]}}",
     "{\"ca\":\"constrained\"," CA ",\"name_constraints\":{\"permitted\":"
     "[\"dns:a.example.test\",\"dns:.example.test\",\"email:a@example.org\",\"email:b.test\","
     "\"uri:.b.test\",\"dirname:O=x\"]}}"},
    {"profile.constraints-within", "/name_constraints/permitted/0",
     "{\"ca\":\"slashed\"," CA ",\"name_constraints\":{\"permitted\":[\"dirname:O=a/c\","
     "\"ip:192.0.2.0/28\"]}}",
     "{\"ca\":\"slashed\"," CA ",\"name_constraints\":{\"permitted\":[\"dirname:O=a/b\","
     "\"email:a/b@example.test\",\"ip:192.0.2.0/28\"]}}"},
    {"profile.san-constrained", "/san/1/type",
     "{\"ca\":\"constrained\",\"san\":[{\"type\":\"email\",\"from\":\"csr\"},"
     "{\"type\":\"ip\",\"from\":\"csr\"}]}",
     "{\"ca\":\"constrained\",\"san\":[{\"type\":\"email\",\"from\":\"csr\"},"
     "{\"type\":\"dns\",\"from\":\"fixed\",\"value\":\"www.example.test\"}]}"},
    {"profile.san-constrained", "/san/1/value",
     "{\"ca\":\"constrained\",\"san\":[{\"type\":\"email\",\"from\":\"csr\"},"
     "{\"type\":\"dns\",\"from\":\"fixed\",\"value\":\"www.example.org\"}]}",
     NULL},
    {"profile.server-san", "/san", "{\"ext_key_usage\":[\"serverAuth\"]}",
     "{\"ext_key_usage\":[\"serverAuth\"],\"san\":[{\"type\":\"ip\",\"from\":\"csr\"}]}"},
    {"profile.email-san", "/san", "{\"san\":[{\"type\":\"upn\",\"from\":\"login.mail\"}]}",
     "{\"ext_key_usage\":[\"clientAuth\"],\"san\":[{\"type\":\"upn\",\"from\":\"login.mail\"}]}"},
    {"profile.time-stamping", "/ext_key_usage/0",
     "{\"ext_key_usage\":[\"timeStamping\",\"clientAuth\"]}",
     "{\"ext_key_usage\":[\"timeStamping\"]}"},
    {"profile.key-unusable", "/keys/1",
     "{\"keys\":[\"RSA-2048\",\"P-256\"],\"key_usage\":[\"keyEncipherment\"],"
     "\"ext_key_usage\":[\"emailProtection\"]}",
     "{\"keys\":[\"RSA-2048\",\"P-256\"],\"key_usage\":[\"keyEncipherment\",\"keyAgreement\"],"
     "\"ext_key_usage\":[\"emailProtection\"]}"},
    {"profile.critical-absent", "/critical/1",
     "{\"critical\":[\"extendedKeyUsage\",\"certificatePolicies\"]}",
     "{\"critical\":[\"extendedKeyUsage\",\"certificatePolicies\"],"
     "\"policies\":[{\"oid\":\"1.2.3\",\"notice\":\"read this\"}]}"},
    {"profile.must-staple", "/must_staple", "{\"must_staple\":true}",
     "{\"must_staple\":true,\"ext_key_usage\":[\"serverAuth\"],"
     "\"san\":[{\"type\":\"dns\",\"from\":\"csr\"}]}"},
    {"profile.any-policy", "/policies/0/oid", "{\"policies\":[{\"oid\":\"2.5.29.32.0\"}]}",
     "{" CA ",\"policies\":[{\"oid\":\"2.5.29.32.0\"}]}"},
    {"profile.any-policy-inhibited", "/policies/1/oid",
     "{\"ca\":\"governed\"," CA ",\"policies\":[{\"oid\":\"1.2.3\"},{\"oid\":\"2.5.29.32.0\"}]}",
     "{" CA ",\"policies\":[{\"oid\":\"1.2.3\"},{\"oid\":\"2.5.29.32.0\"}]}"},
    {"profile.ca-policies", "/policies", "{\"ca\":\"governed\",\"policies\":[{\"oid\":\"1.2.4\"}]}",
     "{\"ca\":\"governed\",\"policies\":[{\"oid\":\"1.2.4\"},{\"oid\":\"1.2.3\"}]}"},
    {"profile.ca-policies", "/policies",
     "{" CA ",\"policies\":[{\"oid\":\"1.2.3\"}],\"policy_constraints\":{\"require_explicit\":1}}",
     "{" CA ",\"policies\":[{\"oid\":\"1.2.3\"}],\"policy_constraints\":{\"require_explicit\":2}}"},
    {"profile.reinstate", "/operations/reinstate", "{" OPERATIONS "}}",
     "{" OPERATIONS ",\"suspend\":{\"roles\":[\"user\"]}}}"},
};

enum { SAMPLES = sizeof samples / sizeof *samples };

/* "constrained" has room for example.test and for no address, by what stands above it; "slashed"
 * for names with a slash; "governed" wants the policy 1.2.3. */
static cm_error_t *check(const char *patch)
{
    cm_cert_t *issuer = &question_make()->issuer;
    cm_profile_check_in_t in = {.issuer = issuer, .has_responder = 1, .now = LINT_NOW};
    apr_array_header_t *above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    cm_profile_t *profile;

    assert_done(cm_profile_parse(&profile, patched_profile(patch), pool));
    issuer->has_path_len = issuer->path_len = 1;
    issuer->not_after = LINT_NOW + 3650 * LINT_DAY;
    in.has_responder = strcmp(profile->ca, "no-responder") != 0;
    if (strcmp(profile->ca, "no-authority") == 0) {
        issuer->key_usage = CM_KU_CRL_SIGN;
    } else if (strcmp(profile->ca, "governed") == 0) {
        question_t *q = question_make();
        const cm_policy_limits_t limits = {0, -1, 0};

        issuer->extensions = policy_extensions("1.2.3", limits);
        q->issuer.issuer = q->issuer.subject; /* a root */
        APR_ARRAY_PUSH(above, const cm_cert_t *) = &q->issuer;
    } else if (strcmp(profile->ca, "p384") == 0) {
        issuer->spki = question_key("P-384")->spki;
    } else if (strcmp(profile->ca, "constrained") == 0) {
        question_t *q = question_make();

        constrain(q, texts("dns:example.test", NULL), texts("ip:0.0.0.0/0", "ip:::/0"));
        APR_ARRAY_PUSH(above, const cm_cert_t *) = &q->issuer;
    } else if (strcmp(profile->ca, "slashed") == 0) {
        question_t *q = question_make();
        apr_array_header_t *permitted = texts("dirname:O=a/b", "email:a/b@example.test");

        APR_ARRAY_PUSH(permitted, const char *) = "ip:192.0.2.0/24";
        constrain(q, permitted, NULL);
        APR_ARRAY_PUSH(above, const cm_cert_t *) = &q->issuer;
    }
    in.profile = profile;
    in.above = above;
    return cm_profile_check(&in, pool);
}

START_TEST(each_rule_refuses_its_sample)
{
    const sample_t *sample = &samples[_i];
    cm_error_t *error = check(sample->refused);

    ck_assert_msg(error != NULL, "%s refused nothing", sample->rule);
    assert_refused(error, CM_E_VALUE, sample->rule);
    ck_assert_str_eq(error->field, sample->field);
    ck_assert_msg(!error->also, "%s", error->also ? cm_error_text(error->also, pool) : "");
}
END_TEST

START_TEST(each_near_miss_passes)
{
    cm_error_t *error = samples[_i].passes ? check(samples[_i].passes) : NULL;

    ck_assert_msg(!error, "%s: %s", samples[_i].rule, error ? cm_error_text(error, pool) : "");
}
END_TEST

START_TEST(every_rule_has_a_sample)
{
    for (const cm_profile_rule_t *rule = cm_profile_rules; rule->name; rule++) {
        int found = 0;

        for (int i = 0; i < SAMPLES; i++) {
            found |= strcmp(samples[i].rule, rule->name) == 0;
        }
        ck_assert_msg(found, "%s has no sample", rule->name);
        ck_assert(rule->check && *rule->source && *rule->message);
    }
}
END_TEST

START_TEST(all_that_is_wrong_is_named)
{
    cm_error_t *error = check("{\"ca\":\"no-responder\",\"validity\":{\"max\":\"4000d\"},"
                              "\"policies\":[{\"oid\":\"2.5.29.32.0\"}]}");

    assert_refused(error, CM_E_VALUE, "profile.ca-validity");
    assert_refused(error->also, CM_E_VALUE, "profile.ca-ocsp");
    assert_refused(error->also->also, CM_E_VALUE, "profile.any-policy");
    ck_assert_ptr_null(error->also->also->also);
}
END_TEST

/* What stands above counts too. */
START_TEST(the_whole_line_bounds_the_path_length)
{
    question_t *q = question_make();
    cm_cert_t root = {.is_ca = 1, .has_path_len = 1, .path_len = 1};
    cm_profile_check_in_t in = {.issuer = &q->issuer, .has_responder = 1, .now = LINT_NOW};
    apr_array_header_t *above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    cm_profile_t *profile;

    assert_done(cm_profile_parse(&profile, patched_profile("{" CA ",\"path_length\":0}"), pool));
    in.profile = profile;
    in.above = above;
    assert_done(cm_profile_check(&in, pool));
    APR_ARRAY_PUSH(above, const cm_cert_t *) = &root;
    assert_refused(cm_profile_check(&in, pool), CM_E_VALUE, "profile.ca-path-length");
    root.path_len = 2;
    assert_done(cm_profile_check(&in, pool));
}
END_TEST

TCase *profile_check_case(void)
{
    TCase *tests = unit_case("profile check");

    tcase_add_loop_test(tests, each_rule_refuses_its_sample, 0, SAMPLES);
    tcase_add_loop_test(tests, each_near_miss_passes, 0, SAMPLES);
    tcase_add_test(tests, every_rule_has_a_sample);
    tcase_add_test(tests, all_that_is_wrong_is_named);
    tcase_add_test(tests, the_whole_line_bounds_the_path_length);
    return tests;
}
