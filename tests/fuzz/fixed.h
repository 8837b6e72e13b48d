/* SPDX-License-Identifier: Apache-2.0
 *
 * What does not change from one input to the next: an authority with name constraints, and a key.
 */
#ifndef CERTMGR_TESTS_FUZZ_FIXED_H
#define CERTMGR_TESTS_FUZZ_FIXED_H

#include "fuzz/target.h"
#include "pki/cert.h"
#include "pki/constraints.h"

#define FIXED_NOW apr_time_from_sec(1795363426) /* 2026-11-22T16:03:46Z */

/* A public key on P-256. */
static inline cm_bytes_t fixed_spki(apr_pool_t *pool)
{
    cm_bytes_t spki;

    require(!cm_bytes_unhex(&spki,
                            "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
                            pool));
    return spki;
}

static inline cm_cert_t *fixed_issuer(apr_pool_t *pool)
{
    cm_cert_t *issuer = apr_pcalloc(pool, sizeof *issuer);
    apr_array_header_t *list = apr_array_make(pool, 1, sizeof(const char *));
    apr_array_header_t *extensions = apr_array_make(pool, 1, sizeof(cm_ext_t));
    cm_ext_t ext = {CM_OID_NAME_CONSTRAINTS, 1, {NULL, 0}};
    cm_name_t *name;

    APR_ARRAY_PUSH(list, const char *) = "dns:excluded.test";
    APR_ARRAY_PUSH(list, const char *) = "ip:10.0.0.0/8";
    APR_ARRAY_PUSH(list, const char *) = "email:excluded.test";
    APR_ARRAY_PUSH(list, const char *) = "uri:excluded.test";
    APR_ARRAY_PUSH(list, const char *) = "dirname:O=Excluded";
    require(!cm_constraints_write(&ext.value, NULL, list, pool));
    APR_ARRAY_PUSH(extensions, cm_ext_t) = ext;
    require(!cm_name_read(&name, "CN=Issuer,O=Example", pool));
    issuer->subject = issuer->issuer = name;
    require(!cm_bytes_unhex(&issuer->spki,
                            "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                            "7cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978"
                            "07775510db8ed040293d9ac69f7430dbba7dade63ce982299e04b79d227873d1",
                            pool));
    issuer->ski = cm_bytes_of_text("issuer");
    issuer->is_ca = 1;
    issuer->key_usage = CM_KU_KEY_CERT_SIGN | CM_KU_CRL_SIGN;
    issuer->has_path_len = 1;
    issuer->path_len = 1;
    issuer->not_before = FIXED_NOW - apr_time_from_sec(APR_INT64_C(86400));
    issuer->not_after = FIXED_NOW + apr_time_from_sec(APR_INT64_C(86400) * 3650);
    issuer->extensions = extensions;
    return issuer;
}

#endif
