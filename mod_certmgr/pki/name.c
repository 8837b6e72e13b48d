/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/name.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "base/text.h"
#include "pki/der.h"

const cm_name_type_t cm_name_types[] = {
    {"CN", "2.5.4.3", CM_DER_UTF8, 64},
    {"SN", "2.5.4.4", CM_DER_UTF8, 32768},
    {"serialNumber", "2.5.4.5", CM_DER_PRINTABLE, 64},
    {"C", "2.5.4.6", CM_DER_PRINTABLE, 2},
    {"L", "2.5.4.7", CM_DER_UTF8, 128},
    {"ST", "2.5.4.8", CM_DER_UTF8, 128},
    {"STREET", "2.5.4.9", CM_DER_UTF8, 128},
    {"O", "2.5.4.10", CM_DER_UTF8, 64},
    {"OU", "2.5.4.11", CM_DER_UTF8, 64},
    {"title", "2.5.4.12", CM_DER_UTF8, 64},
    {"postalCode", "2.5.4.17", CM_DER_UTF8, 40},
    {"name", "2.5.4.41", CM_DER_UTF8, 32768},
    {"GN", "2.5.4.42", CM_DER_UTF8, 32768},
    {"initials", "2.5.4.43", CM_DER_UTF8, 32768},
    {"generationQualifier", "2.5.4.44", CM_DER_UTF8, 32768},
    {"dnQualifier", "2.5.4.46", CM_DER_PRINTABLE, 64},
    {"pseudonym", "2.5.4.65", CM_DER_UTF8, 128},
    {"organizationIdentifier", "2.5.4.97", CM_DER_UTF8, 256},
    {"emailAddress", "1.2.840.113549.1.9.1", CM_DER_IA5, 255},
    {"UID", "0.9.2342.19200300.100.1.1", CM_DER_UTF8, 256},
    {"DC", "0.9.2342.19200300.100.1.25", CM_DER_IA5, 63},
    {NULL, NULL, 0, 0},
};

static const cm_name_type_t other_type = {NULL, NULL, CM_DER_UTF8, 1024};

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

static int is_printable_string(const char *text)
{
    for (; *text; text++) {
        if (!apr_isalnum(*text) && !strchr(" '()+,-./:=?", *text)) {
            return 0;
        }
    }
    return 1;
}

static int is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            return 0;
        }
    }
    return 1;
}

/* Nothing that could start a line or a terminal sequence of its own. */
static int is_clean(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return 0;
        }
    }
    return 1;
}

static int count_characters(const char *text)
{
    int count = 0;

    for (; *text; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return count;
}

static cm_error_t *check_value(const cm_name_type_t *type, const char *value, apr_pool_t *pool)
{
    if (!*value || !is_clean(value) || !cm_text_is_utf8(cm_bytes_of_text(value))) {
        return refuse("a value of the name is empty or no clean UTF-8", "name.value", pool);
    }
    if ((type->tag == CM_DER_PRINTABLE && !is_printable_string(value)) ||
        (type->tag == CM_DER_IA5 && !is_ascii(value))) {
        return refuse(apr_psprintf(pool, "%s of the name has characters it can't have", type->name),
                      "name.value", pool);
    }
    if (count_characters(value) > type->bound) {
        return refuse(apr_psprintf(pool, "%s of the name is longer than %d characters",
                                   type->name ? type->name : "an attribute", type->bound),
                      "name.length", pool);
    }
    if (type->name && strcmp(type->name, "C") == 0 &&
        (strlen(value) != 2 || !apr_isalpha(value[0]) || !apr_isalpha(value[1]))) {
        return refuse("C of the name is no country code of two letters", "name.country", pool);
    }
    return NULL;
}

/* By name, or by dotted OID. */
static cm_error_t *find_type(const cm_name_type_t **type, const char **oid, const char *text,
                             apr_pool_t *pool)
{
    for (*type = cm_name_types; (*type)->name; (*type)++) {
        if (apr_cstr_casecmp((*type)->name, text) == 0 || strcmp((*type)->oid, text) == 0) {
            *oid = (*type)->oid;
            return NULL;
        }
    }
    *type = &other_type;
    *oid = text;
    if (cm_der_check_oid(text, pool)) {
        return refuse("an attribute type of the name is not known", "name.type", pool);
    }
    return NULL;
}

/* AttributeTypeAndValue; `attribute` gets its canonical type. */
static cm_error_t *encode(cm_bytes_t *der, cm_name_attribute_t *attribute, apr_pool_t *pool)
{
    const cm_name_type_t *type;
    const char *oid;
    cm_der_writer_t *writer;
    cm_error_t *error = find_type(&type, &oid, attribute->type, pool);

    if (!error) {
        error = check_value(type, attribute->value, pool);
    }
    if (error) {
        return error;
    }
    attribute->type = apr_pstrdup(pool, type->name ? type->name : oid);
    attribute->value = apr_pstrdup(pool, attribute->value);
    writer = cm_der_writer(pool);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, oid);
    cm_der_put_text(writer, type->tag, attribute->value);
    cm_der_end(writer);
    *der = cm_der_written(writer);
    return NULL;
}

