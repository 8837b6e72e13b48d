/* SPDX-License-Identifier: Apache-2.0
 *
 * Content negotiation by Accept (RFC 9110 12.5.1).
 */
#ifndef CERTMGR_PROTO_ACCEPT_H
#define CERTMGR_PROTO_ACCEPT_H

/* Index of the offer the caller likes best, -1 when none is acceptable. Of equals the first offer
 * wins; header NULL or empty accepts the first. `offers` are media types without parameters, lower
 * case, NULL last. Parameters other than q are passed over. */
int cm_accept_choose(const char *header, const char *const *offers);

#endif
