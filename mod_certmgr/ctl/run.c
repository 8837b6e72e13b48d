/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/command.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <limits.h>

#include "base/text.h"

/* The file of audit heads grows by a line of about 400 bytes with every batch of events. */
enum { FILE_MAX = 512 << 20 };

const char *cm_run_argument(const cm_run_t *run, int n)
{
    return n < run->args->nelts ? APR_ARRAY_IDX(run->args, n, const char *) : NULL;
}

const char *cm_run_option(const cm_run_t *run, const char *name)
{
    return apr_table_get(run->options, name);
}

static int collect(void *array, const char *name, const char *value)
{
    (void)name;
    APR_ARRAY_PUSH((apr_array_header_t *)array, const char *) = value;
    return 1;
}

apr_array_header_t *cm_run_options(const cm_run_t *run, const char *name)
{
    apr_array_header_t *values = apr_array_make(run->pool, 4, sizeof(const char *));

    apr_table_do(collect, values, run->options, name, NULL);
    return values;
}

cm_error_t *cm_run_confirm(const cm_run_t *run, const char *question)
{
    char answer[16] = "";

    if (run->yes) {
        return NULL;
    }
    printf("%s [yes/no] ", question);
    fflush(stdout);
    if (!fgets(answer, sizeof(answer), stdin) || strcmp(answer, "yes\n") != 0) {
        return cm_error_advise(cm_error_make(run->pool, CM_E_REFUSED, "not confirmed"),
                               "answer yes, or give --yes");
    }
    return NULL;
}

static cm_error_t *read_all(cm_bytes_t *content, apr_file_t *file, apr_pool_t *pool)
{
    apr_size_t size = 0, room = 65536;
    char *data = apr_palloc(pool, room + 1);

    for (;;) {
        apr_size_t got = room - size;
        apr_status_t status = apr_file_read(file, data + size, &got);

        if (status == APR_EOF) {
            break;
        }
        if (status != APR_SUCCESS) {
            return cm_error_apr(pool, CM_E_VALUE, "the file can't be read", status);
        }
        size += got;
        if (size == room) {
            char *more = apr_palloc(pool, 2 * room + 1);

            if (room >= FILE_MAX) {
                return cm_error_make(pool, CM_E_TOO_LARGE, "the file is larger than 512 MiB");
            }
            memcpy(more, data, size);
            data = more;
            room *= 2;
        }
    }
    data[size] = '\0';
    *content = cm_bytes_make(data, size);
    return NULL;
}

cm_error_t *cm_run_file(cm_bytes_t *content, const cm_run_t *run, const char *path)
{
    apr_file_t *file;
    apr_status_t status = strcmp(path, "-") == 0
                              ? apr_file_open_stdin(&file, run->pool)
                              : apr_file_open(&file, path, APR_READ, 0, run->pool);
    cm_error_t *error;

    if (status != APR_SUCCESS) {
        return cm_error_apr(run->pool, CM_E_NOT_FOUND,
                            apr_psprintf(run->pool, "%s can't be opened", path), status);
    }
    error = read_all(content, file, run->pool);
    apr_file_close(file);
    return error;
}

static cm_error_t *usage(const cm_run_t *run, const char *what, const char *word)
{
    return cm_error_advise(
        cm_error_make(run->pool, CM_E_SYNTAX, "%s",
                      apr_pstrcat(run->pool, what, word ? " " : "", word ? word : "", NULL)),
        run->command ? apr_pstrcat(run->pool, "certmgrctl ", run->command->words, " --help", NULL)
                     : "certmgrctl --help");
}

static const cm_option_t *find_option(const cm_command_t *command, const char *name, apr_size_t len)
{
    for (const cm_option_t *o = command ? command->options : NULL; o && o->name; o++) {
        if (strlen(o->name) == len && strncmp(o->name, name, len) == 0) {
            return o;
        }
    }
    return NULL;
}

