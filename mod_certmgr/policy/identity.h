/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is asking, and what that person may do. Everything is denied until a role allows it.
 */
#ifndef CERTMGR_POLICY_IDENTITY_H
#define CERTMGR_POLICY_IDENTITY_H

#include <apr_tables.h>

#include "base/error.h"
#include "model/person.h"

#define CM_ROLE(code, bit, name, about) code = bit,
typedef enum {
#include "policy/roles.def"
    CM_ROLE_NONE = 0
} cm_role_t;
#undef CM_ROLE

#define CM_PERMISSION(code, name, roles, in_groups, about) code,
typedef enum {
#include "policy/permissions.def"
    CM_MAY_COUNT
} cm_permission_t;
#undef CM_PERMISSION

/* Roles that hold for what belongs to one group only. */
typedef struct {
    const char *group;
    unsigned roles; /* bits of cm_role_t */
} cm_scope_t;

typedef struct cm_identity_t {
    const cm_person_t *person;
    const char *login;       /* how: "tls", "proxy", "user", "oidc", "saml", "bearer" */
    const char *certificate; /* id of the certificate that logged in, or NULL */
    int by_command;          /* certmgrctl asks in the name of the person, who is not there */
    int from_cookie;         /* the log-in rests on a cookie: cross-site rules are stricter */
    apr_int64_t rules;       /* flow/rules.h: the stamp that was read with the person; 0: none */
    unsigned roles;          /* bits of cm_role_t: those that hold everywhere */
    const apr_array_header_t *scopes; /* of cm_scope_t, or NULL: none */
    const apr_array_header_t *groups; /* of const char *: names of the groups that the person is
                                         in, sorted; or NULL: none */
} cm_identity_t;

typedef struct {
    unsigned bit;
    const char *name; /* NULL ends the table */
    const char *about;
} cm_role_info_t;

const cm_role_info_t *cm_roles(void);

/* 0 for a name that is not listed. */
unsigned cm_role_of(const char *name);

/* Bits for an array of names (NULL: none); names that are not listed give nothing. */
unsigned cm_roles_of(const apr_array_header_t *names);

const char *cm_permission_name(cm_permission_t permission);
const char *cm_permission_about(cm_permission_t permission);

/* Bits of the roles that have the permission. */
unsigned cm_permission_roles(cm_permission_t permission);

/* 1 to 64 letters, digits, dots, - and _. */
int cm_group_is_name(const char *name);

/* The identity of a person with the roles and groups of its record, ready for more of both. */
cm_identity_t *cm_identity_make(const cm_person_t *person, apr_pool_t *pool);

/* Give a role, for one group or everywhere (NULL), or put the person into a group. */
void cm_identity_grant(cm_identity_t *who, unsigned role, const char *group, apr_pool_t *pool);
void cm_identity_join(cm_identity_t *who, const char *group, apr_pool_t *pool);

int cm_identity_is_in(const cm_identity_t *who, const char *group);

/* Bits of the roles that hold for an object of this group (NULL: of none). */
unsigned cm_identity_roles(const cm_identity_t *who, const char *group);

/* Names of all roles, wherever they hold, as in the table; array of const char *. */
apr_array_header_t *cm_identity_role_names(const cm_identity_t *who, apr_pool_t *pool);

/* Whether `who` has the permission at all: everywhere, or for some group where that can be;
 * CM_MAY_ANYONE also for NULL. Somebody without a person has none but that. What an object asks
 * for is cm_identity_may_in. */
int cm_identity_may(const cm_identity_t *who, cm_permission_t permission);

/* The same for an object of this group (NULL: of none). */
int cm_identity_may_in(const cm_identity_t *who, cm_permission_t permission, const char *group);

/* CM_E_IDENTITY for nobody (rule "identity.missing"), CM_E_FORBIDDEN for somebody without the
 * permission (rule "permission.NAME"). */
cm_error_t *cm_identity_require(const cm_identity_t *who, cm_permission_t permission,
                                apr_pool_t *pool);
cm_error_t *cm_identity_require_in(const cm_identity_t *who, cm_permission_t permission,
                                   const char *group, apr_pool_t *pool);

#endif
