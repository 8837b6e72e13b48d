/* SPDX-License-Identifier: Apache-2.0
 *
 * Certification requests in any encoding. What is accepted must be DER in all its parts, and its
 * names must survive being written anew.
 */

#include "fuzz/target.h"
#include "pki/csr.h"

/* A SAN list that was read is written, and read as the same list. */
static void check_san(const apr_array_header_t *list, apr_pool_t *pool)
{
    apr_array_header_t *known = apr_array_make(pool, 1, sizeof(cm_san_t)), *back;
    cm_bytes_t der;

    for (int i = 0; i < list->nelts; i++) {
        const cm_san_t *san = &APR_ARRAY_IDX(list, i, cm_san_t);
        cm_san_t read;

        require((cm_san_read(&read, cm_san_text(san, pool), pool) == NULL) ==
                (strcmp(san->type, "other") != 0));
        if (strcmp(san->type, "other") != 0) {
            APR_ARRAY_PUSH(known, cm_san_t) = *san;
        }
    }
    if (known->nelts) {
        require(!cm_san_encode(&der, known, pool));
        require(!cm_der_check(der, pool));
        require(!cm_san_decode(&back, der, pool));
        require(back->nelts == known->nelts);
    } else {
        require(cm_san_encode(&der, known, pool) != NULL);
    }
}

/* A name that was read is written anew, unless our own bounds refuse it. */
static void check_name(const cm_name_t *name, apr_pool_t *pool)
{
    cm_name_t *made, *back;

    if (cm_name_make(&made, name->attributes, pool)) {
        return;
    }
    require(!cm_der_check(made->der, pool));
    require(!cm_name_parse(&back, made->der, pool));
    require(back->attributes->nelts == name->attributes->nelts);
    if (name->attributes->nelts) {
        require(cm_name_get(back, APR_ARRAY_IDX(name->attributes, 0, cm_name_attribute_t).type) !=
                NULL);
    }
    require(strlen(cm_name_text(name, pool)) == strlen(cm_name_text(back, pool)));
}

static void run(const uint8_t *data, size_t len, apr_pool_t *pool)
{
    cm_bytes_t der;
    cm_csr_t *csr;

    if (!cm_csr_decode(&der, cm_bytes_make(data, len), pool) && !cm_csr_parse(&csr, der, pool)) {
        require(!cm_der_check(der, pool));
        check_name(csr->subject, pool);
        check_san(csr->san, pool);
        require(csr->key->pkey && csr->key->id.len == 20);
        (void)cm_csr_wants_ca(csr);
        (void)cm_csr_verify(csr, pool);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return fuzz_in_pool(run, data, len);
}
