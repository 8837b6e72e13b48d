/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_PKI_SUITE_H
#define CERTMGR_TESTS_PKI_SUITE_H

#include <openssl/x509.h>

#include "pki/cert.h"
#include "pki/csr.h"
#include "unit/unit.h"

TCase *der_case(void);
TCase *pem_case(void);
TCase *name_case(void);
TCase *san_case(void);
TCase *pubkey_case(void);
TCase *csr_case(void);
TCase *ext_case(void);
TCase *cert_case(void);
TCase *crl_case(void);
TCase *clientcert_case(void);
TCase *ocsp_case(void);
TCase *policies_case(void);

/* A key with its public half as we read it. */
typedef struct {
    EVP_PKEY *pkey;
    cm_pubkey_t *key;
    const cm_sigalg_t *alg;
} test_key_t;

/* A fresh key: "P-256", "RSA-2048", ... */
test_key_t test_key(const char *algorithm);

/* Sign with OpenSSL, as a token would. */
cm_bytes_t test_sign(const test_key_t *key, cm_bytes_t tbs);

/* The samples written in hexadecimal, spaces allowed. */
cm_bytes_t test_hex(const char *hex);

/* A name of one CN. */
cm_bytes_t test_name(const char *cn);

/* A spec of a certificate with all that is required, for `subject` below `issuer`. */
cm_cert_spec_t test_spec(const test_key_t *issuer, const test_key_t *subject);

/* The certificate of the spec, signed. */
cm_bytes_t test_cert(const cm_cert_spec_t *spec, const test_key_t *issuer);

/* As OpenSSL reads it; fails the test when it does not. */
X509 *test_x509(cm_bytes_t der);

/* 2026-11-22T16:03:46Z */
#define TEST_NOW apr_time_from_sec(1795363426)

#endif
