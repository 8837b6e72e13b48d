/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "pki/cert.h"
#include "pki/path.h"
#include "pki/pem.h"
#include "store/authorities.h"

enum { PATH_MOST = 16 };

static cm_error_t *missing(const cm_run_t *run, const char *what)
{
    return cm_error_make(run->pool, CM_E_VALUE, "%s needed", what);
}

static void print_csr(const cm_run_t *run, cm_bytes_t csr)
{
    fputs(cm_pem_encode("CERTIFICATE REQUEST", csr, run->pool), stdout);
}

/* The one that waits for its answer. */
static cm_error_t *show_csr(const cm_run_t *run, const char *name)
{
    cm_authority_request_t *request;
    cm_error_t *error = cm_authority_request_read(&request, run->ctx->store, name, run->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        return missing(run, "no request waits under this name: --key URI and --subject DN are");
    }
    if (!error) {
        print_csr(run, request->csr);
    }
    return error;
}

cm_error_t *cm_ctl_ca_csr(cm_run_t *run)
{
    static const char *const given[] = {"key", "subject", "algorithm", NULL};
    const char *path_length = cm_run_option(run, "path-length");
    json_t *change = cm_json_object(run->pool);
    cm_request_view_t *view;
    apr_int64_t number = 0;
    cm_error_t *error = NULL;

    if (!cm_run_option(run, "key") && !cm_run_option(run, "subject")) {
        return show_csr(run, cm_run_argument(run, 0));
    }
    if (!cm_run_option(run, "key") || !cm_run_option(run, "subject")) {
        return missing(run, "--key URI and --subject DN are");
    }
    cm_json_set_text(change, "authority", cm_run_argument(run, 0));
    cm_options_set(change, run, given);
    if (path_length) {
        error = cm_text_integer(&number, path_length, 0, PATH_MOST, run->pool);
        cm_json_set_integer(change, "path_length", number);
    }
    if (!error) {
        error = cm_ctl_change(&view, run, "authority.csr", change);
    }
    if (!error && view) {
        print_csr(run, view->request->csr);
    }
    return error;
}

/* The certificates of a file as PEM, which a request can hold. */
static cm_error_t *set_certificates(json_t *change, const char *name, const cm_run_t *run,
                                    const char *path)
{
    const char *text = "";
    apr_array_header_t *ders;
    cm_bytes_t content;
    cm_error_t *error = cm_run_file(&content, run, path);

    if (!error) {
        error = cm_path_read(&ders, content, run->pool);
    }
    if (error) {
        return error;
    }
    for (int i = 0; i < ders->nelts; i++) {
        text = apr_pstrcat(run->pool, text,
                           cm_cert_pem(APR_ARRAY_IDX(ders, i, cm_bytes_t), run->pool), NULL);
    }
    cm_json_set_text(change, name, text);
    return NULL;
}

cm_error_t *cm_ctl_ca_import(cm_run_t *run)
{
    static const char *const given[] = {"parent", "key", "ocsp-key", "crl-validity", NULL};
    const char *certificate = cm_run_option(run, "certificate");
    const char *chain = cm_run_option(run, "chain");
    json_t *change = cm_json_object(run->pool);
    cm_request_view_t *view;
    cm_error_t *error;

    if (!certificate) {
        return missing(run, "--certificate FILE is");
    }
    cm_json_set_text(change, "authority", cm_run_argument(run, 0));
    cm_options_set(change, run, given);
    error = set_certificates(change, "certificate", run, certificate);
    if (!error && chain) {
        error = set_certificates(change, "chain", run, chain);
    }
    if (!error) {
        error = cm_ctl_change(&view, run, "authority.import", change);
    }
    if (!error && view) {
        cm_output_step(run, apr_pstrcat(run->pool, "authority ", cm_run_argument(run, 0), NULL),
                       "imported");
    }
    return error;
}
