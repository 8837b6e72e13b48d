/* SPDX-License-Identifier: Apache-2.0
 *
 * otherName among the alternative names (RFC 5280 4.2.1.6), as far as its value is a string. Its
 * type in san.h says which one: "othername;OID;utf8", "othername;OID;ia5" or
 * "othername;OID;printable".
 */
#ifndef CERTMGR_PKI_OTHERNAME_H
#define CERTMGR_PKI_OTHERNAME_H

#include "pki/der.h"

#define CM_OID_UPN                "1.3.6.1.4.1.311.20.2.3"
#define CM_OID_SMTP_UTF8_MAILBOX  "1.3.6.1.5.5.7.8.9"
#define CM_OTHERNAME_TYPE_PATTERN "^othername;[0-2](\\.(0|[1-9][0-9]*))+;(utf8|ia5|printable)$"

typedef struct {
    const char *oid; /* dotted */
    int tag;         /* of the string: CM_DER_UTF8, CM_DER_IA5 or CM_DER_PRINTABLE */
} cm_othername_t;

/* 0 when the type is none of these. Microsoft's user principal name is none: it is "upn". */
int cm_othername_read(cm_othername_t *kind, const char *type, apr_pool_t *pool);

/* Whether the value is a string of its kind: 1 to 1024 octets, no control characters. */
int cm_othername_holds(const cm_othername_t *kind, const char *value, apr_pool_t *pool);

/* Whether what defines the OID wants another string, or no string at all. 1 for an OID that is not
 * known here. */
int cm_othername_fits(const cm_othername_t *kind);

void cm_othername_put(cm_der_writer_t *writer, const cm_othername_t *kind, const char *value);

/* From the content of an otherName; the type is NULL when the value is no such string. An error,
 * san.syntax, for what is no otherName, and for a user principal name that is no UTF8String. */
cm_error_t *cm_othername_parse(const char **type, const char **value, cm_bytes_t content,
                               apr_pool_t *pool);

#endif
