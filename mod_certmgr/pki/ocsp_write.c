/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing OCSP responses (RFC 6960 4.2.1).
 */
#include <apr_strings.h>

#include "model/words.h"
#include "pki/der.h"
#include "pki/ext.h"
#include "pki/ocsp.h"

#define OID_BASIC "1.3.6.1.5.5.7.48.1.1"
#define OID_NONCE "1.3.6.1.5.5.7.48.1.2"

static const struct {
    const char *word;
    unsigned char number;
} statuses[] = {{"malformedRequest", 1},
                {"internalError", 2},
                {"tryLater", 3},
                {"sigRequired", 5},
                {"unauthorized", 6}};

enum { STATUSES = sizeof statuses / sizeof *statuses, SUCCESSFUL = 0, INTERNAL_ERROR = 2 };

/* CertStatus: good and unknown are IMPLICIT NULLs, revoked is RevokedInfo. */
static void put_status(cm_der_writer_t *writer, const cm_ocsp_single_t *single)
{
    switch (single->status) {
    case CM_OCSP_GOOD:
        cm_der_put(writer, CM_DER_CONTEXT(0), cm_bytes_make(NULL, 0));
        return;
    case CM_OCSP_REVOKED:
        cm_der_begin(writer, CM_DER_CONSTRUCTED(1));
        cm_der_put_generalized_time(writer, single->revoked_at);
        if (single->reason != CM_REASON_UNSPECIFIED) {
            cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
            cm_der_put_small(writer, CM_DER_ENUMERATED, (apr_uint64_t)single->reason);
            cm_der_end(writer);
        }
        cm_der_end(writer);
        return;
    case CM_OCSP_UNKNOWN:
    default:
        cm_der_put(writer, CM_DER_CONTEXT(2), cm_bytes_make(NULL, 0));
        return;
    }
}

static void put_single(cm_der_writer_t *writer, const cm_ocsp_single_t *single)
{
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_raw(writer, single->id);
    put_status(writer, single);
    cm_der_put_generalized_time(writer, single->this_update);
    if (single->next_update) {
        cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
        cm_der_put_generalized_time(writer, single->next_update);
        cm_der_end(writer);
    }
    cm_der_end(writer);
}

static void put_nonce(cm_der_writer_t *writer, cm_bytes_t nonce, apr_pool_t *pool)
{
    cm_der_writer_t *value = cm_der_writer(pool);
    cm_ext_t ext = {OID_NONCE, 0, {NULL, 0}};

    cm_der_put(value, CM_DER_OCTET_STRING, nonce);
    ext.value = cm_der_written(value);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(1));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_ext_put(writer, &ext);
    cm_der_end(writer);
    cm_der_end(writer);
}

static cm_error_t *refuse(const char *message, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "%s", message), NULL, "ocsp.response");
}

cm_error_t *cm_ocsp_tbs(cm_bytes_t *tbs, const cm_ocsp_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    if (!spec->responder_key_id.len || !spec->singles || !spec->singles->nelts) {
        return refuse("a response needs a responder and an answer", pool);
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(2)); /* responderID byKey */
    cm_der_put(writer, CM_DER_OCTET_STRING, spec->responder_key_id);
    cm_der_end(writer);
    cm_der_put_generalized_time(writer, spec->produced_at);
    cm_der_begin(writer, CM_DER_SEQUENCE);
    for (int i = 0; i < spec->singles->nelts; i++) {
        const cm_ocsp_single_t *single = &APR_ARRAY_IDX(spec->singles, i, cm_ocsp_single_t);

        if (!single->id.len ||
            (single->status == CM_OCSP_REVOKED && !cm_reason_name((int)single->reason))) {
            return refuse("an answer has no CertID, or no valid reason", pool);
        }
        put_single(writer, single);
    }
    cm_der_end(writer);
    if (spec->nonce.len) {
        put_nonce(writer, spec->nonce, pool);
    }
    cm_der_end(writer);
    *tbs = cm_der_written(writer);
    return NULL;
}

/* BasicOCSPResponse ::= SEQUENCE { tbsResponseData, signatureAlgorithm, signature, [0] certs } */
static cm_bytes_t basic_response(cm_bytes_t tbs, const cm_ocsp_seal_t *seal, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_raw(writer, tbs);
    cm_der_raw(writer, cm_sigalg_identifier(seal->sigalg, pool));
    cm_der_put_octets(writer, seal->signature);
    if (seal->certs && seal->certs->nelts) {
        cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
        cm_der_begin(writer, CM_DER_SEQUENCE);
        for (int i = 0; i < seal->certs->nelts; i++) {
            cm_der_raw(writer, APR_ARRAY_IDX(seal->certs, i, cm_bytes_t));
        }
        cm_der_end(writer);
        cm_der_end(writer);
    }
    cm_der_end(writer);
    return cm_der_written(writer);
}

cm_bytes_t cm_ocsp_wrap(cm_bytes_t tbs, const cm_ocsp_seal_t *seal, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_small(writer, CM_DER_ENUMERATED, SUCCESSFUL);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, OID_BASIC);
    cm_der_put(writer, CM_DER_OCTET_STRING, basic_response(tbs, seal, pool));
    cm_der_end(writer);
    cm_der_end(writer);
    cm_der_end(writer);
    return cm_der_written(writer);
}

cm_bytes_t cm_ocsp_error(const char *status, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    unsigned char number = INTERNAL_ERROR;

    for (int i = 0; i < STATUSES; i++) {
        if (strcmp(statuses[i].word, status) == 0) {
            number = statuses[i].number;
        }
    }
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_small(writer, CM_DER_ENUMERATED, number);
    cm_der_end(writer);
    return cm_der_written(writer);
}
