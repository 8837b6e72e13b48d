/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/san.h"

#include <apr_cstr.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <arpa/inet.h>

#include "base/text.h"
#include "pki/der.h"
#include "pki/name.h"
#include "pki/othername.h"

/* Tags of GeneralName (RFC 5280 4.2.1.6). */
enum {
    TAG_OTHER = CM_DER_CONSTRUCTED(0),
    TAG_EMAIL = CM_DER_CONTEXT(1),
    TAG_DNS = CM_DER_CONTEXT(2),
    TAG_DIRECTORY = CM_DER_CONSTRUCTED(4),
    TAG_URI = CM_DER_CONTEXT(6),
    TAG_IP = CM_DER_CONTEXT(7),
    TAG_RID = CM_DER_CONTEXT(8)
};

enum {
    NAME_MOST = 253,
    LABEL_MOST = 63,
    LOCAL_MOST = 64,
    MAIL_MOST = 254,
    URI_MOST = 2048,
    DIRNAME_MOST = 2048
};

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

/* One label: letters, digits, inner hyphens; "??--" only for A-labels (RFC 5890 2.3.1). */
static int is_label(const char *label, apr_size_t len)
{
    if (len == 0 || len > LABEL_MOST || label[0] == '-' || label[len - 1] == '-') {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++) {
        if (!apr_isalnum(label[i]) && label[i] != '-') {
            return 0;
        }
    }
    if (len >= 4 && label[2] == '-' && label[3] == '-') {
        return len > 4 && apr_cstr_casecmpn(label, "xn", 2) == 0;
    }
    return 1;
}

/* A host name whose last label is not a number: that would be an address. */
static int is_host(const char *name)
{
    const char *label = name;

    if (strlen(name) > NAME_MOST) {
        return 0;
    }
    for (;;) {
        apr_size_t len = strcspn(label, ".");

        if (!is_label(label, len)) {
            return 0;
        }
        if (label[len] == '\0') {
            return strspn(label, "0123456789") != len;
        }
        label += len + 1;
    }
}

static cm_error_t *make_dns(const char **canonical, const char *value, apr_pool_t *pool)
{
    const char *host = value;

    if (strncmp(value, "*.", 2) == 0 && strlen(value) <= NAME_MOST) {
        host += 2;
    }
    if (!is_host(host)) {
        return cm_error_advise(refuse("not a DNS name", "san.dns", pool),
                               "write international names as A-labels (xn--...)");
    }
    *canonical = cm_text_lower(value, pool);
    return NULL;
}

/* dot-atom of RFC 5322 3.2.3. */
static int is_dot_atom(const char *text, apr_size_t len)
{
    if (len == 0 || len > LOCAL_MOST || text[0] == '.' || text[len - 1] == '.') {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++) {
        if (text[i] == '.' ? text[i + 1] == '.'
                           : !apr_isalnum(text[i]) && !strchr("!#$%&'*+-/=?^_`{|}~", text[i])) {
            return 0;
        }
    }
    return 1;
}

static cm_error_t *make_email(const char **canonical, const char *value, apr_pool_t *pool)
{
    const char *at = strchr(value, '@');

    if (!at || strlen(value) > MAIL_MOST || !is_dot_atom(value, (apr_size_t)(at - value)) ||
        !is_host(at + 1)) {
        return refuse("not a mail address", "san.email", pool);
    }
    *canonical = apr_pstrcat(pool, apr_pstrmemdup(pool, value, (apr_size_t)(at + 1 - value)),
                             cm_text_lower(at + 1, pool), NULL);
    return NULL;
}

/* 4 or 16 octets, 0 when it is no address. */
static apr_size_t read_address(unsigned char octets[16], const char *value)
{
    if (inet_pton(AF_INET, value, octets) == 1) {
        return 4;
    }
    return inet_pton(AF_INET6, value, octets) == 1 ? 16 : 0;
}

static const char *address_text(const unsigned char *octets, apr_size_t len, apr_pool_t *pool)
{
    char text[INET6_ADDRSTRLEN];

    return apr_pstrdup(pool, inet_ntop(len == 4 ? AF_INET : AF_INET6, octets, text, sizeof text));
}

static cm_error_t *make_ip(const char **canonical, const char *value, apr_pool_t *pool)
{
    unsigned char octets[16];
    apr_size_t len = read_address(octets, value);

    if (!len) {
        return refuse("not an IP address", "san.ip", pool);
    }
    *canonical = address_text(octets, len, pool);
    return NULL;
}