cm_error_t *cm_name_make(cm_name_t **name, const apr_array_header_t *attributes, apr_pool_t *pool)
{
    cm_name_t *made = apr_pcalloc(pool, sizeof *made);
    apr_array_header_t *copy = apr_array_copy(pool, attributes);
    cm_name_attribute_t *list = (cm_name_attribute_t *)copy->elts;
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_bytes_t rdn[CM_NAME_ATTRIBUTES];
    int in_rdn = 0;

    if (copy->nelts > CM_NAME_ATTRIBUTES) {
        return refuse("the name has too many attributes", "name.count", pool);
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < copy->nelts; i++) {
        cm_error_t *error = encode(&rdn[in_rdn++], &list[i], pool);

        if (error) {
            return error;
        }
        if (i + 1 == copy->nelts || !list[i + 1].joined) {
            cm_der_put_set(writer, CM_DER_SET, rdn, in_rdn);
            in_rdn = 0;
        }
    }
    cm_der_end(writer);
    made->der = cm_der_written(writer);
    made->attributes = copy;
    *name = made;
    return NULL;
}

static char *put_utf8(char *at, apr_uint32_t c)
{
    if (c < 0x80) {
        *at++ = (char)c;
    } else if (c < 0x800) {
        *at++ = (char)(0xc0 | c >> 6);
        *at++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *at++ = (char)(0xe0 | c >> 12);
        *at++ = (char)(0x80 | (c >> 6 & 0x3f));
        *at++ = (char)(0x80 | (c & 0x3f));
    } else {
        *at++ = (char)(0xf0 | c >> 18);
        *at++ = (char)(0x80 | (c >> 12 & 0x3f));
        *at++ = (char)(0x80 | (c >> 6 & 0x3f));
        *at++ = (char)(0x80 | (c & 0x3f));
    }
    return at;
}

/* Characters of 1 (Latin-1), 2 or 4 octets, big-endian; NULL when they are no Unicode. */
static const char *widen(cm_bytes_t v, apr_size_t octets, apr_pool_t *pool)
{
    char *text = apr_palloc(pool, v.len * 2 + 1), *at = text;

    if (v.len % octets) {
        return NULL;
    }
    for (apr_size_t i = 0; i < v.len; i += octets) {
        apr_uint32_t c = 0;

        for (apr_size_t k = 0; k < octets; k++) {
            c = c << 8 | v.data[i + k];
        }
        if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
            return NULL;
        }
        at = put_utf8(at, c);
    }
    *at = '\0';
    return text;
}

/* The value as UTF-8, or NULL when it is not a well-formed string. */
static const char *decode(int tag, cm_bytes_t v, apr_pool_t *pool)
{
    const char *text;

    switch (tag) {
    case CM_DER_UTF8:
        return cm_text_is_utf8(v) ? apr_pstrmemdup(pool, (const char *)v.data, v.len) : NULL;
    case CM_DER_PRINTABLE:
        text = widen(v, 1, pool);
        return text && is_printable_string(text) ? text : NULL;
    case CM_DER_IA5:
    case CM_DER_VISIBLE:
    case CM_DER_NUMERIC:
        text = widen(v, 1, pool);
        return text && is_ascii(text) ? text : NULL;
    case CM_DER_TELETEX:
        return widen(v, 1, pool);
    case CM_DER_BMP:
        return widen(v, 2, pool);
    case CM_DER_UNIVERSAL_STRING:
        return widen(v, 4, pool);
    default:
        return NULL;
    }
}

cm_error_t *cm_name_string(const char **text, int tag, cm_bytes_t value, apr_pool_t *pool)
{
    *text = decode(tag, value, pool);
    if (!*text || !**text || !is_clean(*text)) {
        return refuse("a string is empty, malformed or has control characters", "name.value", pool);
    }
    return NULL;
}

