/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of groups: what flow/groups.h does, asked for and approved.
 */
#include <apr_strings.h>

#include "base/text.h"
#include "flow/change.h"
#include "flow/groups.h"

enum { GROUP_MAX = 64, VALUE_MAX = 255, ID_MAX = 64 };

/* The group first, since every kind has it. */
static const cm_json_member_t group_members[] = {{"group", CM_JSON_TEXT, CM_JSON_REQUIRED,
                                                  offsetof(cm_change_t, group), GROUP_MAX,
                                                  "Name of the group."},
                                                 {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t profile_members[] = {
    {"group", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, group), GROUP_MAX,
     "Name of the group."},
    {"profile", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, value), VALUE_MAX,
     "Name of the profile."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t domain_members[] = {
    {"group", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, group), GROUP_MAX,
     "Name of the group."},
    {"domain", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, value), VALUE_MAX,
     "DNS name in lower case."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t seat_members[] = {
    {"group", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, group), GROUP_MAX,
     "Name of the group."},
    {"person", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, person), ID_MAX,
     "Id of the person."},
    {"role", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, role), ID_MAX,
     "A role that holds for the group alone; a member without one."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static int is_seat(const cm_change_t *change)
{
    return change->kind->members == seat_members;
}

static cm_group_change_t asked(const cm_change_t *change)
{
    return (cm_group_change_t){(cm_group_verb_t)change->kind->verb, change->group,
                               is_seat(change) ? change->person : change->value, change->role};
}

/* Whether the person sits there in this role. */
static cm_error_t *has_seat(int *has, const cm_work_t *work)
{
    const cm_change_t *change = work->change;
    const char *role = change->role ? change->role : CM_MEMBER;
    cm_person_t *person;
    cm_error_t *error = cm_person_read(&person, work->ctx->store, change->person, work->ctx->pool);

    *has = 0;
    if (error) {
        return error->code == CM_E_NOT_FOUND ? NULL : error;
    }
    for (int i = 0; person->group_roles && i < person->group_roles->nelts; i++) {
        const cm_group_role_t *held = &APR_ARRAY_IDX(person->group_roles, i, cm_group_role_t);

        *has |= strcmp(held->group, change->group) == 0 && strcmp(held->role, role) == 0;
    }
    return NULL;
}

/* Whether the group has what the change is about. */
static cm_error_t *find_present(int *has, const cm_work_t *work, const cm_group_t *group)
{
    const cm_change_t *change = work->change;

    if (is_seat(change)) {
        return has_seat(has, work);
    }
    if (change->kind->members == profile_members) {
        *has = cm_text_is_among(group->profiles, change->value);
    } else {
        *has = cm_text_is_among(group->domains, change->value);
    }
    return NULL;
}

static int takes_away(cm_group_verb_t verb)
{
    return verb == CM_GROUP_REMOVE_PROFILE || verb == CM_GROUP_REMOVE_DOMAIN ||
           verb == CM_GROUP_REMOVE_PERSON;
}

/* What the transaction would find out as well; here it is told at once. */
static cm_error_t *check_group(const cm_work_t *work, cm_group_verb_t verb, const cm_group_t *group)
{
    int has = 0;
    cm_error_t *error;

    if (verb == CM_GROUP_CREATE) {
        return group ? cm_change_refuse(work, CM_E_CONFLICT, "/group", "group.there",
                                        "there is a group of this name")
                     : NULL;
    }
    if (!group) {
        return cm_change_refuse(work, CM_E_VALUE, "/group", "group.unknown",
                                "there is no such group");
    }
    if (verb == CM_GROUP_REMOVE) {
        return group->profiles && group->profiles->nelts
                   ? cm_change_refuse(work, CM_E_CONFLICT, "/group", "group.profiles",
                                      "it lists profiles, which would be open to everybody")
                   : NULL;
    }
    error = find_present(&has, work, group);
    if (!error && has == !takes_away(verb)) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/group", has ? "group.has" : "group.lacks",
                                 has ? "the group has this already" : "the group has no such");
    }
    return error;
}

static cm_error_t *decide(cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    const cm_group_change_t change = asked(work->change);
    cm_group_t *group = NULL;
    cm_error_t *error = cm_group_change_check(ctx, &change);

    if (!error) {
        error = cm_group_read(&group, ctx->store, change.group, ctx->pool);
    }
    if (error && error->code == CM_E_NOT_FOUND) {
        group = NULL;
        error = NULL;
    }
    return error ? error : check_group(work, change.verb, group);
}

static cm_error_t *store(cm_txn_t *txn, cm_work_t *work)
{
    const cm_group_change_t change = asked(work->change);

    return cm_group_change_store(txn, &change, work->ctx->now);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_group_change_t change = asked(work->change);

    cm_group_change_record(draft, &change);
}

#define KIND(kind, title, given, group_verb)                                                       \
    {                                                                                              \
        .name = kind, .about = title, .permission = CM_MAY_GOVERN, .role = "administrator",        \
        .members = given, .verb = group_verb, .decide = decide, .change = store, .record = record  \
    }

const cm_change_kind_t cm_change_group_add =
    KIND("group.add", "Make a group", group_members, CM_GROUP_CREATE);
const cm_change_kind_t cm_change_group_remove =
    KIND("group.remove", "Remove a group", group_members, CM_GROUP_REMOVE);
const cm_change_kind_t cm_change_group_profile_add =
    KIND("group.profile-add", "Open a profile to the members of a group, and to nobody else",
         profile_members, CM_GROUP_ADD_PROFILE);
const cm_change_kind_t cm_change_group_profile_remove =
    KIND("group.profile-remove", "Take a profile from a group", profile_members,
         CM_GROUP_REMOVE_PROFILE);
const cm_change_kind_t cm_change_group_domain_add =
    KIND("group.domain-add", "Note that a DNS name belongs to a group", domain_members,
         CM_GROUP_ADD_DOMAIN);
const cm_change_kind_t cm_change_group_domain_remove = KIND(
    "group.domain-remove", "Take a DNS name from a group", domain_members, CM_GROUP_REMOVE_DOMAIN);
const cm_change_kind_t cm_change_group_seat =
    KIND("group.seat", "Put a person into a group, as a member or with a role that holds there",
         seat_members, CM_GROUP_ADD_PERSON);
const cm_change_kind_t cm_change_group_unseat =
    KIND("group.unseat", "Take a person, or a role of the person, out of a group", seat_members,
         CM_GROUP_REMOVE_PERSON);