/* Characters of RFC 3986, with whole percent-encoded octets. */
static int is_uri_text(const char *text)
{
    for (; *text; text++) {
        if (*text == '%') {
            if (!apr_isxdigit(text[1]) || !apr_isxdigit(text[2])) {
                return 0;
            }
        } else if (!apr_isalnum(*text) && !strchr("-._~:/?#[]@!$&'()*+,;=", *text)) {
            return 0;
        }
    }
    return 1;
}

/* What stands behind "//": [userinfo "@"] host [":" port], the host a name or an address. */
static int is_authority(const char *authority, apr_pool_t *pool)
{
    char *text = apr_pstrmemdup(pool, authority, strcspn(authority, "/?#"));
    char *host = strrchr(text, '@') ? strrchr(text, '@') + 1 : text;
    char *port = strrchr(host, ':'), *bracket = strchr(host, ']');
    unsigned char octets[16];

    if (strchr(text, '@') != strrchr(text, '@')) {
        return 0; /* readers differ on which one ends the userinfo (RFC 3986 3.2.1 has none) */
    }
    if (port && (!bracket || port > bracket)) {
        *port++ = '\0';
        if (strspn(port, "0123456789") != strlen(port) || strlen(port) > 5) {
            return 0;
        }
    }
    if (*host == '[') {
        if (!bracket || bracket[1] != '\0') {
            return 0;
        }
        *bracket = '\0';
        return inet_pton(AF_INET6, host + 1, octets) == 1;
    }
    return is_host(host) || inet_pton(AF_INET, host, octets) == 1;
}

static cm_error_t *make_uri(const char **canonical, const char *value, apr_pool_t *pool)
{
    apr_size_t scheme = strcspn(value, ":");
    int ok = apr_isalpha(*value) && value[scheme] == ':' && value[scheme + 1] != '\0' &&
             strlen(value) <= URI_MOST && is_uri_text(value);

    for (apr_size_t i = 0; ok && i < scheme; i++) {
        ok = apr_isalnum(value[i]) || strchr("+-.", value[i]) != NULL;
    }
    if (ok && strncmp(value + scheme, "://", 3) == 0) {
        ok = is_authority(value + scheme + 3, pool);
    }
    if (!ok) {
        return refuse("not an absolute URI", "san.uri", pool);
    }
    *canonical = apr_pstrdup(pool, value);
    return NULL;
}

static cm_error_t *make_upn(const char **canonical, const char *value, apr_pool_t *pool)
{
    const char *at = strchr(value, '@');
    int ok = at && at != value && at[1] && !strchr(at + 1, '@') && strlen(value) <= MAIL_MOST &&
             cm_text_is_utf8(cm_bytes_of_text(value)) &&
             strcmp(cm_text_escape(value, pool), value) == 0;

    if (!ok) {
        return refuse("not a user principal name", "san.upn", pool);
    }
    *canonical = apr_pstrdup(pool, value);
    return NULL;
}

/* Read back from its DER: a SET OF has an order of its own there. */
static cm_error_t *make_dirname(const char **canonical, const char *value, apr_pool_t *pool)
{
    cm_name_t *name;

    if (strlen(value) > DIRNAME_MOST || cm_name_read(&name, value, pool) ||
        !name->attributes->nelts || cm_name_parse(&name, name->der, pool)) {
        return cm_error_advise(refuse("not a directory name", "san.dirname", pool),
                               "write it as RFC 4514 says: CN=Jane,O=Example");
    }
    *canonical = cm_name_text(name, pool);
    return NULL;
}

static cm_error_t *make_rid(const char **canonical, const char *value, apr_pool_t *pool)
{
    if (cm_der_check_oid(value, pool)) {
        return refuse("not a registered id, which is a dotted OID", "san.rid", pool);
    }
    *canonical = apr_pstrdup(pool, value);
    return NULL;
}

static const struct {
    const char *type;
    int tag;
    cm_error_t *(*make)(const char **canonical, const char *value, apr_pool_t *pool);
} kinds[] = {{"dns", TAG_DNS, make_dns},   {"email", TAG_EMAIL, make_email},
             {"ip", TAG_IP, make_ip},      {"uri", TAG_URI, make_uri},
             {"upn", TAG_OTHER, make_upn}, {"dirname", TAG_DIRECTORY, make_dirname},
             {"rid", TAG_RID, make_rid}};

