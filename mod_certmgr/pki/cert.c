/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading certificates.
 */
#include "pki/cert.h"

#include <apr_strings.h>

#include "pki/pem.h"

enum { SERIAL_MOST = 20, CERT_BYTES = 65536, V3 = 2 };

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

static cm_error_t *read_version(int *version, cm_der_t *reader)
{
    cm_der_t inner;
    cm_error_t *error;

    *version = 0;
    if (cm_der_peek(reader) != CM_DER_CONSTRUCTED(0)) {
        return NULL;
    }
    error = cm_der_enter(&inner, reader, CM_DER_CONSTRUCTED(0));
    if (!error) {
        error = cm_der_expect_small(version, &inner, CM_DER_INTEGER);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    if (!error && *version != V3) {
        error = refuse("the certificate is not of version 3", "cert.version", reader->pool);
    }
    return error;
}

static cm_error_t *read_serial(cm_cert_t *cert, cm_der_t *reader)
{
    cm_bytes_t serial;
    cm_error_t *error = cm_der_expect(&serial, reader, CM_DER_INTEGER);

    if (error) {
        return error;
    }
    if (!serial.len || serial.len > SERIAL_MOST || serial.data[0] >= 0x80) {
        return refuse("the serial number is negative or too long", "cert.serial", reader->pool);
    }
    if (serial.len > 1 && serial.data[0] == 0) {
        serial = cm_bytes_make(serial.data + 1, serial.len - 1);
    }
    cert->serial = serial;
    cert->serial_hex = cm_bytes_hex(serial, reader->pool);
    return NULL;
}

static cm_error_t *read_name(const cm_name_t **name, const char **text, cm_der_t *reader)
{
    cm_bytes_t der;
    cm_name_t *made;
    cm_error_t *error = cm_der_next(&der, NULL, reader);

    if (!error) {
        error = cm_name_parse(&made, der, reader->pool);
    }
    if (error) {
        return error;
    }
    *name = made;
    *text = cm_name_text(made, reader->pool);
    return NULL;
}

static cm_error_t *read_validity(cm_cert_t *cert, cm_der_t *reader)
{
    cm_der_t inner;
    cm_error_t *error = cm_der_enter(&inner, reader, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_expect_time(&cert->not_before, &inner);
    }
    if (!error) {
        error = cm_der_expect_time(&cert->not_after, &inner);
    }
    return error ? error : cm_der_close(&inner);
}

static cm_error_t *read_key_ids(cm_cert_t *cert, apr_pool_t *pool)
{
    const cm_ext_t *ski = cm_ext_find(cert->extensions, CM_OID_SUBJECT_KEY_ID);
    const cm_ext_t *aki = cm_ext_find(cert->extensions, CM_OID_AUTHORITY_KEY_ID);
    cm_error_t *error = NULL;

    if (ski) {
        cm_der_t reader = cm_der_reader(ski->value, "extension.syntax", pool);

        error = cm_der_expect(&cert->ski, &reader, CM_DER_OCTET_STRING);
    }
    if (!error && aki) {
        cm_der_t outer = cm_der_reader(aki->value, "extension.syntax", pool), inner;

        error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);
        if (!error) {
            error = cm_der_maybe(&cert->aki, &inner, CM_DER_CONTEXT(0));
        }
    }
    return error;
}

/* What the record has members for. */
static cm_error_t *read_known(cm_cert_t *cert, apr_pool_t *pool)
{
    const cm_ext_t *basic = cm_ext_find(cert->extensions, CM_OID_BASIC_CONSTRAINTS);
    const cm_ext_t *usage = cm_ext_find(cert->extensions, CM_OID_KEY_USAGE);
    const cm_ext_t *extended = cm_ext_find(cert->extensions, CM_OID_EXT_KEY_USAGE);
    const cm_ext_t *san = cm_ext_find(cert->extensions, CM_OID_SAN);
    apr_array_header_t *eku = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *names = apr_array_make(pool, 1, sizeof(cm_san_t));
    cm_error_t *error = read_key_ids(cert, pool);

    if (!error && basic) {
        error = cm_ext_read_basic(&cert->is_ca, &cert->has_path_len, &cert->path_len, basic->value,
                                  pool);
    }
    if (!error && usage) {
        error = cm_ext_read_key_usage(&cert->key_usage, usage->value, pool);
    }
    if (!error && extended) {
        error = cm_ext_read_eku(&eku, extended->value, pool);
    }
    if (!error && san) {
        error = cm_san_decode(&names, san->value, pool);
    }
    cert->eku = eku;
    cert->san = names;
    return error;
}

