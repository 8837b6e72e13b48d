/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers as tables. One table of fields both renders a record as JSON and describes it in the
 * OpenAPI document, so the two can't differ.
 */
#ifndef CERTMGR_PROTO_REST_SCHEMA_H
#define CERTMGR_PROTO_REST_SCHEMA_H

#include "base/json.h"

typedef enum {
    CM_FIELD_TEXT,    /* const char *; NULL becomes null */
    CM_FIELD_INTEGER, /* apr_int64_t; nullable: below 0 becomes null */
    CM_FIELD_NUMBER,  /* int */
    CM_FIELD_FLAG,    /* int: true or false */
    CM_FIELD_TIME,    /* apr_time_t; 0 becomes null */
    CM_FIELD_TEXTS,   /* const apr_array_header_t * of const char *; NULL becomes [] */
    CM_FIELD_RECORD,  /* const void * to a record of `of`; NULL becomes null */
    CM_FIELD_RECORDS, /* const apr_array_header_t * of const void *; NULL becomes [] */
    CM_FIELD_OBJECT   /* json_t *, an object with members of its own; NULL becomes null, or is left
                         out */
} cm_field_kind_t;

/* A value of `nullable`: a field that is left out when it is NULL. */
enum { CM_FIELD_LEFT_OUT = 2 };

typedef struct cm_schema_t cm_schema_t;

typedef struct {
    const char *name; /* NULL ends a table */
    cm_field_kind_t kind;
    int nullable;
    apr_size_t offset;     /* in the record */
    const cm_schema_t *of; /* of records, and of objects that have one */
    const char *words;     /* of a text that is one of these, each followed by a blank; or NULL */
    const char *about;     /* one sentence */
} cm_field_t;

struct cm_schema_t {
    const char *name; /* in the OpenAPI document */
    const char *about;
    const cm_field_t *fields;
};

/* A record as a JSON object. */
json_t *cm_schema_render(const cm_schema_t *schema, const void *record, apr_pool_t *pool);

/* The JSON Schema (2020-12) of an answer; schemas it uses are referred to under
 * #/components/schemas/. */
json_t *cm_schema_describe(const cm_schema_t *schema, apr_pool_t *pool);

/* The JSON Schema of a body that is read by a table of members. */
json_t *cm_schema_of_members(const cm_json_member_t *members, apr_pool_t *pool);

/* The JSON Schema of one member. */
json_t *cm_schema_of_member(const cm_json_member_t *member, apr_pool_t *pool);

/* {"$ref": ...} */
json_t *cm_schema_reference(const char *name, apr_pool_t *pool);

#endif
