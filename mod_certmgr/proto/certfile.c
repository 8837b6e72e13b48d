/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/certfile.h"

#include <apr_strings.h>

#include "pki/cert.h"
#include "pki/pem.h"
#include "proto/reply.h"

static const char *const types[CM_FILE_COUNT] = {
    "application/pkix-cert",
    "application/x-pem-file",
    "application/pkcs7-mime",
    "application/pem-certificate-chain",
};

const char *cm_certfile_type(cm_certfile_t kind)
{
    return types[kind];
}

static cm_bytes_t pem(const apr_array_header_t *certs, int count, apr_pool_t *pool)
{
    const char *text = "";

    for (int i = 0; i < count; i++) {
        text = apr_pstrcat(pool, text,
                           cm_pem_encode("CERTIFICATE", APR_ARRAY_IDX(certs, i, cm_bytes_t), pool),
                           NULL);
    }
    return cm_bytes_of_text(text);
}

void cm_certfile_reply(cm_reply_t *reply, cm_certfile_t kind, const apr_array_header_t *certs,
                       apr_pool_t *pool)
{
    switch (kind) {
    case CM_FILE_PEM:
        cm_reply_bytes(reply, 200, types[kind], pem(certs, 1, pool));
        return;
    case CM_FILE_CHAIN:
        cm_reply_bytes(reply, 200, types[kind], pem(certs, certs->nelts, pool));
        return;
    case CM_FILE_P7B:
        cm_reply_bytes(reply, 200, "application/pkcs7-mime; smime-type=certs-only",
                       cm_cert_p7b(certs, pool));
        return;
    default:
        cm_reply_bytes(reply, 200, types[CM_FILE_CER], APR_ARRAY_IDX(certs, 0, cm_bytes_t));
    }
}
