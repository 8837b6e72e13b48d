/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/profiles.h"
#include "policy/profile_diff.h"
#include "store/profiles.h"

static const cm_column_t columns[] = {{"name", "NAME"},   {"version", "VERSION"}, {"ca", "CA"},
                                      {"title", "TITLE"}, {"created", "STORED"},  {NULL, NULL}};

/* NULL when it can't be read any more. */
static const cm_profile_t *parse(const cm_profile_record_t *record, apr_pool_t *pool)
{
    cm_profile_t *profile;

    return cm_profile_parse(&profile, cm_bytes_of_text(record->text), pool) ? NULL : profile;
}

cm_error_t *cm_ctl_profile_list(cm_run_t *run)
{
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *all;
    cm_error_t *error = cm_profiles_list(&all, run->ctx->store, run->pool);

    if (error) {
        return error;
    }
    for (int i = 0; i < all->nelts; i++) {
        const cm_profile_record_t *record = APR_ARRAY_IDX(all, i, const cm_profile_record_t *);
        const cm_profile_t *profile = parse(record, run->pool);
        json_t *item = cm_json_object(run->pool);

        cm_json_set_text(item, "name", record->name);
        cm_json_set_integer(item, "version", record->version);
        cm_json_set_text(item, "ca", profile ? profile->ca : NULL);
        cm_json_set_text(item, "title", profile ? profile->title : NULL);
        cm_json_set_time(item, "created", record->created);
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

/* A version as people type it; 0 for NULL: the one in force. */
static cm_error_t *read_version(cm_profile_record_t **record, const cm_run_t *run, const char *name,
                                const char *version)
{
    apr_int64_t number = 0;
    cm_error_t *error =
        version ? cm_text_integer(&number, version, 1, APR_INT32_MAX, run->pool) : NULL;

    if (!error) {
        error = cm_profile_read(record, run->ctx->store, name, number, run->pool);
    }
    if (error && error->code == CM_E_NOT_FOUND) {
        error->message =
            version ? "there is no such version of this profile" : "there is no such profile";
    }
    return error;
}

cm_error_t *cm_ctl_profile_show(cm_run_t *run)
{
    json_t *object = cm_json_object(run->pool);
    cm_profile_record_t *record;
    json_t *document;
    cm_error_t *error =
        read_version(&record, run, cm_run_argument(run, 0), cm_run_option(run, "version"));

    if (!error) {
        error = cm_json_parse(&document, cm_bytes_of_text(record->text), run->pool);
    }
    if (error) {
        return error;
    }
    if (!run->json) {
        printf("version %" APR_INT64_T_FMT ", stored %s\n", record->version,
               cm_text_time(record->created, run->pool));
        json_dumpf(document, stdout, JSON_INDENT(2));
        putchar('\n');
        return NULL;
    }
    cm_json_set_text(object, "name", record->name);
    cm_json_set_integer(object, "version", record->version);
    cm_json_set_time(object, "created", record->created);
    cm_json_set(object, "profile", document);
    cm_output_object(run, object);
    return NULL;
}

cm_error_t *cm_ctl_profile_export(cm_run_t *run)
{
    cm_profile_record_t *record;
    cm_error_t *error =
        read_version(&record, run, cm_run_argument(run, 0), cm_run_option(run, "version"));

    if (!error) {
        fputs(record->text, stdout);
    }
    return error;
}

/* Differences. */

static const char *value_text(const json_t *value, apr_pool_t *pool)
{
    char *dump = value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    const char *text = dump ? cm_text_escape(dump, pool) : "(absent)";

    free(dump);
    return text;
}

static void print_changes(const cm_run_t *run, const json_t *changes)
{
    if (run->json) {
        json_t *object = cm_json_object(run->pool);

        cm_json_set(object, "items", (json_t *)changes);
        cm_output_object(run, object);
        return;
    }
    for (size_t i = 0; i < json_array_size(changes); i++) {
        const json_t *change = json_array_get(changes, i);

        printf("%s: %s -> %s\n",
               cm_text_escape(json_string_value(json_object_get(change, "field")), run->pool),
               value_text(json_object_get(change, "from"), run->pool),
               value_text(json_object_get(change, "to"), run->pool));
    }
}

/* Names of profiles hold neither dots nor slashes. */
static int is_path(const char *word)
{
    return strpbrk(word, "./") != NULL;
}

static cm_error_t *compare(const cm_run_t *run, cm_bytes_t from, cm_bytes_t to)
{
    json_t *before, *after;
    cm_error_t *error = cm_json_parse(&before, from, run->pool);

    if (!error) {
        error = cm_json_parse(&after, to, run->pool);
    }
    if (!error) {
        print_changes(run, cm_profile_diff(before, after, run->pool));
    }
    return error;
}

/* A file against the version in force of the profile that it names. */
static cm_error_t *compare_file(const cm_run_t *run, const char *path)
{
    cm_profile_record_t *record;
    cm_profile_t *profile;
    cm_bytes_t text;
    cm_error_t *error = cm_run_file(&text, run, path);

    if (!error) {
        error = cm_profile_parse(&profile, text, run->pool);
    }
    if (!error) {
        error = read_version(&record, run, profile->name, NULL);
    }
    return error ? error : compare(run, cm_bytes_of_text(record->text), text);
}

cm_error_t *cm_ctl_profile_diff(cm_run_t *run)
{
    const char *name = cm_run_argument(run, 0), *first = cm_run_argument(run, 1);
    cm_profile_record_t *from, *to;
    cm_error_t *error;

    if (is_path(name)) {
        return compare_file(run, name);
    }
    error = read_version(&to, run, name, cm_run_argument(run, 2));
    if (!error) {
        const char *before = apr_psprintf(run->pool, "%" APR_INT64_T_FMT,
                                          to->version > 1 ? to->version - 1 : to->version);

        error = read_version(&from, run, name, first ? first : before);
    }
    return error ? error : compare(run, cm_bytes_of_text(from->text), cm_bytes_of_text(to->text));
}

/* Import. */

/* One line for each violation; what is no fault of the file is handed on. */
static cm_error_t *explain(const cm_error_t *error, const char *path, apr_pool_t *pool)
{
    if (cm_code_info(error->code)->status >= 500) {
        return (cm_error_t *)error;
    }
    for (const cm_error_t *at = error; at; at = at->also) {
        fprintf(stderr, "%s: %s%s%s", path, at->field ? at->field : "", at->field ? ": " : "",
                cm_text_escape(at->message, pool));
        if (at->rule) {
            fprintf(stderr, " [%s]", at->rule);
        }
        fputc('\n', stderr);
        if (at->hint) {
            fprintf(stderr, "    hint: %s\n", cm_text_escape(at->hint, pool));
        }
    }
    return cm_error_make(pool, error->code, "%s is refused", path);
}

/* Ask for what was decided. */
static cm_error_t *store(cm_run_t *run, const cm_profile_change_t *decided)
{
    json_t *change = cm_json_object(run->pool), *profile;
    cm_request_view_t *view;
    cm_error_t *error = cm_json_parse(&profile, cm_bytes_of_text(decided->record.text), run->pool);

    if (error) {
        return error;
    }
    cm_json_set(change, "profile", profile);
    error = cm_ctl_change(&view, run, "profile.store", change);
    if (!error && view) {
        cm_output_step(run, apr_pstrcat(run->pool, "profile ", decided->record.name, NULL),
                       apr_psprintf(run->pool, "version %" APR_INT64_T_FMT " stored",
                                    decided->record.version));
    }
    return error;
}

static cm_error_t *take_file(cm_run_t *run, const char *path, int only_check)
{
    cm_profile_change_t change;
    const char *result;
    cm_bytes_t text;
    cm_error_t *error = cm_run_file(&text, run, path);

    if (!error) {
        error = cm_profile_decide(&change, run->ctx, text);
    }
    if (error) {
        return explain(error, cm_text_escape(path, run->pool), run->pool);
    }
    if (change.is_new && !only_check) {
        return store(run, &change);
    }
    result = apr_psprintf(run->pool,
                          change.is_new ? "would be version %" APR_INT64_T_FMT
                                        : "version %" APR_INT64_T_FMT " is the same",
                          change.record.version);
    cm_output_step(run, apr_pstrcat(run->pool, "profile ", change.record.name, NULL), result);
    return NULL;
}

/* A refused file does not keep the others out. */
static cm_error_t *take_files(cm_run_t *run, int only_check)
{
    cm_error_t *error = NULL;

    for (int i = 0; i < run->args->nelts; i++) {
        error = cm_error_join(error, take_file(run, cm_run_argument(run, i), only_check));
    }
    return error;
}

cm_error_t *cm_ctl_profile_import(cm_run_t *run)
{
    return take_files(run, cm_run_option(run, "dry-run") != NULL);
}

cm_error_t *cm_ctl_profile_check(cm_run_t *run)
{
    return take_files(run, 1);
}
