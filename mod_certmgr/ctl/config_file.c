/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/config_file.h"

#include <apr_cstr.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>
#include <glob.h>

#include "base/text.h"
#include "ctl/config_line.h"

/* DBD lines of the main server or of one virtual host. */
typedef struct {
    const char *driver, *params;
    int is_ours; /* a CertMgr line stands here */
} scope_t;

typedef struct {
    const char *name;
    int is_taken; /* and those around it */
    int scope;    /* to go back to */
} section_t;

typedef struct {
    apr_pool_t *pool;
    cm_config_t *config;
    const char *root;
    apr_array_header_t *names; /* of const char *: defined, with a value or without */
    apr_table_t *variables;    /* defined with a value */
    apr_array_header_t *scopes, *sections;
    int scope; /* the one we are in */
    int depth, files;
    int is_located; /* the error says where it happened */
} reader_t;

static cm_error_t *read_path(reader_t *reader, const char *path);

static cm_error_t *wrong(reader_t *reader, const char *rule, const char *message)
{
    return cm_error_locate(cm_error_make(reader->pool, CM_E_CONFIG, "%s", message), NULL, rule);
}

static scope_t *scope_of(const reader_t *reader, int index)
{
    return &APR_ARRAY_IDX(reader->scopes, index, scope_t);
}

static int is_taken(const reader_t *reader)
{
    const apr_array_header_t *sections = reader->sections;

    return !sections->nelts || APR_ARRAY_IDX(sections, sections->nelts - 1, section_t).is_taken;
}

static const char *absolute(const reader_t *reader, const char *path)
{
    return *path == '/' ? path : apr_pstrcat(reader->pool, reader->root, "/", path, NULL);
}

/* Files. */

static cm_error_t *load(char **content, reader_t *reader, const char *path)
{
    const char *message = apr_psprintf(reader->pool, "%s can't be read", path);
    apr_pool_t *pool = reader->pool;
    apr_status_t status;
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t len;
    char *text;

    status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, 0, pool);
    if (status == APR_SUCCESS) {
        status = apr_file_info_get(&info, APR_FINFO_SIZE | APR_FINFO_TYPE, file);
    }
    if (status != APR_SUCCESS) {
        return cm_error_locate(cm_error_apr(pool, CM_E_CONFIG, message, status), NULL,
                               "config.file");
    }
    if (info.filetype != APR_REG || info.size > CM_CONFIG_BYTES) {
        return wrong(
            reader, "config.file",
            apr_psprintf(pool, "%s is no file of at most %d bytes", path, CM_CONFIG_BYTES));
    }
    len = (apr_size_t)info.size;
    text = apr_palloc(pool, len + 1);
    status = apr_file_read_full(file, text, len, &len);
    apr_file_close(file);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) {
        return cm_error_locate(cm_error_apr(pool, CM_E_CONFIG, message, status), NULL,
                               "config.file");
    }
    text[len] = '\0';
    if (strlen(text) != len) {
        return wrong(reader, "config.file", apr_psprintf(pool, "%s is no text", path));
    }
    *content = text;
    return NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All that stands in a folder, in the order of the names, as httpd does. */
static cm_error_t *read_folder(reader_t *reader, const char *path)
{
    apr_array_header_t *entries = apr_array_make(reader->pool, 16, sizeof(const char *));
    cm_error_t *error = NULL;
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, path, reader->pool) != APR_SUCCESS) {
        return wrong(reader, "config.file", apr_psprintf(reader->pool, "%s can't be read", path));
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (strcmp(info.name, ".") != 0 && strcmp(info.name, "..") != 0) {
            APR_ARRAY_PUSH(entries, const char *) =
                apr_pstrcat(reader->pool, path, "/", info.name, NULL);
        }
    }
    apr_dir_close(dir);
    qsort(entries->elts, (size_t)entries->nelts, sizeof(const char *), by_name);
    for (int i = 0; i < entries->nelts && !error; i++) {
        error = read_path(reader, APR_ARRAY_IDX(entries, i, const char *));
    }
    return error;
}

