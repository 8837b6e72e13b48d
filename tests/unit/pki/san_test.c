/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>

#define LABEL63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

START_TEST(names_that_are_taken)
{
    static const struct {
        const char *text, *canonical;
    } cases[] = {
        {"dns:WWW.Example.TEST", "dns:www.example.test"},
        {"dns:*.example.test", "dns:*.example.test"},
        {"dns:xn--mnchen-3ya.test", "dns:xn--mnchen-3ya.test"},
        {"dns:localhost", "dns:localhost"},
        {"dns:1.example", "dns:1.example"},
        {"dns:" LABEL63 ".test", "dns:" LABEL63 ".test"},
        {"dns:" LABEL63 "." LABEL63 "." LABEL63 "." LABEL61,
         "dns:" LABEL63 "." LABEL63 "." LABEL63 "." LABEL61},
        {"email:Jane.Doe+x@Example.TEST", "email:Jane.Doe+x@example.test"},
        {"ip:192.0.2.1", "ip:192.0.2.1"},
        {"ip:2001:DB8:0:0::1", "ip:2001:db8::1"},
        {"uri:https://user@example.test:8443/a%20b?c#d",
         "uri:https://user@example.test:8443/a%20b?c#d"},
        {"uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
         "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"},
        {"uri:http://[2001:db8::1]:80/", "uri:http://[2001:db8::1]:80/"},
        {"uri:http://192.0.2.1", "uri:http://192.0.2.1"},
        {"upn:zoë@example.test", "upn:zoë@example.test"},
        {"dirname:cn=Zoë \\, x,O=Example", "dirname:CN=Zoë \\, x,O=Example"},
        {"dirname:OU=a+CN=b,C=NL", "dirname:CN=b+OU=a,C=NL"},
        {"rid:1.2.3.4", "rid:1.2.3.4"},
        {"othername;1.2.3.4;utf8:Zoë: x", "othername;1.2.3.4;utf8:Zoë: x"},
        {"othername;1.2.3.4;ia5:_ldap.example.test", "othername;1.2.3.4;ia5:_ldap.example.test"},
        {"othername;1.2.3.4;printable:A-1", "othername;1.2.3.4;printable:A-1"},
    };
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_san_t)), *back;
    cm_bytes_t der;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_san_t san;

        assert_done(cm_san_read(&san, cases[i].text, pool));
        ck_assert_str_eq(cm_san_text(&san, pool), cases[i].canonical);
        APR_ARRAY_PUSH(list, cm_san_t) = san;
        APR_ARRAY_PUSH(list, cm_san_t) = san;
    }
    assert_done(cm_san_encode(&der, list, pool));
    assert_done(cm_der_check(der, pool));
    assert_done(cm_san_decode(&back, der, pool));
    ck_assert_int_eq(back->nelts, (int)(sizeof cases / sizeof *cases));
    for (int i = 0; i < back->nelts; i++) {
        ck_assert_str_eq(cm_san_text(&APR_ARRAY_IDX(back, i, cm_san_t), pool), cases[i].canonical);
    }
}
END_TEST

