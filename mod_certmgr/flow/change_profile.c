/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of certificate profiles.
 */
#include <apr_strings.h>

#include "flow/change.h"
#include "store/profiles.h"

static const cm_json_member_t members[] = {
    {"profile", CM_JSON_OBJECT, CM_JSON_REQUIRED, offsetof(cm_change_t, profile), 0,
     "The whole profile."},
    {"base", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(cm_change_t, base), INT32_MAX,
     "The version in force that it was made from, 0 for a new profile; the present one unless "
     "given."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const char *text_of(const json_t *profile, apr_pool_t *pool)
{
    char *text = json_dumps(profile, JSON_INDENT(4));
    const char *copy = apr_pstrdup(pool, text);

    free(text);
    return copy;
}

/* The version in force; NULL for a new profile. */
static cm_error_t *newest_of(cm_profile_record_t **newest, const cm_work_t *work, const char *name)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = cm_profile_read(newest, ctx->store, name, 0, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        *newest = NULL;
        return NULL;
    }
    return error;
}

static cm_error_t *check_same(const cm_work_t *work, const cm_profile_record_t *newest)
{
    json_t *stored;
    cm_error_t *error = cm_json_parse(&stored, cm_bytes_of_text(newest->text), work->ctx->pool);

    if (!error && json_equal(stored, work->change->profile)) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/profile", "profile.same",
                                 "this is the profile that is in force");
    }
    return error;
}

/* A profile that somebody else has changed in the meantime is not overwritten unseen. */
static cm_error_t *check_base(cm_work_t *work, const cm_profile_record_t *newest)
{
    apr_int64_t in_force = newest ? newest->version : 0;
    const json_t *given = json_object_get(cm_change_show(work->request, work->ctx->pool), "base");

    if (!given) {
        return cm_change_keep_integer(work, "base", in_force);
    }
    if (work->change->base != in_force) {
        return cm_change_refuse(
            work, CM_E_CONFLICT, "/base", "change.outdated",
            apr_psprintf(work->ctx->pool, "version %" APR_INT64_T_FMT " is in force", in_force));
    }
    return NULL;
}

static cm_error_t *decide(cm_work_t *work)
{
    apr_pool_t *pool = work->ctx->pool;
    cm_change_t *change = work->change;
    cm_profile_record_t *newest, *record = apr_pcalloc(pool, sizeof *record);
    cm_profile_t *profile;
    cm_error_t *error;

    record->text = text_of(change->profile, pool);
    error = cm_profile_parse(&profile, cm_bytes_of_text(record->text), pool);
    for (cm_error_t *at = error; at; at = at->also) {
        at->field = apr_pstrcat(pool, "/profile", at->field, NULL);
    }
    if (!error) {
        error = newest_of(&newest, work, profile->name);
    }
    if (!error && newest) {
        error = check_same(work, newest);
    }
    if (!error) {
        error = check_base(work, newest);
    }
    if (!error) {
        record->name = profile->name;
        record->version = newest ? newest->version + 1 : 1;
        record->created = work->ctx->now;
        change->record = record;
    }
    return error;
}

static cm_error_t *store(cm_txn_t *txn, cm_work_t *work)
{
    return cm_profile_insert(txn, work->change->record);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_profile_record_t *stored = work->change->record;

    if (stored) {
        cm_json_set_text(draft->detail, "profile", stored->name);
        cm_json_set_integer(draft->detail, "version", stored->version);
    }
}

const cm_change_kind_t cm_change_profile_store = {.name = "profile.store",
                                                  .about = "Store a version of a profile",
                                                  .permission = CM_MAY_GOVERN,
                                                  .role = "administrator",
                                                  .members = members,
                                                  .decide = decide,
                                                  .change = store,
                                                  .record = record};
