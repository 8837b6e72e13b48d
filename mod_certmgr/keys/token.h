/* SPDX-License-Identifier: Apache-2.0
 *
 * One token with a bounded pool of logged-in sessions, shared by all threads of the process.
 *
 * Work on a token is a function that gets a session. It is run once more, with a session opened and
 * logged in anew, when its session, the log-in, an object handle or the whole token was lost; it
 * must therefore start from the beginning each time it is called. Opening a session is tried until
 * the token's deadline, then the error is CM_E_TOKEN with retry_after. Nothing here waits longer
 * than that deadline, save for a call inside of the module, which nobody can interrupt.
 *
 * A PIN that the token refused is remembered and never sent again: tokens lock themselves. Nor is
 * a PIN sent when the token says that only one try is left: that one belongs to a person.
 */
#ifndef CERTMGR_KEYS_TOKEN_H
#define CERTMGR_KEYS_TOKEN_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/error.h"
#include "base/secret.h"
#include "keys/module.h"
#include "keys/uri.h"

typedef struct {
    const char *name;       /* for messages */
    const char *module;     /* path of the PKCS#11 module */
    const char *uri;        /* RFC 7512, chooses the token: "pkcs11:token=certmgr" */
    const cm_secret_t *pin; /* NULL: none, or the token has a PIN pad of its own */
    int max_sessions;       /* at most this many at once; 0: 8. The token's own limit counts too */
    apr_interval_time_t deadline; /* microseconds for getting a session; 0: 5 s */
} cm_token_config_t;

typedef struct cm_token_t cm_token_t;

typedef struct {
    CK_FUNCTION_LIST *calls;
    CK_SESSION_HANDLE handle;
    CK_SLOT_ID slot;
    unsigned generation; /* object handles found in another generation are void */
    const char *call;    /* set by the work before it calls the module: named in errors */
} cm_session_t;

/* The work. CKR_OK ends it, also when it stored an error of its own in the baton. */
typedef CK_RV (*cm_session_fn)(cm_session_t *session, void *baton);

enum { CM_SESSION_RW = 1 };

/* Calls nothing in the module. CM_E_CONFIG when the URI is wrong or names an object. The secret is
 * borrowed and must live as long as the token. */
cm_error_t *cm_token_make(cm_token_t **token, const cm_token_config_t *config, cm_module_t *module,
                          apr_pool_t *pool);

/* Run `work` with a session of its own; with CM_SESSION_RW one that may write. */
cm_error_t *cm_token_run(cm_token_t *token, cm_session_fn work, void *baton, int flags,
                         apr_pool_t *pool);

const char *cm_token_name(const cm_token_t *token);
const cm_uri_t *cm_token_uri(const cm_token_t *token);

/* True when the token wants a log-in of which this session knows nothing: then private objects are
 * invisible rather than absent. */
int cm_token_is_logged_out(cm_token_t *token, cm_session_t *session);

#endif
