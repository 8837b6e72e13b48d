/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/evaluate.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/ossl.h"
#include "base/text.h"
#include "unit/policy/suite.h"

#define NOW APR_INT64_C(1795363426500000) /* 2026-11-22T16:03:46.5Z */
#define DAY APR_TIME_C(86400)

/* One question, good unless a test changes it. */
static cm_person_t person;
static cm_cert_t issuer;
static cm_evaluate_in_t in;

static cm_bytes_t spki_of(EVP_PKEY *key)
{
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    ck_assert_int_gt(len, 0);
    return cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len);
}

static void add_extension(STACK_OF(X509_EXTENSION) * list, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_ptr_nonnull(extension);
    sk_X509_EXTENSION_push(list, extension);
}

/* A real request of O=Widgits, CN=Mallory; `san` and `basic` as openssl.cnf has them, or NULL. */
static cm_csr_t *make_csr(EVP_PKEY *key, const char *san, const char *basic)
{
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_REQ *request = X509_REQ_new();
    X509_NAME *name = X509_REQ_get_subject_name(request);
    unsigned char *der = NULL;
    cm_csr_t *csr;
    int len;

    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"Widgits", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)"Mallory", -1, -1,
                               0);
    X509_REQ_set_pubkey(request, key);
    add_extension(extensions, NID_ext_key_usage, "codeSigning");
    if (san) {
        add_extension(extensions, NID_subject_alt_name, san);
    }
    if (basic) {
        add_extension(extensions, NID_basic_constraints, basic);
    }
    X509_REQ_add_extensions(request, extensions);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    ck_assert_int_gt(X509_REQ_sign(request, key, EVP_sha256()), 0);
    len = i2d_X509_REQ(request, &der);
    X509_REQ_free(request);
    assert_done(
        cm_csr_parse(&csr, cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len), pool));
    return csr;
}

static EVP_PKEY *make_key(void)
{
    return cm_ossl_pkey(EVP_EC_gen("P-256"), pool);
}

static void use_profile(const char *patch)
{
    cm_profile_t *profile;

    assert_done(cm_profile_parse(&profile, patched_profile(patch), pool));
    in.profile = profile;
}

