/* SPDX-License-Identifier: Apache-2.0
 *
 * Distinguished names: attributes in the order of the DER (country or organisation first, mostly),
 * values in UTF-8. What is read is kept as DER too and never encoded anew.
 */
#ifndef CERTMGR_PKI_NAME_H
#define CERTMGR_PKI_NAME_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/bytes.h"
#include "base/error.h"

enum { CM_NAME_ATTRIBUTES = 32 }; /* in one name, at most */

typedef struct {
    const char *type;  /* "CN", "O", "OU", "C", "L", "ST", "emailAddress", ... or a dotted OID */
    const char *value; /* UTF-8 */
    int joined;        /* in one RelativeDistinguishedName with the attribute before it */
} cm_name_attribute_t;

typedef struct cm_name_t {
    cm_bytes_t der;                       /* Name, SEQUENCE OF RDN */
    const apr_array_header_t *attributes; /* of cm_name_attribute_t; empty for an empty name */
} cm_name_t;

/* One row per attribute type with a name. */
typedef struct {
    const char *name; /* NULL ends the table */
    const char *oid;  /* dotted */
    int tag;          /* string type it is written with */
    int bound;        /* characters at most (RFC 5280 appendix A.1, X.520) */
} cm_name_type_t;

extern const cm_name_type_t cm_name_types[];

/* Encode. Types are matched without regard to case, and come back as in the table. CM_E_VALUE with
 * a rule: name.type (unknown), name.value (empty, no UTF-8, NUL or control characters, or not of
 * the string type), name.length (RFC 5280 upper bounds), name.country (not two letters),
 * name.count. The given attributes are copied. */
cm_error_t *cm_name_make(cm_name_t **name, const apr_array_header_t *attributes, apr_pool_t *pool);

/* From RFC 4514 text, "CN=Jane,O=Example": as cm_name_make, and name.text for what is no such text.
 * Values in hexadecimal ("#04...") are refused. */
cm_error_t *cm_name_read(cm_name_t **name, const char *text, apr_pool_t *pool);

/* Read a Name. Every DirectoryString and IA5String becomes UTF-8 (TeletexString as Latin-1). Rules:
 * name.syntax, name.value (malformed strings, NUL, values that are no strings), name.count. Upper
 * bounds are not looked at: what we issue is made with cm_name_make. */
cm_error_t *cm_name_parse(cm_name_t **name, cm_bytes_t der, apr_pool_t *pool);

/* One string value with its tag as UTF-8, not empty; rule name.value. */
cm_error_t *cm_name_string(const char **text, int tag, cm_bytes_t value, apr_pool_t *pool);

/* RFC 4514: last RDN first, "CN=Jane,O=Example". Types without an RFC 4514 name are written with
 * ours where there is one, else as dotted OID with the value as text. */
const char *cm_name_text(const cm_name_t *name, apr_pool_t *pool);

/* The last value of the type (the most specific one), or NULL. */
const char *cm_name_get(const cm_name_t *name, const char *type);

#endif
