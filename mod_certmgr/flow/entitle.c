/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/entitle.h"

#include <apr_strings.h>

#include "store/groups.h"
#include "store/people.h"

typedef struct {
    const apr_array_header_t *roles, *groups; /* of const char *: names */
} claims_t;

static const cm_json_member_t members[] = {
    {"roles", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(claims_t, roles), 0, ""},
    {"groups", CM_JSON_TEXTS, CM_JSON_OPTIONAL, offsetof(claims_t, groups), 0, ""},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

void cm_entitle_note(cm_work_t *work)
{
    const cm_identity_t *who = work->ctx->who;
    apr_pool_t *pool = work->ctx->pool;
    const char *group = work->request->group;
    const cm_identity_t *recorded = who ? cm_identity_make(who->person, pool) : NULL;
    json_t *claims = cm_json_object(pool);
    json_t *roles = cm_json_array(pool), *groups = cm_json_array(pool);

    if (!who) {
        return; /* a command, which is nobody */
    }
    for (const cm_role_info_t *role = cm_roles(); role->name; role++) {
        if (role->bit & cm_identity_roles(who, group) & ~cm_identity_roles(recorded, group)) {
            json_array_append_new(roles, json_string(role->name));
        }
    }
    if (group && cm_identity_is_in(who, group) && !cm_identity_is_in(recorded, group)) {
        json_array_append_new(groups, json_string(group));
    }
    cm_json_set(claims, "roles", roles);
    cm_json_set(claims, "groups", groups);
    work->request->claims = (const char *)cm_json_canonical(claims, pool).data;
}

cm_error_t *cm_entitle_read(cm_identity_t **who, const cm_work_t *work)
{
    const cm_request_t *request = work->request;
    apr_pool_t *pool = work->ctx->pool;
    claims_t claims = {NULL, NULL};
    cm_person_t *person;
    json_t *document;
    cm_error_t *error = cm_person_read(&person, work->ctx->store, request->requester, pool);

    if (!error && request->claims) {
        error = cm_json_parse(&document, cm_bytes_of_text(request->claims), pool);
    }
    if (!error && request->claims) {
        error = cm_json_read(&claims, members, document, "", pool);
    }
    if (error) {
        return error;
    }
    *who = cm_identity_make(person, pool);
    cm_identity_grant(*who, cm_roles_of(claims.roles), request->group, pool);
    for (int i = 0; claims.groups && i < claims.groups->nelts; i++) {
        cm_identity_join(*who, APR_ARRAY_IDX(claims.groups, i, const char *), pool);
    }
    return NULL;
}

static cm_error_t *refused(const cm_work_t *work, const char *rule, const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_REFUSED, "%s", message), NULL, rule);
}

cm_error_t *cm_entitle_check(const cm_work_t *work)
{
    const cm_request_t *request = work->request;
    const cm_operation_row_t *row = cm_operation_row(request->operation);
    cm_identity_t *who;
    cm_error_t *error;

    if (!row->entitle || !request->requester || !request->claims) {
        return NULL;
    }
    error = cm_entitle_read(&who, work);
    if (error) {
        return error;
    }
    if (strcmp(who->person->state, "active") != 0) {
        return refused(work, "person.state", "who asked for this is deactivated");
    }
    if (!cm_profile_allows(work->profile, request->operation,
                           cm_identity_roles(who, request->group))) {
        return refused(work, "profile.operation",
                       "who asked for this has no role any more to which the profile allows it");
    }
    return row->entitle(work, who);
}

cm_error_t *cm_entitle_member(const cm_work_t *work, const cm_identity_t *who)
{
    const cm_ctx_t *ctx = work->ctx;
    apr_array_header_t *listing;
    cm_error_t *error =
        cm_groups_of_profile(&listing, ctx->store, work->request->profile, ctx->pool);

    if (error || !listing->nelts) {
        return error;
    }
    for (int i = 0; i < listing->nelts; i++) {
        if (cm_identity_is_in(who, APR_ARRAY_IDX(listing, i, const char *))) {
            return NULL;
        }
    }
    return refused(work, "profile.group",
                   "who asked for this is in no group any more to which the profile is open");
}

static int is_owner(const cm_work_t *work, const cm_identity_t *who)
{
    return work->target->owner && strcmp(work->target->owner, who->person->id) == 0;
}

static cm_error_t *require(const cm_work_t *work, const cm_identity_t *who,
                           cm_permission_t permission)
{
    return cm_identity_may_in(who, permission, work->target->group)
               ? NULL
               : refused(work,
                         apr_pstrcat(work->ctx->pool, "permission.", cm_permission_name(permission),
                                     NULL),
                         "who asked for this may not ask for it any more");
}

cm_error_t *cm_entitle_successor(const cm_work_t *work, const cm_identity_t *who)
{
    return is_owner(work, who) ? cm_entitle_member(work, who)
                               : require(work, who, CM_MAY_SUBMIT_FOR_OTHERS);
}

cm_error_t *cm_entitle_decider(const cm_work_t *work, const cm_identity_t *who)
{
    return is_owner(work, who) ? NULL : require(work, who, CM_MAY_DECIDE);
}