static const apr_array_header_t *wish_san(const char *first, const char *second)
{
    apr_array_header_t *list = apr_array_make(pool, 2, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = first;
    if (second) {
        APR_ARRAY_PUSH(list, const char *) = second;
    }
    return list;
}

static void set_up(void)
{
    EVP_PKEY *key = make_key();

    memset(&issuer, 0, sizeof issuer);
    issuer.is_ca = 1;
    issuer.key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    issuer.has_path_len = 1;
    issuer.not_before = NOW - apr_time_from_sec(DAY);
    issuer.not_after = NOW + apr_time_from_sec(3650 * DAY);
    issuer.spki = spki_of(key);
    memset(&person, 0, sizeof person);
    person.id = "p1";
    person.name = "Zo\xc3\xab Jansen";
    person.mail = "Zoe@Example.test";
    memset(&in, 0, sizeof in);
    in.csr = make_csr(make_key(), NULL, NULL);
    in.person = &person;
    in.issuer = &issuer;
    in.ca = "issuing";
    in.url = "https://pki.example.test/certmgr";
    in.now = NOW;
    use_profile("{}");
}

static cm_cert_spec_t *allow(void)
{
    cm_cert_spec_t *spec = NULL;

    assert_done(cm_evaluate(&spec, &in, pool));
    return spec;
}

/* Refused for this alone. */
static void refuse(const char *field, const char *rule)
{
    cm_cert_spec_t *spec = NULL;
    cm_error_t *error = cm_evaluate(&spec, &in, pool);

    ck_assert_ptr_nonnull(error);
    ck_assert_msg(error->rule && strcmp(error->rule, rule) == 0, "%s", cm_error_text(error, pool));
    ck_assert_str_eq(error->field, field);
    ck_assert_int_eq(cm_code_info(error->code)->status, 422);
    ck_assert_msg(!error->also, "%s", cm_error_text(error, pool));
    ck_assert_ptr_null(spec);
}

static const char *subject_text(const cm_cert_spec_t *spec)
{
    cm_name_t *name;

    assert_done(cm_name_parse(&name, spec->subject, pool));
    return cm_name_text(name, pool);
}

static const char *san_text(const cm_cert_spec_t *spec)
{
    const char *text = "";

    for (int i = 0; i < spec->san->nelts; i++) {
        text = apr_pstrcat(pool, text, i ? " " : "",
                           cm_san_text(&APR_ARRAY_IDX(spec->san, i, cm_san_t), pool), NULL);
    }
    return text;
}

START_TEST(the_names_of_the_csr_are_ignored)
{
    cm_cert_spec_t *spec;

    in.csr = make_csr(make_key(), "DNS:evil.test,email:root@evil.test", "CA:FALSE");
    spec = allow();
    ck_assert_str_eq(subject_text(spec), "CN=Zo\xc3\xab Jansen");
    ck_assert_str_eq(san_text(spec), "email:Zoe@example.test");
    ck_assert(cm_bytes_equal(spec->spki, in.csr->key->spki));
    ck_assert(cm_bytes_equal(spec->key_id, in.csr->key->id));
    ck_assert(!spec->is_ca && !spec->has_path_len);
    ck_assert_uint_eq(spec->key_usage, CM_KU_DIGITAL_SIGNATURE);
    ck_assert_int_eq(spec->eku->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(spec->eku, 0, const char *), "clientAuth");
    ck_assert(!spec->extra && !spec->serial.len);
    ck_assert_str_eq(spec->crl_url, "https://pki.example.test/certmgr/crl/issuing.crl");
    ck_assert_str_eq(spec->ocsp_url, "https://pki.example.test/certmgr/ocsp");
    ck_assert_str_eq(spec->ca_issuers_url, "https://pki.example.test/certmgr/ca/issuing.cer");
}
END_TEST

START_TEST(the_spec_makes_a_certificate)
{
    static const unsigned char random[CM_SERIAL_RANDOM] = {0x7f, 1, 2, 3};
    cm_cert_spec_t *spec = allow();
    cm_bytes_t tbs, der;
    cm_name_t *name;
    cm_cert_t *cert;
    EVP_PKEY *key = make_key();
    EVP_MD_CTX *signer = cm_ossl_md_ctx(EVP_MD_CTX_new(), pool);
    unsigned char signature[200];
    size_t len = sizeof signature;

    assert_done(cm_name_read(&name, "CN=Issuing", pool));
    spec->serial = cm_serial_make(random, pool);
    spec->sigalg = cm_sigalg_for_key("P-256");
    spec->issuer = name->der;
    spec->issuer_key_id = in.csr->key->id;
    assert_done(cm_cert_tbs(&tbs, spec, pool));
    ck_assert_int_eq(EVP_DigestSignInit(signer, NULL, EVP_sha256(), NULL, key), 1);
    ck_assert_int_eq(EVP_DigestSign(signer, signature, &len, tbs.data, tbs.len), 1);
    assert_done(cm_signed_wrap(&der, tbs, spec->sigalg, cm_bytes_make(signature, len), pool));
    assert_done(cm_cert_parse(&cert, der, pool));
    ck_assert_str_eq(cert->subject_cn, "Zo\xc3\xab Jansen");
    ck_assert_str_eq(cm_text_time(cert->not_before, pool), "2026-11-22T16:02:46Z");
    ck_assert_str_eq(cm_text_time(cert->not_after, pool), "2027-11-22T16:02:45Z");
    ck_assert(!cert->is_ca);
}
END_TEST

START_TEST(keys_are_those_of_the_profile)
{
    EVP_PKEY *key = make_key();

    use_profile("{\"keys\":[\"P-384\",\"RSA-2048\"]}");
    refuse("/csr", "profile.key-algorithm");
    in.csr = make_csr(cm_ossl_pkey(EVP_RSA_gen(2048), pool), NULL, NULL);
    allow();
    use_profile("{}");
    in.csr = make_csr(key, NULL, NULL);
    issuer.spki = spki_of(key);
    refuse("/csr", "profile.key-of-ca");
}
END_TEST

START_TEST(nobody_asks_to_be_an_authority)
{
    in.csr = make_csr(make_key(), NULL, "critical,CA:TRUE");
    refuse("/csr", "csr.ca");
    in.csr = make_csr(make_key(), NULL, "CA:TRUE,pathlen:0");
    refuse("/csr", "csr.ca");
    issuer.path_len = 1;
    use_profile("{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"path_length\":0}");
    ck_assert(allow()->is_ca);
    ck_assert(allow()->has_path_len && allow()->path_len == 0);
    use_profile("{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"path_length\":1}");
    refuse("/profile", "issuer.path-length");
    use_profile("{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"]}");
    ck_assert(!allow()->has_path_len);
    issuer.path_len = 0;
    refuse("/profile", "issuer.path-length");
    issuer.has_path_len = 0;
    allow();
}
END_TEST

