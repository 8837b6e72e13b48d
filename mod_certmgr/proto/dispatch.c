/* SPDX-License-Identifier: Apache-2.0 */
#include <apr_strings.h>

#include "base/text.h"
#include "flow/audit.h"
#include "flow/strangers.h"
#include "proto/problem.h"
#include "proto/reply.h"
#include "proto/route.h"

enum { SLOW = 1 }; /* seconds */

static cm_error_t *refuse_origin(const char *message, const char *rule, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_ORIGIN, "%s", message), NULL, rule);
}

/* A browser tells on whose behalf it calls. Programs send neither header, and carry their log-in
 * with every call; only where the log-in rests on a cookie is silence no proof of good will. */
static cm_error_t *check_origin(const cm_route_t *route, const cm_call_t *call, apr_pool_t *pool)
{
    const char *origin = call->header(call, "Origin");
    const char *site = call->header(call, "Sec-Fetch-Site");

    if (route->permission == CM_MAY_ANYONE && !(route->flags & CM_ROUTE_CHANGES)) {
        return NULL;
    }
    if ((origin || site) && !call->origin) {
        /* DNS rebinding: a foreign name that leads here makes a foreign page look like ours */
        return refuse_origin("the call was sent to a name that is not ours", "origin.host", pool);
    }
    if (origin && strcasecmp(origin, call->origin) != 0) {
        return refuse_origin("the call comes from another origin", "origin.foreign", pool);
    }
    if (site && strcmp(site, "same-origin") != 0) {
        return refuse_origin("the call comes from another site", "origin.cross-site", pool);
    }
    if ((route->flags & CM_ROUTE_CHANGES) && call->evidence.from_cookie && !origin && !site) {
        return cm_error_advise(
            refuse_origin("a change with a log-in by cookie must tell its origin", "origin.missing",
                          pool),
            "send an Origin header, or log in without a cookie");
    }
    return NULL;
}

static cm_error_t *check_permission(const cm_route_t *route, cm_ctx_t *ctx, const cm_call_t *call)
{
    if (route->permission == CM_MAY_ANYONE) {
        return NULL;
    }
    if (!ctx->who) {
        cm_identity_t *who = NULL;
        cm_error_t *error = cm_identity_resolve(&who, ctx, &call->evidence);

        if (error) {
            return error;
        }
        ctx->who = who;
    }
    return cm_identity_require(ctx->who, route->permission, ctx->pool);
}

/* Parameters such as charset are passed over. */
static int is_media_type(const char *header, const char *wanted)
{
    apr_size_t len = strcspn(header, "; \t");

    return len == strlen(wanted) && strncasecmp(header, wanted, len) == 0;
}

static cm_error_t *check_media_type(cm_reply_t *reply, const cm_route_t *route,
                                    const cm_call_t *call, apr_pool_t *pool)
{
    const char *type = call->header(call, "Content-Type");
    const char *coding = call->header(call, "Content-Encoding");
    int coded = coding && strcasecmp(coding, "identity") != 0;

    if (type && is_media_type(type, route->accepts) && !coded) {
        return NULL;
    }
    cm_reply_header(reply, "Accept", route->accepts);
    return cm_error_locate(
        cm_error_make(pool, CM_E_MEDIA_TYPE, "the body must be %s, not encoded", route->accepts),
        NULL, coded ? "media.encoding" : "media.type");
}

void cm_dispatch_record(const cm_ctx_t *ctx, const cm_call_t *call, const cm_error_t *error)
{
    if (ctx->who && (call->route->flags & CM_ROUTE_CHANGES) &&
        cm_code_info(error->code)->status < 500) {
        cm_audit_draft_t *draft = cm_audit_begin(ctx, "call.refuse", NULL);

        cm_json_set_text(draft->detail, "method", call->route->method);
        cm_json_set_text(draft->detail, "route", call->route->path);
        cm_audit_refusal(ctx, draft, error);
    }
}

/* Somebody whom we don't know leaves a number only. */
static void count_stranger(const cm_ctx_t *ctx, const cm_error_t *error)
{
    if (!ctx->who && (error->code == CM_E_IDENTITY || error->code == CM_E_FORBIDDEN ||
                      error->code == CM_E_ORIGIN)) {
        cm_stranger_count(ctx->strangers,
                          error->rule ? error->rule : cm_code_info(error->code)->name);
    }
}