START_TEST(names_that_are_refused)
{
    static const struct {
        const char *text, *rule;
    } cases[] = {
        {"dns:", "san.dns"},
        {"dns:.test", "san.dns"},
        {"dns:a..b", "san.dns"},
        {"dns:a.test.", "san.dns"},
        {"dns:-a.test", "san.dns"},
        {"dns:a-.test", "san.dns"},
        {"dns:a_b.test", "san.dns"},
        {"dns:münchen.test", "san.dns"},
        {"dns:a b", "san.dns"},
        {"dns:*", "san.dns"},
        {"dns:*.", "san.dns"},
        {"dns:a.*.test", "san.dns"},
        {"dns:w*.test", "san.dns"},
        {"dns:*.*.test", "san.dns"},
        {"dns:192.0.2.1", "san.dns"},
        {"dns:2001:db8::1", "san.dns"},
        {"dns:ab--c.test", "san.dns"},
        {"dns:xn--.test", "san.dns"},
        {"dns:a" LABEL63 ".test", "san.dns"},
        {"dns:" LABEL63 "." LABEL63 "." LABEL63 ".a" LABEL61, "san.dns"},
        {"email:a", "san.email"},
        {"email:@b.test", "san.email"},
        {"email:a@", "san.email"},
        {"email:.a@b.test", "san.email"},
        {"email:a.@b.test", "san.email"},
        {"email:a..b@c.test", "san.email"},
        {"email:a b@c.test", "san.email"},
        {"email:\"a\"@b.test", "san.email"},
        {"email:a@b@c.test", "san.email"},
        {"email:a@*.test", "san.email"},
        {"email:é@b.test", "san.email"},
        {"email:a" LABEL63 "a@b.test", "san.email"},
        {"ip:192.0.2", "san.ip"},
        {"ip:192.0.2.256", "san.ip"},
        {"ip:192.0.2.1/24", "san.ip"},
        {"ip:1", "san.ip"},
        {"ip:2001:db8::g", "san.ip"},
        {"ip:fe80::1%eth0", "san.ip"},
        {"ip:", "san.ip"},
        {"uri:/relative", "san.uri"},
        {"uri:http:", "san.uri"},
        {"uri:1http://a", "san.uri"},
        {"uri:http://", "san.uri"},
        {"uri:http://a b/", "san.uri"},
        {"uri:http://a/%2", "san.uri"},
        {"uri:http://a/<x>", "san.uri"},
        {"uri:http://-a/", "san.uri"},
        {"uri:http://a:x/", "san.uri"},
        {"uri:http://[::g]/", "san.uri"},
        {"uri:http://[::1", "san.uri"},
        {"uri:http://[::1]a/", "san.uri"},
        {"uri:ht_tp://a/", "san.uri"},
        {"uri:http://é/", "san.uri"},
        {"upn:jane", "san.upn"},
        {"upn:@a", "san.upn"},
        {"upn:a@", "san.upn"},
        {"upn:a@b@c", "san.upn"},
        {"upn:a\n@b", "san.upn"},
        {"other:00", "san.type"},
        {"DNS:a.test", "san.type"},
        {"www.example.test", "san.type"},
        {"", "san.type"},
    };
    cm_san_t san;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_error_t *error = cm_san_read(&san, cases[i].text, pool);

        ck_assert_msg(error != NULL, "%s", cases[i].text);
        assert_refused(error, CM_E_VALUE, cases[i].rule);
    }
}
END_TEST

START_TEST(other_names_that_are_refused)
{
    static const struct {
        const char *text, *rule;
    } cases[] = {
        {"othername;1.2.3.4;utf8:", "san.othername"},
        {"othername;1.2.3.4;utf8:a\nb", "san.othername"},
        {"othername;1.2.3.4;utf8:\xe9", "san.othername"},
        {"othername;1.2.3.4;ia5:Zoë", "san.othername"},
        {"othername;1.2.3.4;printable:a@b", "san.othername"},
        {"othername;1.2.3.4;bmp:a", "san.type"},
        {"othername;1.2.3.4:a", "san.type"},
        {"othername;1.2.03;utf8:a", "san.type"},
        {"othername;1.3.6.1.4.1.311.20.2.3;utf8:a@b", "san.type"},
    };
    char longest[1025] = "";
    cm_san_t san;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(cm_san_read(&san, cases[i].text, pool), CM_E_VALUE, cases[i].rule);
    }
    memset(longest, 'a', sizeof longest - 1);
    assert_done(cm_san_make(&san, "othername;1.2.3;ia5", longest, pool));
    assert_refused(
        cm_san_make(&san, "othername;1.2.3;ia5", apr_pstrcat(pool, longest, "a", NULL), pool),
        CM_E_VALUE, "san.othername");
}
END_TEST