/* The command whose words begin the arguments, the longest one first; returns how many words. */
static int find_command(cm_run_t *run)
{
    const cm_command_t *best = NULL;
    int best_words = 0;

    for (const cm_command_t *c = cm_commands(); c->words; c++) {
        char *rest = apr_pstrdup(run->pool, c->words), *word = apr_strtok(rest, " ", &rest);
        int n = 0;

        while (word && cm_run_argument(run, n) && !strcmp(word, cm_run_argument(run, n))) {
            n++;
            word = apr_strtok(NULL, " ", &rest);
        }
        if (!word && n > best_words) {
            best = c;
            best_words = n;
        }
    }
    run->command = best;
    return best_words;
}

/* Options that every command has. 1: taken, 2: taken with its value, 0: not one of them. */
static int take_common(cm_run_t *run, int *help, const char *word, const char *next)
{
    if (!strcmp(word, "--json")) {
        run->json = 1;
    } else if (!strcmp(word, "--yes")) {
        run->yes = 1;
    } else if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
        *help = 1;
    } else if (!strcmp(word, "-f") && next) {
        run->conf = next;
        return 2;
    } else {
        return 0;
    }
    return 1;
}

/* Words first: options can't be judged before the command is known. */
static void take_words(cm_run_t *run, int *help, int argc, const char *const *argv)
{
    int i = 1;

    while (i < argc) {
        int taken = take_common(run, help, argv[i], i + 1 < argc ? argv[i + 1] : NULL);

        if (taken == 0) {
            if (argv[i][0] == '-' && argv[i][1]) {
                return;
            }
            APR_ARRAY_PUSH(run->args, const char *) = argv[i];
            taken = 1;
        }
        i += taken;
    }
}

/* One option of the command; *i is the index of the last word it took. */
static cm_error_t *take_option(cm_run_t *run, int *i, int argc, const char *const *argv)
{
    const char *name = argv[*i] + (argv[*i][1] == '-' ? 2 : 1);
    const char *value = strchr(name, '=');
    apr_size_t len = value ? (apr_size_t)(value - name) : strlen(name);
    const cm_option_t *option = find_option(run->command, name, len);

    if (!option) {
        return usage(run, "there is no option", argv[*i]);
    }
    if (!option->value && value) {
        return usage(run, "no value belongs to", argv[*i]);
    }
    if (option->value && !value && *i + 1 >= argc) {
        return usage(run, "a value is missing after", argv[*i]);
    }
    if (option->value) {
        value = value ? value + 1 : argv[++*i];
    }
    apr_table_add(run->options, option->name, value ? value : "");
    return NULL;
}

/* As many words as "NAME [OTHER]" says; the last of "FILE..." may be repeated. */
static cm_error_t *check_count(const cm_run_t *run)
{
    char *rest = apr_pstrdup(run->pool, run->command->arguments), *word;
    int least = 0, most = 0;

    for (word = apr_strtok(rest, " ", &rest); word; word = apr_strtok(NULL, " ", &rest)) {
        least += *word != '[';
        most = strstr(word, "...") ? INT_MAX : most + 1;
    }
    if (run->args->nelts < least) {
        return usage(run, "missing:", run->command->arguments);
    }
    if (run->args->nelts > most) {
        return usage(run, "not expected:", cm_run_argument(run, most));
    }
    return NULL;
}

cm_error_t *cm_run_parse(cm_run_t *run, int *help, int argc, const char *const *argv)
{
    int words;

    take_words(run, help, argc, argv);
    words = find_command(run);
    if (!run->command) {
        const char *word = cm_run_argument(run, 0);

        if (*help && !word) {
            return NULL;
        }
        return word ? usage(run, "there is no such command:", word)
                    : usage(run, "a command is missing", NULL);
    }
    run->args = apr_array_make(run->pool, 4, sizeof(const char *));
    for (int i = 1; i < argc; i++) {
        int taken = take_common(run, help, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        cm_error_t *error;

        if (taken) {
            i += taken - 1;
        } else if (argv[i][0] == '-' && argv[i][1]) {
            if ((error = take_option(run, &i, argc, argv))) {
                return error;
            }
        } else if (words > 0) {
            words--;
        } else {
            APR_ARRAY_PUSH(run->args, const char *) = argv[i];
        }
    }
    return *help ? NULL : check_count(run);
}
