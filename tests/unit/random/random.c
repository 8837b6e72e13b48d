/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/random/random.h"

#include <apr_strings.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "base/ossl.h"

/* SplitMix64 (Steele, Lea, Flood 2014). */
int draw(dice_t *dice, int end)
{
    apr_uint64_t z = dice->state += APR_UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * APR_UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * APR_UINT64_C(0x94d049bb133111eb);
    return (int)((z ^ (z >> 31)) % (apr_uint64_t)end);
}

int once(dice_t *dice, int in)
{
    return draw(dice, in) == 0;
}

/* Text. */

static const char *draw_text(dice_t *dice, const char *const *letters, int count, int length)
{
    const char *text = "";

    for (int i = 1 + draw(dice, length); i > 0; i--) {
        text = apr_pstrcat(dice->pool, text, letters[draw(dice, count)], NULL);
    }
    return text;
}

static const char *draw_name(dice_t *dice)
{
    static const char *const letters[] = {"a", "B",  "c", " x", "-",  "\xc3\xab", "\xe4\xb8\xad",
                                          "1", "O'", ",", "+",  "\"", "\\",       "#",
                                          "="};

    return draw_text(dice, letters, once(dice, 3) ? 15 : 5, 24);
}

static const char *draw_label(dice_t *dice)
{
    static const char *const letters[] = {"a", "b", "xn--a", "1", "long", "z-z"};

    return draw_text(dice, letters, 6, 6);
}

static const char *draw_host(dice_t *dice)
{
    return apr_pstrcat(dice->pool, once(dice, 9) ? "*." : "", draw_label(dice), ".",
                       draw_label(dice), ".test", NULL);
}

static const char *draw_mail(dice_t *dice)
{
    return apr_pstrcat(dice->pool, draw_label(dice), "@", draw_label(dice), ".Example.test", NULL);
}

static const char *draw_oid(dice_t *dice)
{
    return apr_psprintf(dice->pool, "1.3.6.1.4.1.%d.%d", draw(dice, 100000), draw(dice, 3));
}

/* Profiles. */

static const char *const eku_names[] = {"clientAuth",      "serverAuth",       "codeSigning",
                                        "emailProtection", "timeStamping",     "OCSPSigning",
                                        "documentSigning", "msSmartcardLogin", "1.2.3.4.5"};
static const char *const usage_names[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                          "dataEncipherment", "keyAgreement",   "cRLSign",
                                          "encipherOnly"};
static const char *const key_names[] = {"P-256",    "P-384",    "P-521",
                                        "RSA-2048", "RSA-3072", "RSA-4096"};
static const char *const san_names[] = {"dns",
                                        "email",
                                        "ip",
                                        "uri",
                                        "upn",
                                        "dirname",
                                        "rid",
                                        "othername;1.2.3.4;utf8",
                                        "othername;1.3.6.1.5.5.7.8.7;ia5"};

enum { SAN_NAMES = sizeof san_names / sizeof *san_names };

static const char *const attribute_names[] = {
    "CN", "O", "OU", "C", "L", "title", "emailAddress", "serialNumber", "2.5.4.9999"};

/* Some of the words, each at most once; the first is drawn mostly. */
static json_t *draw_words(dice_t *dice, const char *const *words, int count)
{
    json_t *list = json_array();

    for (int i = 0; i < count; i++) {
        if (i ? once(dice, 5) : !once(dice, 5)) {
            json_array_append_new(list, json_string(words[i]));
        }
    }
    return list;
}

static const char *fixed_value(dice_t *dice, const char *type)
{
    return strcmp(type, "C") == 0              ? "NL"
           : strcmp(type, "emailAddress") == 0 ? draw_mail(dice)
           : strcmp(type, "serialNumber") == 0 ? "12-34"
                                               : draw_name(dice);
}

/* Patterns of which many names match one. */
static void draw_bounds(dice_t *dice, json_t *row)
{
    static const char *const patterns[] = {"*.test", "*a*", "[!x]*", "?*"};

    if (once(dice, 6)) {
        json_object_set_new(
            row, "patterns",
            json_pack("[s,s]", patterns[draw(dice, 2)], patterns[2 + draw(dice, 2)]));
    }
}

