/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include <apr_strings.h>

#include "pki/cert.h"
#include "policy/identity.h"
#include "policy/profile_fields.h"
#include "unit/policy/suite.h"

/* The profile "user" with the operations enroll and revoke only: samples add others. */
cm_bytes_t patched_profile(const char *patch)
{
    static const char *const others[] = {"renew", "rekey", "suspend", "reinstate"};
    json_t *profile, *changes;

    assert_done(cm_json_parse(&profile, unit_file("../conf/profiles/user.json"), pool));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_object_del(json_object_get(profile, "operations"), others[i]);
    }
    assert_done(cm_json_parse(&changes, cm_bytes_of_text(patch), pool));
    json_object_update_recursive(profile, changes);
    return cm_json_dump(profile, pool);
}

static cm_error_t *parse_patched(const char *patch)
{
    cm_profile_t *profile;

    return cm_profile_parse(&profile, patched_profile(patch), pool);
}

START_TEST(the_profile_user_says_what_it_should)
{
    cm_profile_t *profile;
    const cm_profile_name_t *row;

    assert_done(cm_profile_parse(&profile, unit_file("../conf/profiles/user.json"), pool));
    ck_assert_str_eq(profile->name, "user");
    ck_assert_str_eq(profile->ca, "issuing");
    ck_assert_int_eq(profile->validity.initial, 365 * 86400);
    ck_assert_int_eq(profile->validity.max, 365 * 86400);
    ck_assert_int_eq(profile->keys->nelts, 6);
    ck_assert_int_eq(profile->subject->nelts, 1);
    row = &APR_ARRAY_IDX(profile->subject, 0, cm_profile_name_t);
    ck_assert_str_eq(row->type, "CN");
    ck_assert_int_eq(row->from, CM_FROM_LOGIN_NAME);
    ck_assert_int_eq(row->required, 1);
    row = &APR_ARRAY_IDX(profile->san, 0, cm_profile_name_t);
    ck_assert_str_eq(row->type, "email");
    ck_assert_int_eq(row->from, CM_FROM_LOGIN_MAIL);
    ck_assert_int_eq(row->required, 0);
    ck_assert_int_eq(row->max, 1);
    ck_assert_uint_eq(profile->key_usage, CM_KU_DIGITAL_SIGNATURE);
    ck_assert_int_eq(profile->eku->nelts, 2);
    ck_assert(!profile->is_ca && profile->path_len == -1);
    ck_assert(profile->crl && profile->ocsp && profile->ca_issuers);
    ck_assert_int_eq(profile->policies->nelts, 0);
}
END_TEST

START_TEST(every_shipped_profile_is_right)
{
    static const char *const names[] = {"user", "server", "intermediate-ca"};
    cm_profile_t *profile;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_done(cm_profile_parse(
            &profile, unit_file(apr_psprintf(pool, "../conf/profiles/%s.json", names[i])), pool));
        ck_assert_str_eq(profile->name, names[i]);
    }
}
END_TEST

START_TEST(operations_have_roles_and_checklists)
{
    const cm_profile_item_t *item;
    cm_profile_t *profile;

    assert_done(cm_profile_parse(&profile, unit_file("../conf/profiles/user.json"), pool));
    ck_assert(cm_profile_allows(profile, CM_OP_ENROLL, CM_ROLE_USER));
    ck_assert(cm_profile_allows(profile, CM_OP_ENROLL, CM_ROLE_CLIENT | CM_ROLE_OFFICER));
    ck_assert(!cm_profile_allows(profile, CM_OP_ENROLL, CM_ROLE_CLIENT));
    ck_assert(!cm_profile_allows(profile, CM_OP_ENROLL, 0));
    ck_assert(!cm_profile_allows(profile, CM_OP_REVOKE, CM_ROLE_AUDITOR));
    ck_assert(!cm_profile_allows(profile, CM_OP_RECOVER, ~0U));
    ck_assert_ptr_null(cm_profile_checklist(profile, CM_OP_RECOVER));
    ck_assert_int_eq(cm_profile_checklist(profile, CM_OP_REVOKE)->nelts, 0);
    ck_assert_int_eq(cm_profile_checklist(profile, CM_OP_ENROLL)->nelts, 1);
    item = &APR_ARRAY_IDX(cm_profile_checklist(profile, CM_OP_ENROLL), 0, cm_profile_item_t);
    ck_assert_str_eq(item->item, "csr");
    ck_assert_int_eq(item->phase, CM_BEFORE_ISSUE);
}
END_TEST