START_TEST(the_issuer_is_an_authority)
{
    issuer.is_ca = 0;
    refuse("/profile", "issuer.ca");
    issuer.is_ca = 1;
    issuer.key_usage = CM_KU_CRL_SIGN;
    refuse("/profile", "issuer.ca");
    issuer.key_usage = 0; /* absent: no limit (RFC 5280 4.2.1.3) */
    allow();
    issuer.not_after = NOW - 1;
    refuse("/profile", "issuer.expired");
}
END_TEST

START_TEST(life_is_bounded_by_the_profile)
{
    cm_cert_spec_t *spec = allow();

    ck_assert_int_eq(spec->not_before, apr_time_from_sec(apr_time_sec(NOW) - 60));
    ck_assert_int_eq(spec->not_after - spec->not_before, apr_time_from_sec(365 * DAY - 1));
    in.validity = "30d";
    spec = allow();
    ck_assert_int_eq(spec->not_after - spec->not_before, apr_time_from_sec(30 * DAY - 1));
    in.validity = "365d";
    allow();
    in.validity = "61s";
    ck_assert_int_ge(allow()->not_after, apr_time_from_sec(apr_time_sec(NOW)));
    in.validity = "60s";
    refuse("/validity", "profile.validity");
    in.validity = "365d1s";
    refuse("/validity", "profile.validity");
    in.validity = "soon";
    refuse("/validity", "value.duration");
    in.validity = "";
    refuse("/validity", "value.duration");
}
END_TEST

START_TEST(life_is_bounded_by_the_issuer)
{
    apr_time_t end = apr_time_from_sec(apr_time_sec(NOW) - 60 + 30 * DAY - 1);

    issuer.not_after = end;
    ck_assert_int_eq(allow()->not_after, end);
    in.validity = "30d";
    ck_assert_int_eq(allow()->not_after, end);
    in.validity = "30d1s";
    refuse("/validity", "issuer.validity");
}
END_TEST

START_TEST(names_come_from_the_person)
{
    person.mail = NULL;
    ck_assert_int_eq(allow()->san->nelts, 0);
    use_profile("{\"san\":[{\"type\":\"email\",\"from\":\"login.mail\",\"required\":true}]}");
    refuse("/profile", "profile.san-required");
    person.mail = "no mail";
    refuse("/profile", "san.email");
    person.mail = "a@b.test";
    person.name = "";
    refuse("/profile", "profile.subject-required");
    person.name = "12345678901234567890123456789012345678901234567890123456789012345";
    refuse("/profile", "name.length");
    person.name++;
    allow();
    use_profile("{\"subject\":[{\"type\":\"C\",\"from\":\"fixed\",\"value\":\"BE\"},"
                "{\"type\":\"UID\",\"from\":\"login.id\"},"
                "{\"type\":\"emailAddress\",\"from\":\"login.mail\"}]}");
    ck_assert_ptr_nonnull(strstr(subject_text(allow()), "UID=p1,C=BE"));
    ck_assert_ptr_nonnull(strstr(subject_text(allow()), "a@b.test"));
}
END_TEST

