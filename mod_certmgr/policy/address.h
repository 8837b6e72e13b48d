/* SPDX-License-Identifier: Apache-2.0
 *
 * Addresses that certificates and CRLs carry, below the address under which clients reach us.
 */
#ifndef CERTMGR_POLICY_ADDRESS_H
#define CERTMGR_POLICY_ADDRESS_H

#include <apr_pools.h>

/* The name of a list in its address: "issuing", "issuing-2" of a shard, "issuing-delta",
 * "issuing-2-delta". */
const char *cm_address_list(const char *ca, apr_int64_t shard, int is_delta, apr_pool_t *pool);

/* The name of the list in such an address, or NULL when it is none; `url` may be NULL. */
const char *cm_address_list_of(const char *url, apr_pool_t *pool);

/* Whether *name ends as that of a delta CRL does, or of a shard from 1 on; then that end is taken
 * off. */
int cm_address_strip_delta(const char **name, apr_pool_t *pool);
int cm_address_strip_shard(const char **name, apr_int64_t *shard, apr_pool_t *pool);

/* cRLDistributionPoints (RFC 5280 4.2.1.13) and freshestCRL (5.2.6), of a list by its name */
const char *cm_address_crl(const char *url, const char *list, apr_pool_t *pool);

/* authorityInfoAccess: id-ad-ocsp and id-ad-caIssuers (RFC 5280 4.2.2.1) */
const char *cm_address_ocsp(const char *url, apr_pool_t *pool);
const char *cm_address_issuer(const char *url, const char *ca, apr_pool_t *pool);

#endif
