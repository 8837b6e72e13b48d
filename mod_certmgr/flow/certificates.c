/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/certificates.h"

#include "flow/lineage.h"
#include "flow/visible.h"
#include "store/certificates.h"

cm_error_t *cm_certificate_show(cm_certificate_t **certificate, cm_ctx_t *ctx, const char *id)
{
    cm_error_t *error = cm_certificate_read(certificate, ctx->store, id, ctx->pool);

    if ((error && error->code == CM_E_NOT_FOUND) ||
        (!error && !cm_visible_to(ctx->who, (*certificate)->owner, (*certificate)->group))) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such certificate");
    }
    return error;
}

cm_error_t *cm_authority_chain(apr_array_header_t **chain, const cm_ctx_t *ctx, const char *name)
{
    apr_array_header_t *ders = apr_array_make(ctx->pool, 4, sizeof(cm_bytes_t));
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, name);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such authority");
    }
    if (error) {
        return error;
    }
    APR_ARRAY_PUSH(ders, cm_bytes_t) = lineage.cert->der;
    for (int i = 0; i < lineage.above->nelts; i++) {
        APR_ARRAY_PUSH(ders, cm_bytes_t) = APR_ARRAY_IDX(lineage.above, i, const cm_cert_t *)->der;
    }
    *chain = ders;
    return NULL;
}
