/* SPDX-License-Identifier: Apache-2.0
 *
 * The ceremony: token, database, audit key, other keys, authorities, profiles. Each step passes
 * over what is there, so a ceremony that was cut is finished by running it again.
 */
#include <apr_file_info.h>
#include <apr_strings.h>

#include "base/secret.h"
#include "ctl/ceremony.h"
#include "ctl/govern.h"
#include "ctl/output.h"
#include "ctl/plan.h"
#include "ctl/tokens.h"
#include "flow/govern.h"
#include "keys/uri.h"
#include "store/authorities.h"
#include "store/profiles.h"
#include "store/schema.h"

/* Digits only: some tokens take nothing else. */
static const cm_secret_t *random_pin(const cm_run_t *run)
{
    cm_bytes_t random = cm_ctx_random(run->ctx, 12);
    char digits[12];

    for (apr_size_t i = 0; i < sizeof(digits); i++) {
        digits[i] = (char)('0' + random.data[i] % 10);
    }
    return cm_secret_make(cm_bytes_make(digits, sizeof(digits)), run->pool);
}

/* The SO PIN that was given; a random one is shown once and kept nowhere. */
static cm_error_t *so_pin(const cm_secret_t **pin, const cm_run_t *run, const char *label)
{
    const char *source = cm_run_option(run, "so-pin");
    cm_secret_t *given;
    cm_error_t *error;

    if (!source) {
        *pin = random_pin(run);
        printf("SO PIN of token %s, shown this once, keep it safe: %s\n", label,
               (const char *)cm_secret_reveal(*pin).data);
        return NULL;
    }
    error = cm_secret_read(&given, source, run->pool);
    if (!error) {
        *pin = given;
    }
    return error;
}

static cm_error_t *make_token(const cm_run_t *run, const cm_config_token_t *token,
                              const char *label)
{
    cm_token_plan_t plan = {.module = token->module, .label = label};
    cm_secret_t *pin;
    cm_error_t *error;

    if (!token->pin) {
        return cm_error_make(run->pool, CM_E_CONFIG,
                             "token %s is not there and can't be made without a PIN source", label);
    }
    if ((error = cm_secret_read(&pin, token->pin, run->pool)) ||
        (error = so_pin(&plan.so_pin, run, label))) {
        return error;
    }
    plan.pin = pin;
    return cm_token_create(&plan, run->pool);
}

/* A token is made only when its URI names it by label: what a URI chooses by serial number or model
 * is a device, which is there or not. */
static cm_error_t *provide_token(cm_ceremony_t *ceremony, const cm_run_t *run,
                                 const cm_config_token_t *token)
{
    apr_array_header_t *slots;
    const cm_slot_t *slot;
    cm_uri_t *uri;
    cm_error_t *error = cm_uri_parse(&uri, token->uri, run->pool);

    if (!error) {
        error = cm_slots_list(&slots, token->module, run->pool);
    }
    if (error || !uri->token) {
        return error;
    }
    error = cm_slots_find(&slot, slots, uri->token, run->pool);
    if (!error && (!slot || strcmp(slot->state, "no PIN") == 0)) {
        error = make_token(run, token, uri->token);
        slot = NULL;
    }
    if (error) {
        return error;
    }
    return cm_ceremony_step(ceremony, apr_pstrcat(run->pool, "token ", uri->token, NULL), !slot);
}

static cm_error_t *provide_database(cm_ceremony_t *ceremony, const cm_run_t *run)
{
    int applied = 0;
    cm_error_t *error = cm_store_upgrade(&applied, run->ctx->store, run->pool);

    if (!error) {
        error = cm_store_check(run->ctx->store, run->pool);
    }
    if (error) {
        return error;
    }
    return cm_ceremony_step(ceremony, "database schema", applied > 0);
}

static cm_error_t *provide_key(cm_ceremony_t *ceremony, const cm_run_t *run,
                               const cm_key_request_t *key)
{
    int made = 0;
    cm_error_t *error = cm_key_provide(&made, run->ctx, key);

    if (!error) {
        error = cm_ceremony_step(
            ceremony, apr_pstrcat(run->pool, "key ", key->uri, " ", key->algorithm, NULL), made);
    }
    return error ? error : cm_ceremony_key(ceremony, key->uri);
}

