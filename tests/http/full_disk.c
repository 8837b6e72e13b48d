/* SPDX-License-Identifier: Apache-2.0
 *
 * Preloaded by an httpd of the tests: while the file $CERTMGR_TEST_FULL is there, nothing can be
 * written below the folder $CERTMGR_TEST_DISK. The file holds the number of the error, as that of
 * no space (ENOSPC), or of a file system that has become read-only (EROFS).
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

/* What is wrong with the disk, or 0. */
static int trouble(void)
{
    const char *flag = getenv("CERTMGR_TEST_FULL");
    char text[16] = "";
    int fd = flag ? open(flag, O_RDONLY | O_CLOEXEC) : -1;

    if (fd >= 0) {
        text[read(fd, text, sizeof text - 1) > 0 ? sizeof text - 1 : 0] = '\0';
        close(fd);
    }
    return (int)strtol(text, NULL, 10);
}

/* Sets errno when the file can't be written. */
static int fails(int fd)
{
    const char *folder = getenv("CERTMGR_TEST_DISK");
    char link[64], path[PATH_MAX];
    int kept = errno, error = trouble();
    ssize_t len;

    errno = kept;
    if (!error || !folder) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    errno = kept;
    if (strncmp(path, folder, strlen(folder)) != 0) {
        return 0;
    }
    errno = error;
    return 1;
}

/* The next function of this name: libc's. */
#define NEXT(next, name) *(void **)&next = dlsym(RTLD_NEXT, name)

SHOWN ssize_t write(int fd, const void *data, size_t len)
{
    static ssize_t (*next)(int, const void *, size_t);

    if (fails(fd)) {
        return -1;
    }
    if (!next) {
        NEXT(next, "write");
    }
    return next(fd, data, len);
}

SHOWN ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    static ssize_t (*next)(int, const void *, size_t, off_t);

    if (fails(fd)) {
        return -1;
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

    if (fails(fd)) {
        return -1;
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

    if (fails(fd)) {
        return errno;
    }
    if (!next) {
        NEXT(next, "posix_fallocate");
    }
    return next(fd, at, len);
}
