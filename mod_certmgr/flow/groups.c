/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/groups.h"

#include <apr_strings.h>

#include "base/text.h"
#include "pki/san.h"
#include "policy/identity.h"
#include "store/people.h"
#include "store/profiles.h"

static cm_error_t *wrong(const cm_ctx_t *ctx, const char *field, const char *rule,
                         const char *message)
{
    return cm_error_locate(cm_error_make(ctx->pool, CM_E_VALUE, "%s", message), field, rule);
}

static cm_error_t *check_profile(const cm_ctx_t *ctx, const cm_group_change_t *change)
{
    cm_profile_record_t *record;
    cm_error_t *error = cm_profile_read(&record, ctx->store, change->value, 0, ctx->pool);

    return error && error->code == CM_E_NOT_FOUND
               ? wrong(ctx, "/profile", "profile.unknown", "there is no such profile")
               : error;
}

static cm_error_t *check_domain(const cm_ctx_t *ctx, const cm_group_change_t *change)
{
    cm_san_t name;

    if (cm_san_make(&name, "dns", change->value, ctx->pool) ||
        strcmp(cm_text_lower(change->value, ctx->pool), change->value) != 0) {
        return wrong(ctx, "/domain", "group.domain", "a domain is a DNS name in lower case");
    }
    return NULL;
}

static cm_error_t *check_person(const cm_ctx_t *ctx, const cm_group_change_t *change)
{
    cm_person_t *person;
    cm_error_t *error;

    if (change->role && strcmp(change->role, CM_MEMBER) != 0 && !cm_role_of(change->role)) {
        return wrong(ctx, "/role", "person.role",
                     apr_psprintf(ctx->pool, "there is no role \"%s\"",
                                  cm_text_escape(change->role, ctx->pool)));
    }
    error = cm_person_read(&person, ctx->store, change->value, ctx->pool);
    return error && error->code == CM_E_NOT_FOUND
               ? wrong(ctx, "/person", "person.unknown", "there is no such person")
               : error;
}

static cm_error_t *store_create(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    const cm_group_t group = {.name = change->group, .created = now};

    return cm_group_insert(txn, &group);
}

static cm_error_t *store_remove(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    (void)now;
    return cm_group_delete(txn, change->group);
}

static cm_group_entry_t entry_of(const cm_group_change_t *change)
{
    int is_profile =
        change->verb == CM_GROUP_ADD_PROFILE || change->verb == CM_GROUP_REMOVE_PROFILE;

    return (cm_group_entry_t){change->group, is_profile ? CM_GROUP_PROFILE : CM_GROUP_DOMAIN,
                              change->value};
}

static cm_error_t *store_entry(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    const cm_group_entry_t entry = entry_of(change);

    (void)now;
    return cm_group_add_entry(txn, &entry);
}

static cm_error_t *drop_entry(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    const cm_group_entry_t entry = entry_of(change);

    (void)now;
    return cm_group_remove_entry(txn, &entry);
}

static cm_group_seat_t seat_of(const cm_group_change_t *change)
{
    return (cm_group_seat_t){change->group, change->value, change->role ? change->role : CM_MEMBER};
}

static cm_error_t *store_seat(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    const cm_group_seat_t seat = seat_of(change);

    (void)now;
    return cm_group_add_seat(txn, &seat);
}

static cm_error_t *drop_seat(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    const cm_group_seat_t seat = seat_of(change);

    (void)now;
    return cm_group_remove_seat(txn, &seat);
}

/* By verb. What is taken away need not make sense any more. */
static const struct {
    const char *member; /* what `value` is called in the record, or NULL */
    cm_error_t *(*check)(const cm_ctx_t *ctx, const cm_group_change_t *change);
    cm_error_t *(*store)(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now);
} verbs[] = {
    [CM_GROUP_CREATE] = {NULL, NULL, store_create},
    [CM_GROUP_REMOVE] = {NULL, NULL, store_remove},
    [CM_GROUP_ADD_PROFILE] = {"profile", check_profile, store_entry},
    [CM_GROUP_REMOVE_PROFILE] = {"profile", NULL, drop_entry},
    [CM_GROUP_ADD_DOMAIN] = {"domain", check_domain, store_entry},
    [CM_GROUP_REMOVE_DOMAIN] = {"domain", NULL, drop_entry},
    [CM_GROUP_ADD_PERSON] = {"person", check_person, store_seat},
    [CM_GROUP_REMOVE_PERSON] = {"person", NULL, drop_seat},
};

cm_error_t *cm_group_change_check(const cm_ctx_t *ctx, const cm_group_change_t *change)
{
    if (!cm_group_is_name(change->group)) {
        return wrong(ctx, "/group", "group.name",
                     "the name of a group has 1 to 64 letters, digits, dots, - and _");
    }
    return verbs[change->verb].check ? verbs[change->verb].check(ctx, change) : NULL;
}

cm_error_t *cm_group_change_store(cm_txn_t *txn, const cm_group_change_t *change, apr_time_t now)
{
    return verbs[change->verb].store(txn, change, now);
}

void cm_group_change_record(cm_audit_draft_t *draft, const cm_group_change_t *change)
{
    const char *member = verbs[change->verb].member;

    cm_json_set_text(draft->detail, "group", change->group);
    if (member) {
        cm_json_set_text(draft->detail, member, change->value);
    }
    if (change->verb == CM_GROUP_ADD_PERSON || change->verb == CM_GROUP_REMOVE_PERSON) {
        cm_json_set_text(draft->detail, "role", change->role ? change->role : CM_MEMBER);
    }
}
