/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/headfile.h"

#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

static cm_error_t *failed(const char *path, int number, apr_pool_t *pool)
{
    char text[128];
    cm_error_t *error =
        cm_error_make(pool, CM_E_CONFIG, "an audit head can't be written to CertMgrAuditHeads");

    apr_strerror(number, text, sizeof text);
    return cm_error_explain(pool, error, "%s: %s%s", path, text,
                            number == EACCES || number == EPERM
                                ? "; the user of the server must be able to append to it"
                                : "");
}

/* Only what has no other name: one with a second name may be anybody's file. */
static int hand_over(int fd, const struct stat *file, const char *path, apr_pool_t *pool)
{
    const char *slash = strrchr(path, '/');
    struct stat folder;

    if (geteuid() != 0 || file->st_uid != 0 || file->st_nlink != 1 || !slash) {
        return 0;
    }
    if (stat(slash == path ? "/" : apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)),
             &folder) != 0) {
        return errno;
    }
    return folder.st_uid != 0 && fchown(fd, folder.st_uid, folder.st_gid) != 0 ? errno : 0;
}

/* 0, or an errno. */
static int prepare(const char **start, int fd, const char *path, apr_pool_t *pool)
{
    struct stat file;
    char last = '\n';

    if (fstat(fd, &file) != 0) {
        return errno;
    }
    if (!S_ISREG(file.st_mode)) {
        return EINVAL;
    }
    if (file.st_size > 0 && pread(fd, &last, 1, file.st_size - 1) != 1) {
        return errno;
    }
    *start = last == '\n' ? "" : "\n";
    return hand_over(fd, &file, path, pool);
}

cm_error_t *cm_headfile_append(const char *path, const char *line, apr_pool_t *pool)
{
    int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640);
    const char *start = "", *text;
    apr_file_t *file;
    apr_status_t status;
    int number;

    if (fd < 0) {
        return failed(path, errno, pool);
    }
    number = prepare(&start, fd, path, pool);
    text = apr_pstrcat(pool, start, line, "\n", NULL);
    status =
        number ? number : apr_os_file_put(&file, &fd, APR_FOPEN_WRITE | APR_FOPEN_APPEND, pool);
    if (status == APR_SUCCESS) {
        status = apr_file_write_full(file, text, strlen(text), NULL);
    }
    close(fd);
    return status == APR_SUCCESS ? NULL : failed(path, status, pool);
}
