/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdlib.h>

#include "pki/der.h"

/* A value is begun with one octet for its length; when the content turns out to be longer than 127
 * bytes, it is moved to make room. */
struct cm_der_writer_t {
    unsigned char *data;
    apr_size_t len, room;
    apr_size_t begun[CM_DER_DEPTH]; /* where the content of each open value begins */
    int depth;
    apr_pool_t *pool;
};

cm_der_writer_t *cm_der_writer(apr_pool_t *pool)
{
    cm_der_writer_t *writer = apr_pcalloc(pool, sizeof *writer);

    writer->pool = pool;
    writer->room = 512;
    writer->data = apr_palloc(pool, writer->room);
    return writer;
}

/* Room for `len` more bytes, which count as written. */
static unsigned char *extend(cm_der_writer_t *writer, apr_size_t len)
{
    unsigned char *at;

    if (len > writer->room - writer->len) {
        unsigned char *data;

        writer->room = 2 * writer->room + len;
        data = apr_palloc(writer->pool, writer->room);
        memcpy(data, writer->data, writer->len);
        writer->data = data;
    }
    at = writer->data + writer->len;
    writer->len += len;
    return at;
}

/* Octets that the length takes after its first one. */
static apr_size_t length_octets(apr_size_t len)
{
    apr_size_t count = 0;

    if (len >= 0x80) {
        for (; len; len >>= 8) {
            count++;
        }
    }
    return count;
}

static void put_length(unsigned char *at, apr_size_t len, apr_size_t octets)
{
    if (octets == 0) {
        *at = (unsigned char)len;
        return;
    }
    *at = (unsigned char)(0x80 | octets);
    for (apr_size_t i = octets; i; i--) {
        at[i] = (unsigned char)(len & 0xff);
        len >>= 8;
    }
}

cm_bytes_t cm_der_header(int tag, apr_size_t len, apr_pool_t *pool)
{
    apr_size_t octets = length_octets(len);
    unsigned char *header = apr_palloc(pool, 2 + octets);

    header[0] = (unsigned char)tag;
    put_length(header + 1, len, octets);
    return cm_bytes_make(header, 2 + octets);
}

void cm_der_begin(cm_der_writer_t *writer, int tag)
{
    unsigned char *at = extend(writer, 2);

    at[0] = (unsigned char)tag;
    writer->begun[writer->depth++] = writer->len;
}

void cm_der_end(cm_der_writer_t *writer)
{
    apr_size_t begun = writer->begun[--writer->depth];
    apr_size_t len = writer->len - begun;
    apr_size_t octets = length_octets(len);

    if (octets) {
        extend(writer, octets);
        memmove(writer->data + begun + octets, writer->data + begun, len);
    }
    put_length(writer->data + begun - 1, len, octets);
}

void cm_der_raw(cm_der_writer_t *writer, cm_bytes_t der)
{
    if (der.len) {
        memcpy(extend(writer, der.len), der.data, der.len);
    }
}

void cm_der_put(cm_der_writer_t *writer, int tag, cm_bytes_t content)
{
    apr_size_t octets = length_octets(content.len);
    unsigned char *at = extend(writer, 2 + octets);

    at[0] = (unsigned char)tag;
    put_length(at + 1, content.len, octets);
    cm_der_raw(writer, content);
}

void cm_der_put_text(cm_der_writer_t *writer, int tag, const char *text)
{
    cm_der_put(writer, tag, cm_bytes_of_text(text));
}

void cm_der_put_boolean(cm_der_writer_t *writer, int value)
{
    unsigned char octet = value ? 0xff : 0x00;

    cm_der_put(writer, CM_DER_BOOLEAN, cm_bytes_make(&octet, 1));
}

void cm_der_put_small(cm_der_writer_t *writer, int tag, apr_uint64_t value)
{
    unsigned char octets[9];
    apr_size_t at = sizeof octets;

    do {
        octets[--at] = (unsigned char)(value & 0xff);
        value >>= 8;
    } while (value);
    if (octets[at] >= 0x80) {
        octets[--at] = 0;
    }
    cm_der_put(writer, tag, cm_bytes_make(octets + at, sizeof octets - at));
}

