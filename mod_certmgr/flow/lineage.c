/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/lineage.h"

#include "store/authorities.h"

int cm_authority_is_root(const cm_authority_t *authority)
{
    return !authority->parent && !authority->outside.len;
}

cm_error_t *cm_lineage_split(apr_array_header_t *certs, cm_bytes_t ders, apr_pool_t *pool)
{
    cm_der_t reader = cm_der_reader(ders, "cert.syntax", pool);
    cm_error_t *error = NULL;

    while (!error && cm_der_peek(&reader)) {
        cm_bytes_t der;
        cm_cert_t *cert;

        error = cm_der_next(&der, NULL, &reader);
        if (!error) {
            error = cm_cert_parse(&cert, der, pool);
        }
        if (!error) {
            APR_ARRAY_PUSH(certs, const cm_cert_t *) = cert;
        }
    }
    return error;
}

cm_error_t *cm_lineage_read(cm_lineage_t *lineage, const cm_ctx_t *ctx, const char *ca)
{
    apr_array_header_t *above = apr_array_make(ctx->pool, 4, sizeof(const cm_cert_t *)), *line;
    cm_cert_t *cert;
    cm_error_t *error = cm_authority_line(&line, ctx->store, ca, ctx->pool);

    lineage->ended = NULL;
    for (int i = 0; !error && i < line->nelts; i++) {
        const cm_authority_t *record = APR_ARRAY_IDX(line, i, const cm_authority_t *);

        if (!lineage->ended && strcmp(record->state, "active") != 0) {
            lineage->ended = record;
        }
        error = cm_cert_parse(&cert, record->der, ctx->pool);
        if (!error && i == 0) {
            lineage->record = record;
            lineage->cert = cert;
        } else if (!error) {
            APR_ARRAY_PUSH(above, const cm_cert_t *) = cert;
        }
        if (!error) {
            error = cm_lineage_split(above, record->outside, ctx->pool);
        }
    }
    lineage->above = above;
    return error;
}
