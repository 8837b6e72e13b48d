/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"

static apr_status_t release(void *data)
{
    json_decref(data);
    return APR_SUCCESS;
}

static json_t *own(json_t *value, apr_pool_t *pool)
{
    apr_pool_cleanup_register(pool, value, release, apr_pool_cleanup_null);
    return value;
}

cm_error_t *cm_json_parse(json_t **document, cm_bytes_t text, apr_pool_t *pool)
{
    json_error_t where;
    json_t *value = json_loadb((const char *)text.data, text.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);

    if (!value) {
        return cm_error_make(pool, CM_E_SYNTAX, "not valid JSON at line %d, column %d: %s",
                             where.line, where.column, cm_text_escape(where.text, pool));
    }
    *document = own(value, pool);
    return NULL;
}

const char *cm_json_pointer(const char *at, const char *token, apr_pool_t *pool)
{
    char *escaped = apr_palloc(pool, 2 * strlen(token) + 1);
    char *out = escaped;

    for (const char *c = token; *c; c++) {
        if (*c == '~' || *c == '/') {
            *out++ = '~';
            *out++ = *c == '~' ? '0' : '1';
        } else {
            *out++ = *c;
        }
    }
    *out = '\0';
    return apr_pstrcat(pool, at, "/", escaped, NULL);
}

static cm_error_t *wrong(const char *at, const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), at, "value.type");
}

static cm_error_t *beyond(const char *at, apr_int64_t limit, const char *unit, apr_pool_t *pool)
{
    return cm_error_locate(
        cm_error_make(pool, CM_E_VALUE, "more than %" APR_INT64_T_FMT "%s", limit, unit), at,
        "value.limit");
}

static cm_error_t *read_text(const char **text, const json_t *value, const cm_json_member_t *member,
                             const char *at, apr_pool_t *pool)
{
    const char *string = json_string_value(value);
    apr_size_t len = json_string_length(value);

    if (!string) {
        return wrong(at, "a string is expected", pool);
    }
    if (member->limit && len > (apr_size_t)member->limit) {
        return beyond(at, member->limit, " bytes", pool);
    }
    for (apr_size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)string[i];
        int line = c == '\n' || c == '\r' || c == '\t';

        if ((c < 0x20 && !(line && member->kind == CM_JSON_LINES)) || c == 0x7f) {
            return wrong(at, "control characters are not accepted", pool);
        }
    }
    *text = apr_pstrmemdup(pool, string, len);
    return NULL;
}

static cm_error_t *read_texts(const apr_array_header_t **texts, const json_t *value,
                              const cm_json_member_t *member, const char *at, apr_pool_t *pool)
{
    const cm_json_member_t element = {.kind = CM_JSON_TEXT, .limit = 1024};
    apr_array_header_t *array = apr_array_make(pool, 4, sizeof(const char *));
    cm_error_t *error = NULL;

    if (!json_is_array(value)) {
        return wrong(at, "an array of strings is expected", pool);
    }
    if (member->limit && json_array_size(value) > (size_t)member->limit) {
        return beyond(at, member->limit, " elements", pool);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *place = cm_json_pointer(at, apr_psprintf(pool, "%" APR_SIZE_T_FMT, i), pool);
        const char *text = NULL;

        error =
            cm_error_join(error, read_text(&text, json_array_get(value, i), &element, place, pool));
        APR_ARRAY_PUSH(array, const char *) = text;
    }
    *texts = array;
    return error;
}

static cm_error_t *read_integer(apr_int64_t *number, const json_t *value,
                                const cm_json_member_t *member, const char *at, apr_pool_t *pool)
{
    if (!json_is_integer(value)) {
        return wrong(at, "a whole number is expected", pool);
    }
    *number = json_integer_value(value);
    if (*number < 0) {
        return wrong(at, "a number below 0 is not accepted", pool);
    }
    if (member->limit && *number > member->limit) {
        return beyond(at, member->limit, "", pool);
    }
    return NULL;
}

static cm_error_t *read_time(apr_time_t *time, const json_t *value, const char *at,
                             apr_pool_t *pool)
{
    cm_error_t *error;

    if (!json_is_string(value)) {
        return wrong(at, "a time is expected, as a string", pool);
    }
    error = cm_text_parse_time(time, json_string_value(value), pool);
    return error ? cm_error_locate(error, at, "value.time") : NULL;
}