/* [1] and [2], the unique identifiers that nobody uses, are passed over. */
static cm_error_t *read_extensions(cm_cert_t *cert, int version, cm_der_t *reader)
{
    apr_array_header_t *list = apr_array_make(reader->pool, 1, sizeof(cm_ext_t));
    cm_bytes_t content;
    cm_error_t *error = cm_der_maybe(&content, reader, CM_DER_CONTEXT(1));

    if (!error) {
        error = cm_der_maybe(&content, reader, CM_DER_CONTEXT(2));
    }
    if (!error && version == V3) {
        error = cm_der_maybe(&content, reader, CM_DER_CONSTRUCTED(3));
        if (!error && content.data) {
            error = cm_ext_parse(&list, content, "cert.syntax", reader->pool);
        }
    }
    if (error) {
        return error;
    }
    cert->extensions = list;
    return read_known(cert, reader->pool);
}

static cm_error_t *read_tbs(cm_cert_t *cert, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(cert->parts.tbs, "cert.syntax", pool), tbs;
    cm_bytes_t identifier;
    int version;
    cm_error_t *error = cm_der_enter(&tbs, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = read_version(&version, &tbs);
    }
    if (!error) {
        error = read_serial(cert, &tbs);
    }
    if (!error) {
        error = cm_der_next(&identifier, NULL, &tbs);
    }
    if (!error && !cm_bytes_equal(identifier, cert->parts.identifier)) {
        /* RFC 5280 4.1.1.2 */
        error = refuse("the certificate names two signature algorithms", "cert.signature-algorithm",
                       pool);
    }
    if (!error) {
        error = read_name(&cert->issuer, &cert->issuer_text, &tbs);
    }
    if (!error) {
        error = read_validity(cert, &tbs);
    }
    if (!error) {
        error = read_name(&cert->subject, &cert->subject_text, &tbs);
    }
    if (!error) {
        error = cm_der_next(&cert->spki, NULL, &tbs);
    }
    if (!error) {
        error = read_extensions(cert, version, &tbs);
    }
    return error ? error : cm_der_close(&tbs);
}

cm_error_t *cm_cert_parse(cm_cert_t **cert, cm_bytes_t der, apr_pool_t *pool)
{
    cm_cert_t *made = apr_pcalloc(pool, sizeof *made);
    cm_error_t *error = cm_der_check(der, pool);

    made->der = der;
    if (!error) {
        error = cm_signed_parse(&made->parts, der, "cert.syntax", pool);
    }
    if (!error) {
        error = read_tbs(made, pool);
    }
    if (error) {
        return error;
    }
    made->sigalg = cm_sigalg_find(made->parts.identifier, pool);
    made->subject_cn = cm_name_get(made->subject, "CN");
    made->sha256 = cm_bytes_hex(cm_bytes_sha256(der, pool), pool);
    *cert = made;
    return NULL;
}

const char *cm_cert_crl_url(const cm_cert_t *cert, apr_pool_t *pool)
{
    const cm_ext_t *ext = cm_ext_find(cert->extensions, CM_OID_CRL_POINTS);
    cm_der_t value, points, point, choice, names;
    cm_bytes_t uri;

    if (!ext) {
        return NULL;
    }
    value = cm_der_reader(ext->value, "extension.syntax", pool);
    if (cm_der_enter(&points, &value, CM_DER_SEQUENCE) ||
        cm_der_enter(&point, &points, CM_DER_SEQUENCE) ||
        cm_der_enter(&choice, &point, CM_DER_CONSTRUCTED(0)) ||
        cm_der_enter(&names, &choice, CM_DER_CONSTRUCTED(0)) ||
        cm_der_expect(&uri, &names, CM_DER_CONTEXT(6))) {
        return NULL;
    }
    return apr_pstrmemdup(pool, (const char *)uri.data, uri.len);
}

cm_error_t *cm_cert_decode(cm_bytes_t *der, cm_bytes_t text, apr_pool_t *pool)
{
    static const char *const labels[] = {"CERTIFICATE", NULL};

    return cm_pem_or_der(der, text, &(cm_pem_kind_t){labels, CERT_BYTES, "cert"}, pool);
}
