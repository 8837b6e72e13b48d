/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenAPI 3.1 document, made from what is served: the routes, the tables of members that read
 * bodies, the tables of fields that render answers.
 */
#include <apr_lib.h>
#include <apr_strings.h>

#include "proto/reply.h"
#include "proto/rest/answers.h"
#include "proto/rest/audit.h"
#include "proto/rest/changes.h"

#include "config.h"

static const cm_schema_t *const schemas[] = {
    &cm_schema_certificate,
    &cm_schema_certificates,
    &cm_schema_revocation,
    &cm_schema_request,
    &cm_schema_requests,
    &cm_schema_item,
    &cm_schema_me,
    &cm_schema_health,
    &cm_schema_event,
    &cm_schema_events,
    &cm_schema_proven_event,
    &cm_schema_proof,
    &cm_schema_head,
    &cm_schema_stranger,
    &cm_schema_strangers,
    &cm_schema_profile,
    &cm_schema_profiles,
    &cm_schema_profile_validity,
    &cm_schema_profile_name,
    &cm_schema_profile_item,
    &cm_schema_profile_operation,
    NULL,
};

/* The members of cm_problem_document; RFC 9457 leaves out what is not known. */
static const cm_json_member_t problem_members[] = {
    {"type", CM_JSON_TEXT, CM_JSON_REQUIRED, 0, 0, "urn:certmgr:problem: and the code."},
    {"title", CM_JSON_TEXT, CM_JSON_REQUIRED, 0, 0, "What the code means."},
    {"status", CM_JSON_INTEGER, CM_JSON_REQUIRED, 0, 0, "HTTP status."},
    {"detail", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "What is wrong this time."},
    {"field", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "JSON Pointer of the offending member."},
    {"rule", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "Stable name of the rule that was broken."},
    {"hint", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "What can be done about it."},
    {"violations", CM_JSON_ARRAY, CM_JSON_OPTIONAL, 0, 0,
     "All violations, when one check found several."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t violation_members[] = {
    {"type", CM_JSON_TEXT, CM_JSON_REQUIRED, 0, 0, "As in Problem."},
    {"detail", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "What is wrong."},
    {"field", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "JSON Pointer of the offending member."},
    {"rule", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "Stable name of the rule that was broken."},
    {"hint", CM_JSON_TEXT, CM_JSON_OPTIONAL, 0, 0, "What can be done about it."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

/* The next word of a list with blanks between, or NULL. */
static const char *next_word(const char **words, apr_pool_t *pool)
{
    const char *start = *words + strspn(*words, " ");
    apr_size_t len = strcspn(start, " ");

    *words = start + len;
    return len ? apr_pstrmemdup(pool, start, len) : NULL;
}

/* {"application/json": {"schema": ...}} */
static void add_content(json_t *content, const char *type, json_t *schema, apr_pool_t *pool)
{
    json_t *media = cm_json_object(pool);

    if (schema) {
        cm_json_set(media, "schema", schema);
    }
    cm_json_set(content, type, media);
}

static void add_parameter(json_t *list, const char *name, const char *place, json_t *schema)
{
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:b, s:O}", "name", name, "in", place, "required",
                                    strcmp(place, "path") == 0, "schema", schema));
}

static json_t *describe_parameters(const cm_route_t *route, apr_pool_t *pool)
{
    json_t *list = cm_json_array(pool);
    json_t *text = cm_json_object(pool);

    cm_json_set_text(text, "type", "string");
    for (const char *p = strchr(route->path, '{'); p; p = strchr(p + 1, '{')) {
        add_parameter(list, apr_pstrmemdup(pool, p + 1, strcspn(p + 1, "}")), "path", text);
    }
    if (strchr(route->path, '*')) {
        add_parameter(list, "rest", "path", text);
    }
    for (const cm_json_member_t *member = route->query; member && member->name; member++) {
        add_parameter(list, member->name, "query", cm_schema_of_member(member, pool));
    }
    if (route->members) {
        add_parameter(list, "Idempotency-Key", "header", text);
    }
    return list;
}

static json_t *describe_members(const cm_route_t *route, apr_pool_t *pool)
{
    json_t *schema = cm_schema_of_members(route->members(route->path), pool);

    return cm_rest_operation(route->path) == CM_OP_CHANGE ? cm_changes_of_body(schema, pool)
                                                          : schema;
}

static json_t *describe_body(const cm_route_t *route, apr_pool_t *pool)
{
    json_t *body = cm_json_object(pool);
    json_t *content = cm_json_object(pool);

    add_content(content, route->accepts, route->members ? describe_members(route, pool) : NULL,
                pool);
    cm_json_set(body, "content", content);
    cm_json_set_flag(body, "required", 1);
    return body;
}

static json_t *describe_answer(const char *description, const char *answers, apr_pool_t *pool)
{
    json_t *answer = cm_json_object(pool);
    json_t *content = cm_json_object(pool);
    const char *word;

    cm_json_set_text(answer, "description", description);
    while ((word = next_word(&answers, pool)) != NULL) {
        if (strcmp(word, "Problem") == 0) {
            add_content(content, "application/problem+json", cm_schema_reference(word, pool), pool);
        } else if (strchr(word, '/')) {
            add_content(content, word, NULL, pool);
        } else {
            add_content(content, "application/json", cm_schema_reference(word, pool), pool);
        }
    }
    cm_json_set(answer, "content", content);
    return answer;
}

static void add_header(json_t *answer, const char *name, const char *about)
{
    json_object_set_new(
        answer, "headers",
        json_pack("{s:{s:s, s:{s:s}}}", name, "description", about, "schema", "type", "string"));
}

static json_t *describe_answers(const cm_route_t *route, apr_pool_t *pool)
{
    json_t *responses = cm_json_object(pool);
    const char *statuses = route->statuses ? route->statuses : "200", *status;

    while ((status = next_word(&statuses, pool)) != NULL) {
        json_t *answer = describe_answer(route->summary, route->answers, pool);

        if (strcmp(status, "201") == 0 || strcmp(status, "202") == 0) {
            add_header(answer, "Location", "Path of what was made.");
        } else if (strcmp(status, "503") == 0) {
            add_header(answer, "Retry-After", "Seconds.");
        }
        cm_json_set(responses, status, answer);
    }
    cm_json_set(responses, "default", describe_answer("A problem (RFC 9457)", "Problem", pool));
    return responses;
}

static const char *operation_id(const cm_route_t *route, apr_pool_t *pool)
{
    char *id = apr_pstrcat(pool, route->method, route->path, NULL);
    char *out = id;

    for (const char *c = id; *c; c++) {
        if (apr_isalnum(*c)) {
            *out++ = (char)apr_tolower(*c);
        } else if (out > id && out[-1] != '_') {
            *out++ = '_';
        }
    }
    *out = '\0';
    return id;
}

static json_t *describe_route(const cm_route_t *route, apr_pool_t *pool)
{
    json_t *operation = cm_json_object(pool);

    cm_json_set_text(operation, "operationId", operation_id(route, pool));
    cm_json_set_text(operation, "summary", route->summary);
    cm_json_set(operation, "parameters", describe_parameters(route, pool));
    if (route->accepts) {
        cm_json_set(operation, "requestBody", describe_body(route, pool));
    }
    cm_json_set(operation, "responses", describe_answers(route, pool));
    json_object_set_new(operation, "security",
                        route->permission == CM_MAY_ANYONE ? json_array()
                                                           : json_pack("[{s:[]}]", "tls"));
    cm_json_set_text(operation, "x-permission", cm_permission_name(route->permission));
    return operation;
}

/* "*" has no word in OpenAPI. */
static const char *path_of(const cm_route_t *route, apr_pool_t *pool)
{
    apr_size_t len = strcspn(route->path, "*");

    return apr_pstrcat(pool, apr_pstrmemdup(pool, route->path, len),
                       route->path[len] ? "{rest}" : "", NULL);
}

static json_t *describe_paths(apr_pool_t *pool)
{
    json_t *paths = cm_json_object(pool);

    for (const cm_protocol_t *protocol = cm_protocols(); protocol->name; protocol++) {
        for (const cm_route_t *route = protocol->routes(); route->method; route++) {
            const char *path = path_of(route, pool);
            json_t *item = json_object_get(paths, path);
            char *method = apr_pstrdup(pool, route->method);

            if (!item) {
                item = cm_json_object(pool);
                cm_json_set(paths, path, item);
            }
            for (char *c = method; *c; c++) {
                *c = (char)apr_tolower(*c);
            }
            cm_json_set(item, method, describe_route(route, pool));
        }
    }
    return paths;
}

static json_t *describe_components(apr_pool_t *pool)
{
    json_t *components = cm_json_object(pool);
    json_t *all = cm_json_object(pool);
    json_t *problem = cm_schema_of_members(problem_members, pool);

    for (int i = 0; schemas[i]; i++) {
        cm_json_set(all, schemas[i]->name, cm_schema_describe(schemas[i], pool));
    }
    cm_changes_describe(all, pool);
    cm_json_set(all, "Problem", problem);
    cm_json_set(json_object_get(json_object_get(problem, "properties"), "violations"), "items",
                cm_schema_reference("Violation", pool));
    cm_json_set(all, "Violation", cm_schema_of_members(violation_members, pool));
    cm_json_set(components, "schemas", all);
    json_object_set_new(components, "securitySchemes",
                        json_pack("{s:{s:s, s:s}}", "tls", "type", "mutualTLS", "description",
                                  "A certificate issued here, or whatever log-in Apache is "
                                  "configured for at this place."));
    return components;
}

cm_error_t *cm_rest_openapi(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    json_t *document = cm_json_object(ctx->pool);

    cm_json_set_text(document, "openapi", "3.1.0");
    json_object_set_new(document, "info",
                        json_pack("{s:s, s:s, s:{s:s, s:s}}", "title", PACKAGE_NAME, "version",
                                  PACKAGE_VERSION, "license", "name", "Apache-2.0", "identifier",
                                  "Apache-2.0"));
    json_object_set_new(document, "servers",
                        json_pack("[{s:s}]", "url", *call->mount ? call->mount : "/"));
    cm_json_set(document, "paths", describe_paths(ctx->pool));
    cm_json_set(document, "components", describe_components(ctx->pool));
    cm_reply_json(reply, 200, document, ctx->pool);
    cm_reply_header(reply, "Cache-Control", "public, no-cache");
    cm_reply_validate(reply, call, cm_bytes_hex(cm_bytes_sha256(reply->body, ctx->pool), ctx->pool),
                      0);
    return NULL;
}
