/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/der.h"

#include <apr_lib.h>
#include <apr_strings.h>

enum { UNIVERSAL_MASK = 0xc0, CONSTRUCTED = 0x20, NUMBER_MASK = 0x1f, ARCS = 20 };

/* The parts of one TLV. */
typedef struct {
    int tag;
    cm_bytes_t whole;
    cm_bytes_t value;
} tlv_t;

/* Splits the first TLV off `rest`; the name of the broken rule, or NULL. */
static const char *split(tlv_t *tlv, cm_bytes_t *rest)
{
    const unsigned char *p = rest->data;
    apr_size_t header = 2, len;

    if (rest->len < 2) {
        return "der.truncated";
    }
    tlv->tag = p[0];
    if ((p[0] & NUMBER_MASK) == NUMBER_MASK || p[0] == 0) {
        return "der.tag";
    }
    len = p[1];
    if (len >= 0x80) {
        apr_size_t count = len & 0x7f;

        if (count == 0 || count > 4) {
            return "der.length";
        }
        if (rest->len < 2 + count) {
            return "der.truncated";
        }
        len = 0;
        for (apr_size_t i = 0; i < count; i++) {
            len = len << 8 | p[2 + i];
        }
        if (p[2] == 0 || len < 0x80) {
            return "der.length";
        }
        header += count;
    }
    if (len > rest->len - header) {
        return "der.truncated";
    }
    tlv->value = cm_bytes_make(p + header, len);
    tlv->whole = cm_bytes_make(p, header + len);
    *rest = cm_bytes_make(p + header + len, rest->len - header - len);
    return NULL;
}

static int is_integer(cm_bytes_t v)
{
    if (v.len == 0) {
        return 0;
    }
    /* nine equal leading bits could be one octet less */
    return v.len == 1 ||
           !((v.data[0] == 0x00 && v.data[1] < 0x80) || (v.data[0] == 0xff && v.data[1] >= 0x80));
}

static int is_bit_string(cm_bytes_t v)
{
    if (v.len == 0 || v.data[0] > 7 || (v.len == 1 && v.data[0] != 0)) {
        return 0;
    }
    return v.len == 1 || (v.data[v.len - 1] & ((1 << v.data[0]) - 1)) == 0;
}

/* Arcs in base 128: each begins without a zero octet, the last one ends. */
static int is_arcs(cm_bytes_t v)
{
    int begins = 1;

    for (apr_size_t i = 0; i < v.len; i++) {
        if (begins && v.data[i] == 0x80) {
            return 0;
        }
        begins = v.data[i] < 0x80;
    }
    return v.len > 0 && begins;
}

static int two_digits(const unsigned char *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* From 1970, proleptic Gregorian; APR knows no time before. Month and day count from 0. */
static apr_int64_t days_since_epoch(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int y = year - 1;
    apr_int64_t leaps = y / 4 - y / 100 + y / 400;

    return APR_INT64_C(365) * year + leaps + before[month] + (month > 1 && is_leap(year)) + day -
           719527;
}

/* All digits but the closing "Z". */
static int is_time_text(cm_bytes_t v, apr_size_t len)
{
    if (v.len != len || v.data[len - 1] != 'Z') {
        return 0;
    }
    for (apr_size_t i = 0; i < len - 1; i++) {
        if (!apr_isdigit(v.data[i])) {
            return 0;
        }
    }
    return 1;
}

static int is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (year < 1 || month < 0 || month > 11 || day < 0) {
        return 0;
    }
    return day < days[month] + (month == 1 && is_leap(year));
}

/* YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, a time that exists. */
static int read_time(apr_time_t *time, cm_bytes_t v, int tag)
{
    apr_size_t lead = tag == CM_DER_UTC_TIME ? 2 : 4;
    const unsigned char *p = v.data + lead;
    int year, month, day, hour, minute, second;

    if (!is_time_text(v, lead + 11)) {
        return 0;
    }
    year = two_digits(v.data);
    if (lead == 4) {
        year = year * 100 + two_digits(v.data + 2);
    } else {
        year += year < 50 ? 2000 : 1900;
    }
    month = two_digits(p) - 1;
    day = two_digits(p + 2) - 1;
    hour = two_digits(p + 4);
    minute = two_digits(p + 6);
    second = two_digits(p + 8);
    if (!is_date(year, month, day) || hour > 23 || minute > 59 || second > 59) {
        return 0;
    }
    *time = apr_time_from_sec(days_since_epoch(year, month, day) * 86400 +
                              (hour * 60 + minute) * 60 + second);
    return 1;
}

int cm_der_compare(cm_bytes_t a, cm_bytes_t b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int ascends(cm_bytes_t content)
{
    cm_bytes_t last = {NULL, 0};
    tlv_t tlv;

    while (content.len) {
        if (split(&tlv, &content)) {
            return 0;
        }
        if (last.data && cm_der_compare(last, tlv.whole) > 0) {
            return 0;
        }
        last = tlv.whole;
    }
    return 1;
}

static int is_boolean(cm_bytes_t v)
{
    return v.len == 1 && (v.data[0] == 0x00 || v.data[0] == 0xff);
}

static int is_null(cm_bytes_t v)
{
    return v.len == 0;
}

static int is_utc_time(cm_bytes_t v)
{
    apr_time_t time;

    return read_time(&time, v, CM_DER_UTC_TIME);
}

static int is_generalized_time(cm_bytes_t v)
{
    apr_time_t time;

    return read_time(&time, v, CM_DER_GENERALIZED_TIME);
}

/* Universal primitive types whose content has a canonical form. */
static const struct {
    int tag;
    const char *rule;
    int (*is_canonical)(cm_bytes_t content);
} primitives[] = {{CM_DER_BOOLEAN, "der.boolean", is_boolean},
                  {CM_DER_INTEGER, "der.integer", is_integer},
                  {CM_DER_ENUMERATED, "der.integer", is_integer},
                  {CM_DER_BIT_STRING, "der.bit-string", is_bit_string},
                  {CM_DER_NULL, "der.null", is_null},
                  {CM_DER_OID, "der.oid", is_arcs},
                  {CM_DER_UTC_TIME, "der.time", is_utc_time},
                  {CM_DER_GENERALIZED_TIME, "der.time", is_generalized_time}};

static const char *check_primitive(int tag, cm_bytes_t v)
{
    for (apr_size_t i = 0; i < sizeof primitives / sizeof *primitives; i++) {
        if (primitives[i].tag == tag) {
            return primitives[i].is_canonical(v) ? NULL : primitives[i].rule;
        }
    }
    return NULL;
}

/* X.680 8.4: what X.509 and its relatives are made of. 13 is RELATIVE-OID; EXTERNAL, REAL, EMBEDDED
 * PDV, TIME and the rest have no business here. */
static int is_known(int number)
{
    static const char known[] = {1,  2,  3,  4,  5,  6,  10, 12, 16, 17, 18,
                                 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 30};

    return memchr(known, number, sizeof known) != NULL;
}

static const char *check_tlv(cm_bytes_t *rest, int depth)
{
    tlv_t tlv;
    const char *rule = split(&tlv, rest);

    if (rule) {
        return rule;
    }
    if ((tlv.tag & UNIVERSAL_MASK) == 0) {
        int number = tlv.tag & NUMBER_MASK;
        int constructed =
            number == (CM_DER_SEQUENCE & NUMBER_MASK) || number == (CM_DER_SET & NUMBER_MASK);

        if (!is_known(number)) {
            return "der.tag";
        }
        if (constructed != ((tlv.tag & CONSTRUCTED) != 0)) {
            return "der.form";
        }
    }
    if (!(tlv.tag & CONSTRUCTED)) {
        return (tlv.tag & UNIVERSAL_MASK) ? NULL : check_primitive(tlv.tag, tlv.value);
    }
    if (depth > CM_DER_DEPTH) {
        return "der.depth";
    }
    for (cm_bytes_t content = tlv.value; content.len;) {
        rule = check_tlv(&content, depth + 1);
        if (rule) {
            return rule;
        }
    }
    return tlv.tag == CM_DER_SET && !ascends(tlv.value) ? "der.set-order" : NULL;
}

static cm_error_t *not_der(const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "not valid DER"), NULL, rule);
}

