/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/clientcert.h"

#include <apr_strings.h>

#include "unit/pki/suite.h"

START_TEST(a_byte_sequence_is_read)
{
    static const char *const good[] = {":AAEC/w==:", " :AAEC/w==:", ":AAEC/w==:  ", NULL};
    cm_bytes_t der;

    for (int i = 0; good[i]; i++) {
        assert_done(cm_client_cert_parse(&der, good[i], pool));
        ck_assert_str_eq(cm_bytes_hex(der, pool), "000102ff");
    }
}
END_TEST

START_TEST(nothing_else_is)
{
    static const char *const bad[] = {"",
                                      " ",
                                      ":",
                                      "::",
                                      "AAEC/w==",
                                      ":AAEC/w==",
                                      "AAEC/w==:",
                                      ":AAEC/w:",           /* no padding */
                                      ":AAEC/x==:",         /* bits left over */
                                      ":AAEC_w==:",         /* the other alphabet */
                                      ":AAE C/w==:",        /* white space within */
                                      "\t:AAEC/w==:",       /* SP only, RFC 8941 4.2 */
                                      ":AAEC/w==:;a=1",     /* a parameter */
                                      ":AAEC/w==:, :AAEC:", /* two headers */
                                      ":AAEC/w==:,:AAEC:",  /* and without the blank */
                                      "\"AAEC/w==\"",       /* a string */
                                      "-----BEGIN CERTIFICATE-----",
                                      NULL};
    cm_bytes_t der;

    for (int i = 0; bad[i]; i++) {
        assert_refused(cm_client_cert_parse(&der, bad[i], pool), CM_E_SYNTAX, "header.client-cert");
        ck_assert_uint_eq(der.len, 0);
    }
}
END_TEST

START_TEST(its_length_is_bounded)
{
    apr_size_t len = 1 << 20;
    char *long_one = apr_palloc(pool, len + 1);
    cm_bytes_t der;

    memset(long_one, 'A', len);
    long_one[0] = long_one[len - 1] = ':';
    long_one[len] = '\0';
    assert_refused(cm_client_cert_parse(&der, long_one, pool), CM_E_SYNTAX, "header.client-cert");
}
END_TEST

TCase *clientcert_case(void)
{
    TCase *tests = unit_case("clientcert");

    tcase_add_test(tests, a_byte_sequence_is_read);
    tcase_add_test(tests, nothing_else_is);
    tcase_add_test(tests, its_length_is_bounded);
    return tests;
}
