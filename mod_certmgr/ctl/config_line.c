/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/config_line.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static const char *trim(char *line)
{
    char *end = line + strlen(line);

    while (end > line && apr_isspace(end[-1])) {
        *--end = '\0';
    }
    while (apr_isspace(*line)) {
        line++;
    }
    return line;
}

const char *cm_config_line(cm_config_text_t *text)
{
    char *line = text->at;
    apr_size_t used = 0;
    int continued = *text->at != '\0';

    if (!continued) {
        return NULL;
    }
    text->first = text->line + 1;
    while (continued && *text->at) {
        apr_size_t len = strcspn(text->at, "\n");

        memmove(line + used, text->at, len);
        used += len;
        text->at += len;
        continued = *text->at == '\n';
        text->at += continued;
        text->line++;
        if (continued && used && line[used - 1] == '\r') {
            used--;
        }
        continued = continued && used && line[used - 1] == '\\';
        used -= (apr_size_t)continued;
    }
    line[used] = '\0';
    return trim(line);
}

static const char *unquote(const char *start, const char *end, char quote, apr_pool_t *pool)
{
    char *word = apr_palloc(pool, (apr_size_t)(end - start) + 1);
    char *out = word;

    for (; start < end; start++) {
        if (*start == '\\' && start + 1 < end &&
            (start[1] == '\\' || (quote && start[1] == quote))) {
            start++;
        }
        *out++ = *start;
    }
    *out = '\0';
    return word;
}

const char *cm_config_word(const char **line, apr_pool_t *pool)
{
    const char *start = *line, *end;
    char quote = 0;

    while (apr_isspace(*start)) {
        start++;
    }
    if (*start == '"' || *start == '\'') {
        quote = *start++;
    }
    for (end = start; *end && (quote ? *end != quote : !apr_isspace(*end)); end++) {
        if (quote && *end == '\\' && (end[1] == '\\' || end[1] == quote)) {
            end++;
        }
    }
    *line = end + (quote && *end == quote);
    while (apr_isspace(**line)) {
        ++*line;
    }
    return unquote(start, end, quote, pool);
}

const char *cm_config_resolve(const char *line, const apr_table_t *variables, apr_pool_t *pool)
{
    const char *out = "";

    for (;;) {
        const char *open = strstr(line, "${");
        const char *close = open ? strchr(open, '}') : NULL;
        const char *name, *value = NULL;

        if (!close) {
            return apr_pstrcat(pool, out, line, NULL);
        }
        name = apr_pstrmemdup(pool, open + 2, (apr_size_t)(close - open) - 2);
        if (*name && !strchr(name, ':')) {
            value = apr_table_get(variables, name);
            value = value ? value : getenv(name);
        }
        if (!value) {
            value = apr_pstrcat(pool, "${", name, "}", NULL);
        }
        out = apr_pstrcat(pool, out, apr_pstrmemdup(pool, line, (apr_size_t)(open - line)), value,
                          NULL);
        line = close + 1;
    }
}
