/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>
#include <openssl/x509v3.h>

#include "base/ossl.h"
#include "pki/crl.h"
#include "model/words.h"

static const struct {
    const char *serial;
    cm_reason_t reason;
    int invalidity;
} revoked[] = {{"01", CM_REASON_UNSPECIFIED, 0},
               {"ff00", CM_REASON_KEY_COMPROMISE, 1},
               {"7fffffffffffffffffffffffffffffffffffffff", CM_REASON_SUPERSEDED, 0},
               {"1234", CM_REASON_CERTIFICATE_HOLD, 0},
               {"5678", CM_REASON_REMOVE_FROM_CRL, 0},
               {"9a", CM_REASON_UNSPECIFIED, 1}};

enum { REVOKED = sizeof revoked / sizeof *revoked };

static cm_bytes_t entries(void)
{
    cm_bytes_t parts[REVOKED];

    for (int i = 0; i < REVOKED; i++) {
        cm_crl_entry_t entry = {test_hex(revoked[i].serial),
                                TEST_NOW - apr_time_from_sec(60 * (i + 1)), revoked[i].reason, 0};

        entry.invalidity_date = revoked[i].invalidity ? TEST_NOW - apr_time_from_sec(86400) : 0;
        assert_done(cm_crl_entry(&parts[i], &entry, pool));
    }
    return cm_bytes_concat(parts, REVOKED, pool);
}

static cm_crl_spec_t make_spec(const test_key_t *key)
{
    return (cm_crl_spec_t){.sigalg = key->alg,
                           .issuer = test_name("Issuer"),
                           .issuer_key_id = key->key->id,
                           .this_update = TEST_NOW,
                           .next_update = TEST_NOW + apr_time_from_sec(86400),
                           .number = 200,
                           .idp_url = "http://example.test/crl/issuing.crl"};
}

static cm_bytes_t make_crl(const cm_crl_spec_t *spec, cm_bytes_t list, const test_key_t *key)
{
    cm_bytes_t tbs, der;

    assert_done(cm_crl_tbs(&tbs, spec, list, pool));
    assert_done(cm_signed_wrap(&der, tbs, spec->sigalg, test_sign(key, tbs), pool));
    assert_done(cm_der_check(der, pool));
    return der;
}

START_TEST(a_list_verifies_with_openssl)
{
    static const char *const algorithms[] = {"P-256", "RSA-2048"};

    for (int k = 0; k < 2; k++) {
        test_key_t key = test_key(algorithms[k]);
        cm_crl_spec_t spec = make_spec(&key);
        cm_crl_info_t *info;
        apr_time_t when;
        int reason;

        assert_done(cm_crl_parse(&info, make_crl(&spec, entries(), &key), pool));
        ck_assert_int_eq(X509_CRL_verify(info->crl, key.pkey), 1);
        ck_assert_int_eq(X509_CRL_get_version(info->crl), X509_CRL_VERSION_2);
        ck_assert_str_eq(info->issuer_text, "CN=Issuer");
        ck_assert(info->this_update == apr_time_from_sec(apr_time_sec(TEST_NOW)));
        ck_assert(info->next_update == info->this_update + apr_time_from_sec(86400));
        ck_assert_int_eq(info->number, 200);
        ck_assert_int_eq(info->base_number, -1);
        ck_assert_int_eq(info->count, REVOKED);
        for (int i = 0; i < REVOKED; i++) {
            ck_assert(cm_crl_find(info, revoked[i].serial, &reason, &when));
            ck_assert_int_eq(reason, (int)revoked[i].reason);
            ck_assert(when == info->this_update - apr_time_from_sec(60 * (i + 1)));
        }
        ck_assert(!cm_crl_find(info, "02", NULL, NULL));
        ck_assert(!cm_crl_find(info, "zz", NULL, NULL));
    }
}
END_TEST

START_TEST(extensions_of_a_list)
{
    test_key_t key = test_key("P-256");
    cm_crl_spec_t spec = make_spec(&key);
    cm_crl_info_t *info;
    ISSUING_DIST_POINT *idp;
    AUTHORITY_KEYID *aki;
    int critical;

    spec.is_delta = 1;
    spec.base_number = 128;
    assert_done(cm_crl_parse(&info, make_crl(&spec, entries(), &key), pool));
    ck_assert_int_eq(info->base_number, 128);
    idp = X509_CRL_get_ext_d2i(info->crl, NID_issuing_distribution_point, &critical, NULL);
    ck_assert_ptr_nonnull(idp);
    ck_assert_int_eq(critical, 1);
    ck_assert_int_eq(sk_GENERAL_NAME_num(idp->distpoint->name.fullname), 1);
    ISSUING_DIST_POINT_free(idp);
    aki = X509_CRL_get_ext_d2i(info->crl, NID_authority_key_identifier, &critical, NULL);
    ck_assert_ptr_nonnull(aki);
    ck_assert_int_eq(critical, 0);
    ck_assert_mem_eq(ASN1_STRING_get0_data(aki->keyid), key.key->id.data, 20);
    AUTHORITY_KEYID_free(aki);
    ck_assert_int_eq(X509_EXTENSION_get_critical(X509_CRL_get_ext(
                         info->crl, X509_CRL_get_ext_by_NID(info->crl, NID_delta_crl, -1))),
                     1);
}
END_TEST

