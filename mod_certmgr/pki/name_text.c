/* SPDX-License-Identifier: Apache-2.0
 *
 * Distinguished names as people write them (RFC 4514).
 */
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/bytes.h"
#include "pki/name.h"

static cm_error_t *not_a_name(const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, "name.text");
}

static int is_hex(const char *at)
{
    return apr_isxdigit(at[0]) && apr_isxdigit(at[1]);
}

static char unhex(const char *at)
{
    const char pair[] = {at[0], at[1], '\0'};

    return (char)apr_strtoi64(pair, NULL, 16);
}

/* One attributeValue up to an unescaped separator (RFC 4514 2.4); *at moves behind it. */
static cm_error_t *read_value(const char **value, const char **at, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, strlen(*at) + 1);
    apr_size_t len = 0, solid = 0;
    const char *c = *at + strspn(*at, " ");

    if (*c == '#') {
        return not_a_name("values in hexadecimal are not accepted", pool);
    }
    for (; *c && *c != ',' && *c != '+'; c++) {
        if (strchr("\";<>", *c)) {
            return not_a_name("\" ; < and > need a backslash before them", pool);
        }
        if (*c == '\\' && is_hex(c + 1)) {
            out[len++] = unhex(c + 1);
            c += 2;
            solid = len;
        } else if (*c == '\\' && c[1] && strchr(" \"#+,;<=>\\", c[1])) {
            out[len++] = *++c;
            solid = len;
        } else if (*c == '\\') {
            return not_a_name("a backslash with nothing to escape", pool);
        } else {
            out[len++] = *c;
            solid = *c == ' ' ? solid : len; /* spaces at the end do not count */
        }
    }
    out[solid] = '\0';
    if (!solid || strlen(out) != solid) {
        return not_a_name("an attribute without a value", pool);
    }
    *value = out;
    *at = c;
    return NULL;
}

static cm_error_t *read_attribute(cm_name_attribute_t *attribute, const char **at, apr_pool_t *pool)
{
    const char *begin = *at + strspn(*at, " ");
    apr_size_t len = strcspn(begin, "=,+\\");
    apr_size_t solid = len;

    if (begin[len] != '=') {
        return not_a_name("an attribute is written as TYPE=VALUE", pool);
    }
    while (solid && begin[solid - 1] == ' ') {
        solid--;
    }
    attribute->type = apr_pstrmemdup(pool, begin, solid);
    *at = begin + len + 1;
    return read_value(&attribute->value, at, pool);
}

cm_error_t *cm_name_read(cm_name_t **name, const char *text, apr_pool_t *pool)
{
    cm_name_attribute_t found[CM_NAME_ATTRIBUTES];
    apr_array_header_t *attributes = apr_array_make(pool, 8, sizeof *found);
    const char *at = text;
    int count = 0, last;
    cm_error_t *error;

    for (;; at++) {
        if (count == CM_NAME_ATTRIBUTES) {
            return not_a_name("too many attributes", pool);
        }
        found[count].joined = count && at[-1] == '+';
        error = read_attribute(&found[count], &at, pool);
        if (error) {
            return error;
        }
        count++;
        if (!*at) {
            break;
        }
    }
    /* the text begins with the last RDN, the DER with the first one */
    for (last = count; last > 0;) {
        int first = last - 1;

        while (found[first].joined) {
            first--;
        }
        for (int i = first; i < last; i++) {
            APR_ARRAY_PUSH(attributes, cm_name_attribute_t) = found[i];
        }
        last = first;
    }
    return cm_name_make(name, attributes, pool);
}
