/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates as files: the same in the API and beside the CRLs.
 */
#ifndef CERTMGR_PROTO_CERTFILE_H
#define CERTMGR_PROTO_CERTFILE_H

#include "proto/proto.h"

typedef enum {
    CM_FILE_CER,   /* DER of the first, application/pkix-cert (RFC 2585 4.1) */
    CM_FILE_PEM,   /* PEM of the first, application/x-pem-file */
    CM_FILE_P7B,   /* all in a certs-only SignedData (RFC 5652 5.1), application/pkcs7-mime */
    CM_FILE_CHAIN, /* PEM of all, application/pem-certificate-chain (RFC 8555 9.1) */
    CM_FILE_COUNT
} cm_certfile_t;

/* Media type without parameters. */
const char *cm_certfile_type(cm_certfile_t kind);

/* certs: of cm_bytes_t, DER, the one that is asked for first; not empty. */
void cm_certfile_reply(cm_reply_t *reply, cm_certfile_t kind, const apr_array_header_t *certs,
                       apr_pool_t *pool);

#endif
