/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/crl.h"

#include <apr_strings.h>

#include "flow/crl_file.h"
#include "flow/lineage.h"
#include "flow/sign.h"
#include "flow/upkeep.h"
#include "keys/key.h"
#include "pki/crl.h"
#include "policy/address.h"
#include "policy/config.h"
#include "store/authorities.h"

/* What is made at one time of one shard. */
typedef struct {
    const cm_ctx_t *ctx;
    const cm_issuer_t *issuer;
    const cm_crl_state_t *state;
    cm_crl_record_t *full, *delta; /* NULL: not made */
} making_t;

static const cm_crl_record_t *newest_of(const cm_crl_state_t *state)
{
    return state->delta.number > state->full.number ? &state->delta : &state->full;
}

/* Half of its life is over. */
static int is_old(const cm_crl_record_t *crl, apr_time_t now)
{
    return now >= crl->this_update + (crl->next_update - crl->this_update) / 2;
}

/* It misses an entry and is that many seconds old, or of a future that the clock has left. */
static int is_behind(const cm_crl_record_t *crl, const cm_crl_state_t *state, apr_int64_t seconds,
                     apr_time_t now)
{
    return state->last > crl->through &&
           (now >= crl->this_update + apr_time_from_sec(seconds) || now < crl->this_update);
}

static int full_is_due(const cm_crl_state_t *state, const cm_authority_t *authority,
                       const cm_ctx_t *ctx)
{
    apr_int64_t gather = ctx->config->crl_gather;

    return !state->full.number || is_old(&state->full, ctx->now) ||
           is_behind(&state->full, state,
                     authority->crl_delta > gather ? authority->crl_delta : gather, ctx->now);
}

static int is_due(const cm_crl_state_t *state, const cm_authority_t *authority, const cm_ctx_t *ctx)
{
    return full_is_due(state, authority, ctx) ||
           (authority->crl_delta &&
            (!state->delta.number ||
             is_behind(newest_of(state), state, ctx->config->crl_gather, ctx->now)));
}

/* All lists that there are or should be: those of the shards of now, and those that certificates
 * name from before there were fewer. */
static cm_error_t *all_states(apr_array_header_t **all, const cm_ctx_t *ctx,
                              const cm_authority_t *authority)
{
    apr_array_header_t *stored;
    apr_int64_t shard = 0;
    cm_error_t *error = cm_crl_states(&stored, ctx->store, authority->name, ctx->pool);

    if (error) {
        return error;
    }
    *all = apr_array_make(ctx->pool, stored->nelts + 1, sizeof(cm_crl_state_t));
    for (int i = 0; i < stored->nelts || shard <= authority->crl_shards; shard++) {
        const cm_crl_state_t *next =
            i < stored->nelts ? &APR_ARRAY_IDX(stored, i, cm_crl_state_t) : NULL;

        if (next && next->shard == shard) {
            APR_ARRAY_PUSH(*all, cm_crl_state_t) = *next;
            i++;
        } else {
            APR_ARRAY_PUSH(*all, cm_crl_state_t) = (cm_crl_state_t){.shard = shard};
        }
    }
    return NULL;
}

/* Certificates from before CertMgrPublicURL was set name the list by CertMgrURL. */
static const char *former_url(const cm_ctx_t *ctx, const char *list)
{
    return strcmp(cm_public_url(ctx), ctx->config->url) != 0
               ? cm_address_crl(ctx->config->url, list, ctx->pool)
               : NULL;
}

static void name_points(cm_crl_spec_t *spec, const cm_crl_record_t *crl, const making_t *making)
{
    const cm_ctx_t *ctx = making->ctx;
    const char *list = cm_address_list(crl->ca, crl->shard, 0, ctx->pool);

    if (crl->shard || !cm_authority_is_root(making->issuer->record)) {
        /* not for a root: its own certificate names no CRL, so none with a distribution point
         * would cover it (RFC 5280 6.3.3 (b) (2)) */
        spec->idp_url = cm_crl_url(ctx, list);
        spec->idp_url_also = former_url(ctx, list);
    }
    if (!crl->is_delta && making->issuer->record->crl_delta) {
        spec->freshest_url = cm_crl_url(ctx, cm_address_list(crl->ca, crl->shard, 1, ctx->pool));
    }
}

