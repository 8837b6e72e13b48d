/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/policy/lint_question.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/ossl.h"

cm_bytes_t hex(const char *text)
{
    cm_bytes_t bytes;

    assert_done(cm_bytes_unhex(&bytes, text, pool));
    return bytes;
}

apr_array_header_t *texts(const char *first, const char *second)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(list, const char *) = second;
    }
    return list;
}

cm_bytes_t raw_name(int tag, const char *cn)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_SET);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, "2.5.4.3");
    cm_der_put_text(writer, tag, cn);
    for (int i = 0; i < 3; i++) {
        cm_der_end(writer);
    }
    return cm_der_written(writer);
}

void use_san(question_t *question, const char *first, const char *second)
{
    const apr_array_header_t *list = texts(first, second);
    apr_array_header_t *san = apr_array_make(pool, 2, sizeof(cm_san_t));

    for (int i = 0; i < list->nelts; i++) {
        assert_done(cm_san_read(apr_array_push(san), APR_ARRAY_IDX(list, i, const char *), pool));
    }
    question->spec.san = san;
}

void replace(question_t *question, int member, cm_bytes_t der)
{
    question->member[member] = der;
    question->is_replaced[member] = 1;
}

void add_ext(question_t *question, const char *oid, int critical, cm_bytes_t value)
{
    APR_ARRAY_PUSH(question->extra, cm_ext_t) = (cm_ext_t){oid, critical, value};
}

void use_ca(question_t *question, int path_len)
{
    question->profile = NULL;
    question->spec.san = NULL;
    question->spec.eku = NULL;
    question->spec.is_ca = 1;
    question->spec.has_path_len = path_len >= 0;
    question->spec.path_len = path_len;
    question->spec.key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
}

cm_pubkey_t *question_key(const char *algorithm)
{
    EVP_PKEY *pkey = cm_ossl_pkey(EVP_EC_gen(algorithm), pool);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    cm_pubkey_t *key;

    assert_done(
        cm_pubkey_parse(&key, cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len), pool));
    return key;
}

static void make_issuer(cm_cert_t *issuer)
{
    cm_pubkey_t *key = question_key("P-256");
    cm_name_t *name;

    assert_done(cm_name_read(&name, "CN=Issuer,O=Example", pool));
    issuer->subject = name;
    issuer->ski = key->id;
    issuer->spki = key->spki;
    issuer->is_ca = 1;
    issuer->key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    issuer->not_before = LINT_NOW - LINT_DAY;
    issuer->not_after = LINT_NOW + LINT_DAY * 36525;
    issuer->extensions = apr_array_make(pool, 1, sizeof(cm_ext_t));
}

question_t *question_make(void)
{
    question_t *question = apr_pcalloc(pool, sizeof *question);
    cm_cert_spec_t *spec = &question->spec;
    cm_pubkey_t *key = question_key("P-256");

    make_issuer(&question->issuer);
    question->extra = apr_array_make(pool, 1, sizeof(cm_ext_t));
    question->sigalg = cm_sigalg_for_key("P-256");
    assert_done(cm_profile_parse(
        &question->profile,
        patched_profile("{\"san\":[{\"type\":\"email\",\"from\":\"login.mail\",\"required\":true},"
                        "{\"type\":\"dns\",\"from\":\"csr\",\"max\":2}],"
                        "\"key_usage\":[\"digitalSignature\",\"keyEncipherment\"]}"),
        pool));
    spec->serial = hex("400102030405060708090a0b0c0d0e0f");
    spec->sigalg = question->sigalg;
    spec->issuer = question->issuer.subject->der;
    spec->issuer_key_id = question->issuer.ski;
    spec->not_before = LINT_NOW;
    spec->not_after = LINT_NOW + LINT_DAY;
    spec->subject = raw_name(CM_DER_UTF8, "Jane");
    spec->spki = key->spki;
    spec->key_id = key->id;
    spec->key_usage = CM_KU_DIGITAL_SIGNATURE;
    spec->eku = texts("clientAuth", "emailProtection");
    use_san(question, "email:jane@example.test", "dns:jane.example.test");
    spec->crl_url = "http://pki.example.test/crl/issuing.crl";
    spec->ocsp_url = "http://pki.example.test/ocsp";
    return question;
}

