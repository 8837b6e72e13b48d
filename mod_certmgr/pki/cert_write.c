/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing certificates.
 */
#include <apr_strings.h>

#include "pki/cert.h"
#include "pki/pem.h"

#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_DATA        "1.2.840.113549.1.7.1"

enum { SERIAL_MOST = 20, V3 = 2 };

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

cm_bytes_t cm_serial_make(const unsigned char *random, apr_pool_t *pool)
{
    unsigned char *serial = apr_pmemdup(pool, random, CM_SERIAL_RANDOM);

    /* 01 in front: positive, no leading zero, always of the same length */
    serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40);
    return cm_bytes_make(serial, CM_SERIAL_RANDOM);
}

static int is_year(apr_time_t time)
{
    apr_time_exp_t t;

    return apr_time_exp_gmt(&t, time) == APR_SUCCESS && t.tm_year >= 50 && t.tm_year < 9999 - 1899;
}

static int is_serial(cm_bytes_t serial)
{
    if (!serial.len || serial.len > SERIAL_MOST || serial.data[0] == 0) {
        return 0;
    }
    return serial.len < SERIAL_MOST || serial.data[0] < 0x80;
}

static int is_validity(apr_time_t from, apr_time_t until)
{
    return apr_time_sec(from) <= apr_time_sec(until) && is_year(from) && is_year(until);
}

static cm_error_t *check_spec(const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    if (!spec->sigalg || !spec->issuer.len || !spec->subject.len || !spec->spki.len) {
        return refuse("issuer, subject, key or algorithm are missing", "cert.incomplete", pool);
    }
    if (!is_serial(spec->serial)) {
        return refuse("the serial number is not of 1 to 20 octets", "cert.serial", pool);
    }
    if (!is_validity(spec->not_before, spec->not_after)) {
        return refuse("the validity ends before it begins, or is out of range", "cert.validity",
                      pool);
    }
    /* RFC 5280 4.1.2.6: a CA has a name; others have one here or in the SAN */
    if (spec->subject.len == 2 && (spec->is_ca || !spec->san || !spec->san->nelts)) {
        return refuse("the certificate names nobody", "cert.name", pool);
    }
    return NULL;
}

cm_error_t *cm_cert_tbs(cm_bytes_t *tbs, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_error_t *error = check_spec(spec, pool);

    if (error) {
        return error;
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_put_small(writer, CM_DER_INTEGER, V3);
    cm_der_end(writer);
    cm_der_put_unsigned(writer, spec->serial);
    cm_der_raw(writer, cm_sigalg_identifier(spec->sigalg, pool));
    cm_der_raw(writer, spec->issuer);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_time(writer, spec->not_before);
    cm_der_put_time(writer, spec->not_after);
    cm_der_end(writer);
    cm_der_raw(writer, spec->subject);
    cm_der_raw(writer, spec->spki);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(3));
    error = cm_ext_write(writer, spec, pool);
    if (error) {
        return error;
    }
    cm_der_end(writer);
    cm_der_end(writer);
    *tbs = cm_der_written(writer);
    return NULL;
}

const char *cm_cert_pem(cm_bytes_t der, apr_pool_t *pool)
{
    return cm_pem_encode("CERTIFICATE", der, pool);
}

cm_bytes_t cm_cert_p7b(const apr_array_header_t *certs, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_copy(pool, certs);
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, OID_SIGNED_DATA);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_small(writer, CM_DER_INTEGER, 1);
    cm_der_put_set(writer, CM_DER_SET, NULL, 0); /* digestAlgorithms */
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, OID_DATA);
    cm_der_end(writer);
    cm_der_put_set(writer, CM_DER_CONSTRUCTED(0), (cm_bytes_t *)list->elts, list->nelts);
    cm_der_put_set(writer, CM_DER_SET, NULL, 0); /* signerInfos */
    cm_der_end(writer);
    cm_der_end(writer);
    cm_der_end(writer);
    return cm_der_written(writer);
}
