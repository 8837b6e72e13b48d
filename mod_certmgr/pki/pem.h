/* SPDX-License-Identifier: Apache-2.0
 *
 * PEM as RFC 7468 writes it.
 */
#ifndef CERTMGR_PKI_PEM_H
#define CERTMGR_PKI_PEM_H

#include <apr_pools.h>

#include "base/bytes.h"
#include "base/error.h"

/* One block with lines of 64 characters. */
const char *cm_pem_encode(const char *label, cm_bytes_t der, apr_pool_t *pool);

/* The one block in `text`, whose label must be one of `labels` (NULL ends them). Explanatory text
 * may come before it, only white space after it. CM_E_VALUE with rule "pem.block", "pem.label",
 * "pem.base64" or "pem.trailing". */
cm_error_t *cm_pem_decode(cm_bytes_t *der, cm_bytes_t text, const char *const *labels,
                          apr_pool_t *pool);

typedef struct {
    const char *const *labels; /* as for cm_pem_decode */
    apr_size_t limit;          /* bytes of DER at most */
    const char *rule;          /* "csr" makes the rules "csr.encoding" and "csr.size" */
} cm_pem_kind_t;

/* DER from what people send: a PEM block, base64 of the DER, or the DER itself. */
cm_error_t *cm_pem_or_der(cm_bytes_t *der, cm_bytes_t text, const cm_pem_kind_t *kind,
                          apr_pool_t *pool);

#endif
