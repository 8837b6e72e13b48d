/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a key that somebody brings may be certified, beyond what its own file (pki/pubkey.h) and
 * its profile say.
 */
#ifndef CERTMGR_FLOW_KEYCHECK_H
#define CERTMGR_FLOW_KEYCHECK_H

#include <apr_tables.h>

#include "base/context.h"
#include "pki/pubkey.h"

/* For every operation that brings a key, and for those that certify one again. `person`: who is to
 * have the certificate; NULL: the installation itself, for which nobody's key is taken. All
 * refusals joined, each CM_E_REFUSED with a rule and a hint: those of policy/weakkey.h, and
 *   key.debian       in the list of CertMgrWeakKeys (CVE-2008-0166)
 *   key.compromised  reported as compromised
 *   key.taken        in a certificate of another person, or of this installation
 * CM_E_CONFIG when that list can't be read: without it nothing is certified. */
cm_error_t *cm_key_check(const cm_ctx_t *ctx, const cm_pubkey_t *key, const char *person);

/* The key in a certificate, a request, or a public key (PEM, or DER of a certificate). CM_E_VALUE
 * with rule "key.file" for anything else, a private key first of all: it should not be shown. */
cm_error_t *cm_key_of_file(cm_pubkey_t **key, cm_bytes_t content, apr_pool_t *pool);

#endif