void cm_der_put_unsigned(cm_der_writer_t *writer, cm_bytes_t magnitude)
{
    static const unsigned char zero = 0;

    while (magnitude.len && magnitude.data[0] == 0) {
        magnitude = cm_bytes_make(magnitude.data + 1, magnitude.len - 1);
    }
    if (magnitude.len && magnitude.data[0] < 0x80) {
        cm_der_put(writer, CM_DER_INTEGER, magnitude);
        return;
    }
    cm_der_raw(writer, cm_der_header(CM_DER_INTEGER, magnitude.len + 1, writer->pool));
    cm_der_raw(writer, cm_bytes_make(&zero, 1));
    cm_der_raw(writer, magnitude);
}

void cm_der_put_null(cm_der_writer_t *writer)
{
    cm_der_put(writer, CM_DER_NULL, cm_bytes_make(NULL, 0));
}

static void put_arc(cm_der_writer_t *writer, apr_uint64_t arc)
{
    int shift = 0;

    while (arc >> shift >= 0x80) {
        shift += 7;
    }
    for (; shift >= 0; shift -= 7) {
        *extend(writer, 1) = (unsigned char)((arc >> shift & 0x7f) | (shift ? 0x80 : 0));
    }
}

void cm_der_put_oid(cm_der_writer_t *writer, const char *oid)
{
    apr_uint64_t arc = 0, first = 0;
    int arcs = 0;

    cm_der_begin(writer, CM_DER_OID);
    for (const char *at = oid;; at++) {
        if (apr_isdigit(*at)) {
            arc = arc * 10 + (apr_uint64_t)(*at - '0');
            continue;
        }
        if (arcs++ == 0) {
            first = arc * 40;
        } else {
            put_arc(writer, first + arc);
            first = 0;
        }
        arc = 0;
        if (*at != '.') {
            break;
        }
    }
    cm_der_end(writer);
}

void cm_der_put_octets(cm_der_writer_t *writer, cm_bytes_t octets)
{
    static const unsigned char unused = 0;

    cm_der_raw(writer, cm_der_header(CM_DER_BIT_STRING, octets.len + 1, writer->pool));
    cm_der_raw(writer, cm_bytes_make(&unused, 1));
    cm_der_raw(writer, octets);
}

void cm_der_put_named_bits(cm_der_writer_t *writer, int tag, unsigned bits)
{
    unsigned char content[1 + 4] = {0};
    unsigned count = 0;

    for (unsigned i = 0; i < 32; i++) {
        if (bits >> i & 1) {
            content[1 + i / 8] |= (unsigned char)(0x80 >> i % 8);
            count = i + 1;
        }
    }
    content[0] = (unsigned char)((8 - count % 8) % 8);
    cm_der_put(writer, tag, cm_bytes_make(content, 1 + (count + 7) / 8));
}

static int by_encoding(const void *a, const void *b)
{
    return cm_der_compare(*(const cm_bytes_t *)a, *(const cm_bytes_t *)b);
}

void cm_der_put_set(cm_der_writer_t *writer, int tag, cm_bytes_t *elements, int count)
{
    if (count) {
        qsort(elements, (apr_size_t)count, sizeof *elements, by_encoding);
    }
    cm_der_begin(writer, tag);
    for (int i = 0; i < count; i++) {
        cm_der_raw(writer, elements[i]);
    }
    cm_der_end(writer);
}

static void put_time(cm_der_writer_t *writer, apr_time_t time, int tag)
{
    apr_time_exp_t t;
    char text[32];

    apr_time_exp_gmt(&t, time);
    apr_snprintf(text, sizeof text, "%04d%02d%02d%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                 t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
    cm_der_put_text(writer, tag, tag == CM_DER_UTC_TIME ? text + 2 : text);
}

void cm_der_put_time(cm_der_writer_t *writer, apr_time_t time)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, time);
    put_time(writer, time,
             t.tm_year >= 50 && t.tm_year < 150 ? CM_DER_UTC_TIME : CM_DER_GENERALIZED_TIME);
}

void cm_der_put_generalized_time(cm_der_writer_t *writer, apr_time_t time)
{
    put_time(writer, time, CM_DER_GENERALIZED_TIME);
}

cm_bytes_t cm_der_written(cm_der_writer_t *writer)
{
    return cm_bytes_make(writer->data, writer->len);
}
