/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/audit.h"

#include <apr_strings.h>

#include "ctl/output.h"

/* The lines of all files, one after the other. */
static cm_error_t *read_heads(const char **heads, const cm_run_t *run,
                              const apr_array_header_t *paths)
{
    *heads = "";
    for (int i = 0; i < paths->nelts; i++) {
        cm_bytes_t content;
        cm_error_t *error = cm_run_file(&content, run, APR_ARRAY_IDX(paths, i, const char *));

        if (error) {
            return error;
        }
        *heads = apr_pstrcat(run->pool, *heads, (const char *)content.data, "\n", NULL);
    }
    return NULL;
}

/* Heads kept outside of the database: of each --head, else of the file that the server appends to,
 * when there is one. */
static cm_error_t *kept_heads(const char **heads, const cm_run_t *run)
{
    const char *standing = run->config->audit_heads;
    apr_array_header_t *paths = cm_run_options(run, "head");
    int given = paths->nelts;
    cm_error_t *error;

    *heads = NULL;
    if (!given && (!standing || !*standing)) {
        return NULL;
    }
    if (!given) {
        APR_ARRAY_PUSH(paths, const char *) = standing;
    }
    error = read_heads(heads, run, paths);
    if (error && !given && error->code == CM_E_NOT_FOUND) {
        fprintf(stderr, "certmgrctl: %s: no heads outside of the database to compare with\n",
                standing);
        *heads = NULL;
        return NULL;
    }
    return error;
}

static void print_json(const cm_run_t *run, const cm_audit_report_t *report)
{
    json_t *object = cm_json_object(run->pool), *items = cm_json_array(run->pool);

    for (int i = 0; i < report->findings->nelts; i++) {
        const cm_audit_finding_t *f = &APR_ARRAY_IDX(report->findings, i, cm_audit_finding_t);
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "event", f->event);
        cm_json_set_text(item, "what", f->what);
        cm_json_set_text(item, "why", f->why);
        json_array_append(items, item);
    }
    cm_json_set(object, "items", items);
    cm_json_set_integer(object, "sealed", report->sealed);
    cm_json_set_integer(object, "waiting", report->waiting);
    cm_output_object(run, object);
}

static void print_report(const cm_run_t *run, const cm_audit_report_t *report)
{
    if (run->json) {
        print_json(run, report);
        return;
    }
    for (int i = 0; i < report->findings->nelts; i++) {
        const cm_audit_finding_t *f = &APR_ARRAY_IDX(report->findings, i, cm_audit_finding_t);

        printf("event %s %s\n", f->event, f->what);
        if (f->why) {
            fprintf(stderr, "certmgrctl: %s: %s\n", f->event, f->why);
        }
    }
    printf("%" APR_INT64_T_FMT " events sealed, %" APR_INT64_T_FMT " not yet sealed\n",
           report->sealed, report->waiting);
}

cm_error_t *cm_ctl_audit_verify(cm_run_t *run)
{
    cm_audit_report_t *report;
    const char *heads;
    cm_error_t *error = kept_heads(&heads, run);

    if (!error) {
        error = cm_audit_verify(&report, run->ctx, heads);
    }
    if (error) {
        return error;
    }
    print_report(run, report);
    if (report->findings->nelts) {
        return cm_error_make(run->pool, CM_E_INTEGRITY, "the audit log is not as it was written");
    }
    return NULL;
}

cm_error_t *cm_ctl_audit_head(cm_run_t *run)
{
    const char *line;
    cm_error_t *error = cm_audit_head(&line, run->ctx);

    if (!error) {
        fputs(line, stdout);
        if (!*line || line[strlen(line) - 1] != '\n') {
            putchar('\n');
        }
    }
    return error;
}
