/* SPDX-License-Identifier: Apache-2.0
 *
 * One PKCS#11 module, loaded by p11-kit (unmanaged: its own function list) and shared by all tokens
 * of a keyring that name the same path.
 *
 * Threads enter the module before they call it and leave it afterwards. That is what makes it
 * possible to restart a module (C_Finalize, C_Initialize), which some need after a token was away:
 * the restart closes the door, waits until nobody is inside, and opens it again. A module that
 * can't lock (CKR_CANT_LOCK) gets a door for one thread at a time.
 *
 * PKCS#11 is not fork-safe, so making a module calls nothing in it: it is loaded by the first
 * thread that enters. A module that somebody else in the process has initialised is used, but
 * neither restarted nor finalised.
 */
#ifndef CERTMGR_KEYS_MODULE_H
#define CERTMGR_KEYS_MODULE_H

#include <apr_pools.h>
#include <apr_time.h>
#include <p11-kit/pkcs11.h>

#include "base/error.h"

typedef struct cm_module_t cm_module_t;

/* With the pool goes the module: finalised if it was initialised here, in this process, and nobody
 * is inside after one second. */
cm_module_t *cm_module_make(const char *path, apr_pool_t *pool);

const char *cm_module_path(const cm_module_t *module);

/* Enter, at the latest at `deadline` of cm_wait_now. The first to enter loads and initialises.
 * CKR_OK; CKR_LIBRARY_LOAD_FAILED (*why, in the pool, says which module and what the loader said);
 * CKR_SESSION_COUNT when there was no entering in time; or what C_Initialize returned. */
CK_RV cm_module_enter(cm_module_t *module, apr_time_t deadline, const char **why, apr_pool_t *pool);

void cm_module_leave(cm_module_t *module);

/* Only while inside: the functions, and a number that grows with each restart: sessions and handles
 * of another epoch are void. */
CK_FUNCTION_LIST *cm_module_calls(const cm_module_t *module);
unsigned cm_module_epoch(const cm_module_t *module);

/* Finalise the module, so that the next thread to enter initialises it; called from outside. Not
 * when it was restarted since `epoch` or within the last second, when it is not ours, or when
 * somebody is still inside at `deadline`. */
void cm_module_restart(cm_module_t *module, unsigned epoch, apr_time_t deadline);

#endif
