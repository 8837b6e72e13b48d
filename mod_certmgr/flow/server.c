/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/server.h"

#include <apr_strings.h>

#include "flow/audit.h"
#include "flow/keycheck.h"
#include "flow/sign.h"
#include "pki/csr.h"
#include "store/certificates.h"

static cm_error_t *read_csr(cm_csr_t **csr, cm_bytes_t text, apr_pool_t *pool)
{
    cm_bytes_t der;
    cm_error_t *error = cm_csr_decode(&der, text, pool);

    if (!error) {
        error = cm_csr_parse(csr, der, pool);
    }
    return error ? error : cm_csr_verify(*csr, pool);
}

static cm_error_t *name_server(cm_cert_spec_t *spec, const apr_array_header_t *names,
                               apr_pool_t *pool)
{
    apr_array_header_t *san = apr_array_make(pool, names->nelts, sizeof(cm_san_t));
    apr_array_header_t *attributes = apr_array_make(pool, 1, sizeof(cm_name_attribute_t));
    cm_name_attribute_t cn = {"CN", NULL, 0};
    cm_name_t *subject;
    cm_error_t *error = NULL;

    if (!names->nelts) {
        return cm_error_make(pool, CM_E_VALUE, "a server certificate needs a DNS name");
    }
    for (int i = 0; i < names->nelts; i++) {
        error = cm_error_join(error, cm_san_make(apr_array_push(san), "dns",
                                                 APR_ARRAY_IDX(names, i, const char *), pool));
    }
    if (error) {
        return error;
    }
    cn.value = APR_ARRAY_IDX(san, 0, cm_san_t).value;
    APR_ARRAY_PUSH(attributes, cm_name_attribute_t) = cn;
    error = cm_name_make(&subject, attributes, pool);
    if (!error) {
        spec->subject = subject->der;
        spec->san = san;
    }
    return error;
}

static void fill_in(cm_cert_spec_t *spec, const cm_ctx_t *ctx, const cm_csr_t *csr,
                    const cm_issuer_t *issuer)
{
    apr_array_header_t *eku = apr_array_make(ctx->pool, 1, sizeof(const char *));

    APR_ARRAY_PUSH(eku, const char *) = "serverAuth";
    spec->eku = eku;
    spec->key_usage = CM_KU_DIGITAL_SIGNATURE;
    spec->spki = csr->key->spki;
    spec->key_id = csr->key->id;
    spec->not_after = ctx->now + apr_time_from_sec((apr_int64_t)CM_SERVER_DAYS * 86400);
    cm_issuer_bound(spec, issuer, ctx);
    spec->crl_url = cm_crl_url(ctx, issuer->record->name);
    spec->ocsp_url = issuer->record->ocsp_key ? cm_ocsp_url(ctx) : NULL;
    spec->ca_issuers_url = cm_issuer_url(ctx, issuer->record->name);
}

static cm_error_t *insert(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_certificate_insert(txn, baton);
}

static cm_error_t *store(const cm_ctx_t *ctx, cm_certificate_t *made)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "authority.server", made->id);

    cm_json_set_text(draft->detail, "ca", made->ca);
    cm_json_set_text(draft->detail, "serial", made->serial);
    cm_json_set_text(draft->detail, "sha256", made->sha256);
    cm_json_set_text(draft->detail, "subject", made->subject);
    return cm_store_transact(ctx->store, insert, made, cm_audit_finish(draft, ctx), ctx->pool);
}

cm_error_t *cm_server_certificate(cm_certificate_t **made, cm_ctx_t *ctx,
                                  const cm_server_plan_t *plan)
{
    cm_cert_spec_t *spec = apr_pcalloc(ctx->pool, sizeof(*spec));
    cm_issuer_t *issuer;
    cm_csr_t *csr;
    cm_error_t *error = read_csr(&csr, plan->csr, ctx->pool);

    if (!error) {
        error = cm_key_check(ctx, csr->key, NULL);
    }
    if (!error) {
        error = name_server(spec, plan->names, ctx->pool);
    }
    if (!error) {
        error = cm_issuer_open(&issuer, ctx, plan->ca);
    }
    if (error) {
        return error;
    }
    fill_in(spec, ctx, csr, issuer);
    error = cm_issuer_sign(made, issuer, spec, ctx);
    return error ? error : store(ctx, *made);
}
