/* SPDX-License-Identifier: Apache-2.0
 *
 * People and groups for tests, past dual control.
 */
#include "flow/audit.h"
#include "flow/people.h"
#include "unit/flow/fixture.h"

typedef struct {
    const cm_person_t *person; /* to add, or NULL */
    const char *id;
    const cm_login_t *login;
    int unties;
    const cm_group_change_t *group;
} change_t;

static cm_error_t *store(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const change_t *change = baton;
    cm_error_t *error = change->person ? cm_person_insert(txn, change->person) : NULL;

    (void)event;
    if (!error && change->login) {
        error = change->unties ? cm_person_remove_login(txn, change->id, change->login)
                               : cm_person_add_login(txn, change->id, change->login);
    }
    if (!error && change->group) {
        error = cm_group_change_store(txn, change->group, ctx->now);
    }
    return error;
}

static cm_error_t *transact(change_t *change)
{
    cm_audit_draft_t *draft = cm_audit_begin(ctx, "test.change", NULL);

    return cm_store_transact(ctx->store, store, change, cm_audit_finish(draft, ctx), pool);
}

cm_error_t *create_person(cm_person_t *person, const cm_login_t *login)
{
    change_t change = {.person = person, .login = login};

    person->id = change.id = cm_ctx_id(ctx);
    person->state = "active";
    person->created = ctx->now;
    return transact(&change);
}

static cm_error_t *change_login(const char *person, const cm_login_t *login, int unties)
{
    change_t change = {.id = person, .login = login, .unties = unties};
    cm_person_t *found;
    cm_error_t *error = cm_person_check_login(login, pool);

    if (!error) {
        error = cm_person_read(&found, ctx->store, person, pool);
    }
    return error ? error : transact(&change);
}

cm_error_t *tie_login(const char *person, const cm_login_t *login)
{
    return change_login(person, login, 0);
}

cm_error_t *untie_login(const char *person, const cm_login_t *login)
{
    return change_login(person, login, 1);
}

cm_error_t *change_group(const cm_group_change_t *group)
{
    change_t change = {.group = group};
    cm_error_t *error = cm_group_change_check(ctx, group);

    return error ? error : transact(&change);
}
