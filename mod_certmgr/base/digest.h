/* SPDX-License-Identifier: Apache-2.0
 *
 * The digests that signatures are made with.
 */
#ifndef CERTMGR_BASE_DIGEST_H
#define CERTMGR_BASE_DIGEST_H

typedef enum { CM_DIGEST_SHA256, CM_DIGEST_SHA384, CM_DIGEST_SHA512 } cm_digest_t;

#endif
