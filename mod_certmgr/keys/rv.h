/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS#11 return values: what each means for the session it came from. Modules differ in which
 * value they give for the same loss, so the table errs on the side of opening anew.
 */
#ifndef CERTMGR_KEYS_RV_H
#define CERTMGR_KEYS_RV_H

#include <p11-kit/pkcs11.h>

#include "base/error.h"

typedef enum {
    CM_RV_DONE,
    CM_RV_FAIL,    /* the same call would fail again */
    CM_RV_WAIT,    /* nothing is broken, something is used up: ask again later */
    CM_RV_REOPEN,  /* sessions, log-in or handles are gone: open, log in and find anew */
    CM_RV_RESTART, /* as CM_RV_REOPEN; when that does not help, restart the module */
    CM_RV_PIN      /* the token refused the PIN: never ask again with this one */
} cm_rv_action_t;

typedef struct {
    CK_RV rv;
    const char *name; /* "CKR_..." */
    cm_rv_action_t action;
    cm_code_t code; /* of the error when no retry helps */
} cm_rv_info_t;

/* Never NULL: an unknown value, vendor-defined ones included, is CM_RV_FAIL. */
const cm_rv_info_t *cm_rv_info(CK_RV rv);

/* The error for `rv` from the function `call` of the token `token` (its configured name): code of
 * the table, 503 with Retry-After where it is CM_E_TOKEN. Token, call and rv go to the log only. */
cm_error_t *cm_rv_error(CK_RV rv, const char *call, const char *token, apr_pool_t *pool);

#endif
