/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of csr.h that writes requests of our own.
 */
#include "pki/cert.h"
#include "pki/csr.h"

#define OID_EXTENSION_REQUEST "1.2.840.113549.1.9.14"

/* CertificationRequestInfo ::= SEQUENCE { version 0, subject, subjectPKInfo, attributes [0] } */
cm_error_t *cm_csr_info(cm_bytes_t *info, const cm_cert_spec_t *spec, apr_pool_t *pool)
{
    cm_der_writer_t *writer = cm_der_writer(pool);
    cm_error_t *error;

    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_small(writer, CM_DER_INTEGER, 0);
    cm_der_raw(writer, spec->subject);
    cm_der_raw(writer, spec->spki);
    cm_der_begin(writer, CM_DER_CONSTRUCTED(0));
    cm_der_begin(writer, CM_DER_SEQUENCE);
    cm_der_put_oid(writer, OID_EXTENSION_REQUEST);
    cm_der_begin(writer, CM_DER_SET);
    error = cm_ext_write(writer, spec, pool);
    if (error) {
        return error;
    }
    for (int i = 0; i < 4; i++) {
        cm_der_end(writer);
    }
    *info = cm_der_written(writer);
    return NULL;
}