/* The bytes around the entries, and the signature over all. */
static cm_error_t *sign_list(cm_crl_record_t *crl, const making_t *making)
{
    const cm_issuer_t *issuer = making->issuer;
    const cm_ctx_t *ctx = making->ctx;
    const cm_sigalg_t *alg = cm_sigalg_for_key(cm_key_algorithm(issuer->key));
    cm_crl_spec_t spec = {.sigalg = alg,
                          .issuer = issuer->cert->subject->der,
                          .issuer_key_id = issuer->cert->ski,
                          .this_update = crl->this_update,
                          .next_update = crl->next_update,
                          .number = (apr_uint64_t)crl->number,
                          .is_delta = crl->is_delta,
                          .base_number = (apr_uint64_t)crl->base};
    cm_crl_pass_t pass = {.crl = crl, .digest = alg->digest};
    cm_bytes_t frame[2];
    cm_error_t *error = cm_crl_entries_size(&pass.entries_size, ctx->store, crl, ctx->pool);

    name_points(&spec, crl, making);
    if (!error) {
        error = cm_crl_frame(frame, &spec, (apr_size_t)pass.entries_size, ctx->pool);
    }
    if (error) {
        return error;
    }
    crl->key_algorithm = cm_key_algorithm(issuer->key);
    crl->head = frame[0];
    crl->tail = frame[1];
    error = cm_crl_pass(&crl->hash, &pass, ctx);
    if (!error) {
        error = cm_key_sign_digest(&crl->signature, issuer->key, alg->digest, crl->hash, ctx->pool);
    }
    if (!error) {
        apr_size_t tbs_len = crl->head.len + (apr_size_t)pass.entries_size + crl->tail.len;

        cm_signed_frame(frame, tbs_len, alg, crl->signature, ctx->pool);
        crl->size = (apr_int64_t)(frame[0].len + tbs_len + frame[1].len);
    }
    return error;
}

/* The full list that deltas build on: the same as before until half of its life is over. */
static const cm_crl_record_t *base_of(const making_t *making)
{
    const cm_crl_state_t *state = making->state;
    int goes_on = state->delta.number && state->base.number == state->delta.base &&
                  !is_old(&state->base, making->ctx->now);

    return goes_on ? &state->base : &state->full;
}

static cm_crl_record_t *make_record(const making_t *making, int is_delta)
{
    const cm_authority_t *authority = making->issuer->record;
    const cm_ctx_t *ctx = making->ctx;
    const cm_crl_record_t *before = &making->state->full;
    apr_int64_t period = authority->crl_period ? authority->crl_period : ctx->config->crl_validity;
    cm_crl_record_t *crl = apr_pcalloc(ctx->pool, sizeof *crl);

    crl->ca = authority->name;
    crl->shard = making->state->shard;
    crl->is_delta = is_delta;
    crl->number = authority->crl_number + 1;
    /* read before the entries are: the list may show more than it says, never less */
    crl->through = authority->revocations;
    crl->this_update = ctx->now - ctx->now % APR_USEC_PER_SEC;
    crl->next_update = crl->this_update + apr_time_from_sec(period);
    if (authority->crl_delta) {
        crl->base = base_of(making)->number;
    }
    if (is_delta) {
        crl->since = base_of(making)->through;
    } else if (before->number) {
        /* RFC 5280 3.3: an entry stays until it was on one list issued beyond the certificate's
         * life. So whatever was alive at the time of the list before is on this one. */
        crl->alive_at = before->this_update < ctx->now ? before->this_update : ctx->now;
    }
    return crl;
}

static cm_error_t *store_lists(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const making_t *making = baton;

    (void)event;
    return cm_crl_insert(txn, making->full, making->delta);
}

typedef struct {
    const char *ca;
    int count;
} encoding_t;

static cm_error_t *encode_some(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    encoding_t *encoding = baton;

    (void)event;
    return cm_crl_encode_former(&encoding->count, txn, encoding->ca);
}

/* Before the first list of this kind: what was revoked before lists were made of encoded entries.
 */
static cm_error_t *encode_former(const cm_ctx_t *ctx, const char *ca)
{
    encoding_t encoding = {ca, 0};
    cm_error_t *error;

    do {
        error = cm_store_maintain(ctx->store, encode_some, &encoding, ctx->pool);
    } while (!error && encoding.count);
    return error;
}

static cm_error_t *prune_some(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    (void)event;
    return cm_crl_prune(txn, baton);
}

/* What no list needs any more. */
static cm_error_t *prune(const making_t *making)
{
    cm_crl_prune_t work = {.full = making->full};
    cm_error_t *error;

    work.since = making->delta ? making->delta->since : making->full->through;
    do {
        error = cm_store_maintain(making->ctx->store, prune_some, &work, making->ctx->pool);
    } while (!error && work.count >= CM_CRL_PRUNED);
    return error;
}

