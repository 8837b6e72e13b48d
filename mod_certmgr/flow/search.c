/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/search.h"

#include <apr_strings.h>

#include "base/text.h"
#include "flow/visible.h"
#include "pki/cert.h"
#include "store/authorities.h"

/* Some seconds of work: other jobs wait meanwhile, and the lease runs out. */
enum { BATCHES_MOST = 100 };

/* Authorities are few: their names and subjects are compared here. */
static cm_error_t *find_authorities(cm_search_t *search, cm_ctx_t *ctx, const char *issuer)
{
    apr_array_header_t *found = apr_array_make(ctx->pool, 2, sizeof(const char *)), *all;
    const char *wanted = cm_text_lower(issuer, ctx->pool);
    cm_error_t *error = cm_authorities_list(&all, ctx->store, ctx->pool);

    for (int i = 0; !error && i < all->nelts; i++) {
        const cm_authority_t *authority = APR_ARRAY_IDX(all, i, const cm_authority_t *);
        cm_cert_t *cert;

        error = cm_cert_parse(&cert, authority->der, ctx->pool);
        if (!error && (cm_search_matches(authority->name, wanted, search->match, ctx->pool) ||
                       cm_search_matches(cert->subject_text, wanted, search->match, ctx->pool))) {
            APR_ARRAY_PUSH(found, const char *) = authority->name;
        }
    }
    search->authorities = found;
    return error;
}

static int is_profile(const char *name, const char *wanted, cm_match_t match)
{
    return match == CM_MATCH_BEGINS ? strncmp(name, wanted, strlen(wanted)) == 0
                                    : strstr(name, wanted) != NULL;
}

static cm_error_t *find_profiles(cm_search_t *search, cm_ctx_t *ctx, const char *profile)
{
    apr_array_header_t *found = apr_array_make(ctx->pool, 2, sizeof(const char *)), *all;
    cm_error_t *error;

    search->profiles = found;
    if (search->match == CM_MATCH_EQUAL) {
        APR_ARRAY_PUSH(found, const char *) = profile;
        return NULL;
    }
    error = cm_search_profiles(&all, ctx->store, ctx->pool);
    for (int i = 0; !error && i < all->nelts; i++) {
        const char *name = APR_ARRAY_IDX(all, i, const char *);

        if (is_profile(name, profile, search->match)) {
            APR_ARRAY_PUSH(found, const char *) = name;
        }
    }
    return error;
}

cm_error_t *cm_certificate_search(cm_page_t *page, cm_ctx_t *ctx, const cm_search_words_t *words)
{
    cm_search_t search = {.now = ctx->now, .bounds = cm_visible_bounds(ctx)};
    cm_error_t *error = cm_search_parse(&search, words, ctx->pool);

    if (!error && words->issuer) {
        error = find_authorities(&search, ctx, words->issuer);
    }
    if (!error && words->profile) {
        error = find_profiles(&search, ctx, words->profile);
    }
    return error ? error : cm_certificates_search(page, ctx->store, &search, ctx->pool);
}

cm_error_t *cm_search_is_due(int *due, cm_ctx_t *ctx)
{
    return cm_search_waits(due, ctx->store, ctx->pool);
}

cm_error_t *cm_search_job(cm_ctx_t *ctx)
{
    cm_error_t *error = NULL;
    int count = 1;

    for (int i = 0; !error && count > 0 && i < BATCHES_MOST; i++) {
        apr_pool_t *pool;

        apr_pool_create(&pool, ctx->pool);
        error = cm_search_index(&count, ctx->store, pool);
        if (!error) {
            apr_pool_destroy(pool);
        }
    }
    return error;
}