/* One that is not there yet, once there are two to exert dual control. */
static cm_error_t *must_be_asked_for(int *must, const cm_run_t *run, const char *name)
{
    cm_authority_t *authority;
    cm_error_t *error = cm_authority_read(&authority, run->ctx->store, name, run->pool);

    *must = 0;
    return error && error->code == CM_E_NOT_FOUND
               ? cm_govern_is_set_up(must, run->ctx, CM_CA_GOVERNOR)
               : error;
}

/* *made is 0 when it waits, which was said then. */
static cm_error_t *ask_for_authority(int *made, cm_run_t *run, const cm_authority_plan_t *plan)
{
    json_t *change = cm_json_object(run->pool);
    const struct {
        const char *name, *value;
    } members[] = {{"authority", plan->name},    {"parent", plan->parent},
                   {"key", plan->key},           {"algorithm", plan->algorithm},
                   {"subject", plan->subject},   {"validity", plan->validity},
                   {"ocsp_key", plan->ocsp_key}, {"crl_validity", plan->crl_validity}};
    cm_request_view_t *view = NULL;
    cm_error_t *error;

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (members[i].value) {
            cm_json_set_text(change, members[i].name, members[i].value);
        }
    }
    if (plan->pathlen >= 0) {
        cm_json_set_integer(change, "path_length", plan->pathlen);
    }
    error = cm_ctl_change(&view, run, "authority.create", change);
    *made = view != NULL;
    return error;
}

static cm_error_t *provide_authority(cm_ceremony_t *ceremony, cm_run_t *run,
                                     const cm_authority_plan_t *plan)
{
    const char *step = apr_pstrcat(run->pool, "authority ", plan->name, NULL);
    int made = 0, must_ask;
    cm_error_t *error = must_be_asked_for(&must_ask, run, plan->name);

    if (!error) {
        error = must_ask ? ask_for_authority(&made, run, plan)
                         : cm_authority_create(&made, run->ctx, plan);
    }
    if (!error && must_ask && !made) {
        return cm_ceremony_step(ceremony, step, CM_STEP_ASKED_FOR);
    }
    if (!error) {
        error = cm_ceremony_step(ceremony, step, made);
    }
    return error ? error : cm_ceremony_authority(ceremony, plan->name);
}

static int lacks_authority(const cm_error_t *error)
{
    return error && error->rule && strcmp(error->rule, "profile.ca-unknown") == 0;
}

/* The profile's name is its file's, without ".json". One whose authority is not there is left out:
 * a plan need not make those that the shipped profiles are for. */
static cm_error_t *provide_profile(cm_ceremony_t *ceremony, const cm_run_t *run, const char *folder,
                                   const char *file)
{
    const char *name = apr_pstrmemdup(run->pool, file, strlen(file) - strlen(".json"));
    const char *path = apr_pstrcat(run->pool, folder, "/", file, NULL);
    apr_int64_t before = 0, version = 0;
    cm_profile_record_t *record;
    cm_bytes_t text;
    cm_error_t *error = cm_profile_read(&record, run->ctx->store, name, 0, run->pool);

    if (!error) {
        before = record->version;
    } else if (error->code != CM_E_NOT_FOUND) {
        return error;
    }
    error = cm_run_file(&text, run, path);
    if (!error) {
        error = cm_profile_store(&version, run->ctx, name, (const char *)text.data);
    }
    if (lacks_authority(error)) {
        return cm_ceremony_leave(ceremony, apr_pstrcat(run->pool, "profile ", name, NULL),
                                 error->message);
    }
    if (error) {
        return error;
    }
    return cm_ceremony_step(
        ceremony, apr_psprintf(run->pool, "profile %s version %" APR_INT64_T_FMT, name, version),
        version > before);
}

static int is_profile(const apr_finfo_t *info)
{
    size_t len = strlen(info->name);

    return info->name[0] != '.' && len > 5 && strcmp(info->name + len - 5, ".json") == 0;
}

