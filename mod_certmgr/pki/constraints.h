/* SPDX-License-Identifier: Apache-2.0
 *
 * Name constraints (RFC 5280 4.2.1.10): whether what a certificate names lies within what its
 * issuer may name.
 */
#ifndef CERTMGR_PKI_CONSTRAINTS_H
#define CERTMGR_PKI_CONSTRAINTS_H

#include "pki/cert.h"

/* `value`: content of the issuer's nameConstraints. The subject, its e-mail addresses and every
 * alternative name of the certificate are looked at, among subtrees of the same kind: DNS names,
 * e-mail addresses, the hosts of URIs, IP addresses and directory names. A name of another kind is
 * refused as soon as there is a subtree of that kind. An emailAddress of the subject is held
 * against subtrees of mailboxes as an alternative name would be: RFC 5280 asks for it where there
 * are no alternative names, OpenSSL always; one that is no mailbox is within no permitted subtree
 * and within each excluded one. So is an SmtpUTF8Mailbox (RFC 9598 section 6). CM_E_REFUSED with
 * rule "issuer.constraints" names the first one that is not within; CM_E_VALUE "extension.syntax"
 * for what is no NameConstraints, minimum and maximum among it. */
cm_error_t *cm_constraints_check(cm_bytes_t value, const cm_cert_t *cert, apr_pool_t *pool);

/* Whether they exclude every alternative name of a type of san.h: an empty base, or for addresses
 * all of IPv4 and of IPv6. */
int cm_constraints_close(cm_bytes_t value, const char *type, apr_pool_t *pool);

/* Content of nameConstraints (constraints_write.c) from two arrays of const char *, either of which
 * may be NULL or empty:
 *     dns:example.test       the host and those below it; dns:.example.test: only those below
 *     email:example.test     mailboxes of the host; email:.example.test: of hosts below it;
 *                            email:jane@example.test: one mailbox
 *     uri:example.test       URIs of the host; uri:.example.test: of hosts below it
 *     ip:192.0.2.0/24        ip:2001:db8::/32
 *     dirname:O=Example,C=NL names that end so, as RFC 4514 writes them
 * CM_E_VALUE with rule extension.constraint. */
cm_error_t *cm_constraints_write(cm_bytes_t *value, const apr_array_header_t *permitted,
                                 const apr_array_header_t *excluded, apr_pool_t *pool);

/* Whether the text is one of these. */
int cm_constraints_is_base(const char *text, apr_pool_t *pool);

#endif