static cm_error_t *read_wildcard(reader_t *reader, const char *pattern, int is_optional)
{
    apr_array_header_t *paths = apr_array_make(reader->pool, 16, sizeof(const char *));
    cm_error_t *error = NULL;
    glob_t found;

    if (glob(pattern, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            APR_ARRAY_PUSH(paths, const char *) = apr_pstrdup(reader->pool, found.gl_pathv[i]);
        }
    }
    globfree(&found);
    if (!paths->nelts && !is_optional) {
        return wrong(reader, "config.include",
                     apr_psprintf(reader->pool, "nothing matches %s", pattern));
    }
    for (int i = 0; i < paths->nelts && !error; i++) {
        error = read_path(reader, APR_ARRAY_IDX(paths, i, const char *));
    }
    return error;
}

/* Directives. */

static cm_error_t *include(reader_t *reader, const char *word, int is_optional)
{
    const char *path = absolute(reader, word);
    apr_finfo_t info;

    if (apr_fnmatch_test(path)) {
        return read_wildcard(reader, path, is_optional);
    }
    if (is_optional && apr_stat(&info, path, APR_FINFO_TYPE, reader->pool) != APR_SUCCESS) {
        return NULL;
    }
    return read_path(reader, path);
}

static cm_error_t *do_include(reader_t *reader, const char *const *words)
{
    return include(reader, words[0], 0);
}

static cm_error_t *do_include_optional(reader_t *reader, const char *const *words)
{
    return include(reader, words[0], 1);
}

static cm_error_t *do_define(reader_t *reader, const char *const *words)
{
    if (!cm_text_is_among(reader->names, words[0])) {
        APR_ARRAY_PUSH(reader->names, const char *) = words[0];
    }
    if (words[1] && *words[1]) {
        apr_table_setn(reader->variables, words[0], words[1]);
    }
    return NULL;
}

static cm_error_t *do_undefine(reader_t *reader, const char *const *words)
{
    for (int i = 0; i < reader->names->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(reader->names, i, const char *), words[0]) == 0) {
            APR_ARRAY_IDX(reader->names, i, const char *) = ""; /* no name is empty */
        }
    }
    apr_table_unset(reader->variables, words[0]);
    return NULL;
}

static cm_error_t *do_server_root(reader_t *reader, const char *const *words)
{
    reader->root = absolute(reader, words[0]);
    return NULL;
}

static cm_error_t *do_driver(reader_t *reader, const char *const *words)
{
    scope_of(reader, reader->scope)->driver = words[0];
    return NULL;
}

static cm_error_t *do_params(reader_t *reader, const char *const *words)
{
    scope_of(reader, reader->scope)->params = words[0];
    return NULL;
}

enum { WORDS = 8 }; /* more than any of our directives takes */

typedef struct {
    const char *name;
    int min, max;  /* words */
    int is_strict; /* an unknown variable is a mistake */
    cm_error_t *(*run)(reader_t *reader, const char *const *words);
} directive_t;

static const directive_t directives[] = {
    {"Include", 1, 1, 0, do_include},        {"IncludeOptional", 1, 1, 0, do_include_optional},
    {"Define", 1, 2, 0, do_define},          {"UnDefine", 1, 1, 0, do_undefine},
    {"ServerRoot", 1, 1, 0, do_server_root}, {"DBDriver", 1, 1, 1, do_driver},
    {"DBDParams", 1, 1, 1, do_params},
};

static int split(const char **words, const char *line, apr_pool_t *pool)
{
    int count = 0;

    while (*line && count < WORDS) {
        words[count++] = cm_config_word(&line, pool);
    }
    return count;
}

static cm_error_t *refuse_unresolved(reader_t *reader, const char *name, const char *line)
{
    const char *open = strstr(line, "${"), *close = open ? strchr(open, '}') : NULL;

    if (!close) {
        return NULL;
    }
    return cm_error_advise(
        wrong(reader, "config.variable",
              apr_psprintf(reader->pool, "%s: %.*s} is not defined", name, (int)(close - open),
                           open)),
        "Define it, or set it in the environment, as httpd's own start script may do");
}

