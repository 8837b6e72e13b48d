/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/constraints.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <arpa/inet.h>

#include "base/text.h"
#include "pki/othername.h"

enum {
    OTHER = CM_DER_CONSTRUCTED(0),
    EMAIL = CM_DER_CONTEXT(1),
    DNS = CM_DER_CONTEXT(2),
    DIRECTORY = CM_DER_CONSTRUCTED(4),
    URI = CM_DER_CONTEXT(6),
    IP = CM_DER_CONTEXT(7),
    RID = CM_DER_CONTEXT(8)
};

typedef struct {
    int tag;          /* of the GeneralName */
    cm_bytes_t value; /* its content */
    int is_excluded;
} subtree_t;

typedef struct {
    int tag;
    cm_bytes_t value; /* as in a GeneralName; of a URI its host. Empty when it can't be judged: a
                         URI without a host, a text that is no mailbox */
    const char *text;
} named_t;

/* Subtrees. */

static cm_error_t *read_subtrees(apr_array_header_t *list, cm_der_t *outer, int tag)
{
    cm_bytes_t content = {NULL, 0};
    cm_error_t *error = cm_der_maybe(&content, outer, tag);
    cm_der_t reader = cm_der_reader(content, outer->rule, outer->pool);

    if (!error && content.data && !content.len) {
        return cm_der_error(outer, "no subtree");
    }
    while (!error && cm_der_peek(&reader)) {
        subtree_t subtree = {0, {NULL, 0}, tag == CM_DER_CONSTRUCTED(1)};
        cm_bytes_t whole;
        cm_der_t inner;

        error = cm_der_enter(&inner, &reader, CM_DER_SEQUENCE);
        if (!error) {
            subtree.tag = cm_der_peek(&inner);
            error = cm_der_next(&whole, &subtree.value, &inner);
        }
        if (!error) {
            error = cm_der_close(&inner);
        }
        if (!error && subtree.tag == IP && subtree.value.len != 8 && subtree.value.len != 32) {
            error = cm_der_error(outer, "not an address and a mask");
        }
        APR_ARRAY_PUSH(list, subtree_t) = subtree;
    }
    return error;
}

static cm_error_t *read_constraints(apr_array_header_t *list, cm_bytes_t value, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(value, "extension.syntax", pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = read_subtrees(list, &inner, CM_DER_CONSTRUCTED(0));
    }
    if (!error) {
        error = read_subtrees(list, &inner, CM_DER_CONSTRUCTED(1));
    }
    return error ? error : cm_der_close(&inner);
}

/* Matches. */

static int ends_with(cm_bytes_t name, cm_bytes_t end)
{
    return name.len >= end.len && apr_cstr_casecmpn((const char *)name.data + name.len - end.len,
                                                    (const char *)end.data, end.len) == 0;
}

static int is_same(cm_bytes_t a, cm_bytes_t b)
{
    return a.len == b.len && ends_with(a, b);
}

/* A host with or without names below it: with a dot in front only those below. */
static int is_below(cm_bytes_t host, cm_bytes_t domain)
{
    return host.len > domain.len && ends_with(host, domain) &&
           (!domain.len || domain.data[0] == '.' || host.data[host.len - domain.len - 1] == '.');
}

static int dns_is_within(cm_bytes_t name, cm_bytes_t base)
{
    return is_same(name, base) || is_below(name, base);
}

/* What "*.domain" stands for reaches into an excluded subtree one label below the domain. */
static int wildcard_reaches(cm_bytes_t name, cm_bytes_t base)
{
    cm_bytes_t domain;

    if (name.len < 3 || memcmp(name.data, "*.", 2) != 0) {
        return 0;
    }
    domain = cm_bytes_make(name.data + 2, name.len - 2);
    if (base.len && base.data[0] == '.') {
        base = cm_bytes_make(base.data + 1, base.len - 1);
    }
    return is_below(base, domain) && !memchr(base.data, '.', base.len - domain.len - 1);
}

