/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/health.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"

#include "config.h"

typedef struct {
    const char *id, *name, *mail;
    const apr_array_header_t *roles, *groups;
    const char *login;
} me_t;

static const cm_field_t me_fields[] = {
    {"id", CM_FIELD_TEXT, 0, offsetof(me_t, id), NULL, NULL, "Id of the person."},
    {"name", CM_FIELD_TEXT, 0, offsetof(me_t, name), NULL, NULL, "Name of the person."},
    {"mail", CM_FIELD_TEXT, 1, offsetof(me_t, mail), NULL, NULL, "Mail address."},
    {"roles", CM_FIELD_TEXTS, 0, offsetof(me_t, roles), NULL, NULL,
     "Names of the roles, those that hold for a group only among them."},
    {"groups", CM_FIELD_TEXTS, 0, offsetof(me_t, groups), NULL, NULL,
     "Names of the groups that the person is in."},
    {"login", CM_FIELD_TEXT, 0, offsetof(me_t, login), NULL, "tls oidc saml user bearer proxy ",
     "How the caller logged in."},
    {.name = NULL}};
const cm_schema_t cm_schema_me = {"Me", "Who the caller is.", me_fields};

cm_error_t *cm_rest_me(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    const cm_person_t *person = ctx->who->person;
    const me_t me = {.id = person->id,
                     .name = person->name,
                     .mail = person->mail,
                     .roles = cm_identity_role_names(ctx->who, ctx->pool),
                     .groups = ctx->who->groups,
                     .login = ctx->who->login};

    (void)call;
    cm_reply_json(reply, 200, cm_schema_render(&cm_schema_me, &me, ctx->pool), ctx->pool);
    return NULL;
}

typedef struct {
    const char *status, *database, *token, *version;
} health_t;

static const cm_field_t health_fields[] = {
    {"status", CM_FIELD_TEXT, 0, offsetof(health_t, status), NULL, "ok degraded down ",
     "degraded: nothing can be issued; down: nothing works."},
    {"database", CM_FIELD_TEXT, 0, offsetof(health_t, database), NULL, NULL,
     "ok, or what is wrong."},
    {"token", CM_FIELD_TEXT, 0, offsetof(health_t, token), NULL, NULL, "ok, or what is wrong."},
    {"version", CM_FIELD_TEXT, 0, offsetof(health_t, version), NULL, NULL,
     "Version of the program."},
    {.name = NULL}};
const cm_schema_t cm_schema_health = {"Health", "Whether the parts can be reached.", health_fields};

cm_error_t *cm_rest_health(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_health_t health;
    health_t answer;
    int down;

    (void)call;
    cm_health_check(&health, ctx);
    answer = (health_t){health.status, health.database, health.token, PACKAGE_VERSION};
    down = strcmp(health.status, "down") == 0;
    cm_reply_json(reply, down ? 503 : 200, cm_schema_render(&cm_schema_health, &answer, ctx->pool),
                  ctx->pool);
    if (down) {
        cm_reply_header(reply, "Retry-After", "5");
    }
    return NULL;
}