/* Decide what is made, sign it, store it. */
static cm_error_t *make_lists(making_t *making, int all)
{
    const cm_ctx_t *ctx = making->ctx;
    const cm_authority_t *authority = making->issuer->record;
    cm_error_t *error = NULL;

    if (all || full_is_due(making->state, authority, ctx)) {
        making->full = make_record(making, 0);
        error = sign_list(making->full, making);
    }
    if (!error && authority->crl_delta && making->state->full.number) {
        making->delta = make_record(making, 1);
        error = sign_list(making->delta, making);
    }
    if (!error) {
        error = cm_store_maintain(ctx->store, store_lists, making, ctx->pool);
    }
    return error;
}

/* Entries that went while they were read were pruned by who published in the meantime. */
static cm_error_t *explain_failure(cm_error_t *error, const cm_authority_t *before,
                                   const cm_ctx_t *ctx)
{
    cm_authority_t *after;

    if (error->code == CM_E_INTEGRITY &&
        !cm_authority_read(&after, ctx->store, before->name, ctx->pool) &&
        after->crl_number != before->crl_number) {
        return cm_error_make(ctx->pool, CM_E_CONFLICT, "a newer CRL was made meanwhile");
    }
    return error;
}

static cm_error_t *publish_shard(const cm_ctx_t *ctx, const char *ca, const cm_crl_state_t *state,
                                 int all)
{
    making_t making = {.ctx = ctx, .state = state};
    cm_issuer_t *issuer;
    cm_error_t *error = cm_issuer_open_for_status(&issuer, ctx, ca);

    if (!error && !state->full.number) {
        error = encode_former(ctx, ca);
    }
    if (!error) {
        making.issuer = issuer;
        error = make_lists(&making, all);
        error = error ? explain_failure(error, issuer->record, ctx) : NULL;
    }
    if (error) {
        return error;
    }
    cm_ctx_log(ctx, CM_LOG_INFO, "CRL %" APR_INT64_T_FMT " of %s published",
               issuer->record->crl_number + 1,
               cm_address_list(ca, state->shard, !making.full, ctx->pool));
    return making.full ? prune(&making) : NULL;
}

/* Those that are due, or all; a shard whose list can't be made keeps none from being made. *number
 * is the last one before. CM_E_CONFLICT when somebody else took the next meanwhile. */
static cm_error_t *publish(apr_int64_t *number, const cm_ctx_t *ctx, const char *ca, int all)
{
    cm_authority_t *authority;
    apr_array_header_t *states;
    cm_error_t *errors = NULL;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, ca, ctx->pool);

    if (!error) {
        *number = authority->crl_number;
        error = all_states(&states, ctx, authority);
    }
    for (int i = 0; !error && i < states->nelts; i++) {
        const cm_crl_state_t *state = &APR_ARRAY_IDX(states, i, cm_crl_state_t);

        if (all || is_due(state, authority, ctx)) {
            errors = cm_error_join(errors, publish_shard(ctx, ca, state, all));
        }
    }
    return error ? error : errors;
}

/* The list that came first may miss what was revoked before we were asked, so ours follows it. As
 * long as numbers go up, each attempt that failed is a list that somebody else has published. */
cm_error_t *cm_crl_publish(const cm_ctx_t *ctx, const char *ca)
{
    apr_int64_t last, number = -1;
    cm_error_t *error;

    do {
        last = number;
        error = publish(&number, ctx, ca, 1);
    } while (error && error->code == CM_E_CONFLICT && number > last);
    return error;
}

static cm_error_t *publish_due(const cm_ctx_t *ctx, const char *ca)
{
    apr_int64_t number;

    return publish(&number, ctx, ca, 0);
}

static cm_error_t *authority_is_due(int *due, const cm_authority_t *authority, const cm_ctx_t *ctx)
{
    apr_array_header_t *states;
    cm_error_t *error = all_states(&states, ctx, authority);

    *due = 0;
    for (int i = 0; !error && !*due && i < states->nelts; i++) {
        *due = is_due(&APR_ARRAY_IDX(states, i, cm_crl_state_t), authority, ctx);
    }
    return error;
}

static const cm_upkeep_t upkeep = {authority_is_due, publish_due};

cm_error_t *cm_crl_is_due(int *due, cm_ctx_t *ctx)
{
    return cm_upkeep_is_due(due, &upkeep, ctx);
}

cm_error_t *cm_crl_job(cm_ctx_t *ctx)
{
    return cm_upkeep_run(&upkeep, ctx);
}
