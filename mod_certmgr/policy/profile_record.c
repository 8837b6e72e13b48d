/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON into a record, by a table of fields.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "policy/profile_fields.h"

/* What is being read, and where it stands. */
typedef struct {
    const cm_field_t *field;
    const json_t *value;
    const char *at; /* JSON Pointer */
    apr_pool_t *pool;
} spot_t;

static cm_error_t *read_field(void *place, const spot_t *spot);

static cm_error_t *refuse(const spot_t *spot, const char *rule, const char *message)
{
    return cm_error_locate(cm_error_make(spot->pool, CM_E_VALUE, "%s", message), spot->at, rule);
}

static cm_error_t *refuse_range(const spot_t *spot, const char *unit)
{
    return refuse(spot, "value.range",
                  apr_psprintf(spot->pool,
                               "from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT "%s are accepted",
                               spot->field->min, spot->field->max, unit));
}

static cm_error_t *read_text(const char **text, const spot_t *spot)
{
    const char *given = json_string_value(spot->value);
    apr_size_t len = json_string_length(spot->value);

    if (!given) {
        return refuse(spot, "value.type", "a string is expected");
    }
    if (len < (apr_size_t)spot->field->min || len > (apr_size_t)spot->field->max) {
        return refuse_range(spot, " bytes");
    }
    for (apr_size_t i = 0; i < len; i++) {
        if ((unsigned char)given[i] < 0x20 || given[i] == 0x7f) {
            return refuse(spot, "value.type", "control characters are not accepted");
        }
    }
    *text = apr_pstrmemdup(spot->pool, given, len);
    return NULL;
}

static cm_error_t *read_number(int *number, const spot_t *spot)
{
    json_int_t given = json_integer_value(spot->value);

    if (!json_is_integer(spot->value)) {
        return refuse(spot, "value.type", "a whole number is expected");
    }
    if (given < spot->field->min || given > spot->field->max) {
        return refuse_range(spot, "");
    }
    *number = (int)given;
    return NULL;
}

static cm_error_t *read_duration(apr_int64_t *seconds, const spot_t *spot)
{
    cm_error_t *error;

    if (!json_is_string(spot->value)) {
        return refuse(spot, "value.type", "a string is expected");
    }
    error = cm_text_duration(seconds, json_string_value(spot->value), spot->pool);
    if (error) {
        return cm_error_locate(error, spot->at, "value.duration");
    }
    if (*seconds < spot->field->min || *seconds > spot->field->max) {
        return refuse(spot, "value.range",
                      apr_psprintf(spot->pool, "a duration from %s to %s is accepted",
                                   cm_text_of_duration(spot->field->min, spot->pool),
                                   cm_text_of_duration(spot->field->max, spot->pool)));
    }
    return NULL;
}

static const char *list_words(const cm_vocabulary_t *words, apr_pool_t *pool)
{
    const char *list = "";

    for (int i = 0; words->names && words->names[i]; i++) {
        list = apr_pstrcat(pool, list, *list ? ", " : "", words->names[i], NULL);
    }
    return apr_pstrcat(pool, list, *list && words->pattern ? " or " : "",
                       words->pattern ? words->pattern : "", NULL);
}

/* One word of the field's vocabulary: its text, and its value. */
static cm_error_t *read_word(const char **text, int *number, const spot_t *spot)
{
    const char *given = json_string_value(spot->value);

    if (!given) {
        return refuse(spot, "value.type", "a string is expected");
    }
    *number = strlen(given) == json_string_length(spot->value)
                  ? spot->field->words->find(given, spot->pool)
                  : -1;
    *text = apr_pstrdup(spot->pool, given);
    if (*number < 0) {
        return cm_error_advise(
            refuse(spot, "value.word",
                   apr_psprintf(spot->pool, "\"%s\" is not known here",
                                cm_text_escape(given, spot->pool))),
            apr_pstrcat(spot->pool, "one of ", list_words(spot->field->words, spot->pool), NULL));
    }
    return NULL;
}

static spot_t element(const spot_t *spot, size_t index)
{
    const spot_t inner = {
        spot->field, json_array_get(spot->value, index),
        apr_psprintf(spot->pool, "%s/%" APR_SIZE_T_FMT, spot->at, (apr_size_t)index), spot->pool};

    return inner;
}

static cm_error_t *check_array(const spot_t *spot)
{
    apr_int64_t count = (apr_int64_t)json_array_size(spot->value);

    if (!json_is_array(spot->value)) {
        return refuse(spot, "value.type", "an array is expected");
    }
    return count < spot->field->min || count > spot->field->max ? refuse_range(spot, " elements")
                                                                : NULL;
}

