/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/profiles.h"

#include <apr_strings.h>

#include "flow/lineage.h"
#include "policy/profile_check.h"
#include "policy/profile_diff.h"
#include "policy/identity.h"
#include "store/groups.h"
#include "store/profiles.h"

static cm_error_t *check(const cm_ctx_t *ctx, const cm_profile_t *profile)
{
    cm_profile_check_in_t in = {.profile = profile, .now = ctx->now};
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, profile->ca);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_locate(
            cm_error_make(ctx->pool, CM_E_VALUE, "there is no authority %s", profile->ca), "/ca",
            "profile.ca-unknown");
    }
    if (error) {
        return error;
    }
    in.issuer = lineage.cert;
    in.above = lineage.above;
    in.has_responder = lineage.record->ocsp_key != NULL;
    return cm_profile_check(&in, ctx->pool);
}

/* Compare with the version in force. */
static cm_error_t *compare(cm_profile_change_t *change, const cm_ctx_t *ctx)
{
    cm_profile_record_t *newest;
    json_t *from, *to, *changes;
    cm_error_t *error = cm_profile_read(&newest, ctx->store, change->record.name, 0, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        change->record.version = 1;
        change->is_new = 1;
        return NULL;
    }
    if (!error) {
        error = cm_json_parse(&from, cm_bytes_of_text(newest->text), ctx->pool);
    }
    if (!error) {
        error = cm_json_parse(&to, cm_bytes_of_text(change->record.text), ctx->pool);
    }
    if (error) {
        return error;
    }
    changes = cm_profile_diff(from, to, ctx->pool);
    change->changes = changes;
    change->is_new = json_array_size(changes) > 0;
    if (!change->is_new) {
        change->record = *newest;
    } else {
        change->record.version = newest->version + 1;
    }
    return NULL;
}

cm_error_t *cm_profile_decide(cm_profile_change_t *change, const cm_ctx_t *ctx, cm_bytes_t text)
{
    cm_profile_t *profile;
    cm_error_t *error = cm_profile_parse(&profile, text, ctx->pool);

    if (error) {
        return error;
    }
    *change = (cm_profile_change_t){.profile = profile};
    change->record.name = profile->name;
    change->record.text = apr_pstrmemdup(ctx->pool, (const char *)text.data, text.len);
    change->record.created = ctx->now;
    error = compare(change, ctx);
    return error || !change->is_new ? error : check(ctx, profile);
}

cm_error_t *cm_profile_change(cm_txn_t *txn, const cm_profile_change_t *change)
{
    return change->is_new ? cm_profile_insert(txn, &change->record) : NULL;
}

void cm_profile_record(cm_audit_draft_t *draft, const cm_profile_change_t *change)
{
    cm_json_set_integer(draft->detail, "version", change->record.version);
    if (change->changes) {
        cm_json_set(draft->detail, "changes", (json_t *)change->changes);
    }
}

static cm_error_t *store(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_profile_change(txn, baton);
}

cm_error_t *cm_profile_import(cm_profile_change_t *change, const cm_ctx_t *ctx, cm_bytes_t text)
{
    cm_audit_draft_t *draft;
    cm_error_t *error = cm_profile_decide(change, ctx, text);

    if (error || !change->is_new) {
        return error;
    }
    draft = cm_audit_begin(ctx, "profile.store", change->record.name);
    cm_profile_record(draft, change);
    return cm_store_transact(ctx->store, store, change, cm_audit_finish(draft, ctx), ctx->pool);
}

/* Views. */

/* The caller's roles for the profile, and whether a role lets see it anyway. */
static cm_error_t *find_roles(unsigned *roles, int *sees_all, const cm_ctx_t *ctx, const char *name)
{
    apr_array_header_t *groups;
    cm_error_t *error = cm_groups_of_profile(&groups, ctx->store, name, ctx->pool);

    if (error) {
        return error;
    }
    *roles = groups->nelts ? 0 : cm_identity_roles(ctx->who, NULL);
    *sees_all = cm_identity_may_in(ctx->who, CM_MAY_SEE_GROUP, NULL);
    for (int i = 0; i < groups->nelts; i++) {
        const char *group = APR_ARRAY_IDX(groups, i, const char *);

        *sees_all |= cm_identity_may_in(ctx->who, CM_MAY_SEE_GROUP, group);
        if (cm_identity_is_in(ctx->who, group)) {
            *roles |= cm_identity_roles(ctx->who, group);
        }
    }
    return NULL;
}

static cm_error_t *view_of(cm_profile_view_t *view, int *is_visible, const cm_ctx_t *ctx,
                           const cm_profile_record_t *record)
{
    cm_profile_t *profile;
    unsigned roles;
    cm_error_t *error = cm_profile_parse(&profile, cm_bytes_of_text(record->text), ctx->pool);

    if (!error) {
        error = find_roles(&roles, is_visible, ctx, record->name);
    }
    if (error) {
        return error;
    }
    for (int i = 0; i < CM_OP_COUNT; i++) {
        *is_visible |= cm_profile_allows(profile, (cm_operation_t)i, roles);
    }
    *view = (cm_profile_view_t){profile, record->version, roles};
    return NULL;
}

cm_error_t *cm_profiles_visible(apr_array_header_t **views, const cm_ctx_t *ctx)
{
    apr_array_header_t *records;
    cm_error_t *error = cm_profiles_list(&records, ctx->store, ctx->pool);

    *views = apr_array_make(ctx->pool, 8, sizeof(cm_profile_view_t));
    for (int i = 0; !error && i < records->nelts; i++) {
        const cm_profile_record_t *record = APR_ARRAY_IDX(records, i, cm_profile_record_t *);
        cm_profile_view_t view;
        int is_visible = 0;

        error = view_of(&view, &is_visible, ctx, record);
        if (!error && is_visible) {
            APR_ARRAY_PUSH(*views, cm_profile_view_t) = view;
        } else if (error && cm_code_info(error->code)->status < 500) {
            cm_ctx_log(ctx, CM_LOG_WARNING, "profile %s can't be read: %s", record->name,
                       cm_error_text(error, ctx->pool));
            error = NULL;
        }
    }
    return error;
}

cm_error_t *cm_profile_visible(cm_profile_view_t *view, const cm_ctx_t *ctx, const char *name)
{
    cm_profile_record_t *record;
    int is_visible = 0;
    cm_error_t *error = cm_profile_read(&record, ctx->store, name, 0, ctx->pool);

    if (!error) {
        error = view_of(view, &is_visible, ctx, record);
    }
    if ((error && error->code == CM_E_NOT_FOUND) || (!error && !is_visible)) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such profile");
    }
    return error;
}
