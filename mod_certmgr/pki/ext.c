/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/ext.h"

#include <apr_strings.h>

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

const cm_ext_t *cm_ext_find(const apr_array_header_t *list, const char *oid)
{
    for (int i = 0; i < list->nelts; i++) {
        const cm_ext_t *ext = &APR_ARRAY_IDX(list, i, cm_ext_t);

        if (strcmp(ext->oid, oid) == 0) {
            return ext;
        }
    }
    return NULL;
}

/* Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING } */
static cm_error_t *parse_one(cm_ext_t *ext, cm_der_t *list)
{
    cm_der_t reader;
    cm_bytes_t critical;
    cm_error_t *error = cm_der_enter(&reader, list, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_expect_oid(&ext->oid, &reader);
    }
    if (!error) {
        error = cm_der_maybe(&critical, &reader, CM_DER_BOOLEAN);
    }
    if (!error && critical.data && (critical.len != 1 || critical.data[0] != 0xff)) {
        error = cm_der_error(&reader, "an extension spells out that it is not critical");
    }
    if (!error) {
        ext->critical = critical.data != NULL;
        error = cm_der_expect(&ext->value, &reader, CM_DER_OCTET_STRING);
    }
    return error ? error : cm_der_close(&reader);
}

cm_error_t *cm_ext_parse(apr_array_header_t **list, cm_bytes_t der, const char *rule,
                         apr_pool_t *pool)
{
    apr_array_header_t *made = apr_array_make(pool, 8, sizeof(cm_ext_t));
    cm_der_t outer = cm_der_reader(der, rule, pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_close(&outer);
    }
    while (!error && cm_der_peek(&inner)) {
        cm_ext_t ext;

        if (made->nelts == CM_EXT_COUNT) {
            return refuse("too many extensions", "extension.count", pool);
        }
        error = parse_one(&ext, &inner);
        /* every extension there is holds DER, so what holds something else is not forwarded */
        if (!error) {
            error = cm_der_check(ext.value, pool);
        }
        if (!error && cm_ext_find(made, ext.oid)) {
            error = refuse("one extension twice", "extension.duplicate", pool);
        }
        APR_ARRAY_PUSH(made, cm_ext_t) = ext;
    }
    if (!error) {
        *list = made;
    }
    return error;
}

void cm_ext_put(cm_der_writer_t *writer, const cm_ext_t *ext)
{
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, ext->oid);
    if (ext->critical) {
        cm_der_put_boolean(writer, 1);
    }
    cm_der_put(writer, CM_DER_OCTET_STRING, ext->value);
    cm_der_end(writer);
}

static const char *const key_usages[] = {"digitalSignature", "nonRepudiation", "keyEncipherment",
                                         "dataEncipherment", "keyAgreement",   "keyCertSign",
                                         "cRLSign",          "encipherOnly",   "decipherOnly"};

enum { KEY_USAGES = sizeof key_usages / sizeof *key_usages };

unsigned cm_ext_key_usage(const char *name)
{
    for (unsigned i = 0; i < KEY_USAGES; i++) {
        if (strcmp(key_usages[i], name) == 0) {
            return 1U << i;
        }
    }
    return strcmp(name, "contentCommitment") == 0 ? CM_KU_NON_REPUDIATION : 0;
}

apr_array_header_t *cm_ext_key_usage_names(unsigned bits, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, KEY_USAGES, sizeof(const char *));

    for (unsigned i = 0; i < KEY_USAGES; i++) {
        if (bits >> i & 1) {
            APR_ARRAY_PUSH(names, const char *) = key_usages[i];
        }
    }
    return names;
}

static const struct {
    const char *name;
    const char *oid;
} extended_usages[] = {{"serverAuth", "1.3.6.1.5.5.7.3.1"},
                       {"clientAuth", "1.3.6.1.5.5.7.3.2"},
                       {"codeSigning", "1.3.6.1.5.5.7.3.3"},
                       {"emailProtection", "1.3.6.1.5.5.7.3.4"},
                       {"timeStamping", "1.3.6.1.5.5.7.3.8"},
                       {"OCSPSigning", "1.3.6.1.5.5.7.3.9"},
                       {"cmcRA", "1.3.6.1.5.5.7.3.28"},
                       {"documentSigning", "1.3.6.1.5.5.7.3.36"},
                       {"msSmartcardLogin", "1.3.6.1.4.1.311.20.2.2"},
                       {"anyExtendedKeyUsage", "2.5.29.37.0"}};

enum { EXTENDED_USAGES = sizeof extended_usages / sizeof *extended_usages };

const char *cm_ext_eku_oid(const char *name, apr_pool_t *pool)
{
    for (int i = 0; i < EXTENDED_USAGES; i++) {
        if (strcmp(extended_usages[i].name, name) == 0) {
            return extended_usages[i].oid;
        }
    }
    return cm_der_check_oid(name, pool) ? NULL : name;
}

const char *cm_ext_eku_name(const char *oid)
{
    for (int i = 0; i < EXTENDED_USAGES; i++) {
        if (strcmp(extended_usages[i].oid, oid) == 0) {
            return extended_usages[i].name;
        }
    }
    return oid;
}

cm_error_t *cm_ext_read_basic(int *is_ca, int *has_path_len, int *path_len, cm_bytes_t value,
                              apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(value, "extension.syntax", pool), inner;
    cm_bytes_t flag;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    *is_ca = *has_path_len = *path_len = 0;
    if (!error) {
        error = cm_der_close(&outer);
    }
    if (!error) {
        error = cm_der_maybe(&flag, &inner, CM_DER_BOOLEAN);
    }
    if (!error && flag.data && (flag.len != 1 || flag.data[0] != 0xff)) {
        error = cm_der_error(&inner, "basicConstraints spells out that it is no CA");
    }
    if (!error) {
        *is_ca = flag.data != NULL;
        *has_path_len = cm_der_peek(&inner) == CM_DER_INTEGER;
    }
    if (!error && *has_path_len) {
        error = cm_der_expect_small(path_len, &inner, CM_DER_INTEGER);
    }
    return error ? error : cm_der_close(&inner);
}

cm_error_t *cm_ext_read_key_usage(unsigned *bits, cm_bytes_t value, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(value, "extension.syntax", pool);
    cm_bytes_t list;
    cm_error_t *error = cm_der_expect(&list, &outer, CM_DER_BIT_STRING);

    *bits = 0;
    if (!error) {
        error = cm_der_close(&outer);
    }
    if (!error && (list.len == 0 || list.len > 3)) {
        error = cm_der_error(&outer, "keyUsage has too few or too many bits");
    }
    for (apr_size_t i = 0; !error && i < (list.len - 1) * 8; i++) {
        *bits |= ((unsigned)list.data[1 + i / 8] >> (7 - i % 8) & 1U) << i;
    }
    return error;
}

cm_error_t *cm_ext_read_eku(apr_array_header_t **names, cm_bytes_t value, apr_pool_t *pool)
{
    apr_array_header_t *made = apr_array_make(pool, 4, sizeof(const char *));
    cm_der_t outer = cm_der_reader(value, "extension.syntax", pool), inner;
    cm_error_t *error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_close(&outer);
    }
    if (!error && !cm_der_peek(&inner)) {
        error = cm_der_error(&inner, "extKeyUsage is empty");
    }
    while (!error && cm_der_peek(&inner)) {
        const char *oid;

        error = cm_der_expect_oid(&oid, &inner);
        if (!error) {
            APR_ARRAY_PUSH(made, const char *) = cm_ext_eku_name(oid);
        }
    }
    if (!error) {
        *names = made;
    }
    return error;
}
