/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/crl.h"

#include <apr_strings.h>

#include "flow/lineage.h"
#include "flow/sign.h"
#include "flow/upkeep.h"
#include "keys/key.h"
#include "pki/crl.h"
#include "policy/config.h"
#include "store/certificates.h"

enum { PAGE = 1000, CHUNKS = 64 };

/* Encoded entries, page by page, so that only the bytes of the list grow with it. */
static cm_error_t *encode_page(apr_array_header_t *chunks, const apr_array_header_t *page,
                               apr_pool_t *scratch, apr_pool_t *pool)
{
    cm_bytes_t *parts = apr_palloc(scratch, (apr_size_t)page->nelts * sizeof *parts);

    for (int i = 0; i < page->nelts; i++) {
        const cm_revoked_t *revoked = &APR_ARRAY_IDX(page, i, cm_revoked_t);
        cm_crl_entry_t entry = {.revoked_at = revoked->revoked_at,
                                .reason = (cm_reason_t)revoked->reason,
                                .invalidity_date = revoked->invalidity_date};
        cm_error_t *error = cm_bytes_unhex(&entry.serial, revoked->serial, scratch);

        if (!error) {
            error = cm_crl_entry(&parts[i], &entry, scratch);
        }
        if (error) {
            return error;
        }
    }
    APR_ARRAY_PUSH(chunks, cm_bytes_t) = cm_bytes_concat(parts, page->nelts, pool);
    return NULL;
}

/* RFC 5280 3.3: an entry stays until it was on one list issued beyond the certificate's life. So
 * whatever was alive at the time of the list before is on this one. */
static cm_error_t *alive_since(apr_time_t *since, const cm_ctx_t *ctx, const cm_authority_t *ca)
{
    cm_crl_record_t *newest;
    cm_error_t *error;

    *since = ctx->now;
    if (!ca->crl_number) {
        return NULL;
    }
    error = cm_crl_newest(&newest, ctx->store, ca->name, ctx->pool);
    if (!error && newest->this_update < ctx->now) {
        *since = newest->this_update;
    }
    return error;
}

static cm_error_t *gather_entries(cm_bytes_t *entries, const cm_ctx_t *ctx,
                                  const cm_authority_t *ca)
{
    apr_array_header_t *chunks = apr_array_make(ctx->pool, CHUNKS, sizeof(cm_bytes_t));
    cm_revoked_query_t query = {ca->name, 0, "", PAGE};
    apr_array_header_t *page;
    apr_pool_t *scratch;
    cm_error_t *error = alive_since(&query.alive_at, ctx, ca);

    if (error) {
        return error;
    }
    apr_pool_create(&scratch, ctx->pool);
    do {
        error = cm_revoked_page(&page, ctx->store, &query, scratch);
        if (!error && page->nelts) {
            error = encode_page(chunks, page, scratch, ctx->pool);
            query.after =
                apr_pstrdup(ctx->pool, APR_ARRAY_IDX(page, page->nelts - 1, cm_revoked_t).serial);
        }
        if (!error && page->nelts < PAGE) {
            break;
        }
        apr_pool_clear(scratch);
    } while (!error);
    if (!error) {
        *entries = cm_bytes_concat((const cm_bytes_t *)chunks->elts, chunks->nelts, ctx->pool);
    }
    return error;
}

/* Certificates from before CertMgrPublicURL was set name the list by CertMgrURL. */
static const char *former_url(const cm_ctx_t *ctx, const char *ca)
{
    return strcmp(cm_public_url(ctx), ctx->config->url) != 0
               ? apr_pstrcat(ctx->pool, ctx->config->url, "/crl/", ca, ".crl", NULL)
               : NULL;
}

