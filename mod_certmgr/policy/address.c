/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/address.h"

#include <apr_strings.h>

static const char delta_end[] = "-delta";

const char *cm_address_list(const char *ca, apr_int64_t shard, int is_delta, apr_pool_t *pool)
{
    const char *name = shard ? apr_psprintf(pool, "%s-%" APR_INT64_T_FMT, ca, shard) : ca;

    return is_delta ? apr_pstrcat(pool, name, delta_end, NULL) : name;
}

const char *cm_address_list_of(const char *url, apr_pool_t *pool)
{
    const char *slash = url ? strrchr(url, '/') : NULL;
    const char *dot = slash ? strrchr(slash, '.') : NULL;

    return dot && strcmp(dot, ".crl") == 0
               ? apr_pstrmemdup(pool, slash + 1, (apr_size_t)(dot - slash - 1))
               : NULL;
}

int cm_address_strip_delta(const char **name, apr_pool_t *pool)
{
    apr_size_t len = strlen(*name), end = sizeof delta_end - 1;

    if (len <= end || strcmp(*name + len - end, delta_end) != 0) {
        return 0;
    }
    *name = apr_pstrmemdup(pool, *name, len - end);
    return 1;
}

int cm_address_strip_shard(const char **name, apr_int64_t *shard, apr_pool_t *pool)
{
    const char *dash = strrchr(*name, '-');
    apr_int64_t number;

    /* no shard has more digits, and none begins with 0 */
    if (!dash || dash == *name || dash[1] < '1' || dash[1] > '9' || strlen(dash) > 10 ||
        dash[1 + strspn(dash + 1, "0123456789")]) {
        return 0;
    }
    number = apr_atoi64(dash + 1);
    *name = apr_pstrmemdup(pool, *name, (apr_size_t)(dash - *name));
    *shard = number;
    return 1;
}

const char *cm_address_crl(const char *url, const char *list, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/crl/", list, ".crl", NULL);
}

const char *cm_address_ocsp(const char *url, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/ocsp", NULL);
}

const char *cm_address_issuer(const char *url, const char *ca, apr_pool_t *pool)
{
    return apr_pstrcat(pool, url, "/ca/", ca, ".cer", NULL);
}
