/* SPDX-License-Identifier: Apache-2.0
 *
 * DER (X.690), strict. What comes from outside is walked once with cm_der_check, then read with a
 * small reader; what we make is written with a small writer. No OpenSSL objects are involved.
 *
 *     cm_der_t outer = cm_der_reader(der, "csr.syntax", pool), inner;
 *     error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);
 *
 *     cm_der_writer_t *w = cm_der_writer(pool);
 *     cm_der_begin(w, CM_DER_SEQUENCE);
 *     cm_der_put_oid(w, "2.5.29.19");
 *     cm_der_end(w);
 *     tbs = cm_der_written(w);
 */
#ifndef CERTMGR_PKI_DER_H
#define CERTMGR_PKI_DER_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"

enum {
    CM_DER_BOOLEAN = 0x01,
    CM_DER_INTEGER = 0x02,
    CM_DER_BIT_STRING = 0x03,
    CM_DER_OCTET_STRING = 0x04,
    CM_DER_NULL = 0x05,
    CM_DER_OID = 0x06,
    CM_DER_ENUMERATED = 0x0a,
    CM_DER_UTF8 = 0x0c,
    CM_DER_NUMERIC = 0x12,
    CM_DER_PRINTABLE = 0x13,
    CM_DER_TELETEX = 0x14,
    CM_DER_IA5 = 0x16,
    CM_DER_UTC_TIME = 0x17,
    CM_DER_GENERALIZED_TIME = 0x18,
    CM_DER_VISIBLE = 0x1a,
    CM_DER_UNIVERSAL_STRING = 0x1c,
    CM_DER_BMP = 0x1e,
    CM_DER_SEQUENCE = 0x30,
    CM_DER_SET = 0x31
};

enum { CM_DER_DEPTH = 32 }; /* of nested constructed values, at most */

/* Context-specific tags, primitive and constructed: IMPLICIT and EXPLICIT [n], n < 31. */
#define CM_DER_CONTEXT(n)     (0x80 | (n))
#define CM_DER_CONSTRUCTED(n) (0xa0 | (n))

/* One whole TLV tree and nothing after it, as X.690 section 10 and 11 ask. CM_E_VALUE with a rule:
 *   der.truncated  a value ends before its length says
 *   der.length     indefinite, or not the shortest form, or 2^32 and more
 *   der.tag        high tag numbers, end-of-contents, universal types X.509 does not use
 *   der.form       primitive where constructed is due, or the reverse
 *   der.boolean der.integer der.bit-string der.null der.oid der.time   content not canonical
 *   der.set-order  elements of a SET OF not in ascending order
 *   der.depth      deeper than CM_DER_DEPTH
 *   der.trailing   bytes after the value
 * Times: YYMMDDHHMMSSZ and YYYYMMDDHHMMSSZ (RFC 5280 4.1.2.5). The content of OCTET STRINGs, BIT
 * STRINGs and primitive context tags is not looked into. */
cm_error_t *cm_der_check(cm_bytes_t der, apr_pool_t *pool);

/* The order of two encodings in a SET OF: below, equal to or above 0. */
int cm_der_compare(cm_bytes_t a, cm_bytes_t b);

/* The elements of an IMPLICIT SET OF, given its content: der.set-order unless they ascend. */
cm_error_t *cm_der_check_set(cm_bytes_t content, apr_pool_t *pool);

/* A reader walks the elements of one content. It is safe on unchecked bytes. Its errors are
 * CM_E_VALUE with the rule given at its making. */
typedef struct {
    cm_bytes_t rest;  /* what is not read yet */
    const char *rule; /* for errors, such as "csr.syntax" */
    apr_pool_t *pool; /* for errors */
} cm_der_t;

cm_der_t cm_der_reader(cm_bytes_t content, const char *rule, apr_pool_t *pool);

/* Tag of the next element, 0 at the end. */
int cm_der_peek(const cm_der_t *reader);

/* Next element with any tag: its whole encoding; `value` (may be NULL) gets its content. */
cm_error_t *cm_der_next(cm_bytes_t *whole, cm_bytes_t *value, cm_der_t *reader);