static cm_error_t *parse_attribute(cm_name_attribute_t *attribute, cm_der_t *rdn)
{
    cm_der_t reader;
    cm_bytes_t whole, value;
    const char *oid;
    int tag;
    cm_error_t *error = cm_der_enter(&reader, rdn, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_expect_oid(&oid, &reader);
    }
    if (error) {
        return error;
    }
    tag = cm_der_peek(&reader);
    error = cm_der_next(&whole, &value, &reader);
    if (!error) {
        error = cm_der_close(&reader);
    }
    if (error) {
        return error;
    }
    attribute->type = oid;
    for (const cm_name_type_t *type = cm_name_types; type->name; type++) {
        if (strcmp(type->oid, oid) == 0) {
            attribute->type = type->name;
        }
    }
    return cm_name_string(&attribute->value, tag, value, rdn->pool);
}

static cm_error_t *parse_rdn(apr_array_header_t *attributes, cm_der_t *names)
{
    cm_der_t rdn;
    cm_error_t *error = cm_der_enter(&rdn, names, CM_DER_SET);
    int joined = 0;

    if (!error && !cm_der_peek(&rdn)) {
        error = cm_der_error(&rdn, "a name has an empty part");
    }
    for (; !error && cm_der_peek(&rdn); joined = 1) {
        cm_name_attribute_t *attribute = apr_array_push(attributes);

        if (attributes->nelts > CM_NAME_ATTRIBUTES) {
            return refuse("the name has too many attributes", "name.count", rdn.pool);
        }
        attribute->joined = joined;
        error = parse_attribute(attribute, &rdn);
    }
    return error;
}

cm_error_t *cm_name_parse(cm_name_t **name, cm_bytes_t der, apr_pool_t *pool)
{
    cm_name_t *made = apr_pcalloc(pool, sizeof *made);
    apr_array_header_t *attributes = apr_array_make(pool, 4, sizeof(cm_name_attribute_t));
    cm_der_t outer = cm_der_reader(der, "name.syntax", pool), names;
    cm_error_t *error = cm_der_enter(&names, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_close(&outer);
    }
    while (!error && cm_der_peek(&names)) {
        error = parse_rdn(attributes, &names);
    }
    if (error) {
        return error;
    }
    made->der = der;
    made->attributes = attributes;
    *name = made;
    return NULL;
}

/* RFC 4514 2.4. */
static char *escape(char *at, const char *value)
{
    for (const char *c = value; *c; c++) {
        if (strchr("\"+,;<>\\", *c) || (c == value && (*c == '#' || *c == ' ')) ||
            (*c == ' ' && c[1] == '\0')) {
            *at++ = '\\';
        }
        *at++ = *c;
    }
    return at;
}

/* `attribute` and those joined to it. */
static char *put_rdn(char *at, const cm_name_attribute_t *attribute, int count)
{
    for (int i = 0; i < count; i++) {
        apr_size_t len = strlen(attribute[i].type);

        if (i) {
            *at++ = '+';
        }
        memcpy(at, attribute[i].type, len);
        at += len;
        *at++ = '=';
        at = escape(at, attribute[i].value);
    }
    return at;
}

const char *cm_name_text(const cm_name_t *name, apr_pool_t *pool)
{
    const cm_name_attribute_t *list = (const cm_name_attribute_t *)name->attributes->elts;
    apr_size_t room = 1;
    char *text, *at;

    for (int i = 0; i < name->attributes->nelts; i++) {
        room += strlen(list[i].type) + 2 * strlen(list[i].value) + 2;
    }
    text = at = apr_palloc(pool, room);
    for (int end = name->attributes->nelts, first; end > 0; end = first) {
        first = end - 1;
        while (first > 0 && list[first].joined) {
            first--;
        }
        if (at != text) {
            *at++ = ',';
        }
        at = put_rdn(at, list + first, end - first);
    }
    *at = '\0';
    return text;
}

const char *cm_name_get(const cm_name_t *name, const char *type)
{
    const cm_name_attribute_t *list = (const cm_name_attribute_t *)name->attributes->elts;

    for (int i = name->attributes->nelts; i > 0; i--) {
        if (apr_cstr_casecmp(list[i - 1].type, type) == 0) {
            return list[i - 1].value;
        }
    }
    return NULL;
}
