/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes of how an authority publishes its CRLs.
 */
#include "base/text.h"
#include "flow/change.h"
#include "flow/lineage.h"
#include "policy/address.h"
#include "store/authorities.h"

enum { NAME_MAX_LENGTH = 64, DURATION_MAX = 32, SHARDS_MAX = 1000 };

static const cm_json_member_t members[] = {
    {"authority", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, authority), NAME_MAX_LENGTH,
     "Name of the authority."},
    {"shards", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(cm_change_t, crl_shards), SHARDS_MAX,
     "How many lists its new certificates are spread over, by serial; each keeps its list, so the "
     "number only grows. As it is unless given."},
    {"delta", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, crl_delta), DURATION_MAX,
     "Publish delta CRLs, and full lists no more often than this, such as 1h; 0s: no delta CRLs. "
     "As "
     "it is unless given."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

/* An authority with the name of one of the lists would be hidden by it. */
static cm_error_t *check_names(const cm_work_t *work, const char *name)
{
    const cm_ctx_t *ctx = work->ctx;
    apr_array_header_t *all;
    cm_error_t *error = cm_authorities_list(&all, ctx->store, ctx->pool);

    for (int i = 0; !error && i < all->nelts; i++) {
        const char *stem = APR_ARRAY_IDX(all, i, const cm_authority_t *)->name;
        apr_int64_t shard;
        int is_list = cm_address_strip_delta(&stem, ctx->pool);

        is_list |= cm_address_strip_shard(&stem, &shard, ctx->pool);
        if (is_list && strcmp(stem, name) == 0) {
            error = cm_change_refuse(work, CM_E_CONFLICT, "/authority", "crl.name",
                                     "another authority has the name of such a list");
        }
    }
    return error;
}

static cm_error_t *check_shards(const cm_work_t *work, const cm_authority_t *authority)
{
    const cm_change_t *change = work->change;

    if (change->crl_shards && cm_authority_is_root(authority)) {
        /* without distribution points each would pass for the whole (RFC 5280 5.2.5) */
        return cm_change_refuse(work, CM_E_CONFLICT, "/shards", "crl.shards",
                                "the lists of a root name no distribution point: it has one list");
    }
    return change->crl_shards < authority->crl_shards
               ? cm_change_refuse(work, CM_E_CONFLICT, "/shards", "crl.shards",
                                  "certificates name the shards there are: their number only grows")
               : NULL;
}

static cm_error_t *decide(cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    const json_t *given = cm_change_show(work->request, ctx->pool);
    cm_change_t *change = work->change;
    cm_authority_t *authority;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, change->authority, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_change_refuse(work, CM_E_VALUE, "/authority", "authority.unknown",
                                "there is no authority of this name");
    }
    if (!error) {
        error = check_names(work, change->authority);
    }
    if (error) {
        return error;
    }
    change->crl_shards =
        json_object_get(given, "shards") ? change->crl_shards : authority->crl_shards;
    change->crl_delta_seconds = authority->crl_delta;
    if (change->crl_delta) {
        error = cm_text_duration(&change->crl_delta_seconds, change->crl_delta, ctx->pool);
        error = error ? cm_error_locate(error, "/delta", "crl.delta") : NULL;
    }
    return cm_error_join(error, check_shards(work, authority));
}

static cm_error_t *store(cm_txn_t *txn, cm_work_t *work)
{
    const cm_authority_t authority = {.name = work->change->authority,
                                      .crl_shards = work->change->crl_shards,
                                      .crl_delta = work->change->crl_delta_seconds};

    return cm_authority_set_crl_plan(txn, &authority);
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_json_set_text(draft->detail, "authority", work->change->authority);
    cm_json_set_integer(draft->detail, "shards", work->change->crl_shards);
    cm_json_set_integer(draft->detail, "delta", work->change->crl_delta_seconds);
}

const cm_change_kind_t cm_change_authority_crl = {
    .name = "authority.crl",
    .about = "Change how an authority publishes its CRLs: shards and delta CRLs",
    .permission = CM_MAY_GOVERN_CAS,
    .role = "ca-admin",
    .members = members,
    .decide = decide,
    .change = store,
    .record = record};
