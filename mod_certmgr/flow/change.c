/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/change.h"

#include <apr_strings.h>

#include "flow/entitle.h"
#include "flow/govern.h"
#include "pki/pem.h"

static const cm_change_kind_t *const kinds[] = {&cm_change_person_add,
                                                &cm_change_person_deactivate,
                                                &cm_change_person_activate,
                                                &cm_change_role_give,
                                                &cm_change_role_take,
                                                &cm_change_identity_tie,
                                                &cm_change_identity_untie,
                                                &cm_change_profile_store,
                                                &cm_change_authority_crl,
                                                &cm_change_group_add,
                                                &cm_change_group_remove,
                                                &cm_change_group_profile_add,
                                                &cm_change_group_profile_remove,
                                                &cm_change_group_domain_add,
                                                &cm_change_group_domain_remove,
                                                &cm_change_group_seat,
                                                &cm_change_group_unseat,
                                                &cm_change_authority_create,
                                                &cm_change_authority_csr,
                                                &cm_change_authority_import,
                                                &cm_change_authority_revoke,
                                                &cm_change_authority_server,
                                                &cm_change_key_compromised,
                                                NULL};

const cm_change_kind_t *const *cm_change_kinds(void)
{
    return kinds;
}

const cm_change_kind_t *cm_change_kind(const char *name)
{
    for (const cm_change_kind_t *const *at = kinds; *at; at++) {
        if (strcmp((*at)->name, name) == 0) {
            return *at;
        }
    }
    return NULL;
}

static const cm_json_member_t members[] = {
    {"kind", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_submission_t, kind), 32,
     "What is changed: the name of a kind, such as role.give."},
    {"change", CM_JSON_OBJECT, CM_JSON_REQUIRED, offsetof(cm_submission_t, change), 0,
     "The members of the kind."},
    {"message", CM_JSON_LINES, CM_JSON_OPTIONAL, offsetof(cm_submission_t, message), 4096,
     "A message for those who decide."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

cm_error_t *cm_change_refuse(const cm_work_t *work, cm_code_t code, const char *field,
                             const char *rule, const char *message)
{
    return cm_error_locate(cm_error_make(work->ctx->pool, code, "%s", message), field, rule);
}

static cm_error_t *find_kind(const cm_change_kind_t **kind, const char *name, const cm_ctx_t *ctx)
{
    const char *names = "";
    cm_error_t *error;

    *kind = cm_change_kind(name);
    if (*kind) {
        return NULL;
    }
    for (const cm_change_kind_t *const *at = kinds; *at; at++) {
        names = apr_pstrcat(ctx->pool, names, *names ? ", " : "", (*at)->name, NULL);
    }
    error = cm_error_make(ctx->pool, CM_E_VALUE, "there is no such kind of change");
    return cm_error_advise(cm_error_locate(error, "/kind", "change.kind"), names);
}

static cm_error_t *read_change(cm_change_t **change, const char *kind, const json_t *object,
                               const cm_ctx_t *ctx)
{
    cm_change_t *made = apr_pcalloc(ctx->pool, sizeof *made);
    cm_error_t *error = find_kind(&made->kind, kind, ctx);

    made->path_length = -1;
    if (!error) {
        error = cm_json_read(made, made->kind->members, object, "/change", ctx->pool);
    }
    if (!error) {
        *change = made;
    }
    return error;
}

/* In the order in which it came: a profile is stored as its author wrote it. */
static void write_wish(cm_work_t *work, const char *kind, const json_t *change)
{
    json_t *wish = cm_json_object(work->ctx->pool);

    cm_json_set_text(wish, "kind", kind);
    cm_json_set(wish, "change", (json_t *)change);
    work->request->wish = (const char *)cm_json_dump(wish, work->ctx->pool).data;
}

static cm_error_t *take(cm_work_t *work, const cm_submission_t *submission)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_change_t *change;
    cm_error_t *error;

    write_wish(work, submission->kind, submission->change);
    error = read_change(&change, submission->kind, submission->change, ctx);
    if (!error && !submission->command) {
        error = cm_identity_require(ctx->who, change->kind->permission, ctx->pool);
        error = error ? cm_error_locate(error, "/kind", error->rule) : NULL;
    }
    if (!error) {
        work->more = (cm_profile_item_t){"approval", CM_BEFORE_ISSUE, change->kind->role,
                                         submission->command ? submission->command->approvals : 1};
    }
    return error;
}

static cm_error_t *read_wish(cm_submission_t *wish, const cm_request_t *request, apr_pool_t *pool)
{
    json_t *document;
    cm_error_t *error = cm_json_parse(&document, cm_bytes_of_text(request->wish), pool);

    return error ? error : cm_json_read(wish, members, document, "", pool);
}

/* Who asked may be gone, or have lost the right, by the time the change is approved. */
static cm_error_t *check_requester(const cm_work_t *work)
{
    cm_identity_t *who;
    cm_error_t *error;

    if (!work->request->requester) {
        return NULL;
    }
    error = cm_entitle_read(&who, work);
    if (!error && strcmp(who->person->state, "active") != 0) {
        error = cm_change_refuse(work, CM_E_REFUSED, NULL, "change.requester",
                                 "who asked for this is deactivated");
    } else if (!error && work->request->claims &&
               !cm_identity_may(who, work->change->kind->permission)) {
        error = cm_change_refuse(work, CM_E_REFUSED, NULL, "change.requester",
                                 "who asked for this may not ask for it any more");
    }
    return error;
}