void constrain(question_t *question, const apr_array_header_t *permitted,
               const apr_array_header_t *excluded)
{
    const cm_cert_spec_t spec = {.is_ca = 1, .permitted = permitted, .excluded = excluded};
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_ext_t));

    for (const cm_ext_row_t *row = cm_ext_rows; row->name; row++) {
        if (strcmp(row->name, "nameConstraints") == 0) {
            cm_ext_t *ext = apr_array_push(list);

            *ext = (cm_ext_t){row->oid, 1, {NULL, 0}};
            assert_done(row->build(&ext->value, &spec, pool));
        }
    }
    question->issuer.extensions = list;
}

apr_array_header_t *policy_extensions(const char *oid, cm_policy_limits_t limits)
{
    apr_array_header_t *policies = apr_array_make(pool, 1, sizeof(cm_policy_t));
    apr_array_header_t *list = apr_array_make(pool, 3, sizeof(cm_ext_t));
    const cm_cert_spec_t spec = {.is_ca = 1, .policies = policies, .limits = &limits};

    if (oid) {
        APR_ARRAY_PUSH(policies, cm_policy_t) = (cm_policy_t){oid, NULL, NULL};
    }
    for (const cm_ext_row_t *row = cm_ext_rows; row->name; row++) {
        cm_ext_t ext = {row->oid, 1, {NULL, 0}};

        if (strstr(row->name, "olic")) {
            assert_done(row->build(&ext.value, &spec, pool));
        }
        if (ext.value.len) {
            APR_ARRAY_PUSH(list, cm_ext_t) = ext;
        }
    }
    return list;
}

/* The writer's list of extensions with the changes. */
static cm_bytes_t changed_extensions(question_t *question, cm_bytes_t whole)
{
    cm_der_t reader = cm_der_reader(whole, "test", pool);
    cm_der_writer_t *writer = cm_der_writer(pool);
    apr_array_header_t *list;
    cm_bytes_t content;

    assert_done(cm_der_expect(&content, &reader, CM_DER_CONSTRUCTED(3)));
    assert_done(cm_ext_parse(&list, content, "test", pool));
    cm_der_begin(writer, CM_DER_CONSTRUCTED(3));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < list->nelts; i++) {
        cm_ext_t *ext = &APR_ARRAY_IDX(list, i, cm_ext_t);

        if (question->flip && strcmp(question->flip, ext->oid) == 0) {
            ext->critical = !ext->critical;
        }
        if ((!question->drop || strcmp(question->drop, ext->oid) != 0) &&
            (question->is_twice || !cm_ext_find(question->extra, ext->oid))) {
            cm_ext_put(writer, ext);
        }
    }
    for (int i = 0; i < question->extra->nelts; i++) {
        cm_ext_put(writer, &APR_ARRAY_IDX(question->extra, i, cm_ext_t));
    }
    cm_der_end(writer);
    cm_der_end(writer);
    return cm_der_written(writer);
}

cm_bytes_t question_tbs(question_t *question)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_bytes_t tbs;
    cm_der_t outer, reader;

    assert_done(cm_cert_tbs(&tbs, &question->spec, pool));
    outer = cm_der_reader(tbs, "test", pool);
    assert_done(cm_der_enter(&reader, &outer, CM_DER_SEQUENCE));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < MEMBERS; i++) {
        cm_bytes_t member;

        assert_done(cm_der_next(&member, NULL, &reader));
        if (i == EXTENSIONS) {
            member = changed_extensions(question, member);
        }
        cm_der_raw(writer, question->is_replaced[i] ? question->member[i] : member);
    }
    cm_der_end(writer);
    return cm_der_written(writer);
}

cm_error_t *question_lint(question_t *question)
{
    const cm_lint_in_t in = {question_tbs(question), question->sigalg, &question->issuer,
                             question->above, question->profile};

    return cm_lint(&in, pool);
}
