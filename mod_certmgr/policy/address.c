/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/address.h"

#include <apr_strings.h>

const char *cm_address_crl(const char *url, const char *ca, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/crl/", ca, ".crl", NULL);
}

const char *cm_address_ocsp(const char *url, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/ocsp", NULL);
}

const char *cm_address_issuer(const char *url, const char *ca, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/ca/", ca, ".cer", NULL);
}