typedef struct {
    const char *patch, *field, *rule;
    cm_code_t code;
} sample_t;

/* Each refused, and alone. */
static void refuse_each(const sample_t *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cm_error_t *error = parse_patched(samples[i].patch);

        ck_assert_msg(error != NULL, "%s", samples[i].patch);
        assert_refused(error, samples[i].code ? samples[i].code : CM_E_VALUE, samples[i].rule);
        ck_assert_msg(error->field && strcmp(error->field, samples[i].field) == 0, "%s: %s",
                      samples[i].patch, error->field);
        ck_assert_msg(!error->also, "%s: %s", samples[i].patch, cm_error_text(error, pool));
    }
}

START_TEST(a_wrong_field_is_refused)
{
    static const sample_t samples[] = {
        {"{\"nmae\":1}", "/nmae", "value.unknown", CM_E_MEMBER},
        {"{\"validity\":{\"min\":\"1d\"}}", "/validity/min", "value.unknown", CM_E_MEMBER},
        {"{\"operations\":{\"fly\":{}}}", "/operations/fly", "value.unknown", CM_E_MEMBER},
        {"{\"name\":\"User\"}", "/name", "value.word", 0},
        {"{\"name\":\"\"}", "/name", "value.word", 0},
        {"{\"name\":\"a\\u0000b\"}", NULL, NULL, CM_E_SYNTAX},
        {"{\"name\":7}", "/name", "value.type", 0},
        {"{\"name\":null}", "/name", "value.type", 0},
        {"{\"title\":\"\"}", "/title", "value.range", 0},
        {"{\"title\":\"a\\nb\"}", "/title", "value.type", 0},
        {"{\"title\":[]}", "/title", "value.type", 0},
        {"{\"validity\":[]}", "/validity", "value.type", 0},
        {"{\"validity\":{\"default\":365}}", "/validity/default", "value.type", 0},
        {"{\"validity\":{\"default\":\"1y\"}}", "/validity/default", "value.duration", 0},
        {"{\"validity\":{\"default\":\"119s\"}}", "/validity/default", "value.range", 0},
        {"{\"validity\":{\"max\":\"36601d\"}}", "/validity/max", "value.range", 0},
        {"{\"keys\":[]}", "/keys", "value.range", 0},
        {"{\"keys\":\"P-256\"}", "/keys", "value.type", 0},
        {"{\"keys\":[\"P-256\",\"RSA-1024\"]}", "/keys/1", "value.word", 0},
        {"{\"keys\":[\"P-256\",5]}", "/keys/1", "value.type", 0},
        {"{\"keys\":[\"P-256\",\"P-384\",\"P-256\"]}", "/keys/2", "value.duplicate", 0},
        {"{\"key_usage\":[]}", "/key_usage", "value.range", 0},
        {"{\"key_usage\":[\"sign\"]}", "/key_usage/0", "value.word", 0},
        {"{\"ext_key_usage\":[\"clientauth\"]}", "/ext_key_usage/0", "value.word", 0},
        {"{\"ext_key_usage\":[\"1.3.6.\"]}", "/ext_key_usage/0", "value.word", 0},
        {"{\"subject\":[{\"type\":\"XN\",\"from\":\"csr\"}]}", "/subject/0/type", "value.word", 0},
        {"{\"subject\":[{\"type\":\"2.5.4.3\",\"from\":\"csr\"}]}", "/subject/0/type", "value.word",
         0},
        {"{\"subject\":[{\"type\":\"CN\",\"from\":\"login\"}]}", "/subject/0/from", "value.word",
         0},
        {"{\"subject\":[{\"type\":\"CN\"}]}", "/subject/0/from", "value.missing", 0},
        {"{\"subject\":[\"CN\"]}", "/subject/0", "value.type", 0},
        {"{\"san\":[{\"type\":\"x400\",\"from\":\"csr\"}]}", "/san/0/type", "value.word", 0},
        {"{\"san\":[{\"type\":\"email\",\"from\":\"login.id\"}]}", "/san/0/from", "value.word", 0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"max\":0}]}", "/san/0/max", "value.range",
         0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"max\":101}]}", "/san/0/max", "value.range",
         0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"max\":1.5}]}", "/san/0/max", "value.type",
         0},
        {"{\"policies\":[{\"oid\":\"anyPolicy\"}]}", "/policies/0/oid", "value.word", 0},
        {"{\"crl\":1}", "/crl", "value.type", 0},
        {"{\"operations\":{\"revoke\":{\"roles\":[]}}}", "/operations/revoke/roles", "value.range",
         0},
        {"{\"operations\":{\"revoke\":{\"roles\":[\"root\"]}}}", "/operations/revoke/roles/0",
         "value.word", 0},
        {"{\"operations\":{\"renew\":{}}}", "/operations/renew/roles", "value.missing", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"cake\"}]}}}",
         "/operations/enroll/checklist/0/item", "value.word", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"csr\",\"phase\":\"later\"}]}}}",
         "/operations/enroll/checklist/0/phase", "value.word", 0},
    };

    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        if (samples[i].field) {
            refuse_each(&samples[i], 1);
        } else {
            cm_profile_t *profile;
            cm_error_t *error =
                cm_profile_parse(&profile, cm_bytes_of_text(samples[i].patch), pool);

            assert_refused(error, samples[i].code, samples[i].rule);
        }
    }
}
END_TEST