/* An empty base is every host. */
static int host_is_within(cm_bytes_t host, cm_bytes_t base)
{
    return !base.len || (base.data[0] == '.' ? is_below(host, base) : is_same(host, base));
}

static cm_bytes_t after_at(cm_bytes_t mail)
{
    const unsigned char *at = mail.len ? memchr(mail.data, '@', mail.len) : NULL;

    return at ? cm_bytes_make(at + 1, (apr_size_t)(mail.data + mail.len - at - 1)) : mail;
}

/* A mailbox, a host, or with a dot in front the hosts below a domain. "@host" is taken for the
 * host. */
static int mail_is_within(cm_bytes_t mail, cm_bytes_t base)
{
    cm_bytes_t host = after_at(mail), base_host = after_at(base);

    if (base.len > base_host.len + 1) {
        return is_same(host, base_host) &&
               cm_bytes_equal(cm_bytes_make(mail.data, mail.len - host.len),
                              cm_bytes_make(base.data, base.len - base_host.len));
    }
    return host_is_within(host, base);
}

static int address_is_within(cm_bytes_t address, cm_bytes_t base)
{
    if (base.len != 2 * address.len) {
        return 0;
    }
    for (apr_size_t i = 0; i < address.len; i++) {
        if ((address.data[i] ^ base.data[i]) & base.data[address.len + i]) {
            return 0;
        }
    }
    return 1;
}

/* Letters in lower case, blanks at the ends away and inside single (RFC 5280 7.1, as far as ASCII
 * goes). */
static const char *folded(const char *value, apr_pool_t *pool)
{
    char *text = apr_pstrdup(pool, cm_text_lower(value, pool)), *out = text;

    for (const char *in = text; *in; in++) {
        if (*in != ' ' || (out != text && out[-1] != ' ')) {
            *out++ = *in;
        }
    }
    out -= out != text && out[-1] == ' ';
    *out = '\0';
    return text;
}

/* The name begins with the RelativeDistinguishedNames of the base, whatever kinds of strings they
 * are written in. A base that can't be read is taken for the worse. */
static int directory_is_within(cm_bytes_t name, const subtree_t *subtree, apr_pool_t *pool)
{
    cm_name_t *own, *base;

    if (cm_name_parse(&own, name, pool) || cm_name_parse(&base, subtree->value, pool)) {
        return subtree->is_excluded;
    }
    for (int i = 0; i < base->attributes->nelts; i++) {
        const cm_name_attribute_t *b = &APR_ARRAY_IDX(base->attributes, i, cm_name_attribute_t);
        const cm_name_attribute_t *a = &APR_ARRAY_IDX(own->attributes, i, cm_name_attribute_t);

        if (i >= own->attributes->nelts || a->joined != b->joined ||
            strcmp(a->type, b->type) != 0 ||
            strcmp(folded(a->value, pool), folded(b->value, pool)) != 0) {
            return 0;
        }
    }
    return base->attributes->nelts == own->attributes->nelts ||
           !APR_ARRAY_IDX(own->attributes, base->attributes->nelts, cm_name_attribute_t).joined;
}

static int is_within(const named_t *name, const subtree_t *subtree, apr_pool_t *pool)
{
    switch (name->tag) {
    case DNS:
        return dns_is_within(name->value, subtree->value) ||
               (subtree->is_excluded && wildcard_reaches(name->value, subtree->value));
    case EMAIL:
        return mail_is_within(name->value, subtree->value);
    case URI:
        return host_is_within(name->value, subtree->value);
    case IP:
        return address_is_within(name->value, subtree->value);
    case DIRECTORY:
        return directory_is_within(name->value, subtree, pool);
    default:
        return subtree->is_excluded; /* we can't tell, thus the worse is taken */
    }
}

