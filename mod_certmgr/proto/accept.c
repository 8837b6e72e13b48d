/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/accept.h"

#include <strings.h>

/* How closely a media range names a type: 3 exactly, 2 for type/star, 1 for star/star, 0 not. */
static int closeness(const char *range, size_t len, const char *type)
{
    size_t main_len = strcspn(type, "/");

    if (len == strlen(type) && strncasecmp(range, type, len) == 0) {
        return 3;
    }
    if (len == main_len + 2 && strncasecmp(range, type, main_len + 1) == 0 &&
        range[len - 1] == '*') {
        return 2;
    }
    return len == 3 && strncmp(range, "*/*", 3) == 0;
}

/* The q of one element, in thousandths; what can't be read is 0. */
static int quality(const char *element, size_t len)
{
    int value = 0, weight = 1000;

    for (size_t i = 0; i + 2 < len; i++) {
        if (strchr("; \t", element[i]) && strncasecmp(element + i + 1, "q=", 2) == 0) {
            for (i += 3; i < len && weight > 0 && strchr("0123456789.", element[i]); i++) {
                if (element[i] != '.') {
                    value += (element[i] - '0') * weight;
                    weight /= 10;
                }
            }
            return value > 1000 ? 1000 : value;
        }
    }
    return 1000;
}

/* The element that names the type most closely decides. */
static int preference(const char *header, const char *type)
{
    int best = 0, q = 0;

    while (*header) {
        size_t len, range;
        int close;

        header += strspn(header, " \t,");
        len = strcspn(header, ",");
        range = strcspn(header, ",; \t");
        close = closeness(header, range, type);
        if (close > best) {
            best = close;
            q = quality(header, len);
        }
        header += len;
    }
    return q;
}

int cm_accept_choose(const char *header, const char *const *offers)
{
    int chosen = -1, best = 0;

    if (!header || !*header) {
        return 0;
    }
    for (int i = 0; offers[i]; i++) {
        int q = preference(header, offers[i]);

        if (q > best) {
            best = q;
            chosen = i;
        }
    }
    return chosen;
}