START_TEST(a_wrong_field_of_the_further_ones_is_refused)
{
    static const sample_t samples[] = {
        {"{\"name_constraints\":{\"permitted\":[\"dns:*.a.test\"]}}",
         "/name_constraints/permitted/0", "value.word", 0},
        {"{\"name_constraints\":{\"excluded\":[\"ip:192.0.2.1/24\"]}}",
         "/name_constraints/excluded/0", "value.word", 0},
        {"{\"policies\":[{\"oid\":\"1.2.3\",\"cps\":\"https://x.?/cps\"}]}", "/policies/0/cps",
         "value.word", 0},
        {"{\"critical\":[\"keyUsage\"]}", "/critical/0", "value.word", 0},
        {"{\"crl_urls\":[\"example.test/a.crl\"]}", "/crl_urls/0", "value.word", 0},
        {"{\"validity\":{\"choice\":\"no\"}}", "/validity/choice", "value.type", 0},
        {"{\"must_staple\":1}", "/must_staple", "value.type", 0},
        {"{\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"patterns\":[\"\"]}]}",
         "/subject/0/patterns/0", "value.word", 0},
        {"{\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"min_length\":-1}]}",
         "/subject/0/min_length", "value.range", 0},
        {"{\"policies\":[{\"oid\":\"1.2.3\",\"notice\":\"\"}]}", "/policies/0/notice",
         "value.range", 0},
    };

    refuse_each(samples, sizeof samples / sizeof *samples);
}
END_TEST

