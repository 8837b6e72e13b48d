/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/operations.h"

#include "flow/keycheck.h"
#include "policy/identity.h"
#include "flow/rules.h"
#include "store/people.h"

static const cm_operation_row_t *const rows[] = {
    &cm_operation_enroll,  &cm_operation_renew,     &cm_operation_rekey, &cm_operation_revoke,
    &cm_operation_suspend, &cm_operation_reinstate, &cm_operation_change};

const cm_operation_row_t *cm_operation_row(cm_operation_t operation)
{
    for (apr_size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i]->operation == operation) {
            return rows[i];
        }
    }
    return NULL;
}

const cm_json_member_t *cm_submission_members(cm_operation_t operation)
{
    const cm_operation_row_t *row = cm_operation_row(operation);

    return row ? row->members : NULL;
}

cm_error_t *cm_work_person(const cm_person_t **person, const cm_work_t *work, const char *id)
{
    apr_pool_t *pool = work->ctx->pool;
    const cm_identity_t *who = work->ctx->who;
    cm_error_t *error = NULL;

    if (who && strcmp(who->person->id, id) == 0) {
        *person = who->person; /* read by this very call */
    } else {
        cm_person_t *read;

        error = cm_person_read(&read, work->ctx->store, id, pool);
        *person = error ? NULL : read;
    }
    if (!error && strcmp((*person)->state, "active") != 0) {
        error = cm_error_locate(cm_error_make(pool, CM_E_REFUSED, "the person is deactivated"),
                                NULL, "person.state");
    }
    return error;
}

cm_error_t *cm_work_make(cm_work_t *work)
{
    const cm_operation_row_t *row = cm_operation_row(work->request->operation);

    return row && row->make ? row->make(work) : cm_work_sign(work);
}

cm_error_t *cm_work_sign(cm_work_t *work)
{
    cm_error_t *error;

    if (!work->spec) {
        return NULL;
    }
    work->issuer->profile = work->profile;
    error = cm_issuer_sign(&work->made, work->issuer, work->spec, work->ctx);
    if (!error) {
        work->made->owner = work->target ? work->target->owner : work->request->requester;
        work->made->replaces = work->target ? work->target->id : NULL;
        work->made->profile = work->request->profile;
        work->made->profile_version = work->request->profile_version;
        work->made->group = work->request->group;
        work->made->request = work->request->id;
        work->request->certificate = work->made->id;
    }
    return error;
}

cm_error_t *cm_work_take_csr(cm_work_t *work, const char *text)
{
    cm_error_t *error = cm_csr_decode(&work->request->csr, cm_bytes_of_text(text), work->ctx->pool);

    return error ? cm_error_locate(error, "/csr", error->rule) : NULL;
}

cm_error_t *cm_work_read_csr(cm_work_t *work)
{
    cm_csr_t *csr;
    cm_error_t *error = cm_csr_parse(&csr, work->request->csr, work->ctx->pool);

    if (!error) {
        work->csr = csr;
        error = cm_csr_verify(csr, work->ctx->pool);
    }
    return error ? cm_error_locate(error, "/csr", error->rule) : NULL;
}

cm_error_t *cm_work_check_key(const cm_work_t *work, const cm_pubkey_t *key, const char *owner)
{
    cm_error_t *error = cm_key_check(work->ctx, key, owner);

    for (cm_error_t *at = error; at; at = at->also) {
        if (at->code == CM_E_REFUSED || at->code == CM_E_VALUE) {
            cm_error_locate(at, work->csr ? "/csr" : "/certificate", at->rule);
        }
    }
    return error;
}

static cm_error_t *no_such_profile(const cm_work_t *work)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, CM_E_VALUE, "there is no such profile"),
                           "/profile", "profile.unknown");
}

cm_error_t *cm_work_profile(cm_work_t *work, const char *name)
{
    const cm_rule_t *rule = cm_rules_profile(work->ctx, name);
    cm_error_t *error = NULL;

    if (!rule) {
        cm_rule_t *read = apr_pcalloc(work->ctx->pool, sizeof *read);

        error = cm_rule_read(read, work->ctx, name);
        rule = read;
    }
    if (error && error->code == CM_E_NOT_FOUND) {
        return no_such_profile(work);
    }
    if (!error) {
        work->profile = rule->profile;
        work->listing = rule->groups;
        work->request->profile = rule->name;
        work->request->profile_version = rule->version;
    }
    return error;
}

/* To whom a group that lists the profile is none of their business, and who has nothing of this
 * profile yet, the profile is not there. */
static cm_error_t *refuse_group(const cm_work_t *work, const apr_array_header_t *listing)
{
    const cm_ctx_t *ctx = work->ctx;
    int is_known = work->request->state != CM_STATE_NONE || work->target;

    for (int i = 0; i < listing->nelts; i++) {
        is_known |=
            cm_identity_may_in(ctx->who, CM_MAY_SEE_GROUP, APR_ARRAY_IDX(listing, i, const char *));
    }
    if (!is_known) {
        return cm_error_explain(ctx->pool, no_such_profile(work),
                                "the profile is open to members of certain groups");
    }
    return cm_error_locate(
        cm_error_make(ctx->pool, CM_E_REFUSED, "the profile is open to members of certain groups"),
        "/profile", "profile.group");
}

cm_error_t *cm_work_group(cm_work_t *work)
{
    const apr_array_header_t *listing = work->listing;
    const char *had = work->request->group;

    work->request->group = NULL;
    for (int i = 0; i < listing->nelts; i++) {
        const char *group = APR_ARRAY_IDX(listing, i, const char *);

        if (cm_identity_is_in(work->ctx->who, group) &&
            (!work->request->group || (had && strcmp(had, group) == 0))) {
            work->request->group = group;
        }
    }
    return listing->nelts && !work->request->group ? refuse_group(work, listing) : NULL;
}
