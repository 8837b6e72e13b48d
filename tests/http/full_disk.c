/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded by an httpd of the tests: while the file $CERTMGR_TEST_FULL is there, nothing can be
 * written below the folder $CERTMGR_TEST_DISK, for lack of space (ENOSPC).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

static int is_full(int fd)
{
    const char *flag = getenv("CERTMGR_TEST_FULL"), *folder = getenv("CERTMGR_TEST_DISK");
    char link[64], path[PATH_MAX];
    int kept = errno;
    ssize_t len;

    if (!flag || !folder || access(flag, F_OK) != 0) {
        errno = kept;
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    errno = kept;
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int no_space(void)
{
    errno = ENOSPC;
    return -1;
}

/* The next function of this name: libc's. */
#define NEXT(next, name) *(void **)&next = dlsym(RTLD_NEXT, name)

SHOWN ssize_t write(int fd, const void *data, size_t len)
{
    static ssize_t (*next)(int, const void *, size_t);

    if (is_full(fd)) {
        return no_space();
    }
    if (!next) {
        NEXT(next, "write");
    }
    return next(fd, data, len);
}

SHOWN ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    static ssize_t (*next)(int, const void *, size_t, off_t);

    if (is_full(fd)) {
        return no_space();
    }
    if (!next) {
        NEXT(next, "pwrite");
    }
    return next(fd, data, len, at);
}

SHOWN ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
    return pwrite(fd, data, len, at);
}

SHOWN int ftruncate(int fd, off_t len)
{
    static int (*next)(int, off_t);

    if (is_full(fd)) {
        return no_space();
    }
    if (!next) {
        NEXT(next, "ftruncate");
    }
    return next(fd, len);
}

SHOWN int ftruncate64(int fd, off64_t len)
{
    return ftruncate(fd, len);
}

SHOWN int posix_fallocate(int fd, off_t at, off_t len)
{
    static int (*next)(int, off_t, off_t);

    if (is_full(fd)) {
        return ENOSPC;
    }
    if (!next) {
        NEXT(next, "posix_fallocate");
    }
    return next(fd, at, len);
}
