/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <sys/stat.h>
#include <unistd.h>

#include "unit/base/suite.h"

static const char *secret_file(const char *content, mode_t mode)
{
    static char path[] = "/tmp/certmgr-secret-XXXXXX";
    int fd;

    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    fchmod(fd, mode);
    close(fd);
    return path;
}

START_TEST(from_a_file)
{
    const char *path = secret_file("1234\nrest\n", 0600);
    char source[100];
    cm_secret_t *secret;

    snprintf(source, sizeof source, "file:%s", path);
    assert_done(cm_secret_read(&secret, source, pool));
    ck_assert(cm_bytes_equal(cm_secret_reveal(secret), cm_bytes_of_text("1234")));
    chmod(path, 0644);
    assert_refused(cm_secret_read(&secret, source, pool), CM_E_CONFIG, NULL);
    unlink(path);
    assert_refused(cm_secret_read(&secret, source, pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(from_the_environment_and_a_program)
{
    cm_secret_t *secret;

    setenv("CERTMGR_TEST_PIN", "4711", 1);
    assert_done(cm_secret_read(&secret, "env:CERTMGR_TEST_PIN", pool));
    ck_assert(cm_bytes_equal(cm_secret_reveal(secret), cm_bytes_of_text("4711")));
    assert_refused(cm_secret_read(&secret, "env:CERTMGR_TEST_ABSENT", pool), CM_E_CONFIG, NULL);
    assert_done(cm_secret_read(&secret, "exec:/bin/echo 'a b'", pool));
    ck_assert(cm_bytes_equal(cm_secret_reveal(secret), cm_bytes_of_text("a b")));
    assert_refused(cm_secret_read(&secret, "exec:/bin/false", pool), CM_E_CONFIG, NULL);
    assert_refused(cm_secret_read(&secret, "exec:/absent", pool), CM_E_CONFIG, NULL);
}
END_TEST

START_TEST(a_literal_is_refused_and_not_repeated)
{
    cm_secret_t *secret;
    cm_error_t *error = cm_secret_read(&secret, "hunter2", pool);

    assert_refused(error, CM_E_CONFIG, NULL);
    ck_assert(!strstr(cm_error_text(error, pool), "hunter2"));
}
END_TEST

TCase *secret_case(void)
{
    TCase *tcase = unit_case("secret");

    tcase_add_test(tcase, from_a_file);
    tcase_add_test(tcase, from_the_environment_and_a_program);
    tcase_add_test(tcase, a_literal_is_refused_and_not_repeated);
    return tcase;
}
