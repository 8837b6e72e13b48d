/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/outside.h"

#include <apr_strings.h>

#include "base/text.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/govern.h"
#include "pki/pem.h"

enum { PATH_MOST = 16 };

static cm_error_t *missing(const cm_run_t *run, const char *what)
{
    return cm_error_make(run->pool, CM_E_VALUE, "%s needed", what);
}

cm_error_t *cm_ctl_ca_csr(cm_run_t *run)
{
    cm_outside_request_t plan = {.name = cm_run_argument(run, 0),
                                 .key = cm_run_option(run, "key"),
                                 .algorithm = cm_run_option(run, "algorithm"),
                                 .subject = cm_run_option(run, "subject"),
                                 .path_len = -1};
    const char *path_length = cm_run_option(run, "path-length");
    apr_int64_t number = -1;
    cm_bytes_t csr;
    cm_error_t *error = NULL;

    if (!plan.key || !plan.subject) {
        return missing(run, "--key URI and --subject DN are");
    }
    if (path_length) {
        error = cm_text_integer(&number, path_length, 0, PATH_MOST, run->pool);
    }
    plan.path_len = (int)number;
    plan.algorithm = plan.algorithm ? plan.algorithm : "P-256";
    if (!error) {
        error = cm_outside_request(&csr, run->ctx, &plan);
    }
    if (!error) {
        fputs(cm_pem_encode("CERTIFICATE REQUEST", csr, run->pool), stdout);
    }
    return error;
}

cm_error_t *cm_ctl_ca_import(cm_run_t *run)
{
    cm_outside_answer_t answer = {.name = cm_run_argument(run, 0),
                                  .parent = cm_run_option(run, "parent"),
                                  .key = cm_run_option(run, "key"),
                                  .ocsp_key = cm_run_option(run, "ocsp-key"),
                                  .crl_validity = cm_run_option(run, "crl-validity")};
    const char *certificate = cm_run_option(run, "certificate");
    const char *chain = cm_run_option(run, "chain");
    const char *reason;
    cm_error_t *error;

    if (!certificate) {
        return missing(run, "--certificate FILE is");
    }
    error = cm_run_file(&answer.certificate, run, certificate);
    if (!error && chain) {
        error = cm_run_file(&answer.chain, run, chain);
    }
    if (!error) {
        error = cm_break_glass_reason(&reason, run);
    }
    if (!error) {
        error = cm_govern_gate(run->ctx, apr_pstrcat(run->pool, "ca import ", answer.name, NULL),
                               reason);
    }
    if (!error) {
        error = cm_outside_import(run->ctx, &answer);
    }
    if (!error) {
        cm_output_step(run, apr_pstrcat(run->pool, "authority ", answer.name, NULL), "imported");
    }
    return error;
}