static cm_error_t *provide_profiles(cm_ceremony_t *ceremony, const cm_run_t *run)
{
    const char *folder =
        cm_run_option(run, "profiles") ? cm_run_option(run, "profiles") : CM_PROFILES;
    int is_set_up;
    cm_error_t *error = cm_govern_is_set_up(&is_set_up, run->ctx, CM_GOVERNOR);
    apr_finfo_t info;
    apr_dir_t *dir;
    apr_status_t status;

    if (error || is_set_up) {
        return error; /* from then on profiles are imported, and approved */
    }
    status = apr_dir_open(&dir, folder, run->pool);
    if (status != APR_SUCCESS) {
        return cm_error_apr(run->pool, CM_E_NOT_FOUND,
                            apr_pstrcat(run->pool, "no profiles in ", folder, NULL), status);
    }
    while (!error && apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (is_profile(&info)) {
            error = provide_profile(ceremony, run, folder, apr_pstrdup(run->pool, info.name));
        }
    }
    apr_dir_close(dir);
    return error;
}

static void show_plan(const cm_run_t *run, const cm_plan_t *plan)
{
    puts("This makes what is not there yet:");
    for (int i = 0; i < run->config->tokens->nelts; i++) {
        const cm_config_token_t *token = &APR_ARRAY_IDX(run->config->tokens, i, cm_config_token_t);

        printf("  token      %s in %s\n", token->uri, token->module);
    }
    printf("  database   %s %s\n", run->config->driver, run->config->params);
    printf("  audit key  %s P-256\n", run->config->audit_key);
    for (int i = 0; i < plan->keys->nelts; i++) {
        const cm_key_request_t *key = &APR_ARRAY_IDX(plan->keys, i, cm_key_request_t);

        printf("  key        %s %s\n", key->uri, key->algorithm);
    }
    for (int i = 0; i < plan->authorities->nelts; i++) {
        const cm_authority_plan_t *a = &APR_ARRAY_IDX(plan->authorities, i, cm_authority_plan_t);

        printf("  authority  %s: %s, %s, %s, signed by %s\n", a->name, a->subject, a->algorithm,
               a->validity, a->parent ? a->parent : "itself");
    }
}

static cm_error_t *get_plan(cm_plan_t **plan, const cm_run_t *run)
{
    const char *path = cm_run_option(run, "plan");
    const char *organization = cm_run_option(run, "organization");

    if (!run->config->tokens->nelts) {
        return cm_error_make(run->pool, CM_E_CONFIG, "there is no CertMgrToken line");
    }
    return path ? cm_plan_read(plan, run, path)
                : cm_plan_default(plan, run, organization ? organization : "Example");
}

static cm_error_t *perform(cm_ceremony_t *ceremony, cm_run_t *run, const cm_plan_t *plan)
{
    const apr_array_header_t *tokens = run->config->tokens;
    const cm_key_request_t audit = {run->config->audit_key, "P-256", CM_KEY_SIGN};
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < tokens->nelts; i++) {
        error = provide_token(ceremony, run, &APR_ARRAY_IDX(tokens, i, cm_config_token_t));
    }
    if (!error) {
        error = provide_database(ceremony, run);
    }
    if (!error && run->config->audit_key && *run->config->audit_key) {
        error = provide_key(ceremony, run, &audit);
    }
    for (int i = 0; !error && i < plan->keys->nelts; i++) {
        error = provide_key(ceremony, run, &APR_ARRAY_IDX(plan->keys, i, cm_key_request_t));
    }
    for (int i = 0; !error && i < plan->authorities->nelts; i++) {
        error = provide_authority(ceremony, run,
                                  &APR_ARRAY_IDX(plan->authorities, i, cm_authority_plan_t));
    }
    return error ? error : provide_profiles(ceremony, run);
}

cm_error_t *cm_ctl_init(cm_run_t *run)
{
    cm_ceremony_t *ceremony;
    cm_plan_t *plan;
    cm_error_t *error = get_plan(&plan, run);

    if (!error) {
        error = cm_ceremony_begin(&ceremony, run, cm_run_option(run, "log"));
    }
    if (error) {
        return error;
    }
    show_plan(run, plan);
    if ((error = cm_run_confirm(run, "Go on?")) || (error = cm_ceremony_open(ceremony)) ||
        (error = perform(ceremony, run, plan))) {
        return error;
    }
    printf("Record of this ceremony: %s\n", cm_ceremony_path(ceremony));
    return NULL;
}