START_TEST(a_choice_that_is_not_offered_is_refused)
{
    in.subject = "CN=Somebody";
    refuse("/subject", "profile.subject-choice");
    in.subject = NULL;
    in.san = wish_san("email:zoe@example.test", NULL);
    refuse("/san", "profile.san-choice");
    in.san = wish_san("email:no mail", NULL);
    ck_assert_str_eq(cm_evaluate(&(cm_cert_spec_t *){NULL}, &in, pool)->rule, "san.email");
}
END_TEST

#define SERVER                                                                                     \
    "{\"subject\":[{\"type\":\"O\",\"from\":\"fixed\",\"value\":\"Example\"},"                     \
    "{\"type\":\"CN\",\"from\":\"csr\"}],"                                                         \
    "\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"required\":true,\"max\":2},"                    \
    "{\"type\":\"ip\",\"from\":\"csr\"}]}"

START_TEST(names_come_from_the_csr_where_the_profile_says_so)
{
    use_profile(SERVER);
    refuse("/csr", "profile.san-required");
    in.csr = make_csr(make_key(), "DNS:A.test,DNS:b.test,DNS:a.test,IP:192.0.2.1", NULL);
    ck_assert_str_eq(subject_text(allow()), "CN=Mallory,O=Example");
    ck_assert_str_eq(san_text(allow()), "dns:a.test dns:b.test ip:192.0.2.1");
    in.csr = make_csr(make_key(), "DNS:a.test,DNS:b.test,DNS:c.test", NULL);
    refuse("/csr", "profile.san-count");
    in.csr = make_csr(make_key(), "DNS:a.test,IP:192.0.2.1,IP:192.0.2.2", NULL);
    refuse("/csr", "profile.san-count");
    in.csr = make_csr(make_key(), "DNS:a.test,email:a@b.test", NULL);
    refuse("/csr", "profile.san-type");
    in.csr = make_csr(make_key(), "DNS:a.test,RID:1.2.3", NULL);
    refuse("/csr", "profile.san-type");
    use_profile("{\"subject\":[{\"type\":\"OU\",\"from\":\"csr\"}]}");
    refuse("/csr", "profile.subject-required");
    use_profile("{\"subject\":[{\"type\":\"OU\",\"from\":\"csr\",\"required\":false},"
                "{\"type\":\"CN\",\"from\":\"login.name\"}]}");
    ck_assert_str_eq(subject_text(allow()), "CN=Zo\xc3\xab Jansen");
}
END_TEST

START_TEST(other_names_are_told_by_their_identifier)
{
    use_profile(
        "{\"san\":[{\"type\":\"othername;1.2.3.4;utf8\",\"from\":\"csr\",\"patterns\":[\"Z*\"]},"
        "{\"type\":\"othername;1.2.3.5;ia5\",\"from\":\"fixed\",\"value\":\"a b\"}]}");
    in.csr = make_csr(make_key(), "otherName:1.2.3.4;UTF8:Zoe", NULL);
    ck_assert_str_eq(san_text(allow()), "othername;1.2.3.4;utf8:Zoe "
                                        "othername;1.2.3.5;ia5:a b");
    in.csr = make_csr(make_key(), "otherName:1.2.3.4;UTF8:Jane", NULL);
    refuse("/csr", "profile.san-pattern");
    in.csr = make_csr(make_key(), "otherName:1.2.3.4;IA5:Zoe", NULL); /* another string */
    refuse("/csr", "profile.san-type");
    in.csr = make_csr(make_key(), "otherName:1.2.3.5;IA5:Zoe", NULL); /* which is not chosen */
    refuse("/csr", "profile.san-type");
    in.csr = make_csr(make_key(), "otherName:1.2.3.4;UTF8:Z1,otherName:1.2.3.4;UTF8:Z2", NULL);
    refuse("/csr", "profile.san-count");
    in.csr = make_csr(make_key(), NULL, NULL);
    in.san = wish_san("othername;1.2.3.4;utf8:Zed", NULL);
    ck_assert_int_eq(allow()->san->nelts, 2);
}
END_TEST

