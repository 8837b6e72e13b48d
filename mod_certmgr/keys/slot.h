/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding the slot of a token, and logging in. The functions work with the module functions of a
 * session; only those that say so need it to be open. Inside of keys/ only.
 */
#ifndef CERTMGR_KEYS_SLOT_H
#define CERTMGR_KEYS_SLOT_H

#include "base/secret.h"
#include "keys/token.h"

typedef struct {
    CK_SLOT_ID id;
    CK_FLAGS flags; /* of CK_TOKEN_INFO */
    CK_ULONG max_sessions;
} cm_slot_t;

/* The one slot with an initialised token that `uri` matches. Slots that are empty, hold something
 * unknown or do not answer are passed over. CKR_TOKEN_NOT_PRESENT when no token matches;
 * CKR_ACTION_PROHIBITED and *why when several do. */
CK_RV cm_slot_find(cm_slot_t *slot, const cm_uri_t *uri, cm_session_t *session, const char **why);

/* How many sessions the token allows, `wanted` at most and 1 at least. */
int cm_slot_limit(const cm_slot_t *slot, int wanted);

/* True when the token asks for a log-in, or we have a PIN that it can take. */
int cm_slot_wants_login(const cm_slot_t *slot, const cm_secret_t *pin);

/* True when the (open) session says that the user is logged in. */
int cm_slot_is_user(cm_session_t *session);

/* Log in by the PIN or the token's own PIN pad through the open session; being logged in already is
 * CKR_OK. CKR_PIN_INVALID and *why when there is no PIN; CKR_PIN_LOCKED and *why when the token has
 * one try left. */
CK_RV cm_slot_login(const cm_slot_t *slot, cm_session_t *session, const cm_secret_t *pin,
                    const char **why);

#endif