/* A line of ours goes through the table of settings; "CertMgr" itself is httpd's own matter. */
static cm_error_t *run_setting(reader_t *reader, const char *name, const char *line)
{
    const char *words[WORDS] = {NULL};
    cm_error_t *error = NULL;

    scope_of(reader, reader->scope)->is_ours = 1;
    if (apr_cstr_casecmp(name, "CertMgr") == 0) {
        return NULL;
    }
    error = refuse_unresolved(reader, name, line);
    if (!error) {
        error = cm_config_set(reader->config, name, split(words, line, reader->pool), words,
                              reader->pool);
    }
    return error;
}

static cm_error_t *run_directive(reader_t *reader, const char *line)
{
    const char *name = cm_config_word(&line, reader->pool);
    const char *words[WORDS] = {NULL};
    int count;

    line = cm_config_resolve(line, reader->variables, reader->pool);
    if (apr_cstr_casecmpn(name, "CertMgr", 7) == 0) {
        return run_setting(reader, name, line);
    }
    for (apr_size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        const directive_t *directive = &directives[i];

        if (apr_cstr_casecmp(directive->name, name) == 0) {
            cm_error_t *error = directive->is_strict ? refuse_unresolved(reader, name, line) : NULL;

            count = split(words, line, reader->pool);
            if (count < directive->min || count > directive->max || !*words[0]) {
                return wrong(reader, "config.words",
                             apr_psprintf(reader->pool, "%s: %d word%s expected", directive->name,
                                          directive->max, directive->max > 1 ? "s at most" : ""));
            }
            return error ? error : directive->run(reader, words);
        }
    }
    return NULL;
}

/* Sections. */

static int is_section(const char *name, const char *other)
{
    return apr_cstr_casecmp(name, other) == 0;
}

/* Whether what stands in the section counts; `argument` is what follows its name. */
static int condition(const reader_t *reader, const char *name, const char *argument)
{
    int is_negated = *argument == '!';
    int is_true = 1;

    argument += is_negated;
    if (is_section(name, "IfDefine")) {
        is_true = cm_text_is_among(reader->names, argument);
    } else if (is_section(name, "IfFile")) {
        apr_finfo_t info;

        is_true = apr_stat(&info, absolute(reader, argument), APR_FINFO_TYPE, reader->pool) ==
                  APR_SUCCESS;
    } else if (is_section(name, "Macro")) {
        return 0;
    } else if (!is_section(name, "IfModule")) {
        return 1;
    }
    return is_true != is_negated;
}

static void open_section(reader_t *reader, const char *line)
{
    const char *name = cm_config_word(&line, reader->pool);
    section_t section = {.scope = reader->scope, .is_taken = is_taken(reader)};

    section.name = name;
    if (section.is_taken) {
        line = cm_config_resolve(line, reader->variables, reader->pool);
        section.is_taken = condition(reader, name, cm_config_word(&line, reader->pool));
    }
    if (section.is_taken && is_section(name, "VirtualHost")) {
        const scope_t scope = {NULL, NULL, 0};

        reader->scope = reader->scopes->nelts;
        APR_ARRAY_PUSH(reader->scopes, scope_t) = scope;
    }
    APR_ARRAY_PUSH(reader->sections, section_t) = section;
}

static cm_error_t *close_section(reader_t *reader, const char *name, int outside)
{
    const section_t *section;

    if (reader->sections->nelts <= outside) {
        return wrong(reader, "config.section",
                     apr_psprintf(reader->pool, "</%s> closes nothing", name));
    }
    section = &APR_ARRAY_IDX(reader->sections, reader->sections->nelts - 1, section_t);
    if (!is_section(section->name, name)) {
        return wrong(
            reader, "config.section",
            apr_psprintf(reader->pool, "</%s> is expected, not </%s>", section->name, name));
    }
    reader->scope = section->scope;
    apr_array_pop(reader->sections);
    return NULL;
}

/* "<Name argument>" or "</Name>"; `outside`: how many sections were open before this file. */
static cm_error_t *run_section(reader_t *reader, const char *line, int outside)
{
    char *inner = apr_pstrdup(reader->pool, line + 1);
    char *end = strrchr(inner, '>');

    if (!end) {
        return wrong(reader, "config.section", "a section is not closed by >");
    }
    *end = '\0';
    if (*inner == '/') {
        const char *name = inner + 1;

        return close_section(reader, cm_config_word(&name, reader->pool), outside);
    }
    open_section(reader, inner);
    return NULL;
}

