/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/unit.h"

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

apr_pool_t *pool;

static void set_up(void)
{
    apr_pool_create(&pool, NULL);
}

static void tear_down(void)
{
    apr_pool_destroy(pool);
}

TCase *unit_case(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

cm_bytes_t unit_file(const char *path)
{
    const char *top = getenv("srcdir") ? getenv("srcdir") : ".";
    const char *whole = *path == '/' ? path : apr_pstrcat(pool, top, "/tests/", path, NULL);
    apr_file_t *file;
    apr_finfo_t info;
    apr_status_t status =
        apr_file_open(&file, whole, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, pool);
    char *data;
    apr_size_t len;

    ck_assert_msg(status == APR_SUCCESS, "%s can't be read", whole);
    apr_file_info_get(&info, APR_FINFO_SIZE, file);
    len = (apr_size_t)info.size;
    data = apr_palloc(pool, len + 1);
    ck_assert(len == 0 || apr_file_read_full(file, data, len, NULL) == APR_SUCCESS);
    data[len] = '\0';
    apr_file_close(file);
    return cm_bytes_make(data, len);
}

int main(void)
{
    Suite *suite = suite_create(unit_name);
    SRunner *runner;
    int failed;

    apr_initialize();
    for (int i = 0; unit_cases[i]; i++) {
        suite_add_tcase(suite, unit_cases[i]());
    }
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    apr_terminate();
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
