/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the audit log. The options are the parameters of the API, read by the same table.
 */
#include <apr_escape.h>
#include <apr_strings.h>

#include "ctl/output.h"
#include "flow/audit_read.h"
#include "proto/eventfile.h"
#include "proto/rest/audit.h"
#include "store/strangers.h"

enum { PAGE = 1000 };

static cm_error_t *read_query(cm_event_query_t *query, const cm_run_t *run,
                              const cm_json_member_t *members)
{
    static const struct {
        const char *option, *parameter;
    } names[] = {{"action", "action"},         {"outcome", "outcome"}, {"actor", "actor"},
                 {"object", "object"},         {"trace", "trace"},     {"since", "happened_after"},
                 {"until", "happened_before"}, {"limit", "limit"}};
    const char *text = "";

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = cm_run_option(run, names[i].option);

        if (value) {
            text = apr_pstrcat(run->pool, text, *text ? "&" : "", names[i].parameter, "=",
                               apr_pescape_urlencoded(run->pool, value), NULL);
        }
    }
    return cm_audit_query_read(query, members, text, run->pool);
}

cm_error_t *cm_ctl_audit_list(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"happened", "HAPPENED"}, {"action", "ACTION"}, {"outcome", "OUTCOME"}, {"actor", "ACTOR"},
        {"object", "OBJECT"},     {"leaf", "LEAF"},     {"id", "ID"},           {NULL, NULL}};
    json_t *items = cm_json_array(run->pool);
    cm_event_query_t query;
    cm_event_page_t page;
    cm_error_t *error = read_query(&query, run, cm_audit_members);

    if (error) {
        return error;
    }
    do { /* a page may be short */
        if ((error = cm_audit_page(&page, run->ctx, &query))) {
            return error;
        }
        for (int i = 0; i < page.items->nelts; i++) {
            json_array_append(
                items,
                cm_event_render(APR_ARRAY_IDX(page.items, i, cm_audit_event_t *), run->pool));
        }
        query.limit -= page.items->nelts;
        query.until = page.until;
        query.until_id = page.until_id;
    } while (query.limit && query.until_id);
    cm_output_list(run, columns, items);
    return NULL;
}

/* Page by page, in a pool that does not grow. */
static cm_error_t *copy_file(cm_eventfile_t *file, apr_pool_t *pool)
{
    cm_bytes_t bytes;
    cm_error_t *error;

    do {
        apr_pool_clear(pool);
        error = cm_eventfile_read(&bytes, file, pool);
        if (!error && fwrite(bytes.data, 1, bytes.len, stdout) < bytes.len) {
            error = cm_error_make(pool, CM_E_INTERNAL, "standard output can't be written");
        }
    } while (!error && bytes.len);
    if (!error && fflush(stdout) != 0) {
        error = cm_error_make(pool, CM_E_INTERNAL, "standard output can't be written");
    }
    return error;
}

cm_error_t *cm_ctl_audit_export(cm_run_t *run)
{
    const char *format = cm_run_option(run, "jsonl") ? "jsonl" : "csv";
    cm_event_query_t query;
    cm_eventfile_t *file;
    apr_pool_t *pages;
    cm_error_t *error;

    if (cm_run_option(run, "jsonl") && cm_run_option(run, "csv")) {
        return cm_error_make(run->pool, CM_E_VALUE, "--csv or --jsonl, not both");
    }
    error = read_query(&query, run, cm_audit_members + CM_AUDIT_FILTERS);
    if (!error) {
        error = cm_eventfile_open(&file, run->ctx, &query, format);
    }
    if (error) {
        return error;
    }
    apr_pool_create(&pages, run->pool);
    return copy_file(file, pages);
}

cm_error_t *cm_ctl_audit_refusals(cm_run_t *run)
{
    static const cm_column_t columns[] = {
        {"hour", "HOUR"}, {"rule", "RULE"}, {"count", "COUNT"}, {NULL, NULL}};
    cm_stranger_query_t query = {.until = APR_INT64_MAX, .limit = PAGE};
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *page;

    do {
        cm_error_t *error = cm_strangers_page(&page, run->ctx->store, &query, run->pool);

        if (error) {
            return error;
        }
        for (int i = 0; i < page->nelts; i++) {
            const cm_stranger_count_t *count = APR_ARRAY_IDX(page, i, cm_stranger_count_t *);

            json_array_append(items, cm_schema_render(&cm_schema_stranger, count, run->pool));
            query.until = count->hour;
            query.until_rule = count->rule;
        }
    } while (page->nelts == PAGE);
    cm_output_list(run, columns, items);
    return NULL;
}
