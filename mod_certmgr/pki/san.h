/* SPDX-License-Identifier: Apache-2.0
 *
 * Subject alternative names (RFC 5280 4.2.1.6), as people write them:
 *     dns:www.example.test   email:jane@example.test   ip:192.0.2.1   ip:2001:db8::1
 *     uri:urn:uuid:...       upn:jane@example.test (Microsoft's user principal name)
 *     dirname:CN=Jane,O=Example (RFC 4514)        rid:1.2.3.4 (an OID)
 *     othername;1.3.6.1.5.5.7.8.7;ia5:_ldap.example.test (othername.h: OID and kind of string)
 * Values are canonical: host names in lower case, addresses as inet_ntop writes them.
 */
#ifndef CERTMGR_PKI_SAN_H
#define CERTMGR_PKI_SAN_H

#include <apr_pools.h>
#include <apr_tables.h>

#include "base/bytes.h"
#include "base/error.h"

enum { CM_SAN_COUNT = 256 }; /* names in one list, at most */

typedef struct {
    const char *type;  /* "dns", "email", "ip", "uri", "upn", "dirname", "rid",
                          "othername;OID;STRING"; "other" only when read from DER */
    const char *value; /* canonical text; of "other": hex of the whole GeneralName */
} cm_san_t;

/* Check and make canonical. CM_E_VALUE with a rule:
 *   san.type   not one of the above ("other" can't be asked for)
 *   san.dns    labels of 1 to 63 letters, digits and inner hyphens (RFC 1034), 253 in all; "*" only
 *              as the whole first label; IDNs as A-labels; no address, no closing dot
 *   san.email  dot-atom@domain, ASCII, 64 and 254 characters
 *   san.ip     no IPv4 or IPv6 address
 *   san.uri    no absolute URI (RFC 3986), or its host no name or address
 *   san.upn    no UTF-8 text with one "@"
 *   san.dirname  no RFC 4514 text that name.h can write, or empty
 *   san.rid    no dotted OID
 *   san.othername  no such string, or of more than 1024 octets */
cm_error_t *cm_san_make(cm_san_t *san, const char *type, const char *value, apr_pool_t *pool);

/* From "type:value". */
cm_error_t *cm_san_read(cm_san_t *san, const char *text, apr_pool_t *pool);

/* As "type:value". */
const char *cm_san_text(const cm_san_t *san, apr_pool_t *pool);

/* GeneralNames from an array of cm_san_t, each made by the functions above. Duplicates are dropped.
 * An empty list is san.empty, more than CM_SAN_COUNT san.count. */
cm_error_t *cm_san_encode(cm_bytes_t *der, const apr_array_header_t *list, apr_pool_t *pool);

/* An array of cm_san_t from GeneralNames, duplicates dropped. Names of the kinds above must pass
 * their rules; other kinds become "other". san.syntax, san.empty, san.count. */
cm_error_t *cm_san_decode(apr_array_header_t **list, cm_bytes_t der, apr_pool_t *pool);

/* Whether the list holds the name. */
int cm_san_has(const apr_array_header_t *list, const cm_san_t *san);

#endif
