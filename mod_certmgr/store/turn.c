/* SPDX-License-Identifier: Apache-2.0 */
#include "store/turn.h"

#include <apr_file_io.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of the lock file */
enum { PLACE_WRITER = 0, PLACE_NEXT = 1 };

struct cm_turn_t {
    const char *database;
    apr_thread_mutex_t *mutex;
    apr_file_t *file; /* opened once: closing any descriptor of it would drop the lock */
    apr_pool_t *pool;
};

cm_error_t *cm_turn_make(cm_turn_t **turn, const char *database, apr_pool_t *pool)
{
    cm_turn_t *made = apr_pcalloc(pool, sizeof *made);
    apr_status_t status;

    made->database = apr_pstrdup(pool, database);
    /* a pool of its own: the file is opened by whichever thread comes first */
    apr_pool_create(&made->pool, pool);
    status = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_TIMED, pool);
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "no mutex for writers", status);
    }
    *turn = made;
    return NULL;
}

/* A file made by certmgrctl as root has to serve the server's children too. */
static void adopt_owner(const cm_turn_t *turn)
{
    apr_os_file_t fd;
    struct stat info;

    if (geteuid() == 0 && stat(turn->database, &info) == 0 &&
        apr_os_file_get(&fd, turn->file) == APR_SUCCESS) {
        if (fchown(fd, info.st_uid, info.st_gid) != 0 || fchmod(fd, info.st_mode & 0777) != 0) {
            return; /* a file system without owners: nothing to hand on */
        }
    }
}

static apr_status_t close_file(void *data)
{
    const cm_turn_t *turn = data;

    return apr_file_close(turn->file);
}

/* The folder belongs to the server's user. Were a link followed, a server that was taken over could
 * have root hand it any file. */
static apr_status_t open_plain(cm_turn_t *turn, const char *path)
{
    struct stat info;
    apr_os_file_t fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink > 1) {
        close(fd);
        return APR_EINVAL;
    }
    apr_os_file_put(&turn->file, &fd, APR_FOPEN_READ | APR_FOPEN_WRITE, turn->pool);
    apr_pool_cleanup_register(turn->pool, turn, close_file, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

static cm_error_t *open_file(cm_turn_t *turn, apr_pool_t *pool)
{
    const char *path = apr_pstrcat(pool, turn->database, "-writer", NULL);
    apr_status_t status = turn->file ? APR_SUCCESS : open_plain(turn, path);

    if (status != APR_SUCCESS) {
        turn->file = NULL;
        return cm_error_apr(pool, CM_E_DATABASE, "the writers' lock file can't be opened", status);
    }
    return NULL;
}

static int set_lock(const cm_turn_t *turn, off_t place, short type)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = place, .l_len = 1};
    apr_os_file_t fd;

    apr_os_file_get(&fd, turn->file);
    return fcntl(fd, F_SETLK, &lock) == 0 ? APR_SUCCESS : errno;
}

static cm_error_t *lock_place(cm_turn_t *turn, off_t place, apr_time_t deadline, apr_pool_t *pool)
{
    apr_interval_time_t pause = 50;
    int status;

    while ((status = set_lock(turn, place, F_WRLCK)) != APR_SUCCESS) {
        if (status != EAGAIN && status != EACCES && status != EINTR) {
            return cm_error_apr(pool, CM_E_DATABASE, "the writers' lock file can't be locked",
                                status);
        }
        if (apr_time_now() >= deadline) {
            return cm_error_make(pool, CM_E_BUSY, "another writer holds the database");
        }
        apr_sleep(pause);
        pause = pause < 800 ? pause * 2 : pause;
    }
    return NULL;
}

/* Two locks make it fair: whoever is next holds the one while it waits for the other, so a busy
 * process that has just written can't come first again. */
static cm_error_t *lock_file(cm_turn_t *turn, apr_time_t deadline, apr_pool_t *pool)
{
    int is_new = !turn->file;
    cm_error_t *error = open_file(turn, pool);

    if (!error && is_new) {
        adopt_owner(turn);
    }
    if (!error) {
        error = lock_place(turn, PLACE_NEXT, deadline, pool);
    }
    if (!error) {
        error = lock_place(turn, PLACE_WRITER, deadline, pool);
        set_lock(turn, PLACE_NEXT, F_UNLCK);
    }
    return error;
}

cm_error_t *cm_turn_take(cm_turn_t *turn, apr_time_t deadline, apr_pool_t *pool)
{
    apr_interval_time_t left = deadline - apr_time_now();
    apr_status_t status = apr_thread_mutex_timedlock(turn->mutex, left > 0 ? left : 0);
    cm_error_t *error;

    if (APR_STATUS_IS_TIMEUP(status)) {
        return cm_error_make(pool, CM_E_BUSY, "too many writers are waiting for the database");
    }
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "the writers' mutex is broken", status);
    }
    error = lock_file(turn, deadline, pool);
    if (error) {
        apr_thread_mutex_unlock(turn->mutex);
    }
    return error;
}

void cm_turn_give(cm_turn_t *turn)
{
    set_lock(turn, PLACE_WRITER, F_UNLCK);
    apr_thread_mutex_unlock(turn->mutex);
}
