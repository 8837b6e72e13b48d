/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/query.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "base/text.h"

static cm_error_t *wrong(const char *name, const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message),
                           cm_json_pointer("", name, pool), rule);
}

/* NULL when it can't be decoded into UTF-8. */
static const char *decode(const char *text, apr_pool_t *pool)
{
    const char *plain = apr_punescape_url(pool, text, NULL, NULL, 1);

    return plain && cm_text_is_utf8(cm_bytes_of_text(plain)) ? plain : NULL;
}

static cm_json_kind_t kind_of(const char *name, const cm_json_member_t *members)
{
    for (; members->name; members++) {
        if (strcmp(members->name, name) == 0) {
            return members->kind;
        }
    }
    return CM_JSON_TEXT;
}

static cm_error_t *read_pair(json_t *object, const cm_json_member_t *members, char *pair,
                             apr_pool_t *pool)
{
    char *equals = strchr(pair, '=');
    const char *name, *value;

    if (equals) {
        *equals++ = '\0';
    }
    name = decode(pair, pool);
    value = decode(equals ? equals : "", pool);
    if (!name || !value) {
        return wrong(name ? name : "", "the encoding is wrong", "query.encoding", pool);
    }
    if (json_object_get(object, name)) {
        return wrong(name, "the parameter is given twice", "query.twice", pool);
    }
    if (kind_of(name, members) == CM_JSON_INTEGER) {
        apr_int64_t number;
        cm_error_t *error = cm_text_integer(&number, value, 0, APR_INT64_MAX, pool);

        if (error) {
            return cm_error_locate(error, cm_json_pointer("", name, pool), "value.type");
        }
        cm_json_set_integer(object, name, number);
    } else {
        cm_json_set_text(object, name, value);
    }
    return NULL;
}

cm_error_t *cm_query_read(void *record, const cm_json_member_t *members, const char *query,
                          apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);
    cm_error_t *error = NULL;
    char *rest = apr_pstrdup(pool, query ? query : ""), *next;

    for (; rest; rest = next) {
        next = strchr(rest, '&');
        if (next) {
            *next++ = '\0';
        }
        if (*rest) {
            error = cm_error_join(error, read_pair(object, members, rest, pool));
        }
    }
    return error ? error : cm_json_read(record, members, object, "", pool);
}