START_TEST(what_is_asked_for_goes_before_the_csr)
{
    use_profile(SERVER);
    in.csr = make_csr(make_key(), "DNS:old.test", NULL);
    in.subject = "CN=www.new.test";
    in.san = wish_san("dns:WWW.new.test", "ip:2001:DB8::1");
    ck_assert_str_eq(subject_text(allow()), "CN=www.new.test,O=Example");
    ck_assert_str_eq(san_text(allow()), "dns:www.new.test ip:2001:db8::1");
    in.subject = "CN=x,O=Mallory";
    refuse("/subject", "profile.subject-attribute");
    in.subject = "OU=x";
    ck_assert_str_eq(cm_evaluate(&(cm_cert_spec_t *){NULL}, &in, pool)->rule,
                     "profile.subject-attribute");
    in.subject = "nonsense";
    refuse("/subject", "name.text");
    in.subject = "CN=12345678901234567890123456789012345678901234567890123456789012345";
    refuse("/subject", "name.length");
    in.subject = NULL;
    in.san = wish_san("ip:192.0.2.1", NULL);
    refuse("/san", "profile.san-required");
    in.san = wish_san("dns:a.test", "uri:http://a.test/");
    refuse("/san", "profile.san-type");
    in.san = wish_san("dns:a.test", "dns:-.test");
    refuse("/san/1", "san.dns");
}
END_TEST

START_TEST(a_certificate_has_a_name)
{
    use_profile("{\"subject\":[{\"type\":\"CN\",\"from\":\"login.name\",\"required\":false}],"
                "\"san\":[{\"type\":\"email\",\"from\":\"login.mail\",\"required\":true}]}");
    person.name = NULL;
    ck_assert_uint_eq(allow()->subject.len, 2);
    person.mail = NULL;
    ck_assert_ptr_nonnull(
        strstr(cm_error_text(cm_evaluate(&(cm_cert_spec_t *){NULL}, &in, pool), pool),
               "profile.nameless"));
}
END_TEST

START_TEST(addresses_are_put_in_where_wanted)
{
    cm_cert_spec_t *spec = NULL;

    in.url = NULL;
    assert_refused(cm_evaluate(&spec, &in, pool), CM_E_CONFIG, NULL);
    use_profile("{\"crl\":false,\"ocsp\":false,\"ca_issuers\":false}");
    spec = allow();
    ck_assert(!spec->crl_url && !spec->ocsp_url && !spec->ca_issuers_url);
}
END_TEST

#define NAMED_BY_SAN                                                                               \
    "{\"subject\":[{\"type\":\"CN\",\"from\":\"san\",\"required\":false}],"                        \
    "\"san\":[{\"type\":\"email\",\"from\":\"login.mail\",\"required\":true},{\"type\":\"dns\","   \
    "\"from\":\"csr\","                                                                            \
    "\"max\":3},{\"type\":\"ip\",\"from\":\"csr\"}]}"

START_TEST(a_common_name_is_one_of_the_alternative_names)
{
    use_profile(NAMED_BY_SAN);
    in.san = wish_san("dns:www.example.test", "ip:192.0.2.1");
    ck_assert_str_eq(subject_text(allow()), "CN=www.example.test"); /* not Mallory of the CSR */
    in.subject = "CN=192.0.2.1";
    ck_assert_str_eq(subject_text(allow()), "CN=192.0.2.1");
    in.subject = "CN=WWW.Example.test";
    ck_assert_str_eq(subject_text(allow()), "CN=www.example.test");
    in.subject = "CN=www.example.org";
    refuse("/subject", "profile.subject-san");
    in.subject = NULL;
    in.san = wish_san("dns:abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij.test",
                      "dns:b.test"); /* the first is longer than a common name can be */
    ck_assert_str_eq(subject_text(allow()), "CN=b.test");
    in.san = NULL; /* those of the CSR: none; a mail address is no host */
    ck_assert_uint_eq(allow()->subject.len, 2);
}
END_TEST

