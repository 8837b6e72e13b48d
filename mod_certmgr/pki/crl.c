/* SPDX-License-Identifier: Apache-2.0 */
#include "pki/crl.h"

#include <apr_strings.h>
#include <openssl/x509v3.h>

#include "base/ossl.h"
#include "model/words.h"
#include "pki/der.h"
#include "pki/ext.h"
#include "pki/name.h"
#include "pki/pem.h"

#define OID_CRL_NUMBER      "2.5.29.20"
#define OID_REASON          "2.5.29.21"
#define OID_INVALIDITY_DATE "2.5.29.24"
#define OID_DELTA           "2.5.29.27"
#define OID_IDP             "2.5.29.28"
#define OID_FRESHEST        "2.5.29.46"

enum { V2 = 1 };

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, rule);
}

/* Opens an extension up to the content of its value; close it with end_extension. */
static void begin_extension(cm_der_writer_t *writer, const char *oid, int critical)
{
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, oid);
    if (critical) {
        cm_der_put_boolean(writer, 1);
    }
    cm_der_begin(writer, CM_DER_OCTET_STRING);
}

static void end_extension(cm_der_writer_t *writer)
{
    cm_der_end(writer);
    cm_der_end(writer);
}

cm_error_t *cm_crl_entry(cm_bytes_t *der, const cm_crl_entry_t *entry, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    int has_reason = entry->reason != CM_REASON_UNSPECIFIED;

    if (!entry->serial.len) {
        return refuse("a revoked certificate has no serial number", "crl.serial", pool);
    }
    if (!cm_reason_name((int)entry->reason)) {
        return refuse("no reason of revocation", "crl.reason", pool);
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_unsigned(writer, entry->serial);
    cm_der_put_time(writer, entry->revoked_at);
    if (has_reason || entry->invalidity_date) {
        cm_der_begin(writer, CM_DER_SEQUENCE);
        if (has_reason) {
            begin_extension(writer, OID_REASON, 0);
            cm_der_put_small(writer, CM_DER_ENUMERATED, (apr_uint64_t)entry->reason);
            end_extension(writer);
        }
        if (entry->invalidity_date) {
            begin_extension(writer, OID_INVALIDITY_DATE, 0);
            cm_der_put_generalized_time(writer, entry->invalidity_date);
            end_extension(writer);
        }
        cm_der_end(writer);
    }
    cm_der_end(writer);
    *der = cm_der_written(writer);
    return NULL;
}

/* What stands before the entries, without the outer header. */
static cm_bytes_t head(const cm_crl_spec_t *spec, apr_size_t entries_len, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_put_small(writer, CM_DER_INTEGER, V2);
    cm_der_raw(writer, cm_sigalg_identifier(spec->sigalg, pool));
    cm_der_raw(writer, spec->issuer);
    cm_der_put_time(writer, spec->this_update);
    cm_der_put_time(writer, spec->next_update);
    if (entries_len) {
        /* RFC 5280 5.1.2.6: absent when there are none */
        cm_der_raw(writer, cm_der_header(CM_DER_SEQUENCE, entries_len, pool));
    }
    return cm_der_written(writer);
}

static void put_distribution_point(cm_der_writer_t *writer, const char *url, const char *also)
{
    begin_extension(writer, OID_IDP, 1);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0)); /* distributionPoint */
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0)); /* fullName */
    cm_der_put_text(writer, CM_DER_CONTEXT(6), url);
    if (also) {
        cm_der_put_text(writer, CM_DER_CONTEXT(6), also);
    }
    for (int i = 0; i < 3; i++) {
        cm_der_end(writer);
    }
    end_extension(writer);
}

static void put_freshest(cm_der_writer_t *writer, const char *url)
{
    begin_extension(writer, OID_FRESHEST, 0);
    cm_der_begin(writer, CM_DER_SEQUENCE);       /* CRLDistributionPoints */
    cm_der_begin(writer, CM_DER_SEQUENCE);       /* DistributionPoint */
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0)); /* distributionPoint */
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0)); /* fullName */
    cm_der_put_text(writer, CM_DER_CONTEXT(6), url);
    for (int i = 0; i < 4; i++) {
        cm_der_end(writer);
    }
    end_extension(writer);
}

/* crlExtensions, what stands behind the entries. */
static cm_bytes_t tail(const cm_crl_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    begin_extension(writer, CM_OID_AUTHORITY_KEY_ID, 0);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put(writer, CM_DER_CONTEXT(0), spec->issuer_key_id);
    cm_der_end(writer);
    end_extension(writer);
    begin_extension(writer, OID_CRL_NUMBER, 0);
    cm_der_put_small(writer, CM_DER_INTEGER, spec->number);
    end_extension(writer);
    if (spec->is_delta) {
        begin_extension(writer, OID_DELTA, 1);
        cm_der_put_small(writer, CM_DER_INTEGER, spec->base_number);
        end_extension(writer);
    }
    if (spec->idp_url) {
        put_distribution_point(writer, spec->idp_url, spec->idp_url_also);
    }
    if (spec->freshest_url) {
        put_freshest(writer, spec->freshest_url);
    }
    cm_der_end(writer);
    cm_der_end(writer);
    return cm_der_written(writer);
}

