/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/crl.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "pki/pem.h"
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

/* DNS names as a list, the request as PEM. */
static cm_error_t *describe_server(json_t *change, const cm_run_t *run, const char *path)
{
    const apr_array_header_t *names = cm_run_options(run, "dns");
    static const char *const given[] = {"ca", NULL};
    json_t *list = cm_json_array(run->pool);
    cm_bytes_t content, csr;
    cm_error_t *error = cm_run_file(&content, run, path);

    if (!error) {
        error = cm_csr_decode(&csr, content, run->pool);
    }
    if (error) {
        return error;
    }
    for (int i = 0; i < names->nelts; i++) {
        json_array_append_new(list, json_string(APR_ARRAY_IDX(names, i, const char *)));
    }
    cm_json_set_text(change, "csr", cm_pem_encode("CERTIFICATE REQUEST", csr, run->pool));
    cm_json_set(change, "dns", list);
    cm_options_set(change, run, given);
    return NULL;
}

cm_error_t *cm_ctl_ca_server_certificate(cm_run_t *run)
{
    const char *path = cm_run_option(run, "csr");
    json_t *change = cm_json_object(run->pool);
    cm_request_view_t *view;
    cm_error_t *error;

    if (!path || !cm_run_option(run, "dns")) {
        return cm_error_make(run->pool, CM_E_VALUE, "--csr FILE and --dns NAME are needed");
    }
    error = describe_server(change, run, path);
    if (!error) {
        error = cm_ctl_change(&view, run, "authority.server-certificate", change);
    }
    if (!error && view) {
        fputs(cm_cert_pem(view->certificate->der, run->pool), stdout);
    }
    return error;
}

/* What is no name of an authority is the id of a certificate. */
cm_error_t *cm_ctl_ca_revoke(cm_run_t *run)
{
    const char *name = cm_run_argument(run, 0), *reason = cm_run_option(run, "reason");
    json_t *change = cm_json_object(run->pool);
    cm_authority_t *authority;
    cm_request_view_t *view;
    cm_error_t *error;

    if (!reason) {
        return cm_error_make(run->pool, CM_E_VALUE, "--reason REASON is needed");
    }
    error = cm_authority_read(&authority, run->ctx->store, name, run->pool);
    if (error && error->code != CM_E_NOT_FOUND) {
        return error;
    }
    cm_json_set_text(change, error ? "certificate" : "authority", name);
    cm_json_set_text(change, "reason", reason);
    error = cm_ctl_change(&view, run, "authority.revoke", change);
    if (!error && view) {
        cm_output_step(run, name, "revoked");
    }
    return error;
}
