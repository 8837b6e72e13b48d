/* SPDX-License-Identifier: Apache-2.0
 *
 * Storing a version of a profile, in two steps, so that what somebody proposes can be decided now
 * and be changed when others have approved it:
 *
 *     error = cm_profile_decide(&change, ctx, text);     reads, parses, checks; writes nothing
 *     error = cm_profile_change(txn, &change);           inside the transaction
 *
 * cm_profile_import does both with an audit event of its own.
 */
#ifndef CERTMGR_FLOW_PROFILES_H
#define CERTMGR_FLOW_PROFILES_H

#include "base/context.h"
#include "base/json.h"
#include "flow/audit.h"
#include "model/profile.h"
#include "policy/profile.h"
#include "store/store.h"

typedef struct cm_profile_change_t {
    const cm_profile_t *profile;
    cm_profile_record_t record; /* what is in force afterwards */
    int is_new;                 /* 0: the same is in force already, nothing is to be changed */
    const json_t *changes;      /* against the version in force, as cm_profile_diff gives them; NULL
                                   for a first version */
} cm_profile_change_t;

/* What storing this text would do. Refused is, all at once, what cm_profile_parse or
 * cm_profile_check refuse; and with the rule "profile.ca-unknown" at /ca a profile whose authority
 * is not here. */
cm_error_t *cm_profile_decide(cm_profile_change_t *change, const cm_ctx_t *ctx, cm_bytes_t text);

/* Insert the version, unless nothing is new. CM_E_CONFLICT when somebody else stored one since it
 * was decided: then decide again. */
cm_error_t *cm_profile_change(cm_txn_t *txn, const cm_profile_change_t *change);

/* Members of the audit event: version and changes. */
void cm_profile_record(cm_audit_draft_t *draft, const cm_profile_change_t *change);

/* Decide, and change in one transaction with the event "profile.store". */
cm_error_t *cm_profile_import(cm_profile_change_t *change, const cm_ctx_t *ctx, cm_bytes_t text);

/* A profile in force as the caller sees it. */
typedef struct {
    const cm_profile_t *profile;
    apr_int64_t version;
    unsigned roles; /* of the caller, where they hold for this profile */
} cm_profile_view_t;

/* Profiles of which the caller may ask for some operation, being in a group that has it, where
 * groups list it; all of them for those who see the requests of others. By name; array of
 * cm_profile_view_t. One that can't be read any more is passed over, and logged. */
cm_error_t *cm_profiles_visible(apr_array_header_t **views, const cm_ctx_t *ctx);

/* One of them; CM_E_NOT_FOUND. */
cm_error_t *cm_profile_visible(cm_profile_view_t *view, const cm_ctx_t *ctx, const char *name);

#endif
