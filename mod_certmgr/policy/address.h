/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that certificates and CRLs carry, below the address under which clients reach us.
 */
#ifndef CERTMGR_POLICY_ADDRESS_H
#define CERTMGR_POLICY_ADDRESS_H

#include <apr_pools.h>

/* cRLDistributionPoints (RFC 5280 4.2.1.13) */
const char *cm_address_crl(const char *url, const char *ca, apr_pool_t *pool);

/* authorityInfoAccess: id-ad-ocsp and id-ad-caIssuers (RFC 5280 4.2.2.1) */
const char *cm_address_ocsp(const char *url, apr_pool_t *pool);
const char *cm_address_issuer(const char *url, const char *ca, apr_pool_t *pool);

#endif
