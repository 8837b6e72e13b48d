/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <errno.h>

/* Length of the well-formed UTF-8 sequence at p, 0 when there is none (RFC 3629 section 4). */
static apr_size_t utf8_length(const unsigned char *p, apr_size_t left)
{
    static const struct {
        unsigned char first, last, low, high;
        apr_size_t length;
    } forms[] = {
        {0x01, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };

    for (apr_size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (p[0] < forms[i].first || p[0] > forms[i].last) {
            continue;
        }
        if (forms[i].length > left) {
            return 0;
        }
        if (forms[i].length > 1 && (p[1] < forms[i].low || p[1] > forms[i].high)) {
            return 0;
        }
        for (apr_size_t k = 2; k < forms[i].length; k++) {
            if (p[k] < 0x80 || p[k] > 0xbf) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

int cm_text_is_utf8(cm_bytes_t bytes)
{
    for (apr_size_t i = 0; i < bytes.len;) {
        apr_size_t length = utf8_length(bytes.data + i, bytes.len - i);

        if (!length) {
            return 0;
        }
        i += length;
    }
    return 1;
}

const char *cm_text_escape(const char *text, apr_pool_t *pool)
{
    apr_size_t left = strlen(text);
    char *out = apr_palloc(pool, 4 * left + 1);
    char *at = out;
    const unsigned char *p = (const unsigned char *)text;

    while (left) {
        apr_size_t length = utf8_length(p, left);

        int is_control = (length == 1 && (*p < 0x20 || *p == 0x7f)) ||
                         (length == 2 && p[0] == 0xc2 && p[1] < 0xa0); /* C1: terminals obey */

        if (length == 0 || is_control) {
            at += apr_snprintf(at, 5, "\\x%02x", *p);
            length = 1;
        } else {
            memcpy(at, p, length);
            at += length;
        }
        p += length;
        left -= length;
    }
    *at = '\0';
    return out;
}

const char *cm_text_time(apr_time_t time, apr_pool_t *pool)
{
    apr_time_exp_t t;

    apr_time_exp_gmt(&t, time);
    return apr_psprintf(pool, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900, t.tm_mon + 1,
                        t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

/* The number of `count` digits, which are known to be some. */
static int number_at(const char *text, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

/* The fraction of a second, if any, and the closing "Z". */
static int parse_tail(const char *at, apr_int32_t *usec)
{
    int scale = 100000;

    *usec = 0;
    if (*at == '.') {
        if (!apr_isdigit(*++at)) {
            return 0;
        }
        for (; apr_isdigit(*at); at++, scale /= 10) {
            *usec += (*at - '0') * scale;
        }
    }
    return at[0] == 'Z' && at[1] == '\0';
}

/* The shape of RFC 3339 with every digit where it belongs; what the digits say is not looked at. */
static int parse_fields(apr_time_exp_t *t, const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";

    if (strlen(text) < sizeof shape) {
        return 0;
    }
    for (int i = 0; shape[i]; i++) {
        if (shape[i] == 'd' ? !apr_isdigit(text[i]) : text[i] != shape[i]) {
            return 0;
        }
    }
    t->tm_year = number_at(text, 4) - 1900;
    t->tm_mon = number_at(text + 5, 2) - 1;
    t->tm_mday = number_at(text + 8, 2);
    t->tm_hour = number_at(text + 11, 2);
    t->tm_min = number_at(text + 14, 2);
    t->tm_sec = number_at(text + 17, 2);
    return parse_tail(text + 19, &t->tm_usec);
}

/* A date such as 30 February, or an hour 24, comes back as another one. */
static int is_a_time(apr_time_t *time, apr_time_exp_t *t)
{
    apr_time_exp_t back;

    return t->tm_mon >= 0 && t->tm_mon < 12 && apr_time_exp_gmt_get(time, t) == APR_SUCCESS &&
           apr_time_exp_gmt(&back, *time) == APR_SUCCESS && back.tm_mday == t->tm_mday &&
           back.tm_hour == t->tm_hour && back.tm_min == t->tm_min && back.tm_sec == t->tm_sec;
}

cm_error_t *cm_text_parse_time(apr_time_t *time, const char *text, apr_pool_t *pool)
{
    apr_time_exp_t t = {0};

    if (!parse_fields(&t, text) || !is_a_time(time, &t)) {
        return cm_error_make(pool, CM_E_VALUE, "not a time in UTC as RFC 3339 writes it");
    }
    return NULL;
}

cm_error_t *cm_text_integer(apr_int64_t *value, const char *text, apr_int64_t min, apr_int64_t max,
                            apr_pool_t *pool)
{
    char *end = NULL;

    errno = 0;
    *value = apr_strtoi64(text, &end, 10);
    if (!(apr_isdigit(*text) || (*text == '-' && apr_isdigit(text[1]))) || errno || *end ||
        *value < min || *value > max) {
        return cm_error_make(pool, CM_E_VALUE,
                             "not a whole number from %" APR_INT64_T_FMT " to %" APR_INT64_T_FMT,
                             min, max);
    }
    return NULL;
}

static const struct {
    char letter;
    apr_int64_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

enum { UNITS = sizeof units / sizeof *units };

cm_error_t *cm_text_duration(apr_int64_t *seconds, const char *text, apr_pool_t *pool)
{
    const char *at = text;
    int unit = 0;

    for (*seconds = 0; *at;) {
        apr_int64_t number = 0;
        int length = 0;

        for (; length < 10 && apr_isdigit(at[length]); length++) {
            number = number * 10 + (at[length] - '0');
        }
        at += length;
        while (unit < UNITS && units[unit].letter != *at) {
            unit++;
        }
        if (!length || unit == UNITS) {
            break;
        }
        *seconds += number * units[unit++].seconds;
        at++;
    }
    if (*at || at == text || apr_isdigit(at[-1])) {
        return cm_error_make(pool, CM_E_VALUE, "not a duration such as 90d, 12h or 1d12h");
    }
    return NULL;
}

const char *cm_text_of_duration(apr_int64_t seconds, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < UNITS; i++) {
        if (seconds >= units[i].seconds) {
            text = apr_psprintf(pool, "%s%" APR_INT64_T_FMT "%c", text, seconds / units[i].seconds,
                                units[i].letter);
            seconds %= units[i].seconds;
        }
    }
    return *text ? text : "0s";
}

const char *cm_text_lower(const char *text, apr_pool_t *pool)
{
    char *lower = apr_pstrdup(pool, text);

    for (char *c = lower; *c; c++) {
        *c = (char)apr_tolower(*c);
    }
    return lower;
}

int cm_text_is_among(const apr_array_header_t *list, const char *text)
{
    for (int i = 0; list && i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), text) == 0) {
            return 1;
        }
    }
    return 0;
}
