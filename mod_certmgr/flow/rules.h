/* SPDX-License-Identifier: Apache-2.0
 *
 * What a process keeps of the rules, compiled: profiles with the groups that list them, and
 * authorities with those above them. The database has a stamp that changes with each change of any
 * of these, whoever makes it on whichever node; each log-in reads it along with the person, and
 * what was kept under another stamp is read anew. So a change holds with the next call, as if
 * nothing were kept. Persons, their roles and the status of certificates are never kept.
 *
 * What is kept is as much as there are profiles and authorities, and goes when the last call that
 * uses it has ended.
 */
#ifndef CERTMGR_FLOW_RULES_H
#define CERTMGR_FLOW_RULES_H

#include "flow/lineage.h"
#include "policy/profile.h"

typedef struct cm_rules_t cm_rules_t;

typedef struct {
    const char *name;
    apr_int64_t version;
    const cm_profile_t *profile;
    const apr_array_header_t *groups; /* of const char *: those that list it, sorted */
} cm_rule_t;

/* One a process; from any thread. */
cm_error_t *cm_rules_make(cm_rules_t **rules, apr_pool_t *pool);

/* The profile in force, or an authority, to be used until the context's pool ends. The record of
 * the authority is good for its name, key and certificate, not for its counters. NULL: there is
 * none, it can't be read, or nothing is kept for this context; then cm_rule_read and
 * cm_lineage_read say more. */
const cm_rule_t *cm_rules_profile(const cm_ctx_t *ctx, const char *name);
const cm_lineage_t *cm_rules_lineage(const cm_ctx_t *ctx, const char *ca);

/* Read it anew. CM_E_NOT_FOUND when there is no such profile. */
cm_error_t *cm_rule_read(cm_rule_t *rule, const cm_ctx_t *ctx, const char *name);

#endif