START_TEST(a_contradiction_is_refused)
{
    static const sample_t samples[] = {
        {"{\"validity\":{\"max\":\"364d\"}}", "/validity/default", "profile.validity", 0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"login.mail\"}]}", "/san/0/from", "profile.source",
         0},
        {"{\"subject\":[{\"type\":\"O\",\"from\":\"fixed\"}]}", "/subject/0/value", "profile.value",
         0},
        {"{\"subject\":[{\"type\":\"O\",\"from\":\"csr\",\"value\":\"x\"}]}", "/subject/0/value",
         "profile.value", 0},
        {"{\"subject\":[{\"type\":\"C\",\"from\":\"fixed\",\"value\":\"BEL\"}]}",
         "/subject/0/value", "profile.name", 0},
        {"{\"san\":[{\"type\":\"uri\",\"from\":\"fixed\"}]}", "/san/0/value", "profile.value", 0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"fixed\",\"value\":\"a_b\"}]}", "/san/0/value",
         "profile.name", 0},
        {"{\"san\":[{\"type\":\"dns\",\"from\":\"fixed\",\"value\":\"a.test\","
         "\"patterns\":[\"b.*\"]}]}",
         "/san/0/value", "profile.pattern", 0},
        {"{\"subject\":[{\"type\":\"O\",\"from\":\"fixed\",\"value\":\"abc\",\"max_length\":2}]}",
         "/subject/0/value", "profile.pattern", 0},
        {"{\"subject\":[]}", "/subject", "profile.nameless", 0},
        {"{\"subject\":[{\"type\":\"CN\",\"from\":\"csr\",\"required\":false}]}", "/subject",
         "profile.nameless", 0},
        {"{\"is_ca\":true}", "/key_usage", "profile.ca-key-usage", 0},
        {"{\"key_usage\":[\"digitalSignature\",\"keyCertSign\"]}", "/key_usage",
         "profile.key-cert-sign", 0},
        {"{\"policies\":[{\"oid\":\"1.2.3\"},{\"oid\":\"1.2.4\"},{\"oid\":\"1.2.3\"}]}",
         "/policies/2/oid", "value.duplicate", 0},
        {"{\"path_length\":0}", "/path_length", "profile.path-length", 0},
        {"{\"name_constraints\":{\"excluded\":[\"dns:a.test\"]}}", "/name_constraints",
         "profile.constraints-ca", 0},
        {"{\"policy_constraints\":{\"require_explicit\":0}}", "/policy_constraints",
         "profile.policy-constraints-ca", 0},
        {"{\"policy_constraints\":{\"inhibit_mapping\":0}}", "/policy_constraints",
         "profile.policy-constraints-ca", 0},
        {"{\"inhibit_any_policy\":0}", "/inhibit_any_policy", "profile.inhibit-any-policy-ca", 0},
        {"{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"policy_constraints\":"
         "{\"require_explicit\":1}}",
         "/policies", "profile.policies-required", 0},
        {"{\"inhibit_any_policy\":17}", "/inhibit_any_policy", "value.range", 0},
        {"{\"signature_hash\":\"SHA-1\"}", "/signature_hash", "value.word", 0},
        {"{\"san\":[{\"type\":\"othername;1.2;bmp\",\"from\":\"csr\"}]}", "/san/0/type",
         "value.word", 0},
        {"{\"san\":[{\"type\":\"othername;1.2.3;ia5\",\"from\":\"fixed\",\"value\":\"\u00eb\"}]}",
         "/san/0/value", "profile.name", 0},
        {"{\"key_usage\":[\"digitalSignature\",\"encipherOnly\"]}", "/key_usage",
         "profile.key-agreement", 0},
        {"{\"key_usage\":[\"nonRepudiation\"]}", "/ext_key_usage/0", "profile.eku-key-usage", 0},
        {"{\"key_usage\":[\"nonRepudiation\"],\"ext_key_usage\":[\"1.3.6.1.5.5.7.3.3\"]}",
         "/ext_key_usage/0", "profile.eku-key-usage", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[]}}}", "/operations/enroll/checklist",
         "profile.csr-item", 0},
        {"{\"operations\":{\"rekey\":{\"roles\":[\"user\"]}}}", "/operations/rekey/checklist",
         "profile.csr-item", 0},
        {"{\"operations\":{\"revoke\":{\"checklist\":[{\"item\":\"csr\"}]}}}",
         "/operations/revoke/checklist/0", "profile.csr-item", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"csr\"},{\"item\":\"csr\"}]}}}",
         "/operations/enroll/checklist/1", "profile.csr-item", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"csr\","
         "\"phase\":\"before-delivery\"}]}}}",
         "/operations/enroll/checklist/0", "profile.csr-item", 0},
        {"{\"operations\":{\"revoke\":{\"checklist\":[{\"item\":\"approval\"}]}}}",
         "/operations/revoke/checklist/0", "profile.approval-item", 0},
        {"{\"operations\":{\"revoke\":{\"checklist\":[{\"item\":\"approval\","
         "\"role\":\"auditor\"}]}}}",
         "/operations/revoke/checklist/0", "profile.approval-item", 0},
        {"{\"operations\":{\"revoke\":{\"checklist\":[{\"item\":\"approval\","
         "\"role\":\"officer\",\"phase\":\"before-delivery\"}]}}}",
         "/operations/revoke/checklist/0", "profile.approval-item", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"csr\",\"role\":\"officer\"}]}}}",
         "/operations/enroll/checklist/0", "profile.approval-item", 0},
        {"{\"operations\":{\"enroll\":{\"checklist\":[{\"item\":\"csr\",\"count\":2}]}}}",
         "/operations/enroll/checklist/0", "profile.approval-item", 0},
    };

    refuse_each(samples, sizeof samples / sizeof *samples);
}
END_TEST