static json_t *draw_subject(dice_t *dice)
{
    json_t *rows = json_array();

    for (int i = 0; i < 9; i++) {
        const char *type = attribute_names[i];
        const char *from = once(dice, 3) ? "fixed" : once(dice, 3) ? "csr" : "login.name";
        json_t *row;

        if (i ? !once(dice, 4) : once(dice, 5)) {
            continue;
        }
        if (strcmp(type, "emailAddress") == 0) {
            from = "login.mail";
        } else if (strcmp(type, "C") == 0 || strcmp(type, "serialNumber") == 0) {
            from = "fixed";
        }
        row = json_pack("{s:s,s:s,s:b}", "type", type, "from", from, "required",
                        i ? once(dice, 8) : !once(dice, 8));
        if (strcmp(type, "CN") == 0 && once(dice, 4)) {
            json_object_set_new(row, "from", json_string("san"));
        } else if (strcmp(from, "fixed") == 0) {
            json_object_set_new(row, "value", json_string(fixed_value(dice, type)));
        }
        draw_bounds(dice, row);
        if (once(dice, 6)) {
            json_object_set_new(row, "min_length", json_integer(draw(dice, 4)));
            json_object_set_new(row, "max_length", json_integer(10 + draw(dice, 50)));
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *draw_san_rows(dice_t *dice)
{
    static const char *const fixed[] = {
        "fixed.example.test", "fixed@Example.test", "2001:DB8::7", "urn:fixed:1",
        "fixed@example",      "CN=Fixed,O=X",       "1.2.3.4",     "Fix\xc3\xa9",
        "_fixed.example.test"};
    json_t *rows = json_array();

    for (int i = 0; i < SAN_NAMES; i++) {
        json_t *row;

        if (!once(dice, i < 5 ? 2 : 4)) {
            continue;
        }
        row = json_pack("{s:s,s:s,s:b,s:i}", "type", san_names[i], "from",
                        i == 1 && once(dice, 2) ? "login.mail" : "csr", "required", once(dice, 12),
                        "max", 1 + draw(dice, 4));
        if (once(dice, 8)) {
            json_object_set_new(row, "from", json_string("fixed"));
            json_object_set_new(row, "value", json_string(fixed[i]));
        }
        draw_bounds(dice, row);
        json_array_append_new(rows, row);
    }
    return rows;
}

static json_t *draw_policies(dice_t *dice)
{
    json_t *list = json_array();

    for (int i = once(dice, 2) ? draw(dice, 3) : 0; i > 0; i--) {
        json_t *policy = json_pack("{s:s}", "oid", once(dice, 2) ? "1.2.3" : draw_oid(dice));

        if (once(dice, 2)) {
            json_object_set_new(policy, "cps", json_string("https://cps.example.test/"));
        }
        if (once(dice, 3)) {
            json_object_set_new(policy, "notice", json_string("For t\xc3\xa9sts only"));
        }
        json_array_append_new(list, policy);
    }
    return list;
}

static json_t *draw_constraints(dice_t *dice)
{
    static const char *const bases[] = {"dns:example.test", "dns:.a.test",     "email:a@b.test",
                                        "email:.b.test",    "uri:.c.test",     "ip:192.0.2.0/25",
                                        "ip:2001:db8::/33", "dirname:O=X,C=NL"};

    return json_pack("{s:o,s:o}", "permitted", draw_words(dice, bases, 8), "excluded",
                     draw_words(dice, bases + 4, 4));
}

static json_t *draw_limits(dice_t *dice)
{
    return json_pack("{s:i,s:i}", "require_explicit", draw(dice, 4) - 1, "inhibit_mapping",
                     draw(dice, 3) - 1);
}

/* What few profiles have. */
static void draw_further(dice_t *dice, json_t *profile, int is_ca)
{
    static const char *const criticals[] = {"extendedKeyUsage", "certificatePolicies"};
    static const char *const hashes[] = {"SHA-256", "SHA-384", "SHA-512"};
    static const char *const urls[] = {"http://a.example.test/x?y=1", "ldap://b.example.test/c=NL"};

    if (is_ca ? once(dice, 2) : once(dice, 40)) {
        json_object_set_new(profile, "name_constraints", draw_constraints(dice));
    }
    if (once(dice, 3)) {
        json_object_set_new(profile, "critical", draw_words(dice, criticals, 2));
        json_object_set_new(profile, "crl_urls", draw_words(dice, urls, 2));
    }
    if (once(dice, 3)) {
        json_object_set_new(profile, "ocsp_urls", draw_words(dice, urls, 1));
        json_object_set_new(profile, "ca_issuers_urls", draw_words(dice, urls, 2));
        json_object_set_new(profile, "must_staple", json_boolean(once(dice, 2)));
    }
    if (is_ca ? once(dice, 2) : once(dice, 40)) {
        json_object_set_new(profile, "policy_constraints", draw_limits(dice));
        json_object_set_new(profile, "inhibit_any_policy", json_integer(draw(dice, 4) - 1));
    }
    if (once(dice, 3)) {
        json_object_set_new(profile, "signature_hash", json_string(hashes[draw(dice, 3)]));
    }
    json_object_set_new(json_object_get(profile, "validity"), "choice",
                        json_boolean(!once(dice, 6)));
}

cm_bytes_t draw_profile(dice_t *dice, const char *algorithm)
{
    json_t *profile = cm_json_object(dice->pool);
    int is_ca = once(dice, 8), days = 1 + draw(dice, 4000);
    json_t *usage = draw_words(dice, usage_names, 7), *keys = draw_words(dice, key_names, 6);

    if (!once(dice, 8)) {
        json_array_clear(keys);
        json_array_append_new(keys, json_string(algorithm));
    }

    if (is_ca) {
        json_array_append_new(usage, json_string("keyCertSign"));
        json_object_set_new(profile, "path_length", json_integer(draw(dice, 4) - 1));
    }
    json_object_set_new(profile, "name", json_string("random"));
    json_object_set_new(profile, "title", json_string("Random"));
    json_object_set_new(profile, "ca", json_string("issuing"));
    json_object_set_new(profile, "validity",
                        json_pack("{s:s,s:s}", "default",
                                  apr_psprintf(dice->pool, "%dd", 1 + draw(dice, days)), "max",
                                  apr_psprintf(dice->pool, "%dd", days)));
    json_object_set_new(profile, "keys", keys);
    json_object_set_new(profile, "subject", draw_subject(dice));
    json_object_set_new(profile, "san", draw_san_rows(dice));
    json_object_set_new(profile, "key_usage", usage);
    json_object_set_new(profile, "ext_key_usage", draw_words(dice, eku_names, 9));
    json_object_set_new(profile, "is_ca", json_boolean(is_ca));
    json_object_set_new(profile, "policies", draw_policies(dice));
    json_object_set_new(profile, "crl", json_boolean(once(dice, 2)));
    json_object_set_new(profile, "ocsp", json_boolean(once(dice, 2)));
    json_object_set_new(profile, "ca_issuers", json_boolean(once(dice, 2)));
    json_object_set_new(
        profile, "operations",
        json_pack("{s:{s:[s],s:[{s:s}]}}", "enroll", "roles", "user", "checklist", "item", "csr"));
    draw_further(dice, profile, is_ca);
    return cm_json_dump(profile, dice->pool);
}

/* Keys and requests. */

void make_keys(random_key_t keys[RANDOM_KEYS])
{
    static const char *const kinds[RANDOM_KEYS] = {"P-256", "P-256",    "P-256",    "P-384",
                                                   "P-521", "RSA-2048", "RSA-2048", "RSA-3072"};

    for (int i = 0; i < RANDOM_KEYS; i++) {
        unsigned char *der = NULL;
        int len;

        keys[i].pkey = kinds[i][0] == 'P' ? EVP_EC_gen(kinds[i])
                                          : EVP_RSA_gen((size_t)strtoul(kinds[i] + 4, NULL, 10));
        ck_assert_ptr_nonnull(cm_ossl_pkey(keys[i].pkey, pool));
        len = i2d_PUBKEY(keys[i].pkey, &der);
        assert_done(cm_pubkey_parse(
            &keys[i].key, cm_bytes_make(cm_ossl_memory(der, pool), (apr_size_t)len), pool));
    }
}

cm_bytes_t sign(const random_key_t *key, const cm_sigalg_t *alg, cm_bytes_t tbs, apr_pool_t *in)
{
    static const char *const digests[] = {"SHA256", "SHA384", "SHA512"};
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char *signature = apr_palloc(in, 1024);
    size_t len = 1024;

    ck_assert_int_eq(
        EVP_DigestSignInit_ex(ctx, NULL, digests[alg->digest], NULL, NULL, key->pkey, NULL), 1);
    ck_assert_int_eq(EVP_DigestSign(ctx, signature, &len, tbs.data, tbs.len), 1);
    EVP_MD_CTX_free(ctx);
    return cm_bytes_make(signature, len);
}

static cm_bytes_t draw_requested_name(dice_t *dice)
{
    apr_array_header_t *list = apr_array_make(dice->pool, 4, sizeof(cm_name_attribute_t));
    cm_name_t *name;

    for (int i = 0; i < 3; i++) {
        if (once(dice, 2)) {
            APR_ARRAY_PUSH(list, cm_name_attribute_t) =
                (cm_name_attribute_t){attribute_names[i], draw_name(dice), 0};
        }
    }
    if (cm_name_make(&name, list, dice->pool)) { /* too long, or too odd */
        return cm_bytes_make("0\0", 2);
    }
    return name->der;
}

static const char *draw_san(dice_t *dice)
{
    switch (draw(dice, 10)) {
    case 7:
        return apr_pstrcat(dice->pool, "othername;1.2.3.4;utf8:", draw_name(dice), NULL);
    case 8:
        return apr_pstrcat(dice->pool, "othername;1.3.6.1.5.5.7.8.7;ia5:_", draw_label(dice), NULL);
    case 5:
        return apr_pstrcat(dice->pool, "dirname:OU=", draw_label(dice), "+CN=", draw_label(dice),
                           ",C=NL", NULL);
    case 6:
        return apr_pstrcat(dice->pool, "rid:", draw_oid(dice), NULL);
    case 0:
        return apr_pstrcat(dice->pool, "email:", draw_mail(dice), NULL);
    case 1:
        return apr_psprintf(dice->pool, "ip:192.0.2.%d", draw(dice, 256));
    case 2:
        return apr_psprintf(dice->pool, "ip:2001:db8::%x", 1 + draw(dice, 65535));
    case 3:
        return apr_pstrcat(dice->pool, "uri:https://", draw_label(dice), ".test/a?b=%20", NULL);
    default:
        return apr_pstrcat(dice->pool, "dns:", draw_host(dice), NULL);
    }
}

/* attributes [0]: an extension request with alternative names, or nothing. */
static void put_attributes(dice_t *dice, cm_der_writer_t *writer)
{
    apr_array_header_t *list = apr_array_make(dice->pool, 4, sizeof(cm_san_t));
    cm_ext_t ext = {CM_OID_SAN, 0, {NULL, 0}};

    for (int i = draw(dice, 4); i > 0; i--) {
        if (cm_san_read(apr_array_push(list), draw_san(dice), dice->pool)) {
            apr_array_pop(list);
        }
    }
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    if (list->nelts) {
        assert_done(cm_san_encode(&ext.value, list, dice->pool));
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_der_put_oid(writer, "1.2.840.113549.1.9.14");
        cm_der_begin(writer, CM_DER_SET);
        cm_der_begin(writer, CM_DER_SEQUENCE);
        cm_ext_put(writer, &ext);
        for (int i = 0; i < 3; i++) {
            cm_der_end(writer);
        }
    }
    cm_der_end(writer);
}

cm_bytes_t draw_csr(dice_t *dice, const random_key_t *key)
{
    cm_der_writer_t *writer = cm_der_writer(dice->pool);
    const cm_sigalg_t *alg = cm_sigalg_for_key(key->key->algorithm);
    cm_bytes_t info, der;

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_small(writer, CM_DER_INTEGER, 0);
    cm_der_raw(writer, draw_requested_name(dice));
    cm_der_raw(writer, key->key->spki);
    put_attributes(dice, writer);
    cm_der_end(writer);
    info = cm_der_written(writer);
    assert_done(cm_signed_wrap(&der, info, alg, sign(key, alg, info, dice->pool), dice->pool));
    return der;
}

void draw_wishes(dice_t *dice, cm_evaluate_in_t *in)
{
    cm_person_t *person = apr_pcalloc(dice->pool, sizeof *person);

    person->id = apr_psprintf(dice->pool, "%d", draw(dice, 1000));
    person->name = draw_name(dice);
    person->mail = once(dice, 4) ? NULL : draw_mail(dice);
    in->person = person;
    in->validity = once(dice, 3) ? apr_psprintf(dice->pool, "%dh", 1 + draw(dice, 3000)) : NULL;
    in->url = "https://pki.example.test/certmgr";
    if (once(dice, 4)) {
        apr_array_header_t *san = apr_array_make(dice->pool, 2, sizeof(const char *));

        APR_ARRAY_PUSH(san, const char *) = draw_san(dice);
        APR_ARRAY_PUSH(san, const char *) = draw_san(dice);
        in->san = san;
    }
}
