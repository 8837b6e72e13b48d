/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates (RFC 5280): written as TBSCertificate from a spec, read into a plain record.
 *
 *     error = cm_cert_tbs(&tbs, &spec, pool);             the issuer's key signs tbs
 *     error = cm_signed_wrap(&der, tbs, spec.sigalg, signature, pool);
 */
#ifndef CERTMGR_PKI_CERT_H
#define CERTMGR_PKI_CERT_H

#include <apr_pools.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"
#include "pki/ext.h"
#include "pki/name.h"
#include "pki/san.h"
#include "pki/sigalg.h"

enum { CM_SERIAL_RANDOM = 16 }; /* random bytes that cm_serial_make takes */

typedef struct {
    const char *oid; /* dotted */
    const char *cps; /* URI of the practice statement, or NULL */
    const char
        *notice; /* a text for whoever relies on it, UTF-8, at most 200 characters; or NULL */
} cm_policy_t;

/* How many certificates may follow before it holds; -1: it never does. */
typedef struct {
    int require_explicit; /* each path needs a valid policy (policyConstraints, RFC 5280 4.2.1.11)
                           */
    int inhibit_mapping;  /* policies are not mapped any more (the same) */
    int inhibit_any;      /* anyPolicy stands for no other policy (4.2.1.14) */
} cm_policy_limits_t;

/* All that a certificate says. Zero, NULL and empty mean: leave it out. */
typedef struct cm_cert_spec_t {
    cm_bytes_t serial;             /* magnitude, big-endian, 1 to 20 octets (cm_serial_make) */
    const cm_sigalg_t *sigalg;     /* of the issuer's key */
    cm_bytes_t issuer;             /* Name, DER: the issuer's subject byte for byte */
    cm_bytes_t issuer_key_id;      /* keyIdentifier of AKI: the issuer's SKI */
    apr_time_t not_before;         /* whole seconds; the rest is cut off */
    apr_time_t not_after;          /* the last valid second */
    cm_bytes_t subject;            /* Name, DER; an empty SEQUENCE makes the SAN critical */
    cm_bytes_t spki;               /* SubjectPublicKeyInfo, DER, copied as it is */
    cm_bytes_t key_id;             /* SKI: cm_pubkey_t.id */
    int is_ca;                     /* basicConstraints, which is always there */
    int has_path_len;              /* whether path_len counts; only with is_ca */
    int path_len;                  /* pathLenConstraint, 0 and more */
    unsigned key_usage;            /* CM_KU_... */
    const apr_array_header_t *eku; /* of const char *: names or dotted OIDs */
    const apr_array_header_t *san; /* of cm_san_t */
    const char *crl_url;           /* CRLDistributionPoints, fullName */
    const char *ocsp_url;          /* authorityInfoAccess */
    const char *ca_issuers_url;    /* authorityInfoAccess */
    const apr_array_header_t *crl_urls, *ocsp_urls,
        *ca_issuers_urls;                /* others behind these, of
                                            const char *; may be NULL */
    const apr_array_header_t *policies;  /* of cm_policy_t */
    const apr_array_header_t *permitted; /* nameConstraints, as cm_constraints_write has them */
    const apr_array_header_t *excluded;
    const cm_policy_limits_t *limits;   /* policyConstraints, inhibitAnyPolicy; NULL: none */
    int ocsp_no_check;                  /* RFC 6960 4.2.2.2.1 */
    int must_staple;                    /* tlsfeature status_request (RFC 7633) */
    const apr_array_header_t *critical; /* of const char *: names of rows made critical as well */
    const apr_array_header_t *extra;    /* of cm_ext_t, allowed by the profile, written as is */
} cm_cert_spec_t;

/* TBSCertificate, DER. CM_E_VALUE with rule cert.serial, cert.validity (ends before it begins, or
 * outside of 1950 to 9999), cert.path-length, cert.name (neither subject nor SAN), cert.incomplete,
 * or those of ext.h. */
cm_error_t *cm_cert_tbs(cm_bytes_t *tbs, const cm_cert_spec_t *spec, apr_pool_t *pool);

/* A serial number: positive, no leading zero, 16 octets with 126 random bits (RFC 5280 4.1.2.2; the
 * CA/Browser Forum asks for 64). `random` holds CM_SERIAL_RANDOM bytes of a CSPRNG. */
cm_bytes_t cm_serial_make(const unsigned char *random, apr_pool_t *pool);

typedef struct cm_cert_t {
    cm_bytes_t der;
    cm_signed_t parts;
    cm_bytes_t serial;         /* magnitude without a leading zero; 0 is one zero octet */
    const char *serial_hex;    /* of `serial`: lower case, no separators */
    const cm_sigalg_t *sigalg; /* NULL: not in the table */
    const cm_name_t *issuer;
    const char *issuer_text; /* RFC 4514 */
    const cm_name_t *subject;
    const char *subject_text; /* RFC 4514 */
    const char *subject_cn;   /* or NULL */
    apr_time_t not_before;
    apr_time_t not_after;
    cm_bytes_t spki;    /* for cm_pubkey_parse, which costs more than all the rest */
    const char *sha256; /* hex of the hash of `der` */
    const apr_array_header_t *extensions; /* of cm_ext_t */
    const apr_array_header_t *san;        /* of cm_san_t; may be empty */
    const apr_array_header_t *eku; /* of const char *, names where there are any; may be empty */
    cm_bytes_t ski;                /* or empty */
    cm_bytes_t aki;                /* keyIdentifier, or empty */
    int is_ca;
    int has_path_len;
    int path_len;
    unsigned key_usage; /* CM_KU_...; 0 when absent */
} cm_cert_t;

/* Read a certificate, strictly DER, X.509 v3 (or v1 without extensions); `der` must live as long as
 * the record. CM_E_VALUE with the rules of der.h, name.h, ext.h, san.h, "cert.syntax",
 * "cert.version", "cert.serial" (negative, above 20 octets), "cert.signature-algorithm" (the two
 * fields differ). */
cm_error_t *cm_cert_parse(cm_cert_t **cert, cm_bytes_t der, apr_pool_t *pool);

/* The first address of its CRL (cRLDistributionPoints, fullName), or NULL. */
const char *cm_cert_crl_url(const cm_cert_t *cert, apr_pool_t *pool);

/* From PEM (one CERTIFICATE block), base64 of the DER, or the DER itself. */
cm_error_t *cm_cert_decode(cm_bytes_t *der, cm_bytes_t text, apr_pool_t *pool);

const char *cm_cert_pem(cm_bytes_t der, apr_pool_t *pool);

/* Certificates only in a degenerate PKCS#7 SignedData (RFC 8551 3.2.2), DER. `certs`: an array of
 * cm_bytes_t, DER; written as a SET OF, thus in ascending order. */
cm_bytes_t cm_cert_p7b(const apr_array_header_t *certs, apr_pool_t *pool);

#endif
