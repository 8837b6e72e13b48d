/* SPDX-License-Identifier: Apache-2.0
 *
 * The decision what to sign: a profile, a CSR and a person give a certificate, or every reason why
 * not. It reads nothing and changes nothing.
 */
#ifndef CERTMGR_POLICY_EVALUATE_H
#define CERTMGR_POLICY_EVALUATE_H

#include "model/person.h"
#include "pki/cert.h"
#include "pki/csr.h"
#include "policy/profile.h"

enum { CM_BACKDATE = 60 }; /* seconds: clocks of others may be late */

typedef struct {
    const cm_profile_t *profile;
    const cm_csr_t *csr;           /* whose signature has been checked */
    const cm_person_t *person;     /* the requester */
    const cm_cert_t *issuer;       /* certificate of the issuing authority */
    const char *ca;                /* its name */
    const char *url;               /* CertMgrPublicURL, or CertMgrURL */
    const char *subject;           /* asked for, RFC 4514, or NULL */
    const apr_array_header_t *san; /* asked for, of const char *: "dns:www.example.test", or NULL */
    const char *validity;          /* asked for, cm_text_duration, or NULL */
    apr_time_t now;
} cm_evaluate_in_t;

/* The key usages, of those in a profile, that a key of this algorithm ("P-256", "RSA-3072") can
 * have: no encipherment with EC (RFC 8813 section 3), no agreement with RSA (RFC 3279 2.3.1). */
unsigned cm_key_usages_of(const char *algorithm);

/* Whether the key usages that are left of a profile's serve all that the profile is for. */
int cm_profile_is_usable(const cm_profile_t *profile, unsigned key_usage, apr_pool_t *pool);

/* What to sign. Serial, signature algorithm, issuer and its key id are left to whoever signs.
 *
 * Names come from where the profile says. Of a CSR nothing but the key is taken, and those names
 * that the profile takes "from": "csr"; its extensions are never copied. An alternative name of the
 * CSR that the profile does not provide for is refused when it takes any from there, and ignored
 * when it takes none.
 *
 * Key usages are those of the profile that the key can have (cm_key_usages_of).
 *
 * not_before is `now` in whole seconds less CM_BACKDATE, or where the issuer begins; from there to
 * not_after, both included, is the validity (RFC 5280 4.1.2.5), which is the profile's default or
 * what is asked for, up to the profile's max. The default is cut at the end of the issuer; what is
 * asked for is refused there.
 *
 * All refusals are joined, each CM_E_REFUSED (CM_E_VALUE for what is malformed) with a field of the
 * request and a rule:
 *   /csr       profile.key-algorithm, profile.key-of-ca, profile.key-usage-key, csr.ca (cA TRUE
 * under a profile that issues no authorities), profile.subject-required, profile.san-required,
 *              profile.san-type, profile.san-count, profile.subject-pattern, profile.san-pattern
 *   /subject   profile.subject-choice (it can't be chosen), profile.subject-attribute (one of its
 *              attributes can't), profile.subject-required, profile.subject-pattern,
 *              profile.subject-san (none of the alternative names), and those of name.h
 *   /san       profile.san-choice, profile.san-type, profile.san-count, profile.san-required,
 *              profile.san-pattern, and those of san.h
 *   /validity  value.duration, profile.validity-choice, profile.validity, issuer.validity
 *   /profile   issuer.ca, issuer.expired, issuer.path-length, profile.subject-required,
 *              profile.san-required (of what comes from the person), profile.nameless
 * and CM_E_CONFIG when an address is to be put in and `url` is not set. */
cm_error_t *cm_evaluate(cm_cert_spec_t **spec, const cm_evaluate_in_t *in, apr_pool_t *pool);

#endif