START_TEST(what_is_nearly_wrong_is_taken)
{
    static const char *const patches[] = {
        "{\"validity\":{\"default\":\"120s\",\"max\":\"36600d\"}}",
        "{\"validity\":{\"default\":\"364d23h59m59s\"}}",
        "{\"san\":[{\"type\":\"upn\",\"from\":\"login.mail\"}]}",
        "{\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"max\":100,\"required\":true}],"
        "\"subject\":[]}",
        "{\"subject\":[{\"type\":\"C\",\"from\":\"fixed\",\"value\":\"BE\"},"
        "{\"type\":\"1.2.3\",\"from\":\"login.id\",\"required\":false}]}",
        "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\",\"cRLSign\"],\"path_length\":0}",
        "{\"key_usage\":[\"keyAgreement\",\"encipherOnly\"]}",
        "{\"key_usage\":[\"nonRepudiation\"],\"ext_key_usage\":[\"1.2.3.4\"]}",
        "{\"key_usage\":[\"nonRepudiation\"],\"ext_key_usage\":[]}",
        "{\"san\":[{\"type\":\"dns\",\"from\":\"fixed\",\"value\":\"A.test\","
        "\"patterns\":[\"a.*\"]},{\"type\":\"dirname\",\"from\":\"fixed\",\"value\":\"O=x\"},"
        "{\"type\":\"rid\",\"from\":\"csr\"}]}",
        "{\"subject\":[{\"type\":\"O\",\"from\":\"fixed\",\"value\":\"\u00e4b\",\"max_length\":2,"
        "\"min_length\":2,\"patterns\":[\"x\",\"*b\"]}]}",
        "{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"name_constraints\":{\"permitted\":["
        "\"dns:.a.test\",\"email:a@b.test\","
        "\"ip:2001:db8::/32\",\"uri:a.test\",\"dirname:O=x,C=NL\"]},\"critical\":"
        "[\"certificatePolicies\"],\"ocsp_urls\":[\"http://a.test/\"]}",
        "{\"policies\":[{\"oid\":\"2.23.140.1.5.1.1\",\"cps\":\"https://x.test/cps\"}]}",
        "{\"operations\":{\"reissue\":{\"roles\":[\"user\"]}}}",
        "{\"operations\":{\"rekey\":{\"roles\":[\"user\"],\"checklist\":[{\"item\":\"csr\"}]}}}",
        "{\"operations\":{\"renew\":{\"roles\":[\"client\"]}}}",
        "{\"operations\":{\"revoke\":{\"checklist\":[{\"item\":\"approval\","
        "\"role\":\"ca-admin\",\"count\":9},{\"item\":\"approval\",\"role\":\"officer\"}]}}}",
    };

    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        cm_error_t *error = parse_patched(patches[i]);

        ck_assert_msg(!error, "%s: %s", patches[i], error ? cm_error_text(error, pool) : "");
    }
}
END_TEST

START_TEST(all_violations_come_at_once)
{
    static const char *const fields[] = {"/x",          "/keys/0",    "/keys/1",
                                         "/san/0/type", "/san/1/max", "/crl"};
    cm_error_t *error = parse_patched("{\"x\":1,\"keys\":[\"a\",\"b\"],\"crl\":0,"
                                      "\"san\":[{\"type\":\"a\",\"from\":\"csr\"},{\"type\":\"ip\","
                                      "\"from\":\"csr\",\"max\":0}]}");

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++, error = error->also) {
        ck_assert_ptr_nonnull(error);
        ck_assert_str_eq(error->field, fields[i]);
    }
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(what_is_no_profile_is_refused)
{
    cm_profile_t *profile;
    char *large = apr_palloc(pool, CM_PROFILE_BYTES + 1);
    cm_error_t *error;

    assert_refused(cm_profile_parse(&profile, cm_bytes_of_text("{"), pool), CM_E_SYNTAX, NULL);
    assert_refused(cm_profile_parse(&profile, cm_bytes_of_text("[]"), pool), CM_E_VALUE,
                   "value.type");
    memset(large, ' ', CM_PROFILE_BYTES + 1);
    assert_refused(cm_profile_parse(&profile, cm_bytes_make(large, CM_PROFILE_BYTES + 1), pool),
                   CM_E_TOO_LARGE, NULL);
    error = cm_profile_parse(&profile, cm_bytes_of_text("{}"), pool);
    assert_refused(error, CM_E_VALUE, "value.missing");
    error = cm_profile_parse(&profile,
                             cm_bytes_of_text("{\"name\":\"x\",\"title\":\"x\",\"ca\":\"x\","
                                              "\"validity\":{\"default\":\"1d\",\"max\":\"1d\"},"
                                              "\"keys\":[\"P-256\"],\"operations\":{},"
                                              "\"subject\":[{\"type\":\"CN\",\"from\":\"csr\"}],"
                                              "\"key_usage\":[\"digitalSignature\"]}"),
                             pool);
    assert_refused(error, CM_E_VALUE, "profile.operations");
    ck_assert_ptr_null(error->also);
}
END_TEST