cm_error_t *cm_change_move_below(cm_error_t *error, const char *member, apr_pool_t *pool)
{
    for (cm_error_t *at = error; at; at = at->also) {
        if (at->field) {
            at->field = apr_pstrcat(pool, member, at->field, NULL);
        }
    }
    return error;
}

static cm_error_t *decide(cm_work_t *work)
{
    apr_pool_t *pool = work->ctx->pool;
    cm_submission_t wish = {0};
    cm_error_t *error = read_wish(&wish, work->request, pool);

    if (!error) {
        error = read_change(&work->change, wish.kind, wish.change, work->ctx);
    }
    if (!error) {
        error = check_requester(work);
    }
    return error ? error : cm_change_move_below(work->change->kind->decide(work), "/change", pool);
}

static cm_error_t *make(cm_work_t *work)
{
    const cm_change_kind_t *kind = work->change->kind;

    return kind->make ? kind->make(work) : NULL;
}

/* Those who exert dual control. */
static const struct {
    const char *role, *rule;
} governors[] = {{CM_GOVERNOR, "change.administrators"}, {CM_CA_GOVERNOR, "change.ca-admins"}};

enum { GOVERNING_ROLES = sizeof governors / sizeof *governors };

static cm_error_t *count_governors(cm_holders_t *holders, cm_txn_t *txn, apr_time_t now)
{
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < GOVERNING_ROLES; i++) {
        error = cm_role_holders_in(&holders[i], txn, governors[i].role, now);
    }
    return error;
}

static cm_error_t *keep_set_up(cm_txn_t *txn, const cm_holders_t *before, apr_time_t now)
{
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < GOVERNING_ROLES; i++) {
        if (cm_govern_holds(&before[i])) {
            error = cm_set_up_keep(txn, governors[i].role, now);
        }
    }
    return error;
}

static cm_error_t *check_left(cm_txn_t *txn, const cm_holders_t *before, const cm_holders_t *after)
{
    cm_error_t *error = NULL;

    for (int i = 0; !error && i < GOVERNING_ROLES; i++) {
        if (cm_govern_holds(&before[i]) && after[i].able < CM_GOVERNORS &&
            after[i].able < before[i].able) {
            error = cm_error_make(cm_txn_pool(txn), CM_E_REFUSED, "fewer than %d %ss would be left",
                                  CM_GOVERNORS, governors[i].role);
            cm_error_locate(error, NULL, governors[i].rule);
        }
    }
    return error;
}

/* Two of each role who can log in have to be left, and where there are fewer by now, since
 * certificates end, no change takes one more: without them there is no dual control. What breaks
 * the glass may, but commands don't act alone again. */
static cm_error_t *change(cm_txn_t *txn, cm_work_t *work)
{
    const apr_time_t now = work->ctx->now;
    cm_holders_t before[GOVERNING_ROLES], after[GOVERNING_ROLES];
    cm_error_t *error = count_governors(before, txn, now);

    if (!error) {
        error = keep_set_up(txn, before, now);
    }
    if (!error) {
        error = work->change->kind->change(txn, work);
    }
    if (!error) {
        error = count_governors(after, txn, now);
    }
    return error || work->overrides ? error : check_left(txn, before, after);
}

/* It has happened; what fails here is for the jobs. */
static void finish(cm_work_t *work)
{
    const cm_change_kind_t *kind = work->change->kind;
    cm_error_t *error = kind->finish ? kind->finish(work) : NULL;

    if (error) {
        cm_ctx_log_error(work->ctx, CM_LOG_ERROR, error);
    }
}

static void record(cm_audit_draft_t *draft, const cm_work_t *work)
{
    if (work->change) {
        cm_json_set_text(draft->detail, "kind", work->change->kind->name);
        work->change->kind->record(draft, work);
    }
}

static int concerns(const cm_request_t *request, const char *person, apr_pool_t *pool)
{
    cm_submission_t wish = {0};
    const char *about;

    if (read_wish(&wish, request, pool)) {
        return 1; /* whom it is about can't be told */
    }
    about = json_string_value(json_object_get(wish.change, "person"));
    return about && strcmp(about, person) == 0;
}

const json_t *cm_change_show(const cm_request_t *request, apr_pool_t *pool)
{
    json_t *shown = cm_json_object(pool);
    cm_submission_t wish = {0};

    if (request->operation != CM_OP_CHANGE || read_wish(&wish, request, pool)) {
        return NULL;
    }
    cm_json_set_text(shown, "kind", wish.kind);
    json_object_update_missing(shown, (json_t *)wish.change);
    if (request->csr.len) {
        cm_json_set_text(shown, "csr", cm_pem_encode("CERTIFICATE REQUEST", request->csr, pool));
    }
    return shown;
}

cm_error_t *cm_change_keep_integer(cm_work_t *work, const char *name, apr_int64_t value)
{
    cm_submission_t wish = {0};
    cm_error_t *error = read_wish(&wish, work->request, work->ctx->pool);

    if (!error) {
        cm_json_set_integer((json_t *)wish.change, name, value);
        write_wish(work, wish.kind, wish.change);
    }
    return error;
}

const cm_operation_row_t cm_operation_change = {.operation = CM_OP_CHANGE,
                                                .members = members,
                                                .take = take,
                                                .decide = decide,
                                                .make = make,
                                                .change = change,
                                                .finish = finish,
                                                .record = record,
                                                .concerns = concerns};
