/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/uri.h"

#include <apr_strings.h>

#include "unit/keys/suite.h"

START_TEST(parts_are_read)
{
    cm_uri_t *uri;

    assert_done(
        cm_uri_parse(&uri, "pkcs11:token=a%20b;object=Zo%C3%AB;id=%00%ff;type=private", pool));
    ck_assert_str_eq(uri->token, "a b");
    ck_assert_str_eq(uri->label, "Zo\xc3\xab");
    ck_assert_str_eq(cm_bytes_hex(uri->id, pool), "00ff");
    assert_done(cm_uri_parse(&uri, "pkcs11:", pool));
    ck_assert_ptr_null(uri->token);
    ck_assert_ptr_null(uri->label);
    ck_assert_ptr_null(uri->id.data);
    assert_done(cm_uri_parse(&uri, "pkcs11:slot-id=7;manufacturer=x;library-version=2", pool));
    assert_done(cm_uri_parse(&uri, "pkcs11:token=0123456789abcdef0123456789abcdef", pool));
    ck_assert_str_eq(uri->token, "0123456789abcdef0123456789abcdef");
}
END_TEST

START_TEST(what_must_not_be_stored_is_refused)
{
    static const char *const wrong[] = {
        "",
        "pkcs11",
        "http://x/",
        "pkcs11:token",
        "pkcs11:token=%g0",
        "pkcs11:token=%",
        "pkcs11:token=a b",
        "pkcs11:token=a\n",
        "pkcs11:token=\xc3\xab",
        "pkcs11:token=%ff",
        "pkcs11:token=0123456789abcdef0123456789abcdef0",
        "pkcs11:object=a%00b",
        "pkcs11:object=%ff",
        "pkcs11:id=",
        "pkcs11:object=a;object=b",
        "pkcs11:id=a;token=b;id=c",
        "pkcs11:colour=red",
        "pkcs11:type=public",
        "pkcs11:type=cert",
        "pkcs11:type=door",
        "pkcs11:token=a?pin-value=1234",
        "pkcs11:token=a?pin-source=file:/etc/pin",
        "pkcs11:token=a?pin-source=a&pin-source=b",
        "pkcs11:token=a?module-path=/tmp/evil.so",
        "pkcs11:token=a?module-name=evil",
    };
    cm_uri_t *uri;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        cm_error_t *error = cm_uri_parse(&uri, wrong[i], pool);

        ck_assert_msg(error != NULL, "%s", wrong[i]);
        assert_refused(error, CM_E_CONFIG, "key.uri");
        ck_assert(!strstr(cm_error_text(error, pool), "1234"));
    }
}
END_TEST

START_TEST(the_length_is_bounded)
{
    char *text = apr_pcalloc(pool, CM_URI_MAX + 2);
    cm_uri_t *uri;

    memset(text, 'a', CM_URI_MAX + 1);
    memcpy(text, "pkcs11:object=", 14);
    assert_refused(cm_uri_parse(&uri, text, pool), CM_E_CONFIG, "key.uri");
    text[CM_URI_MAX] = '\0';
    assert_done(cm_uri_parse(&uri, text, pool));
    ck_assert_uint_eq(strlen(uri->label), CM_URI_MAX - 14);
}
END_TEST

TCase *uri_case(void)
{
    TCase *tcase = unit_case("uri");

    tcase_add_test(tcase, parts_are_read);
    tcase_add_test(tcase, what_must_not_be_stored_is_refused);
    tcase_add_test(tcase, the_length_is_bounded);
    return tcase;
}
