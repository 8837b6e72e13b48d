/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/rest/schema.h"

#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"

static json_t *render_texts(const apr_array_header_t *texts, apr_pool_t *pool)
{
    json_t *array = cm_json_array(pool);

    for (int i = 0; texts && i < texts->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(texts, i, const char *)));
    }
    return array;
}

static json_t *render_records(const apr_array_header_t *records, const cm_schema_t *schema,
                              apr_pool_t *pool)
{
    json_t *array = cm_json_array(pool);

    for (int i = 0; records && i < records->nelts; i++) {
        json_array_append(array,
                          cm_schema_render(schema, APR_ARRAY_IDX(records, i, const void *), pool));
    }
    return array;
}

static void render_time(json_t *object, const char *name, apr_time_t time, apr_pool_t *pool)
{
    cm_json_set_text(object, name, time ? cm_text_time(time, pool) : NULL);
}

static void render_integer(json_t *object, const cm_field_t *field, apr_int64_t value)
{
    if (field->nullable && value < 0) {
        cm_json_set_text(object, field->name, NULL);
    } else {
        cm_json_set_integer(object, field->name, value);
    }
}

static void render_field(json_t *object, const cm_field_t *field, const void *place,
                         apr_pool_t *pool)
{
    const void *const *pointer = place;

    switch (field->kind) {
    case CM_FIELD_TEXT:
        cm_json_set_text(object, field->name, *pointer);
        return;
    case CM_FIELD_INTEGER:
        render_integer(object, field, *(const apr_int64_t *)place);
        return;
    case CM_FIELD_NUMBER:
        cm_json_set_integer(object, field->name, *(const int *)place);
        return;
    case CM_FIELD_FLAG:
        cm_json_set_flag(object, field->name, *(const int *)place);
        return;
    case CM_FIELD_TIME:
        render_time(object, field->name, *(const apr_time_t *)place, pool);
        return;
    case CM_FIELD_TEXTS:
        cm_json_set(object, field->name, render_texts(*pointer, pool));
        return;
    case CM_FIELD_RECORD:
        if (*pointer) {
            cm_json_set(object, field->name, cm_schema_render(field->of, *pointer, pool));
        } else {
            cm_json_set_text(object, field->name, NULL);
        }
        return;
    case CM_FIELD_RECORDS:
        cm_json_set(object, field->name, render_records(*pointer, field->of, pool));
        return;
    case CM_FIELD_OBJECT:
        if (*pointer) {
            cm_json_set(object, field->name, *(json_t *const *)place);
        } else if (field->nullable != CM_FIELD_LEFT_OUT) {
            cm_json_set_text(object, field->name, NULL);
        }
        return;
    }
}

json_t *cm_schema_render(const cm_schema_t *schema, const void *record, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);

    for (const cm_field_t *field = schema->fields; field->name; field++) {
        render_field(object, field, (const char *)record + field->offset, pool);
    }
    return object;
}

json_t *cm_schema_reference(const char *name, apr_pool_t *pool)
{
    json_t *reference = cm_json_object(pool);

    cm_json_set_text(reference, "$ref", apr_pstrcat(pool, "#/components/schemas/", name, NULL));
    return reference;
}

/* "type": a word, or the word and "null". */
static void set_type(json_t *schema, const char *type, int nullable)
{
    json_t *both;

    if (!nullable) {
        cm_json_set_text(schema, "type", type);
        return;
    }
    both = json_array();
    json_array_append_new(both, json_string(type));
    json_array_append_new(both, json_string("null"));
    json_object_set_new(schema, "type", both);
}

static void set_words(json_t *schema, const char *words, int nullable, apr_pool_t *pool)
{
    json_t *list = cm_json_array(pool);

    for (; *words; words += strcspn(words, " ") + 1) {
        json_array_append_new(list, json_stringn(words, strcspn(words, " ")));
    }
    if (nullable) {
        json_array_append_new(list, json_null());
    }
    cm_json_set(schema, "enum", list);
}

/* A $ref can't be null itself. */
static json_t *describe_record(const cm_field_t *field, apr_pool_t *pool)
{
    json_t *reference = cm_schema_reference(field->of->name, pool);
    json_t *schema, *choices, *null;

    if (!field->nullable) {
        return reference;
    }
    schema = cm_json_object(pool);
    choices = cm_json_array(pool);
    null = cm_json_object(pool);
    cm_json_set_text(null, "type", "null");
    json_array_append(choices, reference);
    json_array_append(choices, null);
    cm_json_set(schema, "anyOf", choices);
    return schema;
}

