/* SPDX-License-Identifier: Apache-2.0
 *
 * X.509 extensions: reading a list of them, and one row per extension that we can put into a
 * certificate. To add an extension: a member of cm_cert_spec_t (cert.h), a builder and its row.
 */
#ifndef CERTMGR_PKI_EXT_H
#define CERTMGR_PKI_EXT_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/bytes.h"
#include "base/error.h"
#include "pki/der.h"

struct cm_cert_spec_t;

#define CM_OID_SUBJECT_KEY_ID     "2.5.29.14"
#define CM_OID_KEY_USAGE          "2.5.29.15"
#define CM_OID_SAN                "2.5.29.17"
#define CM_OID_BASIC_CONSTRAINTS  "2.5.29.19"
#define CM_OID_NAME_CONSTRAINTS   "2.5.29.30"
#define CM_OID_CRL_POINTS         "2.5.29.31"
#define CM_OID_POLICIES           "2.5.29.32"
#define CM_OID_POLICY_MAPPINGS    "2.5.29.33"
#define CM_OID_AUTHORITY_KEY_ID   "2.5.29.35"
#define CM_OID_POLICY_CONSTRAINTS "2.5.29.36"
#define CM_OID_EXT_KEY_USAGE      "2.5.29.37"
#define CM_OID_INHIBIT_ANY_POLICY "2.5.29.54"
#define CM_OID_AUTHORITY_INFO     "1.3.6.1.5.5.7.1.1"
#define CM_OID_ANY_POLICY         "2.5.29.32.0"
#define CM_OID_TLS_FEATURE        "1.3.6.1.5.5.7.1.24"
#define CM_OID_OCSP_NO_CHECK      "1.3.6.1.5.5.7.48.1.5"

enum { CM_EXT_COUNT = 32 }; /* in one list, at most */

typedef struct {
    const char *oid; /* dotted */
    int critical;
    cm_bytes_t value; /* content of extnValue */
} cm_ext_t;

/* Extensions ::= SEQUENCE OF Extension, into an array of cm_ext_t. Errors carry `rule` or
 * "extension.duplicate", "extension.count". */
cm_error_t *cm_ext_parse(apr_array_header_t **list, cm_bytes_t der, const char *rule,
                         apr_pool_t *pool);

/* The extension with this OID, or NULL. */
const cm_ext_t *cm_ext_find(const apr_array_header_t *list, const char *oid);

/* One Extension. */
void cm_ext_put(cm_der_writer_t *writer, const cm_ext_t *ext);

typedef struct {
    const char *name; /* as OpenSSL and RFC 5280 call it: "basicConstraints"; NULL ends the table */
    const char *oid;  /* dotted */
    int critical;     /* unless the spec or the RFC asks for more */
    /* Content of extnValue, empty when the spec does not ask for the extension. */
    cm_error_t *(*build)(cm_bytes_t *value, const struct cm_cert_spec_t *spec, apr_pool_t *pool);
} cm_ext_row_t;

extern const cm_ext_row_t cm_ext_rows[];

/* Append Extensions for the spec, in the order of the rows, then spec->extra. CM_E_VALUE with the
 * rule extension.duplicate, or one of the builders: extension.key-usage, extension.eku,
 * extension.url, extension.policy (also for limits without a CA), extension.constraint, and those
 * of san.h. */
cm_error_t *cm_ext_write(cm_der_writer_t *writer, const struct cm_cert_spec_t *spec,
                         apr_pool_t *pool);

/* KeyUsage (RFC 5280 4.2.1.3): bit i of the list is 1 << i. */
enum {
    CM_KU_DIGITAL_SIGNATURE = 1 << 0,
    CM_KU_NON_REPUDIATION = 1 << 1,
    CM_KU_KEY_ENCIPHERMENT = 1 << 2,
    CM_KU_DATA_ENCIPHERMENT = 1 << 3,
    CM_KU_KEY_AGREEMENT = 1 << 4,
    CM_KU_KEY_CERT_SIGN = 1 << 5,
    CM_KU_CRL_SIGN = 1 << 6,
    CM_KU_ENCIPHER_ONLY = 1 << 7,
    CM_KU_DECIPHER_ONLY = 1 << 8
};

/* "digitalSignature" and so on; 0 for an unknown name. "contentCommitment" is nonRepudiation. */
unsigned cm_ext_key_usage(const char *name);

/* Names of the bits, an array of const char *. */
apr_array_header_t *cm_ext_key_usage_names(unsigned bits, apr_pool_t *pool);

/* Dotted OID of "serverAuth", "clientAuth", "emailProtection", ... or of a dotted OID itself; NULL
 * when it is neither. */
const char *cm_ext_eku_oid(const char *name, apr_pool_t *pool);

/* The name of a dotted OID, or the OID itself. */
const char *cm_ext_eku_name(const char *oid);

/* Contents of extnValue that are read in more than one place; rule "extension.syntax". */
cm_error_t *cm_ext_read_basic(int *is_ca, int *has_path_len, int *path_len, cm_bytes_t value,
                              apr_pool_t *pool);
cm_error_t *cm_ext_read_key_usage(unsigned *bits, cm_bytes_t value, apr_pool_t *pool);
/* An array of const char *, names where there are any. */
cm_error_t *cm_ext_read_eku(apr_array_header_t **names, cm_bytes_t value, apr_pool_t *pool);

#endif
