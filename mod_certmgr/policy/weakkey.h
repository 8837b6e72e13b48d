/* SPDX-License-Identifier: Apache-2.0
 *
 * Public keys whose private half can be found because of how they were made. Nothing but the key is
 * looked at; what others know of it (lists, our own records) is asked for in flow/keycheck.h.
 */
#ifndef CERTMGR_POLICY_WEAKKEY_H
#define CERTMGR_POLICY_WEAKKEY_H

#include "base/error.h"
#include "pki/pubkey.h"

enum {
    CM_WEAK_FACTOR = 65536, /* every prime below is tried */
    CM_WEAK_ROUNDS = 100    /* of Fermat's method (CA/Browser Forum BR 6.1.1.3) */
};

/* CM_E_REFUSED, all that apply joined, each with a rule and a hint:
 *   key.small-factor  the modulus has a prime factor below CM_WEAK_FACTOR
 *   key.roca          made by the Infineon library of CVE-2017-15361: for each odd prime up to 701
 *                     the modulus is a power of 65537, as it is with all such keys of 1984 bits and
 *                     more (Nemec et al., "The Return of Coppersmith's Attack"; a random key passes
 *                     for one with a chance below 2^-150)
 *   key.close-primes  Fermat's method factors the modulus in CM_WEAK_ROUNDS (CVE-2022-26320)
 * An EC key has none of these weaknesses. */
cm_error_t *cm_weakkey_check(const cm_pubkey_t *key, apr_pool_t *pool);

/* How lists of the keys of CVE-2008-0166 (Debian's OpenSSL of 2006 to 2008) name an RSA key, in the
 * form of Debian's openssl-blacklist: the last 20 hex digits of the SHA-1 of "Modulus=", the
 * modulus in upper-case hex, and a line feed. NULL for other keys. */
const char *cm_weakkey_debian(const cm_pubkey_t *key, apr_pool_t *pool);

#endif
