/* SPDX-License-Identifier: Apache-2.0
 *
 * certmgrctl: parse, open what the command needs, run it, say how it went.
 */
#include <apr_general.h>
#include <apr_strings.h>
#include <sys/stat.h>

#include "base/text.h"
#include "ctl/command.h"

int cm_exit_status(const cm_error_t *error)
{
    static const struct {
        cm_code_t code;
        int status;
    } exits[] = {
        {CM_E_TOKEN, CM_EXIT_UNREACHABLE},
        {CM_E_DATABASE, CM_EXIT_UNREACHABLE},
        {CM_E_BUSY, CM_EXIT_UNREACHABLE},
        {CM_E_INTEGRITY, CM_EXIT_INTEGRITY},
    };

    if (!error) {
        return CM_EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(exits) / sizeof(*exits); i++) {
        if (exits[i].code == error->code) {
            return exits[i].status;
        }
    }
    return CM_EXIT_REFUSED;
}

static void report(const cm_error_t *error, apr_pool_t *pool)
{
    fflush(stdout);
    fprintf(stderr, "certmgrctl: %s\n", cm_error_text(error, pool));
    for (const cm_error_t *e = error; e; e = e->also) {
        if (e->hint) {
            fprintf(stderr, "certmgrctl: hint: %s\n", cm_text_escape(e->hint, pool));
        }
    }
}

static int run_command(cm_run_t *run, int argc, const char *const *argv)
{
    int help = 0;
    cm_error_t *error = cm_run_parse(run, &help, argc, argv);

    if (error) {
        report(error, run->pool);
        return CM_EXIT_USAGE;
    }
    if (help) {
        cm_help_print(run->command, run->pool);
        return CM_EXIT_DONE;
    }
    error = cm_run_open(run);
    if (!error) {
        error = run->command->run(run);
    }
    /* an output that was cut short is no result */
    if (!error && (fflush(stdout) != 0 || ferror(stdout))) {
        error = cm_error_make(run->pool, CM_E_INTERNAL, "the output can't be written");
    }
    if (error) {
        report(error, run->pool);
    }
    return cm_exit_status(error);
}

int main(int argc, const char *const *argv)
{
    cm_run_t run = {0};
    int status;

    /* what is created here (database, ceremony log) is nobody else's business */
    umask(027);
    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS ||
        apr_pool_create(&run.pool, NULL) != APR_SUCCESS) {
        fputs("certmgrctl: APR can't be started\n", stderr);
        return CM_EXIT_REFUSED;
    }
    run.conf = CM_HTTPD_CONF;
    run.args = apr_array_make(run.pool, 8, sizeof(const char *));
    run.options = apr_table_make(run.pool, 8);
    status = run_command(&run, argc, argv);
    apr_pool_destroy(run.pool);
    apr_terminate();
    return status;
}
