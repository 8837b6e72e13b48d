/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/slot.h"

#include <p11-kit/uri.h>

enum { SLOTS_MAX = 256 };

static int matches(CK_SLOT_ID id, CK_TOKEN_INFO *token, const cm_uri_t *uri,
                   const cm_session_t *session)
{
    CK_SLOT_INFO slot = {0};
    CK_INFO module = {0};
    CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(uri->parsed);

    memset(token, 0, sizeof *token);
    return (wanted == (CK_SLOT_ID)-1 || wanted == id) &&
           session->calls->C_GetSlotInfo(id, &slot) == CKR_OK &&
           session->calls->C_GetTokenInfo(id, token) == CKR_OK &&
           (token->flags & CKF_TOKEN_INITIALIZED) && session->calls->C_GetInfo(&module) == CKR_OK &&
           p11_kit_uri_match_token_info(uri->parsed, token) &&
           p11_kit_uri_match_slot_info(uri->parsed, &slot) &&
           p11_kit_uri_match_module_info(uri->parsed, &module);
}

CK_RV cm_slot_find(cm_slot_t *slot, const cm_uri_t *uri, cm_session_t *session, const char **why)
{
    CK_SLOT_ID ids[SLOTS_MAX];
    CK_ULONG count = 0;
    CK_TOKEN_INFO token;
    int found = 0;
    CK_RV rv;

    session->call = "C_GetSlotList";
    /* asking for the number first makes a module look for tokens that came or went */
    rv = session->calls->C_GetSlotList(CK_TRUE, NULL, &count);
    if (rv == CKR_OK) {
        count = SLOTS_MAX;
        rv = session->calls->C_GetSlotList(CK_TRUE, ids, &count);
    }
    if (rv != CKR_OK) {
        return rv;
    }
    for (CK_ULONG i = 0; i < count; i++) {
        if (matches(ids[i], &token, uri, session)) {
            found++;
            slot->id = ids[i];
            slot->flags = token.flags;
            slot->max_sessions = token.ulMaxSessionCount;
        }
    }
    if (found > 1) {
        *why = "several tokens match the URI";
        return CKR_ACTION_PROHIBITED;
    }
    return found ? CKR_OK : CKR_TOKEN_NOT_PRESENT;
}

int cm_slot_limit(const cm_slot_t *slot, int wanted)
{
    /* CK_UNAVAILABLE_INFORMATION is the largest number there is */
    if (slot->max_sessions == CK_EFFECTIVELY_INFINITE || slot->max_sessions >= (CK_ULONG)wanted) {
        return wanted;
    }
    return (int)slot->max_sessions;
}

int cm_slot_wants_login(const cm_slot_t *slot, const cm_secret_t *pin)
{
    return (slot->flags & CKF_LOGIN_REQUIRED) || (pin && (slot->flags & CKF_USER_PIN_INITIALIZED));
}

int cm_slot_is_user(cm_session_t *session)
{
    CK_SESSION_INFO info = {0};

    return session->calls->C_GetSessionInfo(session->handle, &info) == CKR_OK &&
           (info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS);
}

CK_RV cm_slot_login(const cm_slot_t *slot, cm_session_t *session, const cm_secret_t *pin,
                    const char **why)
{
    cm_bytes_t secret = pin ? cm_secret_reveal(pin) : cm_bytes_make(NULL, 0);
    CK_TOKEN_INFO token = {0};
    CK_RV rv;

    session->call = "C_Login";
    if (!pin && !(slot->flags & CKF_PROTECTED_AUTHENTICATION_PATH)) {
        *why = "the token wants a PIN and none is configured";
        return CKR_PIN_INVALID;
    }
    if (pin && session->calls->C_GetTokenInfo(slot->id, &token) == CKR_OK &&
        (token.flags & CKF_USER_PIN_FINAL_TRY)) {
        *why = "one wrong PIN more would lock the token; log in once by hand";
        return CKR_PIN_LOCKED;
    }
    rv = session->calls->C_Login(session->handle, CKU_USER, (CK_UTF8CHAR *)secret.data, secret.len);
    return rv == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : rv;
}
