/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON Schema by the table of fields.
 */
#include "base/text.h"
#include "policy/profile_fields.h"

#define DURATION_PATTERN "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$"

static json_t *schema_of_fields(const cm_field_t *fields);

static json_t *typed(const char *type)
{
    json_t *schema = json_object();

    json_object_set_new(schema, "type", json_string(type));
    return schema;
}

static void set_bounds(json_t *schema, const char *least, const char *most, const cm_field_t *field)
{
    json_object_set_new(schema, least, json_integer(field->min));
    json_object_set_new(schema, most, json_integer(field->max));
}

static json_t *schema_of_words(const cm_vocabulary_t *words)
{
    json_t *closed = words->names ? json_array() : NULL;
    json_t *open = words->pattern ? typed("string") : NULL;
    json_t *schema, *either;

    for (int i = 0; closed && words->names[i]; i++) {
        json_array_append_new(closed, json_string(words->names[i]));
    }
    if (open) {
        json_object_set_new(open, "pattern", json_string(words->pattern));
    }
    if (!closed) {
        return open;
    }
    schema = json_object();
    json_object_set_new(schema, "enum", closed);
    if (!open) {
        return schema;
    }
    either = json_array();
    json_array_append_new(either, schema);
    json_array_append_new(either, open);
    schema = json_object();
    json_object_set_new(schema, "anyOf", either);
    return schema;
}

static json_t *schema_of_list(const cm_field_t *field, json_t *element)
{
    json_t *schema = typed("array");

    json_object_set_new(schema, "items", element);
    set_bounds(schema, "minItems", "maxItems", field);
    return schema;
}

static json_t *schema_of_kind(const cm_field_t *field)
{
    json_t *schema = NULL;

    switch (field->kind) {
    case CM_FIELD_TEXT:
        schema = typed("string");
        set_bounds(schema, "minLength", "maxLength", field);
        break;
    case CM_FIELD_FLAG:
        schema = typed("boolean");
        break;
    case CM_FIELD_NUMBER:
        schema = typed("integer");
        set_bounds(schema, "minimum", "maximum", field);
        break;
    case CM_FIELD_DURATION:
        schema = typed("string");
        json_object_set_new(schema, "pattern", json_string(DURATION_PATTERN));
        break;
    case CM_FIELD_NAME:
    case CM_FIELD_WORD:
        schema = schema_of_words(field->words);
        break;
    case CM_FIELD_NAMES:
    case CM_FIELD_BITS:
        schema = schema_of_list(field, schema_of_words(field->words));
        json_object_set_new(schema, "uniqueItems", json_true());
        break;
    case CM_FIELD_RECORD:
        schema = schema_of_fields(field->fields);
        break;
    case CM_FIELD_RECORDS:
        schema = schema_of_list(field, schema_of_fields(field->fields));
        break;
    }
    return schema;
}

static json_t *schema_of_fields(const cm_field_t *fields)
{
    json_t *schema = typed("object"), *properties = json_object(), *required = json_array();

    for (; fields->name; fields++) {
        json_t *property = schema_of_kind(fields);

        json_object_set_new(property, "description", json_string(fields->about));
        if (fields->initial) {
            json_object_set_new(property, "default",
                                json_loads(fields->initial, JSON_DECODE_ANY, NULL));
        }
        json_object_set_new(properties, fields->name, property);
        if (fields->is_required) {
            json_array_append_new(required, json_string(fields->name));
        }
    }
    json_object_set_new(schema, "properties", properties);
    json_object_set_new(schema, "required", required);
    json_object_set_new(schema, "additionalProperties", json_false());
    return schema;
}

json_t *cm_profile_schema(apr_pool_t *pool)
{
    json_t *schema = cm_json_object(pool), *fields = schema_of_fields(cm_profile_fields);

    cm_json_set_text(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cm_json_set_text(schema, "title", "Certificate profile");
    json_object_update(schema, fields);
    json_decref(fields);
    return schema;
}
