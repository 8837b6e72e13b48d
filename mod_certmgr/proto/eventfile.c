/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/eventfile.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit_read.h"
#include "proto/rest/audit.h"

enum { PAGE = 250 };

static const char *cell(const char *text, apr_pool_t *pool)
{
    const char *mark = text && *text && strchr("=+-@\t\r\n", *text) ? "'" : "";
    apr_size_t quotes = 0;
    char *quoted, *out;

    if (!text) {
        return "";
    }
    if (!text[strcspn(text, ",\"\r\n")]) {
        return *mark ? apr_pstrcat(pool, mark, text, NULL) : text;
    }
    for (const char *c = text; *c; c++) {
        quotes += *c == '"';
    }
    quoted = out = apr_palloc(pool, strlen(mark) + strlen(text) + quotes + 3);
    *out++ = '"';
    out = apr_cpystrn(out, mark, 2);
    for (const char *c = text; *c; c++) {
        if (*c == '"') {
            *out++ = '"';
        }
        *out++ = *c;
    }
    *out++ = '"';
    *out = '\0';
    return quoted;
}

static const char *csv_line(const cm_audit_event_t *event, apr_pool_t *pool)
{
    const char *leaf =
        event->position < 0 ? "" : apr_psprintf(pool, "%" APR_INT64_T_FMT, event->position);
    const char *const cells[] = {event->id,     cm_text_time(event->time, pool),
                                 event->action, event->outcome,
                                 event->actor,  event->object,
                                 event->trace,  leaf,
                                 event->detail, event->personal};
    apr_array_header_t *line = apr_array_make(pool, 10, sizeof(const char *));

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        APR_ARRAY_PUSH(line, const char *) = cell(cells[i], pool);
    }
    return apr_pstrcat(pool, apr_array_pstrcat(pool, line, ','), "\r\n", NULL);
}

static const char *json_line(const cm_audit_event_t *event, apr_pool_t *pool)
{
    return apr_pstrcat(pool, (const char *)cm_json_dump(cm_event_render(event, pool), pool).data,
                       "\n", NULL);
}

const cm_eventfile_format_t *cm_eventfile_format(const char *name)
{
    static const cm_eventfile_format_t formats[] = {
        {"csv", "id,happened,action,outcome,actor,object,trace,leaf,detail,personal\r\n", csv_line},
        {"jsonl", "", json_line},
        {NULL, NULL, NULL}};
    const cm_eventfile_format_t *format = formats;

    while (format->name && strcmp(format->name, name) != 0) {
        format++;
    }
    return format->name ? format : NULL;
}

cm_error_t *cm_eventfile_open(cm_eventfile_t **file, const cm_ctx_t *ctx,
                              const cm_event_query_t *query, const char *format)
{
    cm_eventfile_t *made = apr_pcalloc(ctx->pool, sizeof *made);

    made->ctx = *ctx;
    made->query = *query;
    made->query.limit = PAGE;
    made->format = cm_eventfile_format(format);
    *file = made;
    return cm_audit_export(ctx, query, format);
}

/* Where the next page begins: ids outlive the pool of the page they came with. */
static void move_on(cm_eventfile_t *file, const cm_event_page_t *page)
{
    if (!page->until_id) {
        file->query.limit = 0;
        return;
    }
    file->query.until = page->until;
    apr_cpystrn(file->until_id, page->until_id, sizeof file->until_id);
    file->query.until_id = file->until_id;
}

/* Adds the lines of the next page, of which there may be none. */
static cm_error_t *read_page(apr_array_header_t *lines, cm_eventfile_t *file, apr_pool_t *scratch)
{
    cm_ctx_t ctx = file->ctx;
    cm_event_page_t page;
    cm_error_t *error;

    ctx.pool = scratch;
    error = cm_audit_page(&page, &ctx, &file->query);
    if (error) {
        return error;
    }
    for (int i = 0; i < page.items->nelts; i++) {
        APR_ARRAY_PUSH(lines, const char *) =
            file->format->line(APR_ARRAY_IDX(page.items, i, cm_audit_event_t *), lines->pool);
    }
    move_on(file, &page);
    return NULL;
}

cm_error_t *cm_eventfile_read(cm_bytes_t *bytes, cm_eventfile_t *file, apr_pool_t *pool)
{
    apr_array_header_t *lines = apr_array_make(pool, PAGE + 1, sizeof(const char *));
    cm_error_t *error = NULL;
    apr_pool_t *scratch;
    int head = !file->begun;

    *bytes = cm_bytes_make("", 0);
    if (head) {
        APR_ARRAY_PUSH(lines, const char *) = file->format->head;
        file->begun = 1;
    }
    apr_pool_create(&scratch, pool);
    while (!error && lines->nelts == head && file->query.limit) {
        apr_pool_clear(scratch);
        error = read_page(lines, file, scratch);
    }
    if (!error) {
        *bytes = cm_bytes_of_text(apr_array_pstrcat(pool, lines, '\0'));
    }
    return error;
}

json_t *cm_event_part(const char *text, apr_pool_t *pool)
{
    json_t *object;

    if (!text) {
        return NULL;
    }
    if (cm_json_parse(&object, cm_bytes_of_text(text), pool) || !json_is_object(object)) {
        object = cm_json_object(pool);
        cm_json_set_text(object, "unreadable", text);
    }
    return object;
}
