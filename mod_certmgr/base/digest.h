/* SPDX-License-Identifier: Apache-2.0
 *
 * The digests of signatures and key derivations.
 */
#ifndef CERTMGR_BASE_DIGEST_H
#define CERTMGR_BASE_DIGEST_H

typedef enum { CM_DIGEST_SHA256, CM_DIGEST_SHA384, CM_DIGEST_SHA512 } cm_digest_t;

#endif
