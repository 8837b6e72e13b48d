/* SPDX-License-Identifier: Apache-2.0
 *
 * The closed vocabularies of the records, as numbers in the code and as names in the database and
 * in the API.
 */
#ifndef CERTMGR_MODEL_WORDS_H
#define CERTMGR_MODEL_WORDS_H

#define CM_OPERATION(code, name, title) code,
typedef enum {
#include "model/operations.def"
    CM_OP_COUNT
} cm_operation_t;
#undef CM_OPERATION

#define CM_STATE(code, name, final, about) code,
typedef enum {
#include "model/states.def"
    CM_STATE_COUNT
} cm_state_t;
#undef CM_STATE

typedef enum { CM_CERT_ACTIVE, CM_CERT_SUSPENDED, CM_CERT_REVOKED, CM_CERT_EXPIRED } cm_status_t;

typedef enum { CM_ITEM_OPEN, CM_ITEM_DONE, CM_ITEM_REFUSED } cm_item_state_t;

typedef enum { CM_BEFORE_ISSUE, CM_BEFORE_DELIVERY } cm_phase_t;

/* Names of operations, states and phases are never NULL. The reverse functions give -1 for a name
 * that is not listed. */
const char *cm_operation_name(cm_operation_t operation);
const char *cm_operation_title(cm_operation_t operation);
int cm_operation_of(const char *name);

const char *cm_state_name(cm_state_t state);
const char *cm_state_about(cm_state_t state);
int cm_state_is_final(cm_state_t state);
int cm_state_of(const char *name);

const char *cm_status_name(cm_status_t status);
int cm_status_of(const char *name);

const char *cm_item_state_name(cm_item_state_t state);
int cm_item_state_of(const char *name);

const char *cm_phase_name(cm_phase_t phase);
int cm_phase_of(const char *name);

/* CRLReason values of RFC 5280 5.3.1; NULL for a number that is not listed. */
const char *cm_reason_name(int reason);
int cm_reason_of(const char *name);

/* Whether this reason may be given for a certificate of people and programs (not: holds and
 * compromised authorities), and for one of an authority. */
int cm_reason_is_free(int reason);
int cm_reason_is_for_authority(int reason);

#endif
