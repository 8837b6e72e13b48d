/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/profiles.h"

#include <apr_strings.h>

#include "flow/lineage.h"
#include "policy/profile_check.h"
#include "policy/profile_diff.h"
#include "store/profiles.h"

static cm_error_t *check(const cm_ctx_t *ctx, const cm_profile_t *profile)
{
    cm_profile_check_in_t in = {.profile = profile, .now = ctx->now};
    cm_lineage_t lineage;
    cm_error_t *error = cm_lineage_read(&lineage, ctx, profile->ca);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_locate(
            cm_error_make(ctx->pool, CM_E_VALUE, "there is no authority of this name"), "/ca",
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
