/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-crl-peer COUNT: what OpenSSL needs to build and sign a CRL of so many entries in memory,
 * with a software key on P-256. Each has a serial of 126 random bits and a reason, as ours have.
 * Prints
 * {"seconds", "peak": bytes, "size": bytes}.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "bench.h"

enum { SERIAL = 16 };

static void add_entry(X509_CRL *crl, const unsigned char *serial_bytes, ASN1_TIME *when,
                      ASN1_ENUMERATED *reason)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    BIGNUM *number = BN_bin2bn(serial_bytes, SERIAL, NULL);
    ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(number, NULL);

    X509_REVOKED_set_serialNumber(entry, serial);
    X509_REVOKED_set_revocationDate(entry, when);
    X509_REVOKED_add1_ext_i2d(entry, NID_crl_reason, reason, 0, 0);
    X509_CRL_add0_revoked(crl, entry);
    ASN1_INTEGER_free(serial);
    BN_free(number);
}

static void put_head(X509_CRL *crl, ASN1_TIME *now)
{
    X509_NAME *name = X509_NAME_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();

    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, (const unsigned char *)"Bench",
                               -1, -1, 0);
    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, name);
    X509_CRL_set1_lastUpdate(crl, now);
    X509_CRL_set1_nextUpdate(crl, now);
    ASN1_INTEGER_set(number, 1);
    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0);
    ASN1_INTEGER_free(number);
    X509_NAME_free(name);
}

int main(int argc, char **argv)
{
    int count = argc == 2 ? bench_number(argv[1]) : 0, size;
    unsigned char *serials = OPENSSL_malloc((size_t)count * SERIAL + 1), *der = NULL;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
    ASN1_TIME *now = ASN1_TIME_set(NULL, time(NULL));
    X509_CRL *crl = X509_CRL_new();
    double start;

    if (!count || !serials || RAND_bytes(serials, count * SERIAL) != 1) {
        bench_die("bench-crl-peer COUNT");
    }
    ASN1_ENUMERATED_set(reason, CRL_REASON_SUPERSEDED);
    start = bench_now();
    put_head(crl, now);
    for (int i = 0; i < count; i++) {
        serials[(size_t)i * SERIAL] &= 0x3f;
        add_entry(crl, serials + (size_t)i * SERIAL, now, reason);
    }
    X509_CRL_sort(crl);
    X509_CRL_sign(crl, key, EVP_sha256());
    size = i2d_X509_CRL(crl, &der);
    if (size <= 0) {
        bench_die("bench-crl-peer: the list can't be made");
    }
    printf("{\"seconds\": %.6f, \"peak\": %.0f, \"size\": %d}\n", bench_now() - start, bench_peak(),
           size);
    OPENSSL_free(der);
    X509_CRL_free(crl);
    ASN1_TIME_free(now);
    ASN1_ENUMERATED_free(reason);
    EVP_PKEY_free(key);
    OPENSSL_free(serials);
    return 0;
}
