/* SPDX-License-Identifier: Apache-2.0
 *
 * Name constraints (RFC 5280 4.2.1.10): whether what a certificate names lies within what its
 * issuer may name.
 */
#ifndef CERTMGR_PKI_CONSTRAINTS_H
#define CERTMGR_PKI_CONSTRAINTS_H

#include "pki/cert.h"

/* `value`: content of the issuer's nameConstraints. The subject, its e-mail addresses and every
 * alternative name of the certificate are looked at, among subtrees of the same kind: DNS names,
 * e-mail addresses, the hosts of URIs, IP addresses and directory names. A name of another kind is
 * refused as soon as there is a subtree of that kind. CM_E_REFUSED with rule "issuer.constraints"
 * names the first one that is not within; CM_E_VALUE "extension.syntax" for what is no
 * NameConstraints, minimum and maximum among it. */
cm_error_t *cm_constraints_check(cm_bytes_t value, const cm_cert_t *cert, apr_pool_t *pool);

#endif