static cm_error_t *run_line(reader_t *reader, const char *line, int outside)
{
    if (!*line || *line == '#') {
        return NULL;
    }
    if (*line == '<') {
        return run_section(reader, line, outside);
    }
    return is_taken(reader) ? run_directive(reader, line) : NULL;
}

/* Say where it happened, unless an included file has said so. */
static cm_error_t *at_line(reader_t *reader, cm_error_t *error, const char *path, int line)
{
    if (reader->is_located) {
        return error;
    }
    reader->is_located = 1;
    error->code = CM_E_CONFIG;
    error->message = apr_psprintf(reader->pool, "%s:%d: %s", path, line, error->message);
    return error;
}

static cm_error_t *read_file(reader_t *reader, const char *path)
{
    cm_config_text_t text = {NULL, 0, 0};
    int outside = reader->sections->nelts;
    cm_error_t *error = load(&text.at, reader, path);
    const char *line;

    if (error) {
        return error;
    }
    while (!error && (line = cm_config_line(&text)) != NULL) {
        error = run_line(reader, line, outside);
    }
    if (!error && reader->sections->nelts > outside) {
        error = wrong(
            reader, "config.section",
            apr_psprintf(
                reader->pool, "<%s> is not closed",
                APR_ARRAY_IDX(reader->sections, reader->sections->nelts - 1, section_t).name));
    }
    return error ? at_line(reader, error, path, text.first) : NULL;
}

static cm_error_t *read_path(reader_t *reader, const char *path)
{
    apr_finfo_t info;
    cm_error_t *error;

    if (reader->depth >= CM_CONFIG_DEPTH || reader->files >= CM_CONFIG_FILES) {
        return wrong(reader, "config.include",
                     "too many files, or files that include each other too deeply");
    }
    reader->depth++;
    if (apr_stat(&info, path, APR_FINFO_TYPE, reader->pool) == APR_SUCCESS &&
        info.filetype == APR_DIR) {
        error = read_folder(reader, path);
    } else {
        reader->files++;
        error = read_file(reader, path);
    }
    reader->depth--;
    return error;
}

/* Which database is ours, see the header. */
static void choose_database(const reader_t *reader)
{
    const scope_t *main_scope = scope_of(reader, 0), *chosen = NULL, *only = NULL;
    int count = 0;

    for (int i = 1; i < reader->scopes->nelts; i++) {
        const scope_t *scope = scope_of(reader, i);

        if (scope->params || scope->driver) {
            chosen = !chosen && scope->is_ours ? scope : chosen;
            only = scope;
            count++;
        }
    }
    if (!chosen) {
        chosen = main_scope->params || main_scope->driver || count != 1 ? main_scope : only;
    }
    reader->config->driver = chosen->driver ? chosen->driver : main_scope->driver;
    reader->config->params = chosen->params ? chosen->params : main_scope->params;
}

cm_error_t *cm_config_read(cm_config_t **config, const char *path, apr_pool_t *pool)
{
    reader_t reader = {.pool = pool};
    const scope_t main_scope = {NULL, NULL, 0};
    cm_error_t *error = cm_config_make(&reader.config, pool);
    const char *slash = strrchr(path, '/');

    if (error) {
        return error;
    }
    reader.names = apr_array_make(pool, 16, sizeof(const char *));
    reader.variables = apr_table_make(pool, 16);
    reader.scopes = apr_array_make(pool, 8, sizeof(scope_t));
    reader.sections = apr_array_make(pool, 8, sizeof(section_t));
    reader.root = slash ? apr_pstrmemdup(pool, path, (apr_size_t)(slash - path)) : ".";
    APR_ARRAY_PUSH(reader.scopes, scope_t) = main_scope;
    error = read_path(&reader, path);
    if (!error) {
        choose_database(&reader);
        *config = reader.config;
    }
    return error;
}
