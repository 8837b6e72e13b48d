/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <openssl/crypto.h>

enum { SECRET_MAX = 4096, EXEC_SECONDS = 10 };

struct cm_secret_t {
    apr_size_t len;
    unsigned char *bytes;
};

static apr_status_t wipe(void *data)
{
    cm_secret_t *secret = data;

    OPENSSL_cleanse(secret->bytes, secret->len);
    return APR_SUCCESS;
}

cm_secret_t *cm_secret_make(cm_bytes_t bytes, apr_pool_t *pool)
{
    cm_secret_t *secret = apr_palloc(pool, sizeof *secret);

    secret->len = bytes.len;
    secret->bytes = apr_palloc(pool, bytes.len + 1);
    if (bytes.len) {
        memcpy(secret->bytes, bytes.data, bytes.len);
    }
    secret->bytes[bytes.len] = '\0';
    apr_pool_cleanup_register(pool, secret, wipe, apr_pool_cleanup_null);
    return secret;
}

cm_bytes_t cm_secret_reveal(const cm_secret_t *secret)
{
    return cm_bytes_make(secret->bytes, secret->len);
}

static cm_error_t *unreadable(const char *source, apr_status_t status, apr_pool_t *pool)
{
    return cm_error_apr(pool, CM_E_CONFIG, apr_pstrcat(pool, "no secret from ", source, NULL),
                        status);
}

static cm_error_t *take_line(cm_secret_t **secret, apr_file_t *file, const char *source,
                             apr_pool_t *pool)
{
    char line[SECRET_MAX + 2] = "";
    apr_status_t status = apr_file_gets(line, sizeof line, file);
    apr_size_t len = strcspn(line, "\r\n");
    cm_error_t *error = NULL;

    if (status != APR_SUCCESS || len == 0 || len > SECRET_MAX) {
        error = unreadable(source, status == APR_SUCCESS ? APR_EGENERAL : status, pool);
    } else {
        *secret = cm_secret_make(cm_bytes_make(line, len), pool);
    }
    OPENSSL_cleanse(line, sizeof line);
    return error;
}

static cm_error_t *read_file(cm_secret_t **secret, const char *path, const char *source,
                             apr_pool_t *pool)
{
    const apr_fileperms_t others = APR_FPROT_WREAD | APR_FPROT_WWRITE | APR_FPROT_GWRITE;
    apr_finfo_t info;
    apr_file_t *file;
    cm_error_t *error;
    apr_status_t status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, pool);

    if (status != APR_SUCCESS) {
        return unreadable(source, status, pool);
    }
    status = apr_file_info_get(&info, APR_FINFO_PROT, file);
    if (status == APR_SUCCESS && (info.protection & others)) {
        error = cm_error_advise(
            cm_error_make(pool, CM_E_CONFIG, "%s can be read or written by others", source),
            "chmod 600 the file");
    } else {
        error = take_line(secret, file, source, pool);
    }
    apr_file_close(file);
    return error;
}

static cm_error_t *read_program(cm_secret_t **secret, const char *command, const char *source,
                                apr_pool_t *pool)
{
    char **arguments;
    apr_procattr_t *attributes;
    /* the pool waits for it and may kill it: it must live as long */
    apr_proc_t *process = apr_pcalloc(pool, sizeof(*process));
    cm_error_t *error;
    int code = 0;
    apr_exit_why_e why = APR_PROC_EXIT;
    apr_status_t status = apr_tokenize_to_argv(command, &arguments, pool);

    if (status == APR_SUCCESS) {
        status = apr_procattr_create(&attributes, pool);
    }
    if (status == APR_SUCCESS) {
        apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
        apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
        status = apr_proc_create(process, arguments[0], (const char *const *)arguments, NULL,
                                 attributes, pool);
    }
    if (status != APR_SUCCESS) {
        return unreadable(source, status, pool);
    }
    apr_pool_note_subprocess(pool, process, APR_KILL_ALWAYS);
    apr_file_pipe_timeout_set(process->out, apr_time_from_sec(EXEC_SECONDS));
    error = take_line(secret, process->out, source, pool);
    apr_file_close(process->out);
    if (!error) {
        apr_proc_wait(process, &code, &why, APR_WAIT);
    }
    if (!error && (why != APR_PROC_EXIT || code != 0)) {
        error = cm_error_make(pool, CM_E_CONFIG, "no secret from %s: exit code %d", source, code);
    }
    return error;
}

cm_error_t *cm_secret_read(cm_secret_t **secret, const char *source, apr_pool_t *pool)
{
    char *value = NULL;
    apr_status_t status;

    if (strncmp(source, "file:", 5) == 0) {
        return read_file(secret, source + 5, source, pool);
    }
    if (strncmp(source, "exec:", 5) == 0) {
        return read_program(secret, source + 5, source, pool);
    }
    if (strncmp(source, "env:", 4) != 0) {
        return cm_error_advise(
            cm_error_make(pool, CM_E_CONFIG, "a secret does not stand in the configuration itself"),
            "write file:PATH, env:NAME or exec:PROGRAM");
    }
    status = apr_env_get(&value, source + 4, pool);
    if (status != APR_SUCCESS || !*value || strlen(value) > SECRET_MAX) {
        return unreadable(source, status == APR_SUCCESS ? APR_EGENERAL : status, pool);
    }
    *secret = cm_secret_make(cm_bytes_of_text(value), pool);
    return NULL;
}