START_TEST(names_are_within_patterns_and_lengths)
{
    use_profile(
        "{\"subject\":[{\"type\":\"CN\",\"from\":\"login.name\",\"min_length\":10,"
        "\"max_length\":10,\"patterns\":[\"A*\",\"Zo? J[ab]nsen\"]}],\"san\":[{\"type\":\"dns\","
        "\"from\":\"csr\",\"max\":2,\"patterns\":[\"*.Example.test\"]}]}");
    in.san = wish_san("dns:a.b.example.test", NULL);
    person.name = "Zoe Jansen";
    allow();
    person.name = "Zoe Jensen";
    refuse("/profile", "profile.subject-pattern");
    person.name = "Anna Jansen"; /* 11 */
    refuse("/profile", "profile.subject-pattern");
    person.name = "Zoe Jbnsen";
    in.san = wish_san("dns:a.example.test", "dns:example.test");
    refuse("/san", "profile.san-pattern");
    in.san = NULL;
    in.csr = make_csr(make_key(), "DNS:a.example.org", NULL);
    refuse("/csr", "profile.san-pattern");
}
END_TEST

START_TEST(the_rest_comes_from_the_profile)
{
    cm_cert_spec_t *spec;

    use_profile(
        "{\"validity\":{\"choice\":false},\"san\":[{\"type\":\"uri\",\"from\":\"fixed\","
        "\"value\":\"urn:a:b\"},{\"type\":\"uri\",\"from\":\"fixed\",\"value\":\"urn:a:c\"}],"
        "\"critical\":[\"extendedKeyUsage\"],\"must_staple\":true,\"crl_urls\":"
        "[\"http://a.test/\"],\"policies\":[{\"oid\":\"1.2.3\",\"notice\":\"read\"}]}");
    spec = allow();
    ck_assert_str_eq(san_text(spec), "uri:urn:a:b uri:urn:a:c");
    ck_assert_str_eq(APR_ARRAY_IDX(spec->critical, 0, const char *), "extendedKeyUsage");
    ck_assert_str_eq(APR_ARRAY_IDX(spec->crl_urls, 0, const char *), "http://a.test/");
    ck_assert_str_eq(APR_ARRAY_IDX(spec->policies, 0, cm_policy_t).notice, "read");
    ck_assert(spec->must_staple);
    in.validity = "1d";
    refuse("/validity", "profile.validity-choice");
    in.validity = NULL;
    issuer.path_len = 1;
    use_profile("{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"name_constraints\":"
                "{\"permitted\":[\"dns:a.test\"],\"excluded\":[\"ip:10.0.0.0/8\"]},"
                "\"policy_constraints\":{\"require_explicit\":2},\"inhibit_any_policy\":0}");
    spec = allow();
    ck_assert_int_eq(spec->limits->require_explicit, 2);
    ck_assert_int_eq(spec->limits->inhibit_mapping, -1);
    ck_assert_int_eq(spec->limits->inhibit_any, 0);
    ck_assert_str_eq(APR_ARRAY_IDX(spec->permitted, 0, const char *), "dns:a.test");
    ck_assert_str_eq(APR_ARRAY_IDX(spec->excluded, 0, const char *), "ip:10.0.0.0/8");
}
END_TEST

