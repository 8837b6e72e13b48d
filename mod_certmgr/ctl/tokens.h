/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots and tokens by libp11: listing them, and making a token in a free slot. Keys are not made
 * here.
 *
 * libp11 0.4.12 waits for ever when a session can't be opened, so an alarm ends the program (exit
 * status 3) when a module has not answered within CM_TOKEN_PATIENCE seconds.
 */
#ifndef CERTMGR_CTL_TOKENS_H
#define CERTMGR_CTL_TOKENS_H

#include <apr_tables.h>

#include "base/secret.h"
#include "policy/config.h"

enum { CM_TOKEN_PATIENCE = 60 };

typedef struct {
    const char *module; /* path of the module */
    unsigned long slot;
    const char *slot_description;
    const char *label, *model, *manufacturer, *serial; /* NULL in an empty slot */
    const char *state; /* "empty", "free" (not initialised), "no PIN", "ready", "locked" */
} cm_slot_t;

/* All slots of a module; array of cm_slot_t. CM_E_TOKEN when the module can't be loaded. */
cm_error_t *cm_slots_list(apr_array_header_t **slots, const char *module, apr_pool_t *pool);

/* The slot whose token has this label, or NULL. CM_E_CONFIG when several have it. */
cm_error_t *cm_slots_find(const cm_slot_t **slot, const apr_array_header_t *slots,
                          const char *label, apr_pool_t *pool);

typedef struct {
    const char *module;
    const char *label;
    const cm_secret_t *so_pin, *pin;
} cm_token_plan_t;

/* Make the token in the first free slot (C_InitToken) and give it its user PIN. CM_E_CONFLICT when
 * there is no free slot. */
cm_error_t *cm_token_create(const cm_token_plan_t *plan, apr_pool_t *pool);

#endif
