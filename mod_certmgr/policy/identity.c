/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "policy/identity.h"

#include <apr_lib.h>
#include <apr_strings.h>

#define CM_ROLE(code, bit, name, about) {bit, name, about},
static const cm_role_info_t roles[] = {
#include "policy/roles.def"
    {0, NULL, NULL}};
#undef CM_ROLE

#define CM_PERMISSION(code, name, roles, in_groups, about) {name, roles, in_groups, about},
static const struct {
    const char *name;
    unsigned roles;
    int in_groups;
    const char *about;
} permissions[] = {
#include "policy/permissions.def"
};
#undef CM_PERMISSION

const cm_role_info_t *cm_roles(void)
{
    return roles;
}

unsigned cm_role_of(const char *name)
{
    for (const cm_role_info_t *role = roles; role->name; role++) {
        if (strcmp(role->name, name) == 0) {
            return role->bit;
        }
    }
    return 0;
}

unsigned cm_roles_of(const apr_array_header_t *names)
{
    unsigned bits = 0;

    for (int i = 0; names && i < names->nelts; i++) {
        bits |= cm_role_of(APR_ARRAY_IDX(names, i, const char *));
    }
    return bits;
}

const char *cm_permission_name(cm_permission_t permission)
{
    return permissions[permission].name;
}

const char *cm_permission_about(cm_permission_t permission)
{
    return permissions[permission].about;
}

unsigned cm_permission_roles(cm_permission_t permission)
{
    return permissions[permission].roles;
}

int cm_group_is_name(const char *name)
{
    apr_size_t len = 0;

    for (; name[len]; len++) {
        if (!apr_isalnum(name[len]) && !strchr("-_.", name[len])) {
            return 0;
        }
    }
    return len >= 1 && len <= 64;
}

cm_identity_t *cm_identity_make(const cm_person_t *person, apr_pool_t *pool)
{
    cm_identity_t *who = apr_pcalloc(pool, sizeof *who);

    who->person = person;
    who->roles = cm_roles_of(person->roles);
    for (int i = 0; person->group_roles && i < person->group_roles->nelts; i++) {
        const cm_group_role_t *held = &APR_ARRAY_IDX(person->group_roles, i, cm_group_role_t);

        if (strcmp(held->role, CM_MEMBER) == 0) {
            cm_identity_join(who, held->group, pool);
        } else {
            cm_identity_grant(who, cm_role_of(held->role), held->group, pool);
        }
    }
    return who;
}

void cm_identity_grant(cm_identity_t *who, unsigned role, const char *group, apr_pool_t *pool)
{
    apr_array_header_t *scopes;

    if (!group) {
        who->roles |= role;
        return;
    }
    for (int i = 0; who->scopes && i < who->scopes->nelts; i++) {
        cm_scope_t *scope = &APR_ARRAY_IDX(who->scopes, i, cm_scope_t);

        if (strcmp(scope->group, group) == 0) {
            scope->roles |= role;
            return;
        }
    }
    scopes = who->scopes ? apr_array_copy(pool, who->scopes)
                         : apr_array_make(pool, 2, sizeof(cm_scope_t));
    APR_ARRAY_PUSH(scopes, cm_scope_t) = (cm_scope_t){group, role};
    who->scopes = scopes;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void cm_identity_join(cm_identity_t *who, const char *group, apr_pool_t *pool)
{
    apr_array_header_t *groups;

    if (cm_identity_is_in(who, group)) {
        return;
    }
    groups = who->groups ? apr_array_copy(pool, who->groups)
                         : apr_array_make(pool, 2, sizeof(const char *));
    APR_ARRAY_PUSH(groups, const char *) = group;
    qsort(groups->elts, (size_t)groups->nelts, sizeof(const char *), compare_names);
    who->groups = groups;
}

int cm_identity_is_in(const cm_identity_t *who, const char *group)
{
    return cm_text_is_among(who->groups, group);
}

unsigned cm_identity_roles(const cm_identity_t *who, const char *group)
{
    unsigned bits = who->roles;

    for (int i = 0; group && who->scopes && i < who->scopes->nelts; i++) {
        const cm_scope_t *scope = &APR_ARRAY_IDX(who->scopes, i, cm_scope_t);

        bits |= strcmp(scope->group, group) == 0 ? scope->roles : 0;
    }
    return bits;
}

/* Those that hold for any group. */
static unsigned scoped_roles(const cm_identity_t *who)
{
    unsigned bits = 0;

    for (int i = 0; who->scopes && i < who->scopes->nelts; i++) {
        bits |= APR_ARRAY_IDX(who->scopes, i, cm_scope_t).roles;
    }
    return bits;
}

apr_array_header_t *cm_identity_role_names(const cm_identity_t *who, apr_pool_t *pool)
{
    unsigned bits = who->roles | scoped_roles(who);
    apr_array_header_t *names = apr_array_make(pool, 4, sizeof(const char *));

    for (const cm_role_info_t *role = roles; role->name; role++) {
        if (bits & role->bit) {
            APR_ARRAY_PUSH(names, const char *) = role->name;
        }
    }
    return names;
}

static int has(const cm_identity_t *who, unsigned bits, cm_permission_t permission)
{
    return who && who->person && (bits & permissions[permission].roles) != 0;
}

int cm_identity_may(const cm_identity_t *who, cm_permission_t permission)
{
    if (permission == CM_MAY_ANYONE) {
        return 1;
    }
    return who && has(who, who->roles | (permissions[permission].in_groups ? scoped_roles(who) : 0),
                      permission);
}

int cm_identity_may_in(const cm_identity_t *who, cm_permission_t permission, const char *group)
{
    if (permission == CM_MAY_ANYONE) {
        return 1;
    }
    return who && has(who, cm_identity_roles(who, permissions[permission].in_groups ? group : NULL),
                      permission);
}

static cm_error_t *refuse(const cm_identity_t *who, cm_permission_t permission, apr_pool_t *pool)
{
    if (!who || !who->person) {
        return cm_error_locate(cm_error_make(pool, CM_E_IDENTITY, "this needs a log-in"), NULL,
                               "identity.missing");
    }
    return cm_error_locate(cm_error_make(pool, CM_E_FORBIDDEN, "none of your roles allows this"),
                           NULL,
                           apr_pstrcat(pool, "permission.", permissions[permission].name, NULL));
}

cm_error_t *cm_identity_require(const cm_identity_t *who, cm_permission_t permission,
                                apr_pool_t *pool)
{
    return cm_identity_may(who, permission) ? NULL : refuse(who, permission, pool);
}

cm_error_t *cm_identity_require_in(const cm_identity_t *who, cm_permission_t permission,
                                   const char *group, apr_pool_t *pool)
{
    return cm_identity_may_in(who, permission, group) ? NULL : refuse(who, permission, pool);
}