/* What can't be judged lies within what is excluded, and in nothing permitted. */
static int is_allowed(const apr_array_header_t *subtrees, const named_t *name, apr_pool_t *pool)
{
    int has_permitted = 0, is_permitted = 0;

    for (int i = 0; i < subtrees->nelts; i++) {
        const subtree_t *subtree = &APR_ARRAY_IDX(subtrees, i, subtree_t);
        int within;

        if (subtree->tag != name->tag) {
            continue;
        }
        within = name->value.len ? is_within(name, subtree, pool) : subtree->is_excluded;
        if (subtree->is_excluded && within) {
            return 0;
        }
        has_permitted |= !subtree->is_excluded;
        is_permitted |= !subtree->is_excluded && within;
    }
    return !has_permitted || is_permitted;
}

/* What the certificate names. */

/* The host of scheme://user@host:port/path; empty for a URI without one, or with an address. */
static cm_bytes_t host_of(const char *uri, apr_pool_t *pool)
{
    const char *start = uri + strcspn(uri, ":");
    unsigned char octets[4];
    char *host, *at;

    if (strncmp(start, "://", 3) != 0) {
        return cm_bytes_make(NULL, 0);
    }
    start += 3;
    host = apr_pstrmemdup(pool, start, strcspn(start, "/?#"));
    at = strrchr(host, '@');
    host = at ? at + 1 : host;
    host[strcspn(host, ":")] = '\0';
    return *host == '[' || inet_pton(AF_INET, host, octets) == 1 ? cm_bytes_make(NULL, 0)
                                                                 : cm_bytes_of_text(host);
}

/* The value of an address, which is one or the other kind. */
static cm_bytes_t octets_of(const char *text, apr_pool_t *pool)
{
    unsigned char *address = apr_palloc(pool, 16);
    int is_v6 = strchr(text, ':') != NULL;

    inet_pton(is_v6 ? AF_INET6 : AF_INET, text, address);
    return cm_bytes_make(address, is_v6 ? 16 : 4);
}

static cm_bytes_t directory_of(const char *text, apr_pool_t *pool)
{
    cm_name_t *name;

    return cm_name_read(&name, text, pool) ? cm_bytes_make(NULL, 0) : name->der;
}

static int kind_of(const char *type)
{
    static const struct {
        const char *type;
        int tag;
    } kinds[] = {{"dns", DNS}, {"email", EMAIL},       {"uri", URI},
                 {"ip", IP},   {"dirname", DIRECTORY}, {"rid", RID}};

    for (apr_size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].type, type) == 0) {
            return kinds[i].tag;
        }
    }
    return OTHER;
}

static named_t named_of(const cm_san_t *san, apr_pool_t *pool)
{
    named_t name = {kind_of(san->type), cm_bytes_of_text(san->value), cm_san_text(san, pool)};

    switch (name.tag) {
    case URI:
        name.value = host_of(san->value, pool);
        break;
    case IP:
        name.value = octets_of(san->value, pool);
        break;
    case DIRECTORY:
        name.value = directory_of(san->value, pool);
        break;
    default:
        break;
    }
    return name;
}

/* Of an emailAddress in the subject, which readers take for an rfc822Name. */
static named_t mailbox_of(const char *value, apr_pool_t *pool)
{
    named_t name = {EMAIL, {NULL, 0}, value};
    cm_san_t mail;

    if (!cm_san_make(&mail, "email", value, pool)) {
        name.value = cm_bytes_of_text(mail.value);
    }
    return name;
}

/* Of an internationalized mailbox, for which subtrees of mailboxes count too (RFC 9598 6). */
static int is_mailbox_of_utf8(const cm_san_t *san, named_t *name, apr_pool_t *pool)
{
    const char *at = strrchr(san->value, '@');
    cm_othername_t kind;
    cm_san_t host;

    if (!cm_othername_read(&kind, san->type, pool) ||
        strcmp(kind.oid, CM_OID_SMTP_UTF8_MAILBOX) != 0) {
        return 0;
    }
    *name = (named_t){EMAIL, {NULL, 0}, cm_san_text(san, pool)};
    if (at && strchr(san->value, '@') == at && at[1] != '*' &&
        !cm_san_make(&host, "dns", at + 1, pool)) {
        name->value = cm_bytes_of_text(san->value);
    }
    return 1;
}