START_TEST(an_empty_list_has_no_entries_at_all)
{
    test_key_t key = test_key("P-256");
    cm_crl_spec_t spec = make_spec(&key);
    cm_crl_info_t *info;

    spec.idp_url = NULL;
    assert_done(cm_crl_parse(&info, make_crl(&spec, cm_bytes_make(NULL, 0), &key), pool));
    ck_assert_ptr_null(X509_CRL_get_REVOKED(info->crl));
    ck_assert_int_eq(X509_CRL_verify(info->crl, key.pkey), 1);
}
END_TEST

START_TEST(unspecified_is_left_out)
{
    cm_crl_entry_t entry = {test_hex("01"), TEST_NOW, CM_REASON_UNSPECIFIED, 0};
    cm_bytes_t der;

    assert_done(cm_crl_entry(&der, &entry, pool));
    ck_assert_str_eq(cm_bytes_hex(der, pool), "3012020101170d3236313132323136303334365a");
    entry.reason = (cm_reason_t)7;
    assert_refused(cm_crl_entry(&der, &entry, pool), CM_E_VALUE, "crl.reason");
    entry.reason = CM_REASON_SUPERSEDED;
    entry.serial.len = 0;
    assert_refused(cm_crl_entry(&der, &entry, pool), CM_E_VALUE, "crl.serial");
}
END_TEST

/* The frames around a list give the same bytes as the list made in memory. */
START_TEST(a_list_in_pieces)
{
    test_key_t key = test_key("P-256");
    cm_crl_spec_t spec = make_spec(&key);
    cm_bytes_t list = entries(), tbs, whole, frame[2], outer[2], signature, parts[5];

    assert_done(cm_crl_tbs(&tbs, &spec, list, pool));
    signature = test_sign(&key, tbs);
    assert_done(cm_signed_wrap(&whole, tbs, spec.sigalg, signature, pool));
    assert_done(cm_crl_frame(frame, &spec, list.len, pool));
    cm_signed_frame(outer, frame[0].len + list.len + frame[1].len, spec.sigalg, signature, pool);
    parts[0] = outer[0];
    parts[1] = frame[0];
    parts[2] = list;
    parts[3] = frame[1];
    parts[4] = outer[1];
    ck_assert(cm_bytes_equal(cm_bytes_concat(parts, 5, pool), whole));
}
END_TEST

START_TEST(specs_that_are_refused)
{
    test_key_t key = test_key("P-256");
    cm_crl_spec_t spec = make_spec(&key);
    cm_bytes_t tbs, none = {NULL, 0};
    cm_crl_info_t *info;

    spec.next_update = spec.this_update;
    assert_refused(cm_crl_tbs(&tbs, &spec, none, pool), CM_E_VALUE, "crl.times");
    spec = make_spec(&key);
    spec.issuer_key_id.len = 0;
    assert_refused(cm_crl_tbs(&tbs, &spec, none, pool), CM_E_VALUE, "crl.incomplete");
    spec = make_spec(&key);
    spec.is_delta = 1;
    spec.base_number = spec.number;
    assert_refused(cm_crl_tbs(&tbs, &spec, none, pool), CM_E_VALUE, "crl.number");
    assert_refused(cm_crl_parse(&info, test_hex("3000"), pool), CM_E_VALUE, "crl.syntax");
    spec = make_spec(&key);
    tbs = make_crl(&spec, none, &key);
    assert_refused(cm_crl_parse(&info, cm_bytes_make(tbs.data, tbs.len - 1), pool), CM_E_VALUE,
                   "crl.syntax");
    ck_assert_ptr_nonnull(strstr(cm_crl_pem(tbs, pool), "-----BEGIN X509 CRL-----\n"));
}
END_TEST

START_TEST(reasons)
{
    for (int i = -1; i < 12; i++) {
        const char *name = cm_reason_name(i);

        ck_assert((name == NULL) == (i < 0 || i == 7 || i > 10));
        ck_assert(!name || cm_reason_of(name) == i);
    }
    ck_assert_str_eq(cm_reason_name(CM_REASON_REMOVE_FROM_CRL), "removeFromCRL");
    ck_assert_int_eq(cm_reason_of("nothing"), -1);
}
END_TEST

TCase *crl_case(void)
{
    TCase *tcase = unit_case("crl");

    tcase_add_test(tcase, a_list_verifies_with_openssl);
    tcase_add_test(tcase, extensions_of_a_list);
    tcase_add_test(tcase, an_empty_list_has_no_entries_at_all);
    tcase_add_test(tcase, unspecified_is_left_out);
    tcase_add_test(tcase, a_list_in_pieces);
    tcase_add_test(tcase, specs_that_are_refused);
    tcase_add_test(tcase, reasons);
    return tcase;
}