cm_error_t *cm_crl_frame(cm_bytes_t frame[2], const cm_crl_spec_t *spec, apr_size_t entries_len,
                         apr_pool_t *pool)
{
    cm_bytes_t parts[2];

    if (!spec->sigalg || !spec->issuer.len || !spec->issuer_key_id.len) {
        return refuse("issuer, key or algorithm are missing", "crl.incomplete", pool);
    }
    if (apr_time_sec(spec->next_update) <= apr_time_sec(spec->this_update)) {
        return refuse("the list ends before it begins", "crl.times", pool);
    }
    if (spec->is_delta && spec->base_number >= spec->number) {
        return refuse("a delta must come after its base", "crl.number", pool);
    }
    parts[1] = head(spec, entries_len, pool);
    frame[1] = tail(spec, pool);
    parts[0] = cm_der_header(CM_DER_SEQUENCE, parts[1].len + entries_len + frame[1].len, pool);
    frame[0] = cm_bytes_concat(parts, 2, pool);
    return NULL;
}

cm_error_t *cm_crl_tbs(cm_bytes_t *tbs, const cm_crl_spec_t *spec, cm_bytes_t entries,
                       apr_pool_t *pool)
{
    cm_bytes_t frame[2], parts[3];
    cm_error_t *error = cm_crl_frame(frame, spec, entries.len, pool);

    if (error) {
        return error;
    }
    parts[0] = frame[0];
    parts[1] = entries;
    parts[2] = frame[1];
    *tbs = cm_bytes_concat(parts, 3, pool);
    return NULL;
}

static apr_time_t time_of(const ASN1_TIME *time)
{
    apr_time_t result = 0;
    struct tm tm;

    if (time && ASN1_TIME_to_tm(time, &tm) == 1) {
        apr_time_exp_t t = {.tm_sec = tm.tm_sec,
                            .tm_min = tm.tm_min,
                            .tm_hour = tm.tm_hour,
                            .tm_mday = tm.tm_mday,
                            .tm_mon = tm.tm_mon,
                            .tm_year = tm.tm_year};

        apr_time_exp_gmt_get(&result, &t);
    }
    return result;
}

/* The number in an extension, -1 without one. */
static apr_int64_t number_of(const X509_CRL *crl, int nid)
{
    ASN1_INTEGER *value = X509_CRL_get_ext_d2i(crl, nid, NULL, NULL);
    int64_t number = -1;

    if (!value || ASN1_INTEGER_get_int64(&number, value) != 1) {
        number = -1;
    }
    ASN1_INTEGER_free(value);
    return number;
}

static cm_error_t *read_issuer(cm_crl_info_t *info, apr_pool_t *pool)
{
    const unsigned char *der;
    size_t len;
    cm_name_t *name;
    cm_error_t *error;

    if (X509_NAME_get0_der(X509_CRL_get_issuer(info->crl), &der, &len) != 1) {
        return cm_error_openssl(pool, CM_E_VALUE, "the list has no issuer");
    }
    error = cm_name_parse(&name, cm_bytes_make(der, len), pool);
    if (!error) {
        info->issuer_text = cm_name_text(name, pool);
    }
    return error;
}

cm_error_t *cm_crl_parse(cm_crl_info_t **info, cm_bytes_t der, apr_pool_t *pool)
{
    cm_crl_info_t *made = apr_pcalloc(pool, sizeof *made);
    const unsigned char *at = der.data;
    STACK_OF(X509_REVOKED) * entries;
    cm_error_t *error;

    made->crl = cm_ossl_crl(d2i_X509_CRL(NULL, &at, (long)der.len), pool);
    if (!made->crl || at != der.data + der.len) {
        error = cm_error_openssl(pool, CM_E_VALUE, "no certificate revocation list");
        return cm_error_locate(error, NULL, "crl.syntax");
    }
    error = read_issuer(made, pool);
    if (error) {
        return cm_error_locate(error, NULL, "crl.syntax");
    }
    entries = X509_CRL_get_REVOKED(made->crl);
    made->count = entries ? sk_X509_REVOKED_num(entries) : 0;
    made->this_update = time_of(X509_CRL_get0_lastUpdate(made->crl));
    made->next_update = time_of(X509_CRL_get0_nextUpdate(made->crl));
    made->number = number_of(made->crl, NID_crl_number);
    made->base_number = number_of(made->crl, NID_delta_crl);
    *info = made;
    return NULL;
}

int cm_crl_find(const cm_crl_info_t *info, const char *serial_hex, int *reason,
                apr_time_t *revoked_at)
{
    STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(info->crl);
    BIGNUM *number = NULL;
    ASN1_INTEGER *serial;
    int found = 0;

    if (!BN_hex2bn(&number, serial_hex)) {
        return 0;
    }
    serial = BN_to_ASN1_INTEGER(number, NULL);
    BN_free(number);
    /* not X509_CRL_get0_by_serial: that takes removeFromCRL for "not listed" */
    for (int i = 0; serial && i < info->count && !found; i++) {
        X509_REVOKED *entry = sk_X509_REVOKED_value(entries, i);

        if (ASN1_INTEGER_cmp(X509_REVOKED_get0_serialNumber(entry), serial) == 0) {
            ASN1_ENUMERATED *code = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, NULL, NULL);

            found = 1;
            if (reason) {
                *reason = code ? (int)ASN1_ENUMERATED_get(code) : CM_REASON_UNSPECIFIED;
            }
            if (revoked_at) {
                *revoked_at = time_of(X509_REVOKED_get0_revocationDate(entry));
            }
            ASN1_ENUMERATED_free(code);
        }
    }
    ASN1_INTEGER_free(serial);
    return found;
}

const char *cm_crl_pem(cm_bytes_t der, apr_pool_t *pool)
{
    return cm_pem_encode("X509 CRL", der, pool);
}