static void walk(const cm_field_t *fields)
{
    for (const cm_field_t *field = fields; field->name; field++) {
        int is_word = field->kind == CM_FIELD_NAME || field->kind == CM_FIELD_WORD ||
                      field->kind == CM_FIELD_NAMES || field->kind == CM_FIELD_BITS;
        int is_record = field->kind == CM_FIELD_RECORD || field->kind == CM_FIELD_RECORDS;

        ck_assert_msg(*field->about != '\0', "%s", field->name);
        ck_assert_msg(field->about[strlen(field->about) - 1] == '.', "%s", field->name);
        ck_assert_msg(field->min <= field->max, "%s", field->name);
        ck_assert_msg(is_word == (field->words != NULL), "%s", field->name);
        ck_assert_msg(is_record == (field->fields != NULL), "%s", field->name);
        ck_assert_msg((field->kind == CM_FIELD_RECORDS) == (field->size != 0), "%s", field->name);
        ck_assert_msg(!(field->is_required && field->initial), "%s", field->name);
        for (const cm_field_t *other = fields; other < field; other++) {
            ck_assert_str_ne(other->name, field->name);
            ck_assert_msg(other->offset != field->offset, "%s", field->name);
        }
        for (int i = 0; is_word && field->words->names && field->words->names[i]; i++) {
            ck_assert_msg(field->words->find(field->words->names[i], pool) >= 0, "%s",
                          field->words->names[i]);
        }
        ck_assert_msg(!is_word || field->words->find("no such\nword", pool) < 0, "%s", field->name);
        if (is_record) {
            walk(field->fields);
        }
    }
}

START_TEST(the_table_of_fields_is_whole)
{
    walk(cm_profile_fields);
}
END_TEST

START_TEST(the_vocabularies_are_complete)
{
    json_t *schema = cm_profile_schema(pool);
    const json_t *usages = json_object_get(
        json_object_get(json_object_get(json_object_get(schema, "properties"), "key_usage"),
                        "items"),
        "enum");

    ck_assert_uint_eq(json_array_size(usages), (size_t)cm_ext_key_usage_names(0x1ff, pool)->nelts);
    for (const cm_name_type_t *type = cm_name_types; type->name; type++) {
        const char *patch =
            apr_psprintf(pool, "{\"subject\":[{\"type\":\"%s\",\"from\":\"csr\"}]}", type->name);

        assert_done(parse_patched(patch));
    }
}
END_TEST

START_TEST(the_schema_follows_the_table)
{
    json_t *schema = cm_profile_schema(pool);
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *operations, *san;
    size_t count = 0;

    ck_assert_str_eq(json_string_value(json_object_get(schema, "$schema")),
                     "https://json-schema.org/draft/2020-12/schema");
    for (const cm_field_t *field = cm_profile_fields; field->name; field++, count++) {
        const json_t *property = json_object_get(properties, field->name);

        ck_assert_msg(property != NULL, "%s", field->name);
        ck_assert_str_eq(json_string_value(json_object_get(property, "description")), field->about);
    }
    ck_assert_uint_eq(json_object_size(properties), count);
    ck_assert(json_is_false(json_object_get(schema, "additionalProperties")));
    ck_assert_uint_eq(json_array_size(json_object_get(schema, "required")), 7);
    operations = json_object_get(json_object_get(properties, "operations"), "properties");
    ck_assert_uint_eq(json_object_size(operations), CM_OP_COUNT);
    san = json_object_get(json_object_get(properties, "san"), "items");
    ck_assert_int_eq(json_integer_value(json_object_get(
                         json_object_get(json_object_get(san, "properties"), "max"), "default")),
                     1);
}
END_TEST

TCase *profile_case(void)
{
    TCase *tcase = unit_case("profile");

    tcase_add_test(tcase, the_profile_user_says_what_it_should);
    tcase_add_test(tcase, every_shipped_profile_is_right);
    tcase_add_test(tcase, operations_have_roles_and_checklists);
    tcase_add_test(tcase, a_wrong_field_is_refused);
    tcase_add_test(tcase, a_wrong_field_of_the_further_ones_is_refused);
    tcase_add_test(tcase, a_contradiction_is_refused);
    tcase_add_test(tcase, what_is_nearly_wrong_is_taken);
    tcase_add_test(tcase, all_violations_come_at_once);
    tcase_add_test(tcase, what_is_no_profile_is_refused);
    tcase_add_test(tcase, the_table_of_fields_is_whole);
    tcase_add_test(tcase, the_vocabularies_are_complete);
    tcase_add_test(tcase, the_schema_follows_the_table);
    return tcase;
}
