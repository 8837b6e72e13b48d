/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of certificate profiles.
 */
#include <apr_strings.h>

#include "flow/change.h"
#include "flow/profiles.h"

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
    const char *copy = apr_pstrcat(pool, text, "\n", NULL);

    free(text);
    return copy;
}

/* A profile that somebody else has changed in the meantime is not overwritten unseen. */
static cm_error_t *check_base(cm_work_t *work, apr_int64_t in_force)
{
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
    cm_profile_change_t *decided = apr_pcalloc(pool, sizeof *decided);
    cm_profile_t *parsed;
    /* before it is laid out for people, which takes room by its depth */
    cm_error_t *error = cm_profile_parse(&parsed, cm_json_dump(change->profile, pool), pool);

    if (error) {
        return cm_change_move_below(error, "/profile", pool);
    }
    error = cm_profile_decide(decided, work->ctx, cm_bytes_of_text(text_of(change->profile, pool)));

    if (error) {
        return cm_change_move_below(error, "/profile", pool);
    }
    error = check_base(work, decided->record.version - decided->is_new);
    if (!error && !decided->is_new) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/profile", "profile.same",
                                 "this is the profile that is in force");
    }
    if (!error) {
        change->decided = decided;
    }
    return error;
}

static cm_error_t *store(cm_txn_t *txn, cm_work_t *work)
{
    return cm_profile_change(txn, work->change->decided);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    if (work->change->decided) {
        cm_json_set_text(draft->detail, "profile", work->change->decided->record.name);
        cm_profile_record(draft, work->change->decided);
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
