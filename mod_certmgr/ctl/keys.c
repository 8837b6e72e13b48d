/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/govern.h"
#include "ctl/output.h"
#include "flow/keycheck.h"
#include "pki/pem.h"
#include "store/keys.h"

static cm_error_t *report(const cm_run_t *run, const char *spki_sha256)
{
    json_t *object = cm_json_object(run->pool), *ids = cm_json_array(run->pool);
    apr_array_header_t *certificates;
    cm_error_t *error = cm_key_certificates(&certificates, run->ctx->store, spki_sha256, run->pool);

    if (error) {
        return error;
    }
    if (!run->json) {
        printf("key %s is reported as compromised\n", spki_sha256);
    }
    for (int i = 0; i < certificates->nelts; i++) {
        const char *id = APR_ARRAY_IDX(certificates, i, const char *);

        json_array_append_new(ids, json_string(id));
        if (!run->json) {
            printf("certificate %s has this key and still stands\n", id);
        }
    }
    if (run->json) {
        cm_json_set_text(object, "spki_sha256", spki_sha256);
        cm_json_set(object, "certificates", ids);
        cm_output_object(run, object);
    }
    return NULL;
}

cm_error_t *cm_ctl_key_compromised(cm_run_t *run)
{
    json_t *change = cm_json_object(run->pool);
    cm_request_view_t *view;
    cm_pubkey_t *key;
    cm_bytes_t content;
    cm_error_t *error = cm_run_file(&content, run, cm_run_argument(run, 0));

    if (!error) {
        error = cm_key_of_file(&key, content, run->pool);
    }
    if (error) {
        return error;
    }
    cm_json_set_text(change, "key", cm_pem_encode("PUBLIC KEY", key->spki, run->pool));
    error = cm_ctl_change(&view, run, "key.compromised", change);
    if (error || !view) {
        return error;
    }
    return report(run, cm_bytes_hex(key->spki_sha256, run->pool));
}
