/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP requests, and the answer to what is accepted, which must be DER.
 */

#include "fuzz/target.h"
#include "pki/der.h"
#include "pki/ocsp.h"

static void answer(const cm_ocsp_request_t *request, apr_pool_t *pool)
{
    apr_array_header_t *singles = apr_array_make(pool, 1, sizeof(cm_ocsp_single_t));
    cm_bytes_t name = cm_bytes_of_text("name"), key = cm_bytes_of_text("key"), tbs;
    cm_ocsp_spec_t spec = {.responder_key_id = key, .singles = singles, .nonce = request->nonce};
    cm_ocsp_issuer_t issuer;
    cm_ocsp_seal_t seal = {cm_sigalg_for_key("P-256"), key, NULL};

    cm_ocsp_issuer_make(&issuer, name, key, pool);
    for (int i = 0; i < request->ids->nelts; i++) {
        const cm_ocsp_id_t *id = &APR_ARRAY_IDX(request->ids, i, cm_ocsp_id_t);
        cm_ocsp_single_t single = {.id = id->der, .status = CM_OCSP_UNKNOWN};

        cm_ocsp_id_t again;

        require(strlen(id->serial_hex) == 2 * id->serial.len);
        require(!cm_ocsp_id_parse(&again, id->der, pool));
        require(cm_bytes_equal(again.serial, id->serial));
        single.status = cm_ocsp_issuer_match(&issuer, id) ? CM_OCSP_GOOD : CM_OCSP_UNKNOWN;
        APR_ARRAY_PUSH(singles, cm_ocsp_single_t) = single;
    }
    require(!cm_ocsp_tbs(&tbs, &spec, pool));
    require(!cm_der_check(tbs, pool));
    require(!cm_der_check(cm_ocsp_wrap(tbs, &seal, pool), pool));
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_ocsp_request_t *request;

    if (!cm_ocsp_parse(&request, cm_bytes_make(data, len), pool)) {
        answer(request, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