enum { KINDS = sizeof kinds / sizeof *kinds };

static cm_error_t *make_other(cm_san_t *san, const char *type, const char *value, apr_pool_t *pool)
{
    cm_othername_t kind;

    if (!cm_othername_read(&kind, type, pool)) {
        return cm_error_advise(
            refuse("this kind of alternative name is not known", "san.type", pool),
            "write dns:, email:, ip:, uri:, upn:, dirname:, rid: or othername;OID;utf8: and the "
            "name; a string of an othername is utf8, ia5 or printable");
    }
    if (!cm_othername_holds(&kind, value, pool)) {
        return refuse("not a string of this otherName", "san.othername", pool);
    }
    *san = (cm_san_t){apr_pstrdup(pool, type), apr_pstrdup(pool, value)};
    return NULL;
}

cm_error_t *cm_san_make(cm_san_t *san, const char *type, const char *value, apr_pool_t *pool)
{
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            san->type = kinds[i].type;
            return kinds[i].make(&san->value, value, pool);
        }
    }
    return make_other(san, type, value, pool);
}

cm_error_t *cm_san_read(cm_san_t *san, const char *text, apr_pool_t *pool)
{
    apr_size_t len = strcspn(text, ":");

    return cm_san_make(san, apr_pstrmemdup(pool, text, len), text + len + (text[len] == ':'), pool);
}

const char *cm_san_text(const cm_san_t *san, apr_pool_t *pool)
{
    return apr_pstrcat(pool, san->type, ":", san->value, NULL);
}

int cm_san_has(const apr_array_header_t *list, const cm_san_t *san)
{
    for (int i = 0; i < list->nelts; i++) {
        const cm_san_t *other = &APR_ARRAY_IDX(list, i, cm_san_t);

        if (strcmp(other->type, san->type) == 0 && strcmp(other->value, san->value) == 0) {
            return 1;
        }
    }
    return 0;
}

static int tag_of(const cm_san_t *san)
{
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].type, san->type) == 0) {
            return kinds[i].tag;
        }
    }
    return 0;
}

/* Name is a CHOICE, so its tag is EXPLICIT (X.680 31.2.7). */
static cm_error_t *put_dirname(cm_der_writer_t *writer, const char *value, apr_pool_t *pool)
{
    cm_name_t *name;
    cm_error_t *error = cm_name_read(&name, value, pool);

    if (!error) {
        cm_der_put(writer, TAG_DIRECTORY, name->der);
    }
    return error;
}

static cm_error_t *put_rid(cm_der_writer_t *writer, const char *oid, apr_pool_t *pool)
{
    cm_der_writer_t *inner = cm_der_writer(pool);
    cm_bytes_t content;
    cm_der_t reader;
    cm_error_t *error;

    cm_der_put_oid(inner, oid);
    reader = cm_der_reader(cm_der_written(inner), "san.rid", pool);
    error = cm_der_expect(&content, &reader, CM_DER_OID);
    if (!error) {
        cm_der_put(writer, TAG_RID, content);
    }
    return error;
}

static cm_error_t *put_other(cm_der_writer_t *writer, const cm_san_t *san, apr_pool_t *pool)
{
    cm_othername_t kind;

    if (!cm_othername_read(&kind, san->type, pool)) {
        return refuse("this kind of alternative name can't be issued", "san.type", pool);
    }
    cm_othername_put(writer, &kind, san->value);
    return NULL;
}

static cm_error_t *put_name(cm_der_writer_t *writer, const cm_san_t *san, apr_pool_t *pool)
{
    unsigned char octets[16];
    int tag = tag_of(san);

    switch (tag) {
    case TAG_DIRECTORY:
        return put_dirname(writer, san->value, pool);
    case TAG_RID:
        return put_rid(writer, san->value, pool);
    case TAG_IP:
        cm_der_put(writer, tag, cm_bytes_make(octets, read_address(octets, san->value)));
        return NULL;
    case TAG_OTHER:
        cm_othername_put(writer, &(cm_othername_t){CM_OID_UPN, CM_DER_UTF8}, san->value);
        return NULL;
    case 0:
        return put_other(writer, san, pool);
    default:
        cm_der_put_text(writer, tag, san->value);
        return NULL;
    }
}

