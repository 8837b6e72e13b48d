/* SPDX-License-Identifier: Apache-2.0 */
#include "base/context.h"

#include <apr_strings.h>
#include <openssl/rand.h>

#include "base/text.h"

static void plain_log(const cm_host_t *host, cm_log_t level, const char *line)
{
    static const char *const names[] = {"error", "warning", "notice", "info", "debug"};

    (void)host;
    if (level <= CM_LOG_NOTICE) {
        fprintf(stderr, "%s: %s\n", names[level], line);
    }
}

static apr_time_t plain_now(const cm_host_t *host)
{
    (void)host;
    return apr_time_now();
}

static void plain_random(const cm_host_t *host, unsigned char *bytes, apr_size_t len)
{
    (void)host;
    if (RAND_bytes(bytes, (int)len) != 1) {
        abort();
    }
}

const cm_host_t *cm_host_plain(void)
{
    static const cm_host_t plain = {plain_log, plain_now, plain_random, NULL};

    return &plain;
}

void cm_ctx_log(const cm_ctx_t *ctx, cm_log_t level, const char *format, ...)
{
    va_list args;
    const char *line;

    va_start(args, format);
    line = apr_pvsprintf(ctx->pool, format, args);
    va_end(args);
    line = apr_pstrcat(ctx->pool, ctx->trace_id ? ctx->trace_id : "-", " ", line, NULL);
    ctx->host->log(ctx->host, level, cm_text_escape(line, ctx->pool));
}

void cm_ctx_log_error(const cm_ctx_t *ctx, cm_log_t level, const cm_error_t *error)
{
    cm_ctx_log(ctx, level, "%s: %s", cm_code_info(error->code)->name,
               cm_error_text(error, ctx->pool));
}

cm_bytes_t cm_ctx_random(const cm_ctx_t *ctx, apr_size_t len)
{
    unsigned char *bytes = apr_palloc(ctx->pool, len);

    ctx->host->random(ctx->host, bytes, len);
    return cm_bytes_make(bytes, len);
}

const char *cm_ctx_id(const cm_ctx_t *ctx)
{
    static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
    enum { TIME_DIGITS = 10, RANDOM_DIGITS = 16, DIGITS = TIME_DIGITS + RANDOM_DIGITS };
    unsigned char bytes[RANDOM_DIGITS];
    apr_uint64_t milliseconds = (apr_uint64_t)(ctx->host->now(ctx->host) / 1000);
    char *id = apr_palloc(ctx->pool, DIGITS + 1);

    for (int i = TIME_DIGITS - 1; i >= 0; i--, milliseconds >>= 5) {
        id[i] = alphabet[milliseconds & 31];
    }
    ctx->host->random(ctx->host, bytes, sizeof bytes);
    for (int i = 0; i < RANDOM_DIGITS; i++) {
        id[TIME_DIGITS + i] = alphabet[bytes[i] & 31];
    }
    id[DIGITS] = '\0';
    return id;
}
