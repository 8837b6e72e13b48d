/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading OCSP requests (RFC 6960 4.1.1).
 */
#include "pki/ocsp.h"

#include <apr_strings.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "pki/der.h"
#include "pki/ext.h"

#define OID_NONCE "1.3.6.1.5.5.7.48.1.2"

static const struct {
    const char *oid;
    apr_size_t len;
} hashes[CM_OCSP_HASHES] = {{"1.3.14.3.2.26", SHA_DIGEST_LENGTH},
                            {"2.16.840.1.101.3.4.2.1", SHA256_DIGEST_LENGTH},
                            {"2.16.840.1.101.3.4.2.2", SHA384_DIGEST_LENGTH},
                            {"2.16.840.1.101.3.4.2.3", SHA512_DIGEST_LENGTH}};

static cm_error_t *refuse(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_SYNTAX, "%s", message), NULL, rule);
}

/* AlgorithmIdentifier with NULL or no parameters (RFC 5754 2 asks to accept both). */
static cm_error_t *read_hash(cm_ocsp_hash_t *hash, cm_der_t *reader)
{
    cm_der_t inner;
    const char *oid;
    cm_bytes_t null;
    cm_error_t *error = cm_der_enter(&inner, reader, CM_DER_SEQUENCE);

    if (!error) {
        error = cm_der_expect_oid(&oid, &inner);
    }
    if (!error) {
        error = cm_der_maybe(&null, &inner, CM_DER_NULL);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    if (error) {
        return error;
    }
    for (*hash = CM_OCSP_SHA1; *hash < CM_OCSP_HASHES; (*hash)++) {
        if (strcmp(hashes[*hash].oid, oid) == 0) {
            break;
        }
    }
    return NULL;
}

static void read_serial(cm_ocsp_id_t *id, cm_bytes_t serial, apr_pool_t *pool)
{
    id->negative = serial.data[0] >= 0x80;
    if (serial.len > 1 && serial.data[0] == 0) {
        serial = cm_bytes_make(serial.data + 1, serial.len - 1);
    }
    id->serial = serial;
    id->serial_hex = cm_bytes_hex(serial, pool);
}

/* CertID ::= SEQUENCE { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber } */
static cm_error_t *read_id(cm_ocsp_id_t *id, cm_der_t *reader)
{
    cm_der_t inner;
    cm_bytes_t serial = {NULL, 0};
    cm_bytes_t before = reader->rest;
    cm_error_t *error = cm_der_enter(&inner, reader, CM_DER_SEQUENCE);

    id->der = cm_bytes_make(before.data, before.len - reader->rest.len);
    if (!error) {
        error = read_hash(&id->hash, &inner);
    }
    if (!error) {
        error = cm_der_expect(&id->name_hash, &inner, CM_DER_OCTET_STRING);
    }
    if (!error) {
        error = cm_der_expect(&id->key_hash, &inner, CM_DER_OCTET_STRING);
    }
    if (!error) {
        error = cm_der_expect(&serial, &inner, CM_DER_INTEGER);
    }
    if (!error) {
        error = cm_der_close(&inner);
    }
    if (error || !serial.len) {
        return error ? error : cm_der_error(&inner, "an empty serial number");
    }
    if (id->hash != CM_OCSP_OTHER &&
        (id->name_hash.len != hashes[id->hash].len || id->key_hash.len != hashes[id->hash].len)) {
        return refuse("a hash is not of its algorithm's length", "ocsp.hash", reader->pool);
    }
    read_serial(id, serial, reader->pool);
    return NULL;
}

/* RFC 9654 2.1: OCTET STRING of 1 to 128 octets inside of extnValue. */
static cm_error_t *read_nonce(cm_ocsp_request_t *request, cm_bytes_t value, apr_pool_t *pool)
{
    cm_der_t reader = cm_der_reader(value, "ocsp.nonce", pool);
    cm_bytes_t nonce;
    cm_error_t *error = cm_der_expect(&nonce, &reader, CM_DER_OCTET_STRING);

    if (!error) {
        error = cm_der_close(&reader);
    }
    if (!error && (nonce.len < 1 || nonce.len > CM_OCSP_NONCE)) {
        error = refuse("the nonce is not of 1 to 128 octets", "ocsp.nonce", pool);
    }
    if (!error) {
        request->nonce = nonce;
    }
    return error;
}

/* [0] or [2] EXPLICIT Extensions, if there are any; nonces only where `request` is given. */
static cm_error_t *read_extensions(cm_ocsp_request_t *request, cm_der_t *reader, int tag)
{
    cm_bytes_t content;
    apr_array_header_t *list = NULL;
    cm_error_t *error = cm_der_maybe(&content, reader, tag);

    if (!error && content.data) {
        error = cm_ext_parse(&list, content, "ocsp.extension", reader->pool);
    }
    for (int i = 0; !error && list && i < list->nelts; i++) {
        const cm_ext_t *ext = &APR_ARRAY_IDX(list, i, cm_ext_t);

        if (request && strcmp(ext->oid, OID_NONCE) == 0) {
            error = read_nonce(request, ext->value, reader->pool);
        } else if (ext->critical) {
            error = refuse("a critical extension is not known", "ocsp.extension", reader->pool);
        }
    }
    return error;
}

/* Request ::= SEQUENCE { CertID, [0] singleRequestExtensions OPTIONAL } */
static cm_error_t *read_request(cm_ocsp_id_t *id, cm_der_t *list)
{
    cm_der_t inner;
    cm_error_t *error = cm_der_enter(&inner, list, CM_DER_SEQUENCE);

    if (!error) {
        error = read_id(id, &inner);
    }
    if (!error) {
        error = read_extensions(NULL, &inner, CM_DER_CONSTRUCTED(0));
    }
    return error ? error : cm_der_close(&inner);
}

static cm_error_t *read_list(cm_ocsp_request_t *request, cm_der_t *tbs)
{
    apr_array_header_t *ids = apr_array_make(tbs->pool, 1, sizeof(cm_ocsp_id_t));
    cm_der_t list;
    cm_error_t *error = cm_der_enter(&list, tbs, CM_DER_SEQUENCE);

    while (!error && cm_der_peek(&list) && ids->nelts < CM_OCSP_IDS) {
        error = read_request(apr_array_push(ids), &list);
    }
    if (!error && (ids->nelts == 0 || cm_der_peek(&list))) {
        error = refuse("the request asks about no certificate, or about too many", "ocsp.count",
                       tbs->pool);
    }
    request->ids = ids;
    return error;
}

static cm_error_t *read_version(cm_der_t *tbs)
{
    cm_bytes_t content;
    cm_error_t *error = cm_der_maybe(&content, tbs, CM_DER_CONSTRUCTED(0));

    /* version 1 is the default, so DER leaves it out, and there is no other one */
    if (!error && content.data) {
        error = refuse("the request is not of version 1", "ocsp.version", tbs->pool);
    }
    return error;
}

/* TBSRequest ::= SEQUENCE { version, requestorName, requestList, requestExtensions } */
static cm_error_t *read_tbs(cm_ocsp_request_t *request, cm_der_t *outer)
{
    cm_der_t tbs;
    cm_bytes_t requestor;
    cm_error_t *error = cm_der_enter(&tbs, outer, CM_DER_SEQUENCE);

    if (!error) {
        error = read_version(&tbs);
    }
    if (!error) {
        error = cm_der_maybe(&requestor, &tbs, CM_DER_CONSTRUCTED(1));
    }
    if (!error) {
        error = read_list(request, &tbs);
    }
    if (!error) {
        error = read_extensions(request, &tbs, CM_DER_CONSTRUCTED(2));
    }
    return error ? error : cm_der_close(&tbs);
}

static cm_error_t *read_whole(cm_ocsp_request_t *request, cm_bytes_t der, apr_pool_t *pool)
{
    cm_der_t outer = cm_der_reader(der, "ocsp.syntax", pool), inner;
    cm_bytes_t signature;
    cm_error_t *error = cm_der_check(der, pool);

    if (!error) {
        error = cm_der_enter(&inner, &outer, CM_DER_SEQUENCE);
    }
    if (!error) {
        error = read_tbs(request, &inner);
    }
    if (!error) {
        error = cm_der_maybe(&signature, &inner, CM_DER_CONSTRUCTED(0));
    }
    if (error) {
        return error;
    }
    request->is_signed = signature.data != NULL;
    return cm_der_close(&inner);
}

cm_error_t *cm_ocsp_parse(cm_ocsp_request_t **request, cm_bytes_t der, apr_pool_t *pool)
{
    cm_ocsp_request_t *made = apr_pcalloc(pool, sizeof *made);
    cm_error_t *error;

    if (der.len > CM_OCSP_BYTES) {
        return refuse("the request is too large", "ocsp.size", pool);
    }
    error = read_whole(made, der, pool);
    if (error) {
        /* whatever is wrong with it: OCSP has one word for it */
        error->code = CM_E_SYNTAX;
        return error;
    }
    *request = made;
    return NULL;
}

cm_error_t *cm_ocsp_id_parse(cm_ocsp_id_t *id, cm_bytes_t der, apr_pool_t *pool)
{
    cm_der_t reader = cm_der_reader(der, "ocsp.syntax", pool);
    cm_error_t *error = read_id(id, &reader);

    return error ? error : cm_der_close(&reader);
}

static cm_bytes_t hash(cm_ocsp_hash_t algorithm, cm_bytes_t bytes, apr_pool_t *pool)
{
    unsigned char *out = apr_palloc(pool, hashes[algorithm].len);

    switch (algorithm) {
    case CM_OCSP_SHA1:
        SHA1(bytes.data, bytes.len, out);
        break;
    case CM_OCSP_SHA384:
        SHA384(bytes.data, bytes.len, out);
        break;
    case CM_OCSP_SHA512:
        SHA512(bytes.data, bytes.len, out);
        break;
    case CM_OCSP_SHA256:
    case CM_OCSP_HASHES:
    default:
        SHA256(bytes.data, bytes.len, out);
        break;
    }
    return cm_bytes_make(out, hashes[algorithm].len);
}

void cm_ocsp_issuer_make(cm_ocsp_issuer_t *issuer, cm_bytes_t name, cm_bytes_t key,
                         apr_pool_t *pool)
{
    for (cm_ocsp_hash_t i = CM_OCSP_SHA1; i < CM_OCSP_HASHES; i++) {
        issuer->name_hash[i] = hash(i, name, pool);
        issuer->key_hash[i] = hash(i, key, pool);
    }
}

int cm_ocsp_issuer_match(const cm_ocsp_issuer_t *issuer, const cm_ocsp_id_t *id)
{
    return id->hash != CM_OCSP_OTHER &&
           cm_bytes_equal(issuer->name_hash[id->hash], id->name_hash) &&
           cm_bytes_equal(issuer->key_hash[id->hash], id->key_hash);
}
