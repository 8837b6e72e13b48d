/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/identity.h"

#include <apr_strings.h>

#define CM_ROLE(code, bit, name, about) {bit, name, about},
static const cm_role_info_t roles[] = {
#include "policy/roles.def"
    {0, NULL, NULL}};
#undef CM_ROLE

#define CM_PERMISSION(code, name, roles, about) {name, roles, about},
static const struct {
    const char *name;
    unsigned roles;
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

int cm_identity_may(const cm_identity_t *who, cm_permission_t permission)
{
    if (permission == CM_MAY_ANYONE) {
        return 1;
    }
    return who && who->person && (who->roles & permissions[permission].roles) != 0;
}

cm_error_t *cm_identity_require(const cm_identity_t *who, cm_permission_t permission,
                                apr_pool_t *pool)
{
    if (cm_identity_may(who, permission)) {
        return NULL;
    }
    if (!who || !who->person) {
        return cm_error_locate(cm_error_make(pool, CM_E_IDENTITY, "this needs a log-in"), NULL,
                               "identity.missing");
    }
    return cm_error_locate(cm_error_make(pool, CM_E_FORBIDDEN, "none of your roles allows this"),
                           NULL,
                           apr_pstrcat(pool, "permission.", permissions[permission].name, NULL));
}
