/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON bodies: parsed, read through a table that has each kind of member, and written again; what
 * was written must be read as the same value.
 */
#include <apr_tables.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz/target.h"

typedef struct {
    const char *text;
    const char *lines;
    apr_int64_t integer;
    int flag;
    apr_time_t time;
    const apr_array_header_t *texts;
    const json_t *object;
    const json_t *array;
} body_t;

static const cm_json_member_t members[] = {
    {"text", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, text), 16, "text"},
    {"lines", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(body_t, lines), 64, "lines"},
    {"integer", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(body_t, integer), 1000, "integer"},
    {"flag", CM_JSON_FLAG, CM_JSON_OPTIONAL, offsetof(body_t, flag), 0, "flag"},
    {"time", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(body_t, time), 0, "time"},
    {"texts", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(body_t, texts), 3, "texts"},
    {"object", CM_JSON_OBJECT, CM_JSON_OPTIONAL, offsetof(body_t, object), 0, "object"},
    {"array", CM_JSON_ARRAY, CM_JSON_OPTIONAL, offsetof(body_t, array), 3, "array"},
    {NULL, CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, NULL}};

/* What an answer would carry of this body goes through the writers. */
static void write_answer(const body_t *body, const json_t *document, apr_pool_t *pool)
{
    json_t *answer = cm_json_object(pool);
    json_t *list = cm_json_array(pool);
    json_t *again = NULL;

    cm_json_set_text(answer, "text", body->text);
    cm_json_set_time(answer, "time", body->time);
    cm_json_set_integer(answer, "integer", body->integer);
    cm_json_set_flag(answer, "flag", body->flag);
    cm_json_set(answer, "list", list);
    cm_json_dump(answer, pool);
    if (cm_json_parse(&again, cm_json_canonical(document, pool), pool) ||
        !json_equal(again, document)) {
        abort();
    }
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    json_t *document = NULL;
    body_t body = {0};
    cm_error_t *error;

    error = cm_json_parse(&document, cm_bytes_make(data, len), pool);
    if (!error) {
        error = cm_json_read(&body, members, document, "", pool);
        write_answer(&body, document, pool);
    }
    if (error) {
        cm_error_text(error, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
