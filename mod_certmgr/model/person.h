/* SPDX-License-Identifier: Apache-2.0
 *
 * One row per human or application; log-ins (identities) point to it.
 */
#ifndef CERTMGR_MODEL_PERSON_H
#define CERTMGR_MODEL_PERSON_H

#include <apr_tables.h>
#include <apr_time.h>

/* What a person is in a group: a role that holds there only, or CM_MEMBER. */
#define CM_MEMBER "member"
typedef struct {
    const char *group;
    const char *role; /* a name of policy/roles.def, or CM_MEMBER */
} cm_group_role_t;

typedef struct {
    const char *id;
    const char *name;  /* as it goes into commonName */
    const char *mail;  /* RFC 5321 mailbox, or NULL */
    const char *state; /* "active" or "inactive" (logs in nowhere) */
    apr_time_t created;
    const apr_array_header_t *roles;       /* of const char *: names of policy/roles.def */
    const apr_array_header_t *group_roles; /* of cm_group_role_t, by group; or NULL: none */
} cm_person_t;

#endif
