/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/server.h"

#include <apr_strings.h>

#include "flow/keycheck.h"
#include "pki/csr.h"

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
        return cm_error_locate(
            cm_error_make(pool, CM_E_VALUE, "a server certificate needs a DNS name"), "/dns",
            "server.dns");
    }
    for (int i = 0; i < names->nelts; i++) {
        cm_error_t *wrong =
            cm_san_make(apr_array_push(san), "dns", APR_ARRAY_IDX(names, i, const char *), pool);

        if (wrong) {
            cm_error_locate(wrong, apr_psprintf(pool, "/dns/%d", i), wrong->rule);
        }
        error = cm_error_join(error, wrong);
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

static cm_error_t *open_issuer(cm_issuer_t **issuer, const cm_ctx_t *ctx, const char *ca)
{
    cm_error_t *error = cm_issuer_open(issuer, ctx, ca);

    if (error && error->code == CM_E_NOT_FOUND) {
        error = cm_error_make(ctx->pool, CM_E_VALUE, "there is no such authority");
        return cm_error_locate(error, "/ca", "authority.unknown");
    }
    return error && error->code == CM_E_REFUSED ? cm_error_locate(error, "/ca", error->rule)
                                                : error;
}

cm_error_t *cm_server_describe(cm_cert_spec_t **spec, cm_issuer_t **issuer, const cm_ctx_t *ctx,
                               const cm_server_plan_t *plan)
{
    cm_cert_spec_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    cm_csr_t *csr;
    cm_error_t *error = read_csr(&csr, plan->csr, ctx->pool);

    if (!error) {
        error = cm_key_check(ctx, csr->key, NULL);
    }
    for (cm_error_t *at = error; at; at = at->also) {
        if (at->code == CM_E_REFUSED || at->code == CM_E_VALUE) {
            cm_error_locate(at, "/csr", at->rule);
        }
    }
    if (!error) {
        error = name_server(made, plan->names, ctx->pool);
    }
    if (!error) {
        error = open_issuer(issuer, ctx, plan->ca);
    }
    if (!error) {
        fill_in(made, ctx, csr, *issuer);
        *spec = made;
    }
    return error;
}
