/* SPDX-License-Identifier: Apache-2.0
 *
 * Certification paths of authorities, by OpenSSL.
 */
#ifndef CERTMGR_PKI_PATH_H
#define CERTMGR_PKI_PATH_H

#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"

enum { CM_PATH_CERTS = 16 }; /* that are looked at, at most */

/* Certificates of a file: PEM, one block after the other, or one as DER; array of cm_bytes_t, DER.
 * CM_E_VALUE with the rules of pem.h and cert.h, and "path.count". */
cm_error_t *cm_path_read(apr_array_header_t **ders, cm_bytes_t text, apr_pool_t *pool);

/* The path from the first certificate, which is an authority's, up to a self-signed one, strictly
 * by RFC 5280 (X509_V_FLAG_X509_STRICT); `ders` in any order but for the first. `path`: an array of
 * cm_bytes_t, that certificate first. CM_E_REFUSED, rule "path.verify", says what OpenSSL found.
 * Revocation is not looked at. */
cm_error_t *cm_path_verify(apr_array_header_t **path, const apr_array_header_t *ders,
                           apr_time_t now, apr_pool_t *pool);

#endif