static cm_error_t *sign_list(cm_bytes_t *der, cm_crl_record_t *record, const cm_issuer_t *issuer,
                             const cm_ctx_t *ctx)
{
    const cm_sigalg_t *alg = cm_sigalg_for_key(cm_key_algorithm(issuer->key));
    cm_crl_spec_t spec = {.sigalg = alg,
                          .issuer = issuer->cert->subject->der,
                          .issuer_key_id = issuer->cert->ski,
                          .this_update = record->this_update,
                          .next_update = record->next_update,
                          .number = (apr_uint64_t)record->number};
    cm_bytes_t entries, tbs, signature;
    cm_error_t *error = gather_entries(&entries, ctx, issuer->record);

    if (!cm_authority_is_root(issuer->record)) {
        /* not for a root: its own certificate names no CRL, so none with a distribution point
         * would cover it (RFC 5280 6.3.3 (b) (2)) */
        spec.idp_url = cm_crl_url(ctx, record->ca);
        spec.idp_url_also = former_url(ctx, record->ca);
    }
    if (!error) {
        error = cm_crl_tbs(&tbs, &spec, entries, ctx->pool);
    }
    if (!error) {
        error = cm_key_sign(&signature, issuer->key, alg->digest, tbs, ctx->pool);
    }
    if (!error) {
        error = cm_signed_wrap(der, tbs, alg, signature, ctx->pool);
    }
    if (!error) {
        record->sha256 = cm_bytes_hex(cm_bytes_sha256(*der, ctx->pool), ctx->pool);
        record->size = (apr_int64_t)der->len;
    }
    return error;
}

typedef struct {
    const cm_crl_record_t *record;
    cm_bytes_t der;
} store_t;

static cm_error_t *store_list(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    const store_t *store = baton;

    (void)event;
    return cm_crl_insert(txn, store->record, store->der);
}

/* *number is the one that was tried. CM_E_CONFLICT when somebody else took it meanwhile. */
static cm_error_t *publish_next(apr_int64_t *number, const cm_ctx_t *ctx, const char *ca)
{
    cm_crl_record_t *record = apr_pcalloc(ctx->pool, sizeof *record);
    store_t store = {record, {NULL, 0}};
    cm_issuer_t *issuer;
    apr_int64_t period;
    cm_error_t *error = cm_issuer_open_for_status(&issuer, ctx, ca);

    if (error) {
        return error;
    }
    record->ca = issuer->record->name;
    record->number = *number = issuer->record->crl_number + 1;
    /* read before the entries are: the list may show more than it says, never less */
    record->through = issuer->record->revocations;
    record->this_update = ctx->now - ctx->now % APR_USEC_PER_SEC;
    period = issuer->record->crl_period ? issuer->record->crl_period : ctx->config->crl_validity;
    record->next_update = record->this_update + apr_time_from_sec(period);
    error = sign_list(&store.der, record, issuer, ctx);
    if (!error) {
        error = cm_store_maintain(ctx->store, store_list, &store, ctx->pool);
    }
    if (!error) {
        cm_ctx_log(ctx, CM_LOG_INFO, "CRL %" APR_INT64_T_FMT " of %s published", record->number,
                   ca);
    }
    return error;
}

/* The list that came first may miss what was revoked before we were asked, so ours follows it. As
 * long as numbers go up, each attempt that failed is a list that somebody else has published. */
cm_error_t *cm_crl_publish(const cm_ctx_t *ctx, const char *ca)
{
    apr_int64_t last, number = 0;
    cm_error_t *error;

    do {
        last = number;
        error = publish_next(&number, ctx, ca);
    } while (error && error->code == CM_E_CONFLICT && number > last);
    return error;
}

static cm_error_t *publish_due(const cm_ctx_t *ctx, const char *ca)
{
    apr_int64_t number;

    return publish_next(&number, ctx, ca);
}

cm_error_t *cm_crl_fetch(cm_crl_record_t **crl, cm_bytes_t *der, const cm_ctx_t *ctx,
                         const char *ca)
{
    cm_error_t *error = cm_crl_newest(crl, ctx->store, ca, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such CRL");
    }
    return error ? error : cm_crl_content(der, ctx->store, *crl, ctx->pool);
}

/* A new list is due when half of the old one's life is over, or when it misses a revocation and the
 * time to gather has passed. */
static cm_error_t *authority_is_due(int *due, const cm_authority_t *authority, const cm_ctx_t *ctx)
{
    cm_crl_record_t *newest;
    cm_error_t *error;

    *due = 1;
    if (!authority->crl_number) {
        return NULL;
    }
    error = cm_crl_newest(&newest, ctx->store, authority->name, ctx->pool);
    if (error) {
        return error;
    }
    if (authority->revocations > newest->through) {
        *due = ctx->now >= newest->this_update + apr_time_from_sec(ctx->config->crl_gather);
    } else {
        *due = ctx->now >= newest->this_update + (newest->next_update - newest->this_update) / 2;
    }
    return NULL;
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
