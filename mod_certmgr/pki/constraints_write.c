/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of constraints.h that writes them.
 */
#include <apr_lib.h>
#include <apr_strings.h>
#include <arpa/inet.h>

#include "pki/constraints.h"

/* Address and mask, each 4 or 16 octets; 0 when the text is no "address/bits". */
static apr_size_t read_network(unsigned char octets[32], const char *text, apr_pool_t *pool)
{
    const char *slash = strchr(text, '/');
    apr_size_t len = strchr(text, ':') ? 16 : 4;
    char *end = NULL;
    apr_int64_t bits;

    if (!slash || !apr_isdigit(slash[1]) ||
        inet_pton(len == 16 ? AF_INET6 : AF_INET,
                  apr_pstrmemdup(pool, text, (apr_size_t)(slash - text)), octets) != 1) {
        return 0;
    }
    bits = apr_strtoi64(slash + 1, &end, 10);
    if (*end || bits < 0 || bits > (apr_int64_t)len * 8) {
        return 0;
    }
    for (apr_size_t i = 0; i < len; i++, bits -= 8) {
        int ones = bits >= 8 ? 8 : bits > 0 ? (int)bits : 0;

        octets[len + i] = (unsigned char)(0xff00 >> ones & 0xff);
        if (octets[i] & ~octets[len + i]) {
            return 0;
        }
    }
    return 2 * len;
}

/* A domain with or without a dot before it (RFC 5280 4.2.1.10). */
static int is_domain(const char *text, apr_pool_t *pool)
{
    cm_san_t name;

    return *text != '*' && cm_san_make(&name, "dns", *text == '.' ? text + 1 : text, pool) == NULL;
}

static int is_mail_base(const char *text, apr_pool_t *pool)
{
    cm_san_t mail;

    return strchr(text, '@') ? cm_san_make(&mail, "email", text, pool) == NULL
                             : is_domain(text, pool);
}

static int put_network(cm_der_writer_t *writer, int tag, const char *text, apr_pool_t *pool)
{
    unsigned char octets[32];
    apr_size_t len = read_network(octets, text, pool);

    if (len) {
        cm_der_put(writer, tag, cm_bytes_make(octets, len));
    }
    return len > 0;
}

static int put_directory(cm_der_writer_t *writer, int tag, const char *text, apr_pool_t *pool)
{
    cm_name_t *name;

    if (cm_name_read(&name, text, pool) || !name->attributes->nelts) {
        return 0;
    }
    cm_der_put(writer, tag, name->der);
    return 1;
}

static int put_domain(cm_der_writer_t *writer, int tag, const char *text, apr_pool_t *pool)
{
    if (!is_domain(text, pool)) {
        return 0;
    }
    cm_der_put_text(writer, tag, text);
    return 1;
}

static int put_mail(cm_der_writer_t *writer, int tag, const char *text, apr_pool_t *pool)
{
    if (!is_mail_base(text, pool)) {
        return 0;
    }
    cm_der_put_text(writer, tag, text);
    return 1;
}

/* A base as GeneralName; 0 when it is none, and nothing is written. */
static int put_base(cm_der_writer_t *writer, const char *text, apr_pool_t *pool)
{
    static const struct {
        const char *prefix;
        int tag;
        int (*put)(cm_der_writer_t *writer, int tag, const char *text, apr_pool_t *pool);
    } kinds[] = {{"email:", CM_DER_CONTEXT(1), put_mail},
                 {"dns:", CM_DER_CONTEXT(2), put_domain},
                 {"dirname:", CM_DER_CONSTRUCTED(4), put_directory},
                 {"uri:", CM_DER_CONTEXT(6), put_domain},
                 {"ip:", CM_DER_CONTEXT(7), put_network}};

    for (apr_size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        apr_size_t len = strlen(kinds[i].prefix);

        if (strncmp(text, kinds[i].prefix, len) == 0) {
            return kinds[i].put(writer, kinds[i].tag, text + len, pool);
        }
    }
    return 0;
}

int cm_constraints_is_base(const char *text, apr_pool_t *pool)
{
    return put_base(cm_der_writer(pool), text, pool);
}

static cm_error_t *put_subtrees(cm_der_writer_t *writer, int tag, const apr_array_header_t *list,
                                apr_pool_t *pool)
{
    if (!list || !list->nelts) {
        return NULL;
    }
    cm_der_begin(writer, tag);
    for (int i = 0; i < list->nelts; i++) {
        const char *text = APR_ARRAY_IDX(list, i, const char *);

        cm_der_begin(writer, CM_DER_SEQUENCE);
        if (!put_base(writer, text, pool)) {
            return cm_error_locate(
                cm_error_make(pool, CM_E_VALUE, "%s is no name constraint", text), NULL,
                "extension.constraint");
        }
        cm_der_end(writer);
    }
    cm_der_end(writer);
    return NULL;
}

cm_error_t *cm_constraints_write(cm_bytes_t *value, const apr_array_header_t *permitted,
                                 const apr_array_header_t *excluded, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_error_t *error;

    cm_der_begin(writer, CM_DER_SEQUENCE);
    error = put_subtrees(writer, CM_DER_CONSTRUCTED(0), permitted, pool);
    if (!error) {
        error = put_subtrees(writer, CM_DER_CONSTRUCTED(1), excluded, pool);
    }
    if (error) {
        return error;
    }
    cm_der_end(writer);
    *value = cm_der_written(writer);
    return NULL;
}
