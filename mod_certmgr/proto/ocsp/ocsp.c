/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/ocsp/ocsp.h"

#include <apr_escape.h>
#include <apr_strings.h>

#include "flow/ocsp.h"
#include "pki/ocsp.h"
#include "proto/problem.h"
#include "proto/reply.h"

static const char request_type[] = "application/ocsp-request";
static const char response_type[] = "application/ocsp-response";

void cm_ocsp_fail(cm_reply_t *reply, const cm_error_t *error, cm_ctx_t *ctx)
{
    switch (error->code) {
    case CM_E_METHOD:
    case CM_E_MEDIA_TYPE:
    case CM_E_TOO_LARGE:
        cm_problem_reply(reply, error, ctx);
        return;
    default:
        cm_reply_bytes(reply, 200, response_type,
                       cm_ocsp_error(cm_code_info(error->code)->ocsp, ctx->pool));
    }
}

static void log_failure(const cm_ctx_t *ctx, const cm_error_t *error)
{
    if (error) {
        cm_ctx_log_error(ctx, cm_code_info(error->code)->status >= 500 ? CM_LOG_ERROR : CM_LOG_INFO,
                         error);
    }
}

static cm_error_t *post_request(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_ocsp_answer_t answer;

    cm_ocsp_answer(&answer, ctx, call->body);
    log_failure(ctx, answer.error);
    cm_reply_bytes(reply, 200, response_type, answer.der);
    return NULL;
}

/* RFC 6960 A.1: base64 of the request, URL-encoded, after our address. Base64 has slashes, and a
 * decoded path may have lost some of them: the path counts as it was sent. */
static cm_error_t *decode_request(cm_bytes_t *der, const cm_call_t *call, apr_pool_t *pool)
{
    const char *sent = strncmp(call->raw_path, "/ocsp/", 6) == 0 ? call->raw_path + 6
                                                                 : apr_table_get(call->words, "*");
    const char *text = apr_punescape_url(pool, sent, NULL, NULL, 0);

    if (!text || cm_bytes_unbase64(der, text, pool)) {
        return cm_error_make(pool, CM_E_SYNTAX, "the address is not base64 of an OCSP request");
    }
    return NULL;
}

/* RFC 5019 6.2: caches may answer until nextUpdate. */
static void let_cache(cm_reply_t *reply, const cm_ctx_t *ctx, const cm_ocsp_answer_t *answer)
{
    apr_int64_t age = apr_time_sec(answer->expires - ctx->now);

    cm_reply_header(
        reply, "Cache-Control",
        apr_psprintf(ctx->pool,
                     "max-age=%" APR_INT64_T_FMT ", public, no-transform, must-revalidate", age));
    cm_reply_header(reply, "Expires", cm_reply_date(answer->expires, ctx->pool));
}

static cm_error_t *get_request(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_ocsp_answer_t answer;
    cm_bytes_t der;
    cm_error_t *error = decode_request(&der, call, ctx->pool);

    if (error) {
        return error;
    }
    cm_ocsp_answer(&answer, ctx, der);
    log_failure(ctx, answer.error);
    cm_reply_bytes(reply, 200, response_type, answer.der);
    if (!answer.error && answer.expires > ctx->now) {
        let_cache(reply, ctx, &answer);
        cm_reply_validate(reply, call, cm_bytes_hex(answer.sha256, ctx->pool), answer.modified);
    }
    return NULL;
}

const cm_route_t *cm_ocsp_routes(void)
{
    static const cm_route_t routes[] = {{.method = "POST",
                                         .path = "/ocsp",
                                         .permission = CM_MAY_ANYONE,
                                         .accepts = request_type,
                                         .max_body = CM_OCSP_BYTES,
                                         .run = post_request,
                                         .answers = response_type,
                                         .summary = "Ask for the status of certificates"},
                                        {.method = "POST",
                                         .path = "/ocsp/",
                                         .permission = CM_MAY_ANYONE,
                                         .accepts = request_type,
                                         .max_body = CM_OCSP_BYTES,
                                         .run = post_request,
                                         .answers = response_type,
                                         .summary = "As /ocsp"},
                                        {.method = "GET",
                                         .path = "/ocsp/*",
                                         .permission = CM_MAY_ANYONE,
                                         .flags = CM_ROUTE_PUBLIC_CACHE | CM_ROUTE_RAW,
                                         .run = get_request,
                                         .answers = response_type,
                                         .summary = "Ask by base64 of the request in the address"},
                                        {.method = NULL}};

    return routes;
}