static apr_array_header_t *names_of(const cm_cert_t *cert, apr_pool_t *pool)
{
    const apr_array_header_t *attributes = cert->subject->attributes;
    apr_array_header_t *names = apr_array_make(pool, cert->san->nelts + 2, sizeof(named_t));
    named_t mailbox;

    for (int i = 0; i < cert->san->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(cert->san, i, cm_san_t);

        APR_ARRAY_PUSH(names, named_t) = named_of(san, pool);
        if (is_mailbox_of_utf8(san, &mailbox, pool)) {
            APR_ARRAY_PUSH(names, named_t) = mailbox;
        }
    }
    for (int i = 0; i < attributes->nelts; i++) {
        const cm_name_attribute_t *attribute = &APR_ARRAY_IDX(attributes, i, cm_name_attribute_t);

        if (strcmp(attribute->type, "emailAddress") == 0) {
            APR_ARRAY_PUSH(names, named_t) = mailbox_of(attribute->value, pool);
        }
    }
    if (attributes->nelts) {
        APR_ARRAY_PUSH(names, named_t) =
            (named_t){DIRECTORY, cert->subject->der, cert->subject_text};
    }
    return names;
}

cm_error_t *cm_constraints_check(cm_bytes_t value, const cm_cert_t *cert, apr_pool_t *pool)
{
    apr_array_header_t *subtrees = apr_array_make(pool, 4, sizeof(subtree_t));
    const apr_array_header_t *names = names_of(cert, pool);
    cm_error_t *error = read_constraints(subtrees, value, pool);

    for (int i = 0; !error && i < names->nelts; i++) {
        const named_t *name = &APR_ARRAY_IDX(names, i, named_t);

        if (!is_allowed(subtrees, name, pool)) {
            error = cm_error_make(pool, CM_E_REFUSED,
                                  "the issuing authority may not certify the name %s", name->text);
            cm_error_locate(error, NULL, "issuer.constraints");
        }
    }
    return error;
}

/* Whether nothing of the kind lies outside of the subtree. An IPv4 subtree says nothing of IPv6. */
static int is_all(const subtree_t *subtree, apr_size_t len)
{
    if (subtree->tag == IP) {
        apr_size_t half = subtree->value.len / 2;

        for (apr_size_t i = half; i < subtree->value.len; i++) {
            if (subtree->value.data[i]) {
                return 0;
            }
        }
        return half == len;
    }
    if (subtree->tag == DIRECTORY) {
        return subtree->value.len == 2; /* an empty SEQUENCE */
    }
    return subtree->value.len == 0;
}

int cm_constraints_close(cm_bytes_t value, const char *type, apr_pool_t *pool)
{
    apr_array_header_t *subtrees = apr_array_make(pool, 4, sizeof(subtree_t));
    int tag = kind_of(type), is_closed = 0, v4_is_closed = 0, v6_is_closed = 0;

    if (read_constraints(subtrees, value, pool)) {
        return 0;
    }
    for (int i = 0; i < subtrees->nelts; i++) {
        const subtree_t *subtree = &APR_ARRAY_IDX(subtrees, i, subtree_t);

        if (subtree->tag != tag || !subtree->is_excluded) {
            continue;
        }
        is_closed |= tag != IP && is_all(subtree, 0);
        v4_is_closed |= tag == IP && is_all(subtree, 4);
        v6_is_closed |= tag == IP && is_all(subtree, 16);
    }
    return is_closed || (v4_is_closed && v6_is_closed);
}