cm_error_t *cm_san_encode(cm_bytes_t *der, const apr_array_header_t *list, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    apr_array_header_t *done =
        apr_array_make(pool, list->nelts ? list->nelts : 1, sizeof(cm_san_t));

    if (list->nelts == 0) {
        return refuse("no alternative names", "san.empty", pool);
    }
    if (list->nelts > CM_SAN_COUNT) {
        return refuse("too many alternative names", "san.count", pool);
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < list->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(list, i, cm_san_t);

        if (!cm_san_has(done, san)) {
            cm_error_t *error = put_name(writer, san, pool);

            if (error) {
                return error;
            }
            APR_ARRAY_PUSH(done, cm_san_t) = *san;
        }
    }
    cm_der_end(writer);
    *der = cm_der_written(writer);
    return NULL;
}

/* Content of an IA5String as text, NULL with a NUL or an octet above 127 in it. */
static const char *ascii(cm_bytes_t value, apr_pool_t *pool)
{
    for (apr_size_t i = 0; i < value.len; i++) {
        if (value.data[i] == 0 || value.data[i] >= 0x80) {
            return NULL;
        }
    }
    return apr_pstrmemdup(pool, (const char *)value.data, value.len);
}

/* A name that we could not write ourselves stays "other". */
static cm_error_t *read_dirname(const char **text, cm_bytes_t value, apr_pool_t *pool)
{
    cm_name_t *name;
    cm_error_t *error = cm_name_parse(&name, value, pool);

    if (error) {
        return error;
    }
    *text = cm_name_text(name, pool);
    if (make_dirname(text, *text, pool)) {
        *text = NULL;
    }
    return NULL;
}

static const char *type_of(int tag)
{
    for (int i = 0; i < KINDS; i++) {
        if (kinds[i].tag == tag) {
            return kinds[i].type;
        }
    }
    return NULL;
}

/* The type and the text of one GeneralName; either is NULL for kinds that we don't read. */
static cm_error_t *read_name(const char **type, const char **text, int tag, cm_bytes_t value,
                             apr_pool_t *pool)
{
    *type = type_of(tag);
    *text = NULL;
    switch (tag) {
    case TAG_DNS:
    case TAG_EMAIL:
    case TAG_URI:
        *text = ascii(value, pool);
        return *text ? NULL : refuse("an alternative name is not ASCII", "san.syntax", pool);
    case TAG_IP:
        if (value.len != 4 && value.len != 16) {
            return refuse("an address is not of 4 or 16 octets", "san.ip", pool);
        }
        *text = address_text(value.data, value.len, pool);
        return NULL;
    case TAG_OTHER:
        return cm_othername_parse(type, text, value, pool);
    case TAG_DIRECTORY:
        return read_dirname(text, value, pool);
    case TAG_RID:
        *text = cm_der_oid_text(value, pool);
        return NULL;
    case CM_DER_CONSTRUCTED(3): /* x400Address */
    case CM_DER_CONSTRUCTED(5): /* ediPartyName */
        return NULL;
    default:
        return refuse("no GeneralName", "san.syntax", pool);
    }
}

static cm_error_t *next_name(cm_san_t *san, cm_der_t *names)
{
    cm_bytes_t whole, value;
    const char *type, *text;
    int tag = cm_der_peek(names);
    cm_error_t *error = cm_der_next(&whole, &value, names);

    if (!error) {
        error = read_name(&type, &text, tag, value, names->pool);
    }
    if (error) {
        return error;
    }
    if (type && text) {
        return cm_san_make(san, type, text, names->pool);
    }
    *san = (cm_san_t){"other", cm_bytes_hex(whole, names->pool)};
    return NULL;
}

cm_error_t *cm_san_decode(apr_array_header_t **list, cm_bytes_t der, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(cm_san_t));
    cm_der_t outer = cm_der_reader(der, "san.syntax", pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_close(&outer);
    }
    for (int count = 0; !error && cm_der_peek(&inner); count++) {
        cm_san_t san;

        if (count == CM_SAN_COUNT) {
            return refuse("too many alternative names", "san.count", pool);
        }
        error = next_name(&san, &inner);
        if (!error && !cm_san_has(names, &san)) {
            APR_ARRAY_PUSH(names, cm_san_t) = san;
        }
    }
    if (!error && names->nelts == 0) {
        error = refuse("no alternative names", "san.empty", pool);
    }
    if (!error) {
        *list = names;
    }
    return error;
}
