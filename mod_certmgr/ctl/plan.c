/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/plan.h"

#include <apr_strings.h>

#include "base/json.h"

static const char *token_for(const cm_run_t *run, const char *name)
{
    const apr_array_header_t *tokens = run->config->tokens;

    for (int i = 0; i < tokens->nelts; i++) {
        const cm_config_token_t *token = &APR_ARRAY_IDX(tokens, i, cm_config_token_t);

        if (strcmp(token->name, name) == 0) {
            return token->uri;
        }
    }
    return APR_ARRAY_IDX(tokens, 0, cm_config_token_t).uri;
}

static const char *key_uri(const cm_run_t *run, const char *token, const char *object)
{
    return apr_pstrcat(run->pool, token_for(run, token), ";object=", object, NULL);
}

/* A value in RFC 4514 form: what has a meaning there is escaped. */
static const char *escape_value(const char *value, apr_pool_t *pool)
{
    char *escaped = apr_palloc(pool, 3 * strlen(value) + 1), *to = escaped;

    for (const char *from = value; *from; from++) {
        if (strchr(",+\"\\<>;=", *from) || (from == value && (*from == '#' || *from == ' ')) ||
            (!from[1] && *from == ' ')) {
            *to++ = '\\';
        }
        *to++ = *from;
    }
    *to = '\0';
    return escaped;
}

static cm_plan_t *empty_plan(apr_pool_t *pool)
{
    cm_plan_t *plan = apr_pcalloc(pool, sizeof(*plan));

    plan->keys = apr_array_make(pool, 4, sizeof(cm_key_request_t));
    plan->authorities = apr_array_make(pool, 4, sizeof(cm_authority_plan_t));
    return plan;
}

cm_error_t *cm_plan_default(cm_plan_t **plan, const cm_run_t *run, const char *organization)
{
    const char *o = apr_pstrcat(run->pool, ",O=", escape_value(organization, run->pool), NULL);
    const cm_key_request_t escrow = {key_uri(run, "escrow", "escrow"), "RSA-3072", CM_KEY_DECRYPT};
    const cm_authority_plan_t root = {
        .name = "root",
        .key = key_uri(run, "root", "root"),
        .algorithm = "P-256",
        .subject = apr_pstrcat(run->pool, "CN=Root CA", o, NULL),
        .validity = "7300d",
        .crl_validity = "90d",
        .pathlen = 1,
    };
    const cm_authority_plan_t issuing = {
        .name = "issuing",
        .parent = "root",
        .key = key_uri(run, "issuing", "issuing"),
        .algorithm = "P-256",
        .subject = apr_pstrcat(run->pool, "CN=Issuing CA", o, NULL),
        .validity = "3650d",
        .crl_delta = "1s",
        .pathlen = 0,
        .ocsp_key = key_uri(run, "ocsp", "ocsp"),
    };

    *plan = empty_plan(run->pool);
    APR_ARRAY_PUSH((*plan)->keys, cm_key_request_t) = escrow;
    APR_ARRAY_PUSH((*plan)->authorities, cm_authority_plan_t) = root;
    APR_ARRAY_PUSH((*plan)->authorities, cm_authority_plan_t) = issuing;
    return NULL;
}

static cm_error_t *read_authorities(cm_plan_t *plan, const json_t *list, apr_pool_t *pool)
{
    typedef struct {
        const char *name, *parent, *key, *algorithm, *subject, *validity, *crl_validity, *crl_delta,
            *ocsp_key;
        apr_int64_t pathlen;
    } body_t;
    static const cm_json_member_t members[] = {
        {"name", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, name), 64, ""},
        {"parent", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(body_t, parent), 64, ""},
        {"key", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, key), 1024, ""},
        {"algorithm", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, algorithm), 16, ""},
        {"subject", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, subject), 1024, ""},
        {"validity", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, validity), 32, ""},
        {"crl_validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(body_t, crl_validity), 32, ""},
        {"crl_delta", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(body_t, crl_delta), 32, ""},
        {"pathlen", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(body_t, pathlen), 16, ""},
        {"ocsp_key", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(body_t, ocsp_key), 1024, ""},
        {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};
    cm_error_t *errors = NULL;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i);
        cm_authority_plan_t *authority = apr_array_push(plan->authorities);
        body_t body = {0};

        errors = cm_error_join(errors,
                               cm_json_read(&body, members, object,
                                            apr_psprintf(pool, "/authorities/%d", (int)i), pool));
        authority->name = body.name;
        authority->parent = body.parent;
        authority->key = body.key;
        authority->algorithm = body.algorithm;
        authority->subject = body.subject;
        authority->validity = body.validity;
        authority->crl_validity = body.crl_validity;
        authority->crl_delta = body.crl_delta;
        authority->ocsp_key = body.ocsp_key;
        authority->pathlen = json_object_get(object, "pathlen") ? (int)body.pathlen : -1;
    }
    return errors;
}

static cm_error_t *read_use(int *uses, const char *name, const char *at, apr_pool_t *pool)
{
    static const struct {
        const char *name;
        int uses;
    } table[] = {{"sign", CM_KEY_SIGN}, {"decrypt", CM_KEY_DECRYPT}, {"derive", CM_KEY_DERIVE}};

    for (size_t i = 0; name && i < sizeof(table) / sizeof(*table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            *uses = table[i].uses;
            return NULL;
        }
    }
    return cm_error_locate(
        cm_error_make(pool, CM_E_VALUE, "the use of a key is sign, decrypt or derive"),
        cm_json_pointer(at, "use", pool), "plan.use");
}

static cm_error_t *read_keys(cm_plan_t *plan, const json_t *list, apr_pool_t *pool)
{
    typedef struct {
        const char *key, *algorithm, *use;
    } body_t;
    static const cm_json_member_t members[] = {
        {"key", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, key), 1024, ""},
        {"algorithm", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, algorithm), 16, ""},
        {"use", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(body_t, use), 16, ""},
        {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};
    cm_error_t *errors = NULL;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *at = apr_psprintf(pool, "/keys/%d", (int)i);
        cm_key_request_t *key = apr_array_push(plan->keys);
        body_t body = {0};
        cm_error_t *error = cm_json_read(&body, members, json_array_get(list, i), at, pool);

        if (!error) {
            key->uri = body.key;
            key->algorithm = body.algorithm;
            error = read_use(&key->uses, body.use, at, pool);
        }
        errors = cm_error_join(errors, error);
    }
    return errors;
}

cm_error_t *cm_plan_read(cm_plan_t **plan, const cm_run_t *run, const char *path)
{
    typedef struct {
        const json_t *authorities, *keys;
    } body_t;
    static const cm_json_member_t members[] = {
        {"authorities", CM_JSON_ARRAY, CM_JSON_REQUIRED, offsetof(body_t, authorities), 32, ""},
        {"keys", CM_JSON_ARRAY, CM_JSON_OPTIONAL, offsetof(body_t, keys), 32, ""},
        {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};
    body_t body = {0};
    json_t *document;
    cm_bytes_t text;
    cm_error_t *error = cm_run_file(&text, run, path);

    if (!error) {
        error = cm_json_parse(&document, text, run->pool);
    }
    if (!error) {
        error = cm_json_read(&body, members, document, "", run->pool);
    }
    if (error) {
        return error;
    }
    *plan = empty_plan(run->pool);
    return cm_error_join(read_authorities(*plan, body.authorities, run->pool),
                         read_keys(*plan, body.keys, run->pool));
}
