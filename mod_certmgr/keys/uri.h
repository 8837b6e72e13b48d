/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS#11 URIs (RFC 7512) that choose a token or a key. p11-kit parses; what is refused here is
 * what p11-kit lets pass but a stored URI must not have: secrets and modules of its own.
 */
#ifndef CERTMGR_KEYS_URI_H
#define CERTMGR_KEYS_URI_H

#include "base/bytes.h"
#include "base/error.h"

struct p11_kit_uri;

typedef struct {
    const char *text;           /* as given */
    const char *token;          /* label of the token, or NULL */
    const char *label;          /* "object": CKA_LABEL in UTF-8, or NULL */
    cm_bytes_t id;              /* CKA_ID; data is NULL when the URI has none */
    struct p11_kit_uri *parsed; /* for p11_kit_uri_match_*; lives as long as the pool */
} cm_uri_t;

enum { CM_URI_MAX = 1024 }; /* bytes of a URI */

/* CM_E_CONFIG with rule "key.uri" for what is no URI of RFC 7512, longer than CM_URI_MAX, not
 * printable ASCII, has an attribute twice or one that p11-kit does not know, a label with NUL or
 * that is no UTF-8, an empty id, a "type" other than "private", or one of module-path, module-name,
 * pin-value and pin-source. Messages do not repeat the URI: it may hold a PIN. */
cm_error_t *cm_uri_parse(cm_uri_t **uri, const char *text, apr_pool_t *pool);

#endif
