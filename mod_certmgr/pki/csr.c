/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "pki/csr.h"

#include <apr_strings.h>

#include "pki/pem.h"

#define OID_EXTENSION_REQUEST    "1.2.840.113549.1.9.14"
#define OID_MS_EXTENSION_REQUEST "1.3.6.1.4.1.311.2.1.14"
#define OID_CHALLENGE            "1.2.840.113549.1.9.7"

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

cm_error_t *cm_csr_decode(cm_bytes_t *der, cm_bytes_t text, apr_pool_t *pool)
{
    static const char *const labels[] = {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", NULL};

    return cm_pem_or_der(der, text, &(cm_pem_kind_t){labels, CM_CSR_BYTES, "csr"}, pool);
}

static cm_error_t *read_challenge(cm_csr_t *csr, cm_der_t *values)
{
    cm_bytes_t whole, value;
    int tag = cm_der_peek(values);
    cm_error_t *error = cm_der_next(&whole, &value, values);

    if (!error && cm_name_string(&csr->challenge, tag, value, values->pool)) {
        return refuse("the challenge password is no string", "csr.challenge", values->pool);
    }
    return error;
}

static cm_error_t *read_extensions(cm_csr_t *csr, cm_der_t *values)
{
    cm_bytes_t whole;
    apr_array_header_t *list;
    cm_error_t *error = cm_der_next(&whole, NULL, values);

    if (!error) {
        error = cm_ext_parse(&list, whole, "csr.syntax", values->pool);
    }
    if (!error) {
        csr->extensions = list;
    }
    return error;
}

/* Content of one Attribute: type and exactly one value. */
static cm_error_t *read_attribute(cm_csr_t *csr, apr_array_header_t *seen, cm_der_t *attribute)
{
    cm_der_t values;
    const char *oid;
    cm_error_t *error = cm_der_expect_oid(&oid, attribute);

    if (!error) {
        error = cm_der_enter(&values, attribute, CM_DER_SET);
    }
    if (!error) {
        error = cm_der_close(attribute);
    }
    if (error) {
        return error;
    }
    if (strcmp(oid, OID_MS_EXTENSION_REQUEST) == 0) {
        oid = OID_EXTENSION_REQUEST;
    }
    if (cm_text_is_among(seen, oid)) {
        return refuse("the request has one attribute twice", "csr.attribute-duplicate",
                      values.pool);
    }
    APR_ARRAY_PUSH(seen, const char *) = oid;
    if (strcmp(oid, OID_EXTENSION_REQUEST) == 0) {
        error = read_extensions(csr, &values);
    } else if (strcmp(oid, OID_CHALLENGE) == 0) {
        error = read_challenge(csr, &values);
    } else {
        return NULL;
    }
    return error ? error : cm_der_close(&values);
}

/* [0] IMPLICIT SET OF Attribute: required by RFC 2986, be it empty. */
static cm_error_t *read_attributes(cm_csr_t *csr, cm_der_t *info)
{
    apr_array_header_t *seen = apr_array_make(info->pool, 4, sizeof(const char *));
    cm_der_t attributes, attribute;
    cm_error_t *error = cm_der_enter(&attributes, info, CM_DER_CONSTRUCTED(0));

    if (!error) {
        error = cm_der_check_set(attributes.rest, info->pool);
    }
    for (int count = 0; !error && cm_der_peek(&attributes); count++) {
        if (count == CM_CSR_ATTRIBUTES) {
            return refuse("the request has too many attributes", "csr.attribute-count", info->pool);
        }
        error = cm_der_enter(&attribute, &attributes, CM_DER_SEQUENCE);
        if (!error) {
            error = read_attribute(csr, seen, &attribute);
        }
    }
    return error;
}

/* CertificationRequestInfo; the key is only cut out here. */
static cm_error_t *read_info(cm_csr_t *csr, cm_bytes_t *spki, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(csr->parts.tbs, "csr.syntax", pool), info;
    cm_bytes_t version, der;
    cm_name_t *subject;
    cm_error_t *error = cm_der_enter(&info, &outer, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_expect(&version, &info, CM_DER_INTEGER);
    }
    if (!error && (version.len != 1 || version.data[0] != 0)) {
        error = refuse("the request is not of version 1", "csr.version", pool);
    }
    if (!error) {
        error = cm_der_next(&der, NULL, &info);
    }
    if (!error) {
        error = cm_name_parse(&subject, der, pool);
    }
    if (error) {
        return error;
    }
    csr->subject = subject;
    error = cm_der_next(spki, NULL, &info);
    if (!error) {
        error = read_attributes(csr, &info);
    }
    return error ? error : cm_der_close(&info);
}

static cm_error_t *read_san(cm_csr_t *csr, apr_pool_t *pool)
{
    const cm_ext_t *ext = cm_csr_extension(csr, CM_OID_SAN);
    apr_array_header_t *list;
    cm_error_t *error;

    if (!ext) {
        return NULL;
    }
    error = cm_san_decode(&list, ext->value, pool);
    if (!error) {
        csr->san = list;
    }
    return error;
}

/* 1 when cA TRUE is asked for. */
static cm_error_t *read_basic(int *is_ca, const cm_csr_t *csr, apr_pool_t *pool)
{
    const cm_ext_t *ext = cm_csr_extension(csr, CM_OID_BASIC_CONSTRAINTS);
    int has_path_len, path_len;

    *is_ca = 0;
    return ext ? cm_ext_read_basic(is_ca, &has_path_len, &path_len, ext->value, pool) : NULL;
}

cm_error_t *cm_csr_parse(cm_csr_t **csr, cm_bytes_t der, apr_pool_t *pool)
{
    cm_csr_t *made = apr_pcalloc(pool, sizeof *made);
    cm_pubkey_t *key;
    cm_bytes_t spki;
    cm_error_t *error;

    if (der.len > CM_CSR_BYTES) {
        return refuse("the request is too large", "csr.size", pool);
    }
    made->der = der;
    made->extensions = apr_array_make(pool, 1, sizeof(cm_ext_t));
    made->san = apr_array_make(pool, 1, sizeof(cm_san_t));
    error = cm_der_check(der, pool);
    if (!error) {
        error = cm_signed_parse(&made->parts, der, "csr.syntax", pool);
    }
    if (!error) {
        error = read_info(made, &spki, pool);
    }
    if (!error) {
        error = read_basic(&made->wants_ca, made, pool);
    }
    if (!error) {
        error = read_san(made, pool);
    }
    if (!error) {
        error = cm_pubkey_parse(&key, spki, pool);
    }
    if (error) {
        return error;
    }
    made->key = key;
    made->sigalg = cm_sigalg_find(made->parts.identifier, pool);
    *csr = made;
    return NULL;
}

cm_error_t *cm_csr_verify(const cm_csr_t *csr, apr_pool_t *pool)
{
    cm_error_t *error = cm_signed_verify(&csr->parts, csr->key, pool);

    if (error) {
        int wrong = strcmp(error->rule, "signature.wrong") == 0;

        error->rule = wrong ? "csr.signature" : "csr.signature-algorithm";
    }
    return error;
}

int cm_csr_wants_ca(const cm_csr_t *csr)
{
    return csr->wants_ca;
}

const cm_ext_t *cm_csr_extension(const cm_csr_t *csr, const char *oid)
{
    return cm_ext_find(csr->extensions, oid);
}