cm_error_t *cm_der_check(cm_bytes_t der, apr_pool_t *pool)
{
    cm_bytes_t rest = der;
    const char *rule = check_tlv(&rest, 1);

    if (!rule && rest.len) {
        rule = "der.trailing";
    }
    return rule ? not_der(rule, pool) : NULL;
}

cm_error_t *cm_der_check_set(cm_bytes_t content, apr_pool_t *pool)
{
    return ascends(content) ? NULL : not_der("der.set-order", pool);
}

cm_der_t cm_der_reader(cm_bytes_t content, const char *rule, apr_pool_t *pool)
{
    return (cm_der_t){content, rule, pool};
}

cm_error_t *cm_der_error(const cm_der_t *reader, const char *message)
{
    return cm_error_locate(cm_error_make(reader->pool, CM_E_VALUE, "%s", message), NULL,
                           reader->rule);
}

int cm_der_peek(const cm_der_t *reader)
{
    return reader->rest.len ? reader->rest.data[0] : 0;
}

cm_error_t *cm_der_next(cm_bytes_t *whole, cm_bytes_t *value, cm_der_t *reader)
{
    tlv_t tlv;

    if (split(&tlv, &reader->rest)) {
        return cm_der_error(reader, "an element is missing or cut short");
    }
    *whole = tlv.whole;
    if (value) {
        *value = tlv.value;
    }
    return NULL;
}

cm_error_t *cm_der_expect(cm_bytes_t *value, cm_der_t *reader, int tag)
{
    cm_bytes_t whole;

    *value = cm_bytes_make(NULL, 0);
    if (cm_der_peek(reader) != tag) {
        cm_error_t *error = cm_der_error(reader, "an element is missing or of another type");

        return cm_error_explain(reader->pool, error, "tag %02x is due, not %02x", (unsigned)tag,
                                (unsigned)cm_der_peek(reader));
    }
    return cm_der_next(&whole, value, reader);
}

cm_error_t *cm_der_maybe(cm_bytes_t *value, cm_der_t *reader, int tag)
{
    *value = cm_bytes_make(NULL, 0);
    return cm_der_peek(reader) == tag ? cm_der_expect(value, reader, tag) : NULL;
}

cm_error_t *cm_der_enter(cm_der_t *inner, cm_der_t *outer, int tag)
{
    cm_bytes_t content;
    cm_error_t *error = cm_der_expect(&content, outer, tag);

    *inner = cm_der_reader(content, outer->rule, outer->pool);
    return error;
}

cm_error_t *cm_der_close(const cm_der_t *reader)
{
    return reader->rest.len ? cm_der_error(reader, "unexpected elements at the end") : NULL;
}

cm_error_t *cm_der_expect_small(int *value, cm_der_t *reader, int tag)
{
    cm_bytes_t content;
    cm_error_t *error = cm_der_expect(&content, reader, tag);

    *value = 0;
    if (error) {
        return error;
    }
    if (content.len == 0 || content.len > 4 || content.data[0] >= 0x80) {
        return cm_der_error(reader, "a number is negative or too large");
    }
    for (apr_size_t i = 0; i < content.len; i++) {
        *value = *value << 8 | content.data[i];
    }
    return NULL;
}