static cm_error_t *read_member(void *place, const json_t *value, const cm_json_member_t *member,
                               const char *at, apr_pool_t *pool)
{
    switch (member->kind) {
    case CM_JSON_TEXT:
    case CM_JSON_LINES:
        return read_text(place, value, member, at, pool);
    case CM_JSON_INTEGER:
        return read_integer(place, value, member, at, pool);
    case CM_JSON_FLAG:
        *(int *)place = json_is_true(value);
        return json_is_boolean(value) ? NULL : wrong(at, "true or false is expected", pool);
    case CM_JSON_TIME:
        return read_time(place, value, at, pool);
    case CM_JSON_TEXTS:
        return read_texts(place, value, member, at, pool);
    case CM_JSON_OBJECT:
        *(const json_t **)place = value;
        return json_is_object(value) ? NULL : wrong(at, "an object is expected", pool);
    case CM_JSON_ARRAY:
        *(const json_t **)place = value;
        if (member->limit && json_array_size(value) > (size_t)member->limit) {
            return beyond(at, member->limit, " elements", pool);
        }
        return json_is_array(value) ? NULL : wrong(at, "an array is expected", pool);
    }
    return NULL;
}

static int is_listed(const char *name, const cm_json_member_t *members)
{
    for (; members->name; members++) {
        if (strcmp(members->name, name) == 0) {
            return 1;
        }
    }
    return 0;
}

static cm_error_t *refuse_unlisted(const cm_json_member_t *members, const json_t *object,
                                   const char *at, apr_pool_t *pool)
{
    cm_error_t *error = NULL;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        if (!is_listed(name, members)) {
            error = cm_error_join(
                error, cm_error_locate(cm_error_make(pool, CM_E_MEMBER, "unknown member"),
                                       cm_json_pointer(at, name, pool), "value.unknown"));
        }
    }
    return error;
}

cm_error_t *cm_json_read(void *record, const cm_json_member_t *members, const json_t *object,
                         const char *at, apr_pool_t *pool)
{
    cm_error_t *error;

    if (!json_is_object(object)) {
        return wrong(at, "an object is expected", pool);
    }
    error = refuse_unlisted(members, object, at, pool);
    for (; members->name; members++) {
        const json_t *value = json_object_get(object, members->name);
        const char *place = cm_json_pointer(at, members->name, pool);

        if (value && !json_is_null(value)) {
            error = cm_error_join(
                error, read_member((char *)record + members->offset, value, members, place, pool));
        } else if (members->required) {
            error = cm_error_join(
                error, cm_error_locate(cm_error_make(pool, CM_E_VALUE, "the member is missing"),
                                       place, "value.missing"));
        }
    }
    return error;
}

static cm_bytes_t dump(const json_t *value, size_t flags, apr_pool_t *pool)
{
    size_t len = json_dumpb(value, NULL, 0, flags);
    char *text = apr_palloc(pool, len + 1);

    json_dumpb(value, text, len, flags);
    text[len] = '\0';
    return cm_bytes_make(text, len);
}

cm_bytes_t cm_json_dump(const json_t *value, apr_pool_t *pool)
{
    return dump(value, JSON_COMPACT | JSON_ENCODE_ANY, pool);
}

cm_bytes_t cm_json_canonical(const json_t *value, apr_pool_t *pool)
{
    return dump(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS, pool);
}

json_t *cm_json_object(apr_pool_t *pool)
{
    return own(json_object(), pool);
}

json_t *cm_json_array(apr_pool_t *pool)
{
    return own(json_array(), pool);
}

void cm_json_set_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, text ? json_string(text) : json_null());
}

void cm_json_set_time(json_t *object, const char *name, apr_time_t time)
{
    apr_pool_t *pool;

    if (!time) {
        json_object_set_new(object, name, json_null());
        return;
    }
    apr_pool_create(&pool, NULL);
    json_object_set_new(object, name, json_string(cm_text_time(time, pool)));
    apr_pool_destroy(pool);
}

void cm_json_set_integer(json_t *object, const char *name, apr_int64_t value)
{
    json_object_set_new(object, name, json_integer(value));
}

void cm_json_set_flag(json_t *object, const char *name, int value)
{
    json_object_set_new(object, name, json_boolean(value));
}

void cm_json_set(json_t *object, const char *name, json_t *value)
{
    json_object_set(object, name, value);
}
