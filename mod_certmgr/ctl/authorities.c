/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/crl.h"
#include "flow/server.h"
#include "pki/cert.h"
#include "store/authorities.h"

static const cm_column_t columns[] = {
    {"name", "NAME"},           {"parent", "PARENT"},
    {"state", "STATE"},         {"subject", "SUBJECT"},
    {"not_after", "NOT AFTER"}, {"crl_number", "CRL"},
    {"crl_next", "NEXT CRL"},   {NULL, NULL},
};

/* What both the listing and the single view say. */
static cm_error_t *summary_of(json_t **result, const cm_authority_t *authority, apr_pool_t *pool)
{
    json_t *object = cm_json_object(pool);
    cm_cert_t *cert;
    cm_error_t *error = cm_cert_parse(&cert, authority->der, pool);

    if (error) {
        return error;
    }
    cm_json_set_text(object, "name", authority->name);
    cm_json_set_text(object, "parent", authority->parent);
    cm_json_set_text(object, "state", authority->state);
    cm_json_set_text(object, "subject", cert->subject_text);
    cm_json_set_text(object, "serial", cert->serial_hex);
    cm_json_set_time(object, "not_before", cert->not_before);
    cm_json_set_time(object, "not_after", cert->not_after);
    cm_json_set_text(object, "sha256", cert->sha256);
    cm_json_set_text(object, "key", authority->key);
    cm_json_set_integer(object, "crl_number", authority->crl_number);
    cm_json_set_time(object, "crl_next", authority->crl_next);
    cm_json_set_integer(object, "crl_shards", authority->crl_shards);
    cm_json_set_integer(object, "crl_delta", authority->crl_delta);
    cm_json_set_text(object, "ocsp_key", authority->ocsp_key);
    cm_json_set_time(object, "ocsp_not_after", authority->ocsp_not_after);
    *result = object;
    return NULL;
}

cm_error_t *cm_ctl_ca_list(cm_run_t *run)
{
    json_t *items = cm_json_array(run->pool);
    apr_array_header_t *all;
    cm_error_t *error = cm_authorities_list(&all, run->ctx->store, run->pool);

    if (error) {
        return error;
    }
    for (int i = 0; i < all->nelts; i++) {
        json_t *item;

        if ((error = summary_of(&item, APR_ARRAY_IDX(all, i, const cm_authority_t *), run->pool))) {
            return error;
        }
        json_array_append(items, item);
    }
    cm_output_list(run, columns, items);
    return NULL;
}

cm_error_t *cm_ctl_ca_show(cm_run_t *run)
{
    cm_authority_t *authority;
    json_t *object;
    cm_error_t *error =
        cm_authority_read(&authority, run->ctx->store, cm_run_argument(run, 0), run->pool);

    if (!error) {
        error = summary_of(&object, authority, run->pool);
    }
    if (error) {
        return error;
    }
    if (cm_run_option(run, "pem")) {
        fputs(cm_cert_pem(authority->der, run->pool), stdout);
        return NULL;
    }
    if (run->json) {
        cm_json_set_text(object, "pem", cm_cert_pem(authority->der, run->pool));
    }
    cm_output_object(run, object);
    return NULL;
}

static cm_error_t *publish(cm_run_t *run, const char *name)
{
    cm_authority_t *authority;
    cm_error_t *error = cm_crl_publish(run->ctx, name);

    if (!error) {
        error = cm_authority_read(&authority, run->ctx->store, name, run->pool);
    }
    if (error) {
        return error;
    }
    cm_output_step(run, apr_pstrcat(run->pool, "CRL of ", name, NULL),
                   apr_psprintf(run->pool, "number %" APR_INT64_T_FMT ", until %s",
                                authority->crl_number,
                                cm_text_time(authority->crl_next, run->pool)));
    return NULL;
}

cm_error_t *cm_ctl_crl_publish(cm_run_t *run)
{
    apr_array_header_t *all;
    cm_error_t *error;

    if (cm_run_argument(run, 0)) {
        return publish(run, cm_run_argument(run, 0));
    }
    error = cm_authorities_list(&all, run->ctx->store, run->pool);
    for (int i = 0; !error && i < all->nelts; i++) {
        error = publish(run, APR_ARRAY_IDX(all, i, const cm_authority_t *)->name);
    }
    return error;
}

cm_error_t *cm_ctl_ca_crl(cm_run_t *run)
{
    const char *shards = cm_run_option(run, "shards");
    json_t *asked = cm_json_object(run->pool);
    cm_request_view_t *view;

    cm_json_set_text(asked, "authority", cm_run_argument(run, 0));
    if (shards && (!*shards || shards[strspn(shards, "0123456789")] || strlen(shards) > 4)) {
        return cm_error_make(run->pool, CM_E_VALUE, "--shards is a number");
    }
    if (shards) {
        cm_json_set_integer(asked, "shards", apr_atoi64(shards));
    }
    if (cm_run_option(run, "delta")) {
        cm_json_set_text(asked, "delta", cm_run_option(run, "delta"));
    }
    return cm_ctl_change(&view, run, "authority.crl", asked);
}

cm_error_t *cm_ctl_ca_server_certificate(cm_run_t *run)
{
    cm_server_plan_t plan = {.ca = cm_run_option(run, "ca"), .names = cm_run_options(run, "dns")};
    const char *path = cm_run_option(run, "csr");
    cm_certificate_t *made;
    cm_error_t *error;

    if (!path || !plan.names->nelts) {
        return cm_error_make(run->pool, CM_E_VALUE, "--csr FILE and --dns NAME are needed");
    }
    plan.ca = plan.ca ? plan.ca : "issuing";
    if ((error = cm_run_file(&plan.csr, run, path)) ||
        (error = cm_server_certificate(&made, run->ctx, &plan))) {
        return error;
    }
    fputs(cm_cert_pem(made->der, run->pool), stdout);
    return NULL;
}