/* Words of an array, none twice; their values are added up as bits. */
static cm_error_t *read_words(const apr_array_header_t **names, unsigned *bits, const spot_t *spot)
{
    apr_array_header_t *list = apr_array_make(spot->pool, 4, sizeof(const char *));
    cm_error_t *error = check_array(spot);

    *bits = 0;
    for (size_t i = 0; i < json_array_size(spot->value); i++) {
        const spot_t inner = element(spot, i);
        const char *word;
        int number;
        cm_error_t *wrong = read_word(&word, &number, &inner);

        if (!wrong && cm_text_is_among(list, word)) {
            wrong = refuse(&inner, "value.duplicate", "it stands here twice");
        }
        if (!wrong) {
            APR_ARRAY_PUSH(list, const char *) = word;
            *bits |= (unsigned)number;
        }
        error = cm_error_join(error, wrong);
    }
    *names = list;
    return error;
}

static cm_error_t *read_records(const apr_array_header_t **records, const spot_t *spot)
{
    apr_array_header_t *list = apr_array_make(spot->pool, 4, (int)spot->field->size);
    cm_error_t *error = check_array(spot);

    for (size_t i = 0; i < json_array_size(spot->value); i++) {
        const spot_t inner = element(spot, i);
        void *record = apr_array_push(list);

        memset(record, 0, spot->field->size);
        error = cm_error_join(
            error, cm_fields_read(record, spot->field->fields, inner.value, inner.at, spot->pool));
    }
    *records = list;
    return error;
}

static cm_error_t *read_field(void *place, const spot_t *spot)
{
    const apr_array_header_t *names;
    const char *text;
    unsigned bits;
    int number;

    switch (spot->field->kind) {
    case CM_FIELD_TEXT:
        return read_text(place, spot);
    case CM_FIELD_FLAG:
        *(int *)place = json_is_true(spot->value);
        return json_is_boolean(spot->value)
                   ? NULL
                   : refuse(spot, "value.type", "true or false is expected");
    case CM_FIELD_NUMBER:
        return read_number(place, spot);
    case CM_FIELD_DURATION:
        return read_duration(place, spot);
    case CM_FIELD_NAME:
        return read_word(place, &number, spot);
    case CM_FIELD_WORD:
        return read_word(&text, place, spot);
    case CM_FIELD_NAMES:
        return read_words(place, &bits, spot);
    case CM_FIELD_BITS:
        return read_words(&names, place, spot);
    case CM_FIELD_RECORD:
        return cm_fields_read(place, spot->field->fields, spot->value, spot->at, spot->pool);
    case CM_FIELD_RECORDS:
        return read_records(place, spot);
    }
    return NULL;
}

static cm_error_t *refuse_unknown(const cm_field_t *fields, const json_t *object, const char *at,
                                  apr_pool_t *pool)
{
    cm_error_t *error = NULL;
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)object, name, value)
    {
        const cm_field_t *field = fields;

        while (field->name && strcmp(field->name, name) != 0) {
            field++;
        }
        if (!field->name) {
            error = cm_error_join(
                error, cm_error_locate(cm_error_make(pool, CM_E_MEMBER, "unknown member"),
                                       cm_json_pointer(at, name, pool), "value.unknown"));
        }
    }
    return error;
}

/* A field that is absent takes its initial value, which is read like a given one. */
static cm_error_t *read_absent(void *place, const cm_field_t *field, const char *at,
                               apr_pool_t *pool)
{
    json_t *initial = field->initial ? json_loads(field->initial, JSON_DECODE_ANY, NULL) : NULL;
    const spot_t spot = {field, initial, at, pool};
    cm_error_t *error = NULL;

    if (field->is_required) {
        error = refuse(&spot, "value.missing", "the member is missing");
    } else if (initial) {
        error = read_field(place, &spot);
    }
    json_decref(initial);
    return error;
}

cm_error_t *cm_fields_read(void *record, const cm_field_t *fields, const json_t *object,
                           const char *at, apr_pool_t *pool)
{
    cm_error_t *error;

    if (!json_is_object(object)) {
        const spot_t spot = {NULL, object, at, pool};

        return refuse(&spot, "value.type", "an object is expected");
    }
    error = refuse_unknown(fields, object, at, pool);
    for (; fields->name; fields++) {
        const char *inner = cm_json_pointer(at, fields->name, pool);
        void *place = (char *)record + fields->offset;
        const spot_t spot = {fields, json_object_get(object, fields->name), inner, pool};

        error = cm_error_join(error, spot.value ? read_field(place, &spot)
                                                : read_absent(place, fields, inner, pool));
    }
    return error;
}