/* Next element, which must have this tag: its content. */
cm_error_t *cm_der_expect(cm_bytes_t *value, cm_der_t *reader, int tag);

/* As cm_der_expect, when the next element has the tag; else *value is empty with NULL data. */
cm_error_t *cm_der_maybe(cm_bytes_t *value, cm_der_t *reader, int tag);

/* As cm_der_expect, and a reader for the content. */
cm_error_t *cm_der_enter(cm_der_t *inner, cm_der_t *outer, int tag);

/* An error unless all is read. */
cm_error_t *cm_der_close(const cm_der_t *reader);

/* Content of an INTEGER or ENUMERATED from 0 to INT32_MAX. */
cm_error_t *cm_der_expect_small(int *value, cm_der_t *reader, int tag);

/* An OID as dotted text. */
cm_error_t *cm_der_expect_oid(const char **oid, cm_der_t *reader);

/* BIT STRING of whole octets: its octets. */
cm_error_t *cm_der_expect_octets(cm_bytes_t *octets, cm_der_t *reader);

/* UTCTime (1950 to 2049) or GeneralizedTime. */
cm_error_t *cm_der_expect_time(apr_time_t *time, cm_der_t *reader);

/* The error a reader makes, for structures that are well-formed but not what is due. */
cm_error_t *cm_der_error(const cm_der_t *reader, const char *message);

/* The content of an OID as dotted text, or NULL. */
const char *cm_der_oid_text(cm_bytes_t content, apr_pool_t *pool);

/* CM_E_VALUE, rule "der.oid", unless `oid` is dotted decimal with at most 20 arcs below 2^32. */
cm_error_t *cm_der_check_oid(const char *oid, apr_pool_t *pool);

/* The writer. It can't fail; OIDs are checked by who takes them from outside. */
typedef struct cm_der_writer_t cm_der_writer_t;

cm_der_writer_t *cm_der_writer(apr_pool_t *pool);

/* What is written between begin and end is the content of one value; they nest to CM_DER_DEPTH. */
void cm_der_begin(cm_der_writer_t *writer, int tag);
void cm_der_end(cm_der_writer_t *writer);

/* Bytes that are DER already. */
void cm_der_raw(cm_der_writer_t *writer, cm_bytes_t der);

void cm_der_put(cm_der_writer_t *writer, int tag, cm_bytes_t content);
void cm_der_put_text(cm_der_writer_t *writer, int tag, const char *text);
void cm_der_put_boolean(cm_der_writer_t *writer, int value);
/* tag: CM_DER_INTEGER, CM_DER_ENUMERATED or an IMPLICIT tag. */
void cm_der_put_small(cm_der_writer_t *writer, int tag, apr_uint64_t value);
/* INTEGER from a big-endian magnitude of any length: leading zeros are dropped or one added. */
void cm_der_put_unsigned(cm_der_writer_t *writer, cm_bytes_t magnitude);
void cm_der_put_null(cm_der_writer_t *writer);
void cm_der_put_oid(cm_der_writer_t *writer, const char *oid);
/* BIT STRING of whole octets. */
void cm_der_put_octets(cm_der_writer_t *writer, cm_bytes_t octets);
/* NamedBitList: bit i of `bits` is bit i of the list, trailing zeros dropped (X.690 11.2.2). */
void cm_der_put_named_bits(cm_der_writer_t *writer, int tag, unsigned bits);
/* UTCTime until 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5); whole seconds. */
void cm_der_put_time(cm_der_writer_t *writer, apr_time_t time);
/* SET OF, given its encoded elements, which are sorted in place (X.690 11.6). `tag`: CM_DER_SET or
 * an IMPLICIT tag. */
void cm_der_put_set(cm_der_writer_t *writer, int tag, cm_bytes_t *elements, int count);
void cm_der_put_generalized_time(cm_der_writer_t *writer, apr_time_t time);

/* All that is written, when every begin has its end. */
cm_bytes_t cm_der_written(cm_der_writer_t *writer);

/* Tag and length of a value whose content is `len` bytes, for what is too large to be copied. */
cm_bytes_t cm_der_header(int tag, apr_size_t len, apr_pool_t *pool);

#endif