START_TEST(all_refusals_come_at_once)
{
    static const char *const rules[] = {"profile.key-algorithm", "csr.ca", "profile.san-choice",
                                        "profile.subject-choice", "profile.validity"};
    cm_cert_spec_t *spec = NULL;
    cm_error_t *error;

    use_profile("{\"keys\":[\"P-521\"]}");
    in.csr = make_csr(make_key(), NULL, "CA:TRUE");
    in.subject = "CN=x";
    in.san = wish_san("dns:a.test", NULL);
    in.validity = "1000d";
    error = cm_evaluate(&spec, &in, pool);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++, error = error->also) {
        ck_assert_ptr_nonnull(error);
        ck_assert_str_eq(error->rule, rules[i]);
        ck_assert_int_eq((int)error->code, CM_E_REFUSED);
    }
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(a_key_is_certified_for_what_it_can_do)
{
    use_profile("{\"key_usage\":[\"digitalSignature\",\"keyEncipherment\",\"keyAgreement\"]}");
    ck_assert_uint_eq(allow()->key_usage, CM_KU_DIGITAL_SIGNATURE | CM_KU_KEY_AGREEMENT);
    in.csr = make_csr(cm_ossl_pkey(EVP_RSA_gen(2048), pool), NULL, NULL);
    ck_assert_uint_eq(allow()->key_usage, CM_KU_DIGITAL_SIGNATURE | CM_KU_KEY_ENCIPHERMENT);

    use_profile("{\"key_usage\":[\"keyEncipherment\"],\"ext_key_usage\":[\"emailProtection\"]}");
    allow();
    in.csr = make_csr(make_key(), NULL, NULL);
    refuse("/csr", "profile.key-usage-key");
    /* something is left, but nothing that e-mail needs */
    use_profile("{\"key_usage\":[\"keyEncipherment\",\"cRLSign\"],"
                "\"ext_key_usage\":[\"emailProtection\"]}");
    refuse("/csr", "profile.key-usage-key");
}
END_TEST

START_TEST(life_begins_with_the_issuer)
{
    issuer.not_before = apr_time_from_sec(apr_time_sec(NOW));
    ck_assert_int_eq(allow()->not_before, issuer.not_before);
}
END_TEST

START_TEST(an_authority_has_a_subject)
{
    issuer.has_path_len = 0;
    person.name = "";
    use_profile("{\"is_ca\":true,\"key_usage\":[\"keyCertSign\"],\"subject\":"
                "[{\"type\":\"CN\",\"from\":\"login.name\",\"required\":false}],"
                "\"san\":[{\"type\":\"email\",\"from\":\"login.mail\",\"required\":true}]}");
    refuse("/profile", "profile.nameless");
}
END_TEST

TCase *evaluate_case(void)
{
    TCase *tcase = unit_case("evaluate");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, the_names_of_the_csr_are_ignored);
    tcase_add_test(tcase, the_spec_makes_a_certificate);
    tcase_add_test(tcase, keys_are_those_of_the_profile);
    tcase_add_test(tcase, nobody_asks_to_be_an_authority);
    tcase_add_test(tcase, the_issuer_is_an_authority);
    tcase_add_test(tcase, life_is_bounded_by_the_profile);
    tcase_add_test(tcase, life_is_bounded_by_the_issuer);
    tcase_add_test(tcase, names_come_from_the_person);
    tcase_add_test(tcase, a_choice_that_is_not_offered_is_refused);
    tcase_add_test(tcase, names_come_from_the_csr_where_the_profile_says_so);
    tcase_add_test(tcase, other_names_are_told_by_their_identifier);
    tcase_add_test(tcase, what_is_asked_for_goes_before_the_csr);
    tcase_add_test(tcase, a_certificate_has_a_name);
    tcase_add_test(tcase, addresses_are_put_in_where_wanted);
    tcase_add_test(tcase, a_common_name_is_one_of_the_alternative_names);
    tcase_add_test(tcase, names_are_within_patterns_and_lengths);
    tcase_add_test(tcase, the_rest_comes_from_the_profile);
    tcase_add_test(tcase, all_refusals_come_at_once);
    tcase_add_test(tcase, a_key_is_certified_for_what_it_can_do);
    tcase_add_test(tcase, life_begins_with_the_issuer);
    tcase_add_test(tcase, an_authority_has_a_subject);
    return tcase;
}
