/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/pki/suite.h"

#include <apr_strings.h>

#include "pki/pem.h"

static const char *const labels[] = {"THING", "OLD THING", NULL};

START_TEST(blocks)
{
    static const struct {
        const char *text;
        const char *rule; /* NULL: holds "foob" */
    } cases[] = {
        {"-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n", NULL},
        {"-----BEGIN OLD THING-----\r\nZm9v\r\nYg==\r\n-----END OLD THING-----", NULL},
        {"Subject: x\n-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n \r\n\t", NULL},
        {"x-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n", "pem.block"},
        {"-----BEGIN OTHER-----\nZm9vYg==\n-----END OTHER-----\n", "pem.label"},
        {"-----BEGIN THINGS-----\nZm9vYg==\n-----END THINGS-----\n", "pem.label"},
        {"-----BEGIN THING-----\nZm9vYg==\n-----END OLD THING-----\n", "pem.block"},
        {"-----BEGIN THING-----\nZm9vYg==\n", "pem.block"},
        {"-----BEGIN THING-----Zm9vYg==\n-----END THING-----\n", "pem.block"},
        {"-----BEGIN THING-----\nZm9vYg=\n-----END THING-----\n", "pem.base64"},
        {"-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\n\nZm9vYg==\n-----END THING-----\n",
         "pem.base64"},
        {"-----BEGIN THING-----\nA: b\n\nZm9vYg==\n-----END THING-----\n", "pem.base64"},
        {"-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\nx", "pem.trailing"},
        {"-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n"
         "-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n",
         "pem.trailing"},
        {"", "pem.block"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cm_bytes_t der;
        cm_error_t *error = cm_pem_decode(&der, cm_bytes_of_text(cases[i].text), labels, pool);

        if (cases[i].rule) {
            assert_refused(error, CM_E_VALUE, cases[i].rule);
        } else {
            assert_done(error);
            ck_assert(cm_bytes_equal(der, cm_bytes_of_text("foob")));
        }
    }
}
END_TEST

START_TEST(there_and_back)
{
    for (apr_size_t len = 0; len < 200; len++) {
        cm_bytes_t bytes = {apr_pcalloc(pool, len + 1), len}, back;
        const char *text = cm_pem_encode("THING", bytes, pool);

        for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
            ck_assert_uint_le(strcspn(line, "\n"), 64);
        }
        assert_done(cm_pem_decode(&back, cm_bytes_of_text(text), labels, pool));
        ck_assert(cm_bytes_equal(back, bytes));
    }
}
END_TEST

START_TEST(a_nul_hides_nothing)
{
    static const char text[] = "-----BEGIN THING-----\nZm9vYg==\n-----END THING-----\n\0x";
    cm_bytes_t der;

    assert_refused(cm_pem_decode(&der, cm_bytes_make(text, sizeof text - 1), labels, pool),
                   CM_E_VALUE, "pem.block");
}
END_TEST

TCase *pem_case(void)
{
    TCase *tcase = unit_case("pem");

    tcase_add_test(tcase, blocks);
    tcase_add_test(tcase, there_and_back);
    tcase_add_test(tcase, a_nul_hides_nothing);
    return tcase;
}
