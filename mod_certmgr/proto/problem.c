/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/problem.h"

#include <apr_strings.h>

#include "proto/reply.h"

enum { RETRY_AFTER = 5 }; /* seconds, when the error knows no better */

static void set_if(json_t *object, const char *name, const char *text)
{
    if (text) {
        cm_json_set_text(object, name, text);
    }
}

static void set_type(json_t *object, const cm_error_t *error, apr_pool_t *pool)
{
    cm_json_set_text(
        object, "type",
        apr_pstrcat(pool, "urn:certmgr:problem:", cm_code_info(error->code)->name, NULL));
}

static void describe(json_t *object, const cm_error_t *error)
{
    set_if(object, "detail", error->message);
    set_if(object, "field", error->field);
    set_if(object, "rule", error->rule);
    set_if(object, "hint", error->hint);
}

json_t *cm_problem_document(const cm_error_t *error, apr_pool_t *pool)
{
    json_t *document = cm_json_object(pool);

    set_type(document, error, pool);
    cm_json_set_text(document, "title", cm_code_info(error->code)->title);
    cm_json_set_integer(document, "status", cm_code_info(error->code)->status);
    describe(document, error);
    if (error->also) {
        json_t *violations = cm_json_array(pool);

        for (const cm_error_t *one = error; one; one = one->also) {
            json_t *violation = cm_json_object(pool);

            set_type(violation, one, pool);
            describe(violation, one);
            json_array_append(violations, violation);
        }
        cm_json_set(document, "violations", violations);
    }
    return document;
}

/* The first code with this status; of those with 503 the one that blames nobody. */
static int code_of(int status)
{
    if (status == cm_code_info(CM_E_BUSY)->status) {
        return CM_E_BUSY;
    }
    for (int code = 0; code < CM_E_COUNT; code++) {
        if (cm_code_info((cm_code_t)code)->status == status) {
            return code;
        }
    }
    return -1;
}

json_t *cm_problem_of_status(int status, const char *title, apr_pool_t *pool)
{
    int code = code_of(status);
    json_t *document;

    if (code >= 0) {
        return cm_problem_document(cm_error_make(pool, (cm_code_t)code, "%s", title), pool);
    }
    document = cm_json_object(pool);
    cm_json_set_text(document, "type", "about:blank");
    cm_json_set_text(document, "title", title);
    cm_json_set_integer(document, "status", status);
    return document;
}

void cm_problem_reply(cm_reply_t *reply, const cm_error_t *error, cm_ctx_t *ctx)
{
    int status = cm_code_info(error->code)->status;

    cm_reply_json(reply, status, cm_problem_document(error, ctx->pool), ctx->pool);
    reply->media_type = "application/problem+json";
    if (status == 503 || status == 429) {
        cm_reply_header(
            reply, "Retry-After",
            apr_itoa(ctx->pool, error->retry_after > 0 ? error->retry_after : RETRY_AFTER));
    }
    if (status == 401) {
        /* RFC 9110 11.6.1 wants a challenge; there is no registered one for TLS certificates */
        cm_reply_header(reply, "WWW-Authenticate", "Certificate realm=\"certmgr\"");
    }
}