cm_error_t *cm_der_expect_oid(const char **oid, cm_der_t *reader)
{
    cm_bytes_t content;
    cm_error_t *error = cm_der_expect(&content, reader, CM_DER_OID);

    *oid = NULL;
    if (error) {
        return error;
    }
    *oid = cm_der_oid_text(content, reader->pool);
    return *oid ? NULL : cm_der_error(reader, "an object identifier is malformed or too long");
}

cm_error_t *cm_der_expect_octets(cm_bytes_t *octets, cm_der_t *reader)
{
    cm_bytes_t content;
    cm_error_t *error = cm_der_expect(&content, reader, CM_DER_BIT_STRING);

    *octets = cm_bytes_make(NULL, 0);
    if (error) {
        return error;
    }
    if (content.len == 0 || content.data[0] != 0) {
        return cm_der_error(reader, "a bit string is not of whole octets");
    }
    *octets = cm_bytes_make(content.data + 1, content.len - 1);
    return NULL;
}

cm_error_t *cm_der_expect_time(apr_time_t *time, cm_der_t *reader)
{
    int tag = cm_der_peek(reader) == CM_DER_UTC_TIME ? CM_DER_UTC_TIME : CM_DER_GENERALIZED_TIME;
    cm_bytes_t content;
    cm_error_t *error = cm_der_expect(&content, reader, tag);

    if (error) {
        return error;
    }
    return read_time(time, content, tag) ? NULL : cm_der_error(reader, "a time is malformed");
}

static char *put_number(char *at, apr_uint32_t number)
{
    char digits[10];
    int count = 0;

    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count) {
        *at++ = digits[--count];
    }
    return at;
}

const char *cm_der_oid_text(cm_bytes_t content, apr_pool_t *pool)
{
    char text[ARCS * 11 + 1], *at = text;
    apr_uint32_t arc = 0;
    int arcs = 1;

    if (!is_arcs(content)) {
        return NULL;
    }
    for (apr_size_t i = 0; i < content.len; i++) {
        if (arc > APR_UINT32_MAX >> 7) {
            return NULL;
        }
        arc = arc << 7 | (content.data[i] & 0x7f);
        if (content.data[i] >= 0x80) {
            continue;
        }
        if (++arcs > ARCS) {
            return NULL;
        }
        if (at == text) {
            /* the first octets hold two arcs (X.690 8.19.4) */
            apr_uint32_t first = arc < 80 ? arc / 40 : 2;

            at = put_number(at, first);
            arc -= first * 40;
        }
        *at++ = '.';
        at = put_number(at, arc);
        arc = 0;
    }
    return apr_pstrmemdup(pool, text, (apr_size_t)(at - text));
}

/* Length of the canonical decimal number at `at`, 0 when there is none that an arc can be. */
static int read_arc(apr_uint64_t *arc, const char *at)
{
    int length = 0;

    *arc = 0;
    for (; length < 10 && apr_isdigit(at[length]); length++) {
        *arc = *arc * 10 + (apr_uint64_t)(at[length] - '0');
    }
    /* 80 is what the first octets add to the second arc */
    return (length > 1 && *at == '0') || *arc > APR_UINT32_MAX - 80 ? 0 : length;
}

/* The first two arcs (X.660 7.6). */
static int is_root(apr_uint64_t first, apr_uint64_t second)
{
    return first == 2 || (first < 2 && second < 40);
}

cm_error_t *cm_der_check_oid(const char *oid, apr_pool_t *pool)
{
    apr_uint64_t arcs[ARCS];
    const char *at = oid;
    int count = 0, length;

    for (;;) {
        length = read_arc(&arcs[count++], at);
        at += length;
        if (!length || *at != '.' || count == ARCS) {
            break;
        }
        at++;
    }
    if (!length || *at || count < 2 || !is_root(arcs[0], arcs[1])) {
        return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "not an object identifier"), NULL,
                               "der.oid");
    }
    return NULL;
}
