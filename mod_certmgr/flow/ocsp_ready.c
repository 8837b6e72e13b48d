/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of ocsp.h that looks after kept answers.
 */
#include "flow/ocsp.h"

#include "flow/ready.h"
#include "store/authorities.h"
#include "store/certificates.h"

static cm_error_t *sweep_page(apr_int64_t *swept, const cm_ctx_t *ctx,
                              const cm_ready_reading_t *reading, apr_pool_t *pool)
{
    apr_array_header_t *changes;
    cm_error_t *error = cm_revocations_since(&changes, ctx->store, reading->ca, *swept, pool);

    if (!error && !changes->nelts) {
        cm_ready_forget(ctx->ready, reading); /* they are not on record */
        *swept = reading->counter;
    }
    for (int i = 0; !error && i < changes->nelts; i++) {
        const cm_revocation_t *revocation = &APR_ARRAY_IDX(changes, i, cm_revocation_t);
        cm_ready_change_t change = {reading->ca, {NULL, 0}, revocation->sequence, ctx->now};

        error = cm_bytes_unhex(&change.serial, revocation->serial, pool);
        if (!error) {
            cm_ready_sweep(ctx->ready, &change);
            *swept = change.sequence;
        }
    }
    return error;
}

static cm_error_t *sweep_authority(const cm_ctx_t *ctx, const cm_authority_t *authority)
{
    const cm_ready_reading_t reading = {
        authority->name, cm_ready_fingerprint(authority->der, authority->ocsp_der, ctx->pool),
        authority->revocations, ctx->now};
    apr_int64_t swept;
    cm_error_t *error = NULL;

    cm_ready_meet(&swept, ctx->ready, &reading);
    while (!error && swept < reading.counter) {
        apr_pool_t *scratch;

        apr_pool_create(&scratch, ctx->pool);
        error = sweep_page(&swept, ctx, &reading, scratch);
        if (!error) {
            apr_pool_destroy(scratch);
        }
    }
    return error;
}

cm_error_t *cm_ocsp_sweep(cm_ctx_t *ctx)
{
    apr_array_header_t *authorities;
    cm_error_t *error;

    if (!ctx->ready) {
        return NULL;
    }
    cm_ready_begin(ctx->ready, ctx->now);
    error = cm_authorities_list(&authorities, ctx->store, ctx->pool);
    for (int i = 0; !error && i < authorities->nelts; i++) {
        error = sweep_authority(ctx, APR_ARRAY_IDX(authorities, i, cm_authority_t *));
    }
    if (error && cm_code_info(error->code)->status == 503) {
        cm_ready_away(ctx->ready);
    } else {
        cm_ready_end(ctx->ready, error ? 0 : ctx->now);
    }
    return error;
}

cm_error_t *cm_ocsp_refresh(cm_ctx_t *ctx)
{
    apr_int64_t place = 0;
    cm_error_t *errors = NULL;
    cm_bytes_t id;

    while (ctx->ready && cm_ready_next_due(&id, &place, ctx->ready, ctx->now, ctx->pool)) {
        cm_ctx_t own = *ctx;
        cm_error_t *error;

        own.now = ctx->host->now(ctx->host); /* there may be thousands */
        apr_pool_create(&own.pool, ctx->pool);
        error = cm_ocsp_remake(&own, id);
        errors = cm_error_join(errors, error);
        if (!error) {
            apr_pool_destroy(own.pool);
        } else if (cm_code_info(error->code)->status == 503) {
            break; /* database or token are away for the others too */
        }
    }
    return errors;
}
