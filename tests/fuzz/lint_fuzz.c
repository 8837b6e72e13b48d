/* SPDX-License-Identifier: Apache-2.0
 *
 * The check before signing: any bytes as TBSCertificate. The first octet chooses the profile: none,
 * that of a person, that of a subordinate authority.
 */

#include "fuzz/fixed.h"
#include "fuzz/target.h"
#include "policy/lint.h"

static const char person[] =
    "{\"name\":\"a\",\"title\":\"a\",\"ca\":\"a\",\"validity\":{\"default\":\"1d\",\"max\":"
    "\"366d\"},"
    "\"keys\":[\"P-256\",\"RSA-2048\"],\"subject\":[{\"type\":\"O\",\"from\":\"fixed\",\"value\":"
    "\"Example\"},{\"type\":\"CN\",\"from\":\"san\",\"required\":false,\"patterns\":[\"*\"],"
    "\"max_length\":60}],\"san\":[{\"type\":\"dns\",\"from\":\"csr\",\"max\":2,\"patterns\":"
    "[\"*.test\"]},{\"type\":\"email\",\"from\":\"login.mail\"},{\"type\":\"uri\",\"from\":"
    "\"fixed\","
    "\"value\":\"urn:a:b\"}],\"key_usage\":[\"digitalSignature\"],\"ext_key_usage\":["
    "\"clientAuth\","
    "\"emailProtection\"],\"critical\":[\"extendedKeyUsage\"],\"policies\":[{\"oid\":\"1.2.3.4\"}],"
    "\"crl_urls\":[\"http://a.test/a.crl\"],\"operations\":{\"renew\":{\"roles\":[\"user\"]}}}";

static const char authority[] =
    "{\"name\":\"a\",\"title\":\"a\",\"ca\":\"a\",\"validity\":{\"default\":\"1d\",\"max\":"
    "\"366d\"},"
    "\"keys\":[\"P-256\"],\"subject\":[{\"type\":\"CN\",\"from\":\"csr\"}],\"is_ca\":true,"
    "\"path_length\":2,\"key_usage\":[\"keyCertSign\"],\"name_constraints\":{\"permitted\":"
    "[\"dns:example.test\"]},\"operations\":{\"renew\":{\"roles\":[\"user\"]}}}";

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    static const char *const texts[] = {NULL, person, authority};
    const char *text = len ? texts[data[0] % 3] : NULL;
    apr_array_header_t *above = apr_array_make(pool, 1, sizeof(const cm_cert_t *));
    cm_profile_t *profile = NULL;
    cm_lint_in_t in = {{NULL, 0}, cm_sigalg_for_key("P-256"), fixed_issuer(pool), above, NULL};

    if (text) {
        require(!cm_profile_parse(&profile, cm_bytes_of_text(text), pool));
    }
    APR_ARRAY_PUSH(above, const cm_cert_t *) = in.issuer;
    in.profile = profile;
    in.tbs = len ? cm_bytes_make(data + 1, len - 1) : in.tbs;
    for (const cm_error_t *error = cm_lint(&in, pool); error; error = error->also) {
        require(error->code == CM_E_REFUSED && error->rule && error->hint);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