/* Who sends the body slowly is not taken for who they were when it began. */
static cm_error_t *read_body(cm_ctx_t *ctx, cm_call_t *call)
{
    const cm_route_t *route = call->route;
    apr_time_t start = ctx->host->now(ctx->host);
    cm_error_t *error = call->read(&call->body, call, route->max_body, ctx->pool);
    apr_interval_time_t took = ctx->host->now(ctx->host) - start;

    ctx->now += took;
    if (!error && took > apr_time_from_sec(SLOW) && route->permission != CM_MAY_ANYONE) {
        ctx->who = NULL;
        error = check_permission(route, ctx, call);
    }
    return error;
}

static cm_error_t *admit(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call)
{
    const cm_route_t *route = call->route;
    cm_error_t *error = check_origin(route, call, ctx->pool);

    if (!error) {
        error = check_permission(route, ctx, call);
    }
    if (!error && route->accepts) {
        error = check_media_type(reply, route, call, ctx->pool);
        error = error ? error : read_body(ctx, call);
    }
    return error;
}

static cm_error_t *serve(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call)
{
    cm_error_t *error = admit(reply, ctx, call);

    if (error) {
        cm_dispatch_record(ctx, call, error);
        count_stranger(ctx, error);
        return error;
    }
    return call->route->run(reply, ctx, call);
}

static cm_error_t *refuse_method(cm_reply_t *reply, const cm_route_found_t *found,
                                 const cm_call_t *call, apr_pool_t *pool)
{
    if (!found->allow) {
        return cm_error_make(pool, CM_E_NOT_FOUND, "there is nothing at this address");
    }
    cm_reply_header(reply, "Allow", found->allow);
    if (strcmp(call->method, "OPTIONS") == 0) {
        reply->status = 204;
        return NULL;
    }
    return cm_error_advise(cm_error_make(pool, CM_E_METHOD, "this address has no such method"),
                           apr_pstrcat(pool, "allowed: ", found->allow, NULL));
}

/* What holds for every answer, whoever made it. */
static void finish(cm_reply_t *reply, int flags)
{
    if (!(flags & CM_ROUTE_PUBLIC_CACHE) || !apr_table_get(reply->headers, "Cache-Control")) {
        cm_reply_header(reply, "Cache-Control", "no-store");
    }
    cm_reply_header(reply, "X-Content-Type-Options", "nosniff");
}

static void log_failure(const cm_ctx_t *ctx, const cm_error_t *error)
{
    cm_ctx_log_error(ctx, cm_code_info(error->code)->status >= 500 ? CM_LOG_ERROR : CM_LOG_INFO,
                     error);
}

void cm_dispatch_among(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call,
                       const cm_protocol_t *protocols)
{
    cm_route_found_t found;
    cm_error_t *error;

    cm_reply_clear(reply, ctx->pool);
    memset(&found, 0, sizeof found);
    /* every name and id of ours is UTF-8, and PostgreSQL takes nothing else */
    if (cm_text_is_utf8(cm_bytes_of_text(call->path))) {
        cm_route_find(&found, protocols, call, ctx->pool);
    }
    if (found.route) {
        error = serve(reply, ctx, call);
    } else {
        error = refuse_method(reply, &found, call, ctx->pool);
    }
    if (error) {
        log_failure(ctx, error);
        apr_table_unset(reply->headers, "Cache-Control");
        if (found.protocol) {
            found.protocol->fail(reply, error, ctx);
        } else {
            cm_problem_reply(reply, error, ctx);
        }
    }
    finish(reply, found.route ? found.route->flags : 0);
}

void cm_dispatch(cm_reply_t *reply, cm_ctx_t *ctx, cm_call_t *call)
{
    cm_dispatch_among(reply, ctx, call, cm_protocols());
}

int cm_dispatch_is_raw(const char *raw_path)
{
    for (const cm_protocol_t *protocol = cm_protocols(); protocol->name; protocol++) {
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            if ((route->flags & CM_ROUTE_RAW) &&
                strncmp(raw_path, route->path, strcspn(route->path, "*")) == 0) {
                return 1;
            }
        }
    }
    return 0;
}

void cm_dispatch_refuse(cm_reply_t *reply, cm_ctx_t *ctx, const cm_error_t *error)
{
    cm_reply_clear(reply, ctx->pool);
    cm_problem_reply(reply, error, ctx);
    finish(reply, 0);
}