static json_t *describe_field(const cm_field_t *field, apr_pool_t *pool)
{
    json_t *schema = cm_json_object(pool);

    switch (field->kind) {
    case CM_FIELD_INTEGER:
    case CM_FIELD_NUMBER:
        set_type(schema, "integer", field->nullable);
        break;
    case CM_FIELD_FLAG:
        set_type(schema, "boolean", field->nullable);
        break;
    case CM_FIELD_TIME:
        set_type(schema, "string", field->nullable);
        cm_json_set_text(schema, "format", "date-time");
        break;
    case CM_FIELD_TEXTS:
        set_type(schema, "array", 0);
        json_object_set_new(schema, "items", json_pack("{s:s}", "type", "string"));
        break;
    case CM_FIELD_RECORD:
        schema = describe_record(field, pool);
        break;
    case CM_FIELD_RECORDS:
        set_type(schema, "array", 0);
        cm_json_set(schema, "items", cm_schema_reference(field->of->name, pool));
        break;
    case CM_FIELD_OBJECT:
        if (field->of) {
            schema = cm_schema_reference(field->of->name, pool);
        } else {
            set_type(schema, "object", field->nullable == 1);
        }
        break;
    case CM_FIELD_TEXT:
        set_type(schema, "string", field->nullable);
        if (field->words) {
            set_words(schema, field->words, field->nullable, pool);
        }
        break;
    }
    cm_json_set_text(schema, "description", field->about);
    return schema;
}

static void close_object(json_t *schema, json_t *properties, json_t *required)
{
    cm_json_set(schema, "properties", properties);
    if (json_array_size(required) > 0) {
        cm_json_set(schema, "required", required);
    }
    cm_json_set_flag(schema, "additionalProperties", 0);
}

json_t *cm_schema_describe(const cm_schema_t *schema, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);
    json_t *properties = cm_json_object(pool);
    json_t *required = cm_json_array(pool);

    set_type(object, "object", 0);
    cm_json_set_text(object, "description", schema->about);
    for (const cm_field_t *field = schema->fields; field->name; field++) {
        cm_json_set(properties, field->name, describe_field(field, pool));
        if (field->nullable != CM_FIELD_LEFT_OUT) {
            json_array_append_new(required, json_string(field->name));
        }
    }
    close_object(object, properties, required);
    return object;
}

static const char *member_type(cm_json_kind_t kind)
{
    switch (kind) {
    case CM_JSON_INTEGER:
        return "integer";
    case CM_JSON_FLAG:
        return "boolean";
    case CM_JSON_TEXTS:
    case CM_JSON_ARRAY:
        return "array";
    case CM_JSON_OBJECT:
        return "object";
    default:
        return "string";
    }
}

/* Lengths are limited in bytes, of which a character has at least one. */
static const char *member_limit(cm_json_kind_t kind)
{
    switch (kind) {
    case CM_JSON_INTEGER:
        return "maximum";
    case CM_JSON_TEXTS:
    case CM_JSON_ARRAY:
        return "maxItems";
    case CM_JSON_TEXT:
    case CM_JSON_LINES:
        return "maxLength";
    default:
        return NULL;
    }
}

json_t *cm_schema_of_member(const cm_json_member_t *member, apr_pool_t *pool)
{
    json_t *schema = cm_json_object(pool);
    const char *limit = member_limit(member->kind);

    cm_json_set_text(schema, "type", member_type(member->kind));
    if (member->kind == CM_JSON_TIME) {
        cm_json_set_text(schema, "format", "date-time");
    }
    if (member->kind == CM_JSON_INTEGER) {
        cm_json_set_integer(schema, "minimum", 0);
    }
    if (member->kind == CM_JSON_TEXTS) {
        json_object_set_new(schema, "items", json_pack("{s:s}", "type", "string"));
    }
    if (limit && member->limit) {
        cm_json_set_integer(schema, limit, member->limit);
    }
    cm_json_set_text(schema, "description", member->about);
    return schema;
}

json_t *cm_schema_of_members(const cm_json_member_t *members, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);
    json_t *properties = cm_json_object(pool);
    json_t *required = cm_json_array(pool);

    set_type(object, "object", 0);
    for (; members->name; members++) {
        cm_json_set(properties, members->name, cm_schema_of_member(members, pool));
        if (members->required) {
            json_array_append_new(required, json_string(members->name));
        }
    }
    close_object(object, properties, required);
    return object;
}
