/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"

#include <apr_strings.h>

#include "base/text.h"

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static int width_of(const char *text)
{
    int width = 0;

    for (; *text; text++) {
        width += (*text & 0xC0) != 0x80;
    }
    return width;
}

static const char *cell_text(const json_t *value, apr_pool_t *pool)
{
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return *json_string_value(value) ? cm_text_escape(json_string_value(value), pool) : "-";
    case JSON_INTEGER:
        return apr_psprintf(pool, "%" APR_INT64_T_FMT, (apr_int64_t)json_integer_value(value));
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    case JSON_ARRAY: {
        const char *text = "";

        for (size_t i = 0; i < json_array_size(value); i++) {
            text = apr_pstrcat(pool, text, i ? "," : "", cell_text(json_array_get(value, i), pool),
                               NULL);
        }
        return *text ? text : "-";
    }
    default:
        return "-";
    }
}

static void pad(const char *text, int width)
{
    printf("%s%*s", text, width > width_of(text) ? width - width_of(text) : 0, "");
}

static int widest(const cm_column_t *column, const json_t *items, apr_pool_t *pool)
{
    int width = width_of(column->heading);

    for (size_t i = 0; i < json_array_size(items); i++) {
        int cell =
            width_of(cell_text(json_object_get(json_array_get(items, i), column->member), pool));

        width = cell > width ? cell : width;
    }
    return width;
}

static void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
}

/* `row` NULL: the headings. The last column is not padded. */
static void print_row(const cm_column_t *columns, const int *widths, const json_t *row,
                      apr_pool_t *pool)
{
    for (int c = 0; columns[c].member; c++) {
        const char *text =
            row ? cell_text(json_object_get(row, columns[c].member), pool) : columns[c].heading;

        if (columns[c + 1].member) {
            pad(text, widths[c]);
            fputs("  ", stdout);
        } else {
            puts(text);
        }
    }
}

void cm_output_list(const cm_run_t *run, const cm_column_t *columns, const json_t *items)
{
    int count = 0;
    int *widths;

    if (run->json) {
        json_t *list = cm_json_object(run->pool);

        json_object_set(list, "items", (json_t *)items);
        print_json(list);
        return;
    }
    if (!json_array_size(items)) {
        return;
    }
    while (columns[count].member) {
        count++;
    }
    widths = apr_palloc(run->pool, (apr_size_t)count * sizeof(*widths));
    for (int c = 0; c < count; c++) {
        widths[c] = widest(&columns[c], items, run->pool);
    }
    print_row(columns, widths, NULL, run->pool);
    for (size_t i = 0; i < json_array_size(items); i++) {
        print_row(columns, widths, json_array_get(items, i), run->pool);
    }
}

void cm_output_object(const cm_run_t *run, const json_t *object)
{
    const char *name;
    json_t *value;
    int width = 0;

    if (run->json) {
        print_json(object);
        return;
    }
    json_object_foreach((json_t *)object, name, value)
    {
        width = width_of(name) > width ? width_of(name) : width;
    }
    json_object_foreach((json_t *)object, name, value)
    {
        pad(name, width + 2);
        puts(cell_text(value, run->pool));
    }
}

void cm_output_step(const cm_run_t *run, const char *what, const char *result)
{
    if (!run->json) {
        pad(what, 44);
        printf("  %s\n", result);
        fflush(stdout);
    }
}
