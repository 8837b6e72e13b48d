/* SPDX-License-Identifier: Apache-2.0 */
#include "base/context.h"

#include "unit/base/suite.h"

START_TEST(the_table_is_whole)
{
    for (int i = 0; i < CM_E_COUNT; i++) {
        const cm_code_info_t *info = cm_code_info((cm_code_t)i);

        ck_assert_int_eq((int)info->code, i);
        ck_assert(info->status >= 400 && info->status < 600);
        ck_assert(*info->title && *info->ocsp);
        for (int k = 0; k < i; k++) {
            ck_assert_str_ne(info->name, cm_code_info((cm_code_t)k)->name);
        }
    }
}
END_TEST

START_TEST(a_chain_prints_in_one_line)
{
    cm_error_t *cause = cm_error_make(pool, CM_E_TOKEN, "no session");
    cm_error_t *error = cm_error_make(pool, CM_E_BUSY, "try\nlater");

    cm_error_explain(pool, cause, "CKR_%d", 5);
    cm_error_wrap(error, cause);
    cm_error_join(error, cm_error_locate(cm_error_make(pool, CM_E_VALUE, "bad"), "/a", "rule.a"));
    ck_assert_str_eq(cm_error_text(error, pool),
                     "try\\x0alater < no session (CKR_5); bad [rule.a]");
}
END_TEST

START_TEST(ids_sort_by_time)
{
    cm_ctx_t ctx = {.pool = pool, .host = cm_host_plain()};
    const char *first = cm_ctx_id(&ctx);
    const char *second;

    apr_sleep(2000);
    second = cm_ctx_id(&ctx);
    ck_assert_uint_eq(strlen(first), 26);
    ck_assert_int_lt(strcmp(first, second), 0);
}
END_TEST

TCase *error_case(void)
{
    TCase *tcase = unit_case("error");

    tcase_add_test(tcase, the_table_is_whole);
    tcase_add_test(tcase, a_chain_prints_in_one_line);
    tcase_add_test(tcase, ids_sort_by_time);
    return tcase;
}
