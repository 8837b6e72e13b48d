/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"
#include "flow/keycheck.h"

static void print(const cm_key_report_t *report)
{
    printf("key %s %s\n", report->spki_sha256,
           report->is_new ? "is reported as compromised" : "was reported before");
    for (int i = 0; i < report->certificates->nelts; i++) {
        printf("certificate %s has this key and still stands\n",
               APR_ARRAY_IDX(report->certificates, i, const char *));
    }
}

cm_error_t *cm_ctl_key_compromised(cm_run_t *run)
{
    cm_key_report_t report = {NULL, 0, NULL};
    json_t *object = cm_json_object(run->pool), *ids = cm_json_array(run->pool);
    cm_pubkey_t *key;
    cm_bytes_t content;
    cm_error_t *error = cm_run_file(&content, run, cm_run_argument(run, 0));

    if (!error) {
        error = cm_key_of_file(&key, content, run->pool);
    }
    if (!error) {
        error = cm_key_compromise(&report, run->ctx, key);
    }
    if (error) {
        return error;
    }
    if (!run->json) {
        print(&report);
        return NULL;
    }
    for (int i = 0; i < report.certificates->nelts; i++) {
        json_array_append_new(ids,
                              json_string(APR_ARRAY_IDX(report.certificates, i, const char *)));
    }
    cm_json_set_text(object, "spki_sha256", report.spki_sha256);
    cm_json_set_flag(object, "is_new", report.is_new);
    cm_json_set(object, "certificates", ids);
    cm_output_object(run, object);
    return NULL;
}
