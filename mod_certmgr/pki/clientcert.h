/* SPDX-License-Identifier: Apache-2.0
 *
 * The Client-Cert header: how a reverse proxy that ends TLS hands the client's certificate on
 * (RFC 9440 section 2.2).
 */
#ifndef CERTMGR_PKI_CLIENTCERT_H
#define CERTMGR_PKI_CLIENTCERT_H

#include "base/bytes.h"
#include "base/error.h"

/* The DER of the header's value: an Item of Structured Fields that is a Byte Sequence, base64
 * between colons (RFC 8941 sections 3.3.5 and 4.2.7); spaces around it and nothing else. No
 * parameters: none are defined. Anything else is CM_E_SYNTAX: header.client-cert; so are two
 * headers, which httpd joins by a comma. Whether the DER is a certificate of ours is not asked
 * here. */
cm_error_t *cm_client_cert_parse(cm_bytes_t *der, const char *value, apr_pool_t *pool);

#endif
