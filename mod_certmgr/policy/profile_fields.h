/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of profile fields. To add a field: a member of cm_profile_t and one row.
 */
#ifndef CERTMGR_POLICY_PROFILE_FIELDS_H
#define CERTMGR_POLICY_PROFILE_FIELDS_H

#include "policy/profile.h"

typedef enum {
    CM_FIELD_TEXT,     /* const char *; max: bytes */
    CM_FIELD_FLAG,     /* int, 0 or 1 */
    CM_FIELD_NUMBER,   /* int between min and max */
    CM_FIELD_DURATION, /* apr_int64_t, seconds between min and max, written as cm_text_duration */
    CM_FIELD_NAME,     /* const char *, one of the words */
    CM_FIELD_WORD,     /* int, value of one of the words */
    CM_FIELD_NAMES,    /* array of const char *, min to max of the words, none twice */
    CM_FIELD_BITS,     /* unsigned, the same as a sum of bits */
    CM_FIELD_RECORD,   /* a record within, by its own table */
    CM_FIELD_RECORDS   /* array of records, min to max */
} cm_field_kind_t;

/* A vocabulary. */
typedef struct {
    const char *const *names; /* NULL last: what the schema lists */
    /* Value or bit of a name, -1 for one that is not accepted. */
    int (*find)(const char *name, apr_pool_t *pool);
    const char *pattern; /* what else is accepted, as a regular expression, or NULL */
} cm_vocabulary_t;

typedef struct cm_field_t cm_field_t;
struct cm_field_t {
    const char *name; /* NULL ends a table */
    cm_field_kind_t kind;
    int is_required;
    apr_size_t offset; /* of the member in its record */
    apr_int64_t min, max;
    const char *initial; /* JSON text taken when the field is absent, or NULL: the member is 0 */
    const cm_vocabulary_t *words;
    const cm_field_t *fields; /* of a record */
    apr_size_t size;          /* of a record in an array, bytes */
    const char *about;
};

extern const cm_field_t cm_profile_fields[];

/* Read an object into a record that starts zeroed. All violations are joined, see
 * cm_profile_parse; `at` is the JSON Pointer of the object. Nothing of `object` is kept. */
cm_error_t *cm_fields_read(void *record, const cm_field_t *fields, const json_t *object,
                           const char *at, apr_pool_t *pool);

#endif