START_TEST(directories_and_ids_that_are_refused)
{
    static const char *const cases[] = {"dirname:", "dirname:Jane", "dirname:C=NLD",
                                        "rid:",     "rid:1",        "rid:1.2.x"};
    cm_san_t san;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_refused(cm_san_read(&san, cases[i], pool), CM_E_VALUE,
                       i < 3 ? "san.dirname" : "san.rid");
    }
}
END_TEST

START_TEST(general_names_that_are_refused)
{
    static const struct {
        const char *hex;
        const char *rule; /* NULL: accepted */
    } cases[] = {
        {"3003 820161", NULL},
        {"3003 820100", "san.syntax"},
        {"3003 8201e9", "san.syntax"},
        {"3004 82026100", "san.syntax"},
        {"3006 8704c0000201", NULL},
        {"3007 8705c000020101", "san.ip"},
        {"300a 8708c0000201ffffff00", "san.ip"},
        {"3003 8a0161", "san.syntax"},
        {"3003 810161", "san.email"},
        {"3003 860161", "san.uri"},
        {"3005 88032a0304", NULL},
        {"3004 a4023000", NULL},
        {"3004 a4023100", "name.syntax"},
        {"3000", "san.empty"},
        {"0500", "san.syntax"},
        {"3003 820161 00", "san.syntax"},
        {"3003 820261", "san.syntax"},
        {"3013 a011 060a2b060104018237140203 a003 0c0161", "san.upn"},
        {"3013 a011 060a2b060104018237140203 a003 160161", "san.syntax"},
        {"3002 a000", "san.syntax"},
        {"3009 a007 06022a03 a0010c", NULL},
        {"300b a009 06022a03 a003 0c0161", NULL},
        {"300b a009 06022a03 a003 0c01e9", NULL}, /* no UTF-8: a kind that we don't read */
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        apr_array_header_t *list;
        cm_error_t *error = cm_san_decode(&list, test_hex(cases[i].hex), pool);

        ck_assert_msg(!!error == !!cases[i].rule, "%s: %s", cases[i].hex,
                      error ? error->rule : "accepted");
        ck_assert_msg(!error || strcmp(error->rule, cases[i].rule) == 0, "%s: %s", cases[i].hex,
                      error ? error->rule : "");
    }
}
END_TEST

START_TEST(lists_are_bounded)
{
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(cm_san_t)), *back;
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_bytes_t der;
    cm_san_t other = {"other", "a4023000"};

    assert_refused(cm_san_encode(&der, list, pool), CM_E_VALUE, "san.empty");
    for (int i = 0; i < CM_SAN_COUNT; i++) {
        assert_done(cm_san_make(apr_array_push(list), "dns", apr_psprintf(pool, "a%d", i), pool));
    }
    assert_done(cm_san_encode(&der, list, pool));
    assert_done(cm_san_decode(&back, der, pool));
    ck_assert_int_eq(back->nelts, CM_SAN_COUNT);
    assert_done(cm_san_make(apr_array_push(list), "dns", "a0", pool));
    assert_refused(cm_san_encode(&der, list, pool), CM_E_VALUE, "san.count");
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i <= CM_SAN_COUNT; i++) {
        cm_der_put_text(writer, CM_DER_CONTEXT(2), "same.test");
    }
    cm_der_end(writer);
    assert_refused(cm_san_decode(&back, cm_der_written(writer), pool), CM_E_VALUE, "san.count");
    apr_array_clear(list);
    APR_ARRAY_PUSH(list, cm_san_t) = other;
    assert_refused(cm_san_encode(&der, list, pool), CM_E_VALUE, "san.type");
}
END_TEST

TCase *san_case(void)
{
    TCase *tcase = unit_case("san");

    tcase_add_test(tcase, names_that_are_taken);
    tcase_add_test(tcase, names_that_are_refused);
    tcase_add_test(tcase, general_names_that_are_refused);
    tcase_add_test(tcase, other_names_that_are_refused);
    tcase_add_test(tcase, directories_and_ids_that_are_refused);
    tcase_add_test(tcase, lists_are_bounded);
    return tcase;
}
