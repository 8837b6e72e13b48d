/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/rules.h"

#include <apr_hash.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "policy/identity.h"
#include "store/groups.h"
#include "store/profiles.h"

enum { PROFILES, LINES, KINDS };

/* All that was read under one stamp. */
typedef struct {
    apr_int64_t stamp;
    int users; /* calls that use it, and one while it is the present one */
    apr_hash_t *kept[KINDS];
    apr_array_header_t *pools; /* of apr_pool_t *: of what is kept */
    apr_pool_t *pool;
    cm_rules_t *rules;
} issue_t;

struct cm_rules_t {
    apr_thread_mutex_t *lock; /* of all issues */
    issue_t *present;         /* or NULL */
};

/* With the lock held. */
static void leave(issue_t *issue)
{
    if (--issue->users > 0) {
        return;
    }
    for (int i = 0; i < issue->pools->nelts; i++) {
        apr_pool_destroy(APR_ARRAY_IDX(issue->pools, i, apr_pool_t *));
    }
    apr_pool_destroy(issue->pool);
}

/* Calls that are not over hold on to what they use. */
static apr_status_t end(void *data)
{
    cm_rules_t *rules = data;

    apr_thread_mutex_lock(rules->lock);
    if (rules->present) {
        leave(rules->present);
        rules->present = NULL;
    }
    apr_thread_mutex_unlock(rules->lock);
    return APR_SUCCESS;
}

cm_error_t *cm_rules_make(cm_rules_t **rules, apr_pool_t *pool)
{
    cm_rules_t *made = apr_pcalloc(pool, sizeof *made);
    apr_status_t status = apr_thread_mutex_create(&made->lock, APR_THREAD_MUTEX_DEFAULT, pool);

    *rules = made;
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "a lock can't be made", status);
    }
    apr_pool_cleanup_register(pool, made, end, apr_pool_cleanup_null);
    return NULL;
}

static apr_status_t leave_with_pool(void *data)
{
    issue_t *issue = data;
    apr_thread_mutex_t *lock = issue->rules->lock;

    apr_thread_mutex_lock(lock);
    leave(issue);
    apr_thread_mutex_unlock(lock);
    return APR_SUCCESS;
}

/* Pools without a parent: what is kept outlives the call that read it. */
static issue_t *issue_make(cm_rules_t *rules, apr_int64_t stamp)
{
    apr_pool_t *pool;
    issue_t *issue;

    apr_pool_create(&pool, NULL);
    issue = apr_pcalloc(pool, sizeof *issue);
    issue->stamp = stamp;
    issue->users = 1;
    issue->pool = pool;
    issue->rules = rules;
    issue->pools = apr_array_make(pool, 8, sizeof(apr_pool_t *));
    for (int kind = 0; kind < KINDS; kind++) {
        issue->kept[kind] = apr_hash_make(pool);
    }
    return issue;
}

/* The issue of this stamp, to be used until the context's pool ends. */
static issue_t *join(const cm_ctx_t *ctx, apr_int64_t stamp)
{
    cm_rules_t *rules = ctx->rules;
    issue_t *issue;

    apr_thread_mutex_lock(rules->lock);
    if (rules->present && rules->present->stamp != stamp) {
        leave(rules->present);
        rules->present = NULL;
    }
    if (!rules->present) {
        rules->present = issue_make(rules, stamp);
    }
    issue = rules->present;
    issue->users++;
    apr_thread_mutex_unlock(rules->lock);
    apr_pool_cleanup_register(ctx->pool, issue, leave_with_pool, apr_pool_cleanup_null);
    return issue;
}

cm_error_t *cm_rule_read(cm_rule_t *rule, const cm_ctx_t *ctx, const char *name)
{
    apr_array_header_t *groups;
    cm_profile_record_t *record;
    cm_profile_t *profile;
    cm_error_t *error = cm_profile_read(&record, ctx->store, name, 0, ctx->pool);

    if (!error) {
        error = cm_profile_parse(&profile, cm_bytes_of_text(record->text), ctx->pool);
    }
    if (!error) {
        error = cm_groups_of_profile(&groups, ctx->store, record->name, ctx->pool);
    }
    if (!error) {
        *rule = (cm_rule_t){record->name, record->version, profile, groups};
    }
    return error;
}

/* Without the lock: a database that is slow must not hold up who asks for something else. */
static void *read_anew(const cm_ctx_t *ctx, int kind, const char *name)
{
    cm_rule_t *rule = apr_pcalloc(ctx->pool, sizeof *rule);
    cm_lineage_t *line = apr_pcalloc(ctx->pool, sizeof *line);

    if (kind == PROFILES) {
        return cm_rule_read(rule, ctx, name) ? NULL : rule;
    }
    return cm_lineage_read(line, ctx, name) ? NULL : line;
}

/* Whoever comes second takes what the first has put there. */
static void *keep(issue_t *issue, int kind, const cm_ctx_t *ctx, const char *name, void *made)
{
    void *kept;

    apr_thread_mutex_lock(issue->rules->lock);
    kept = apr_hash_get(issue->kept[kind], name, APR_HASH_KEY_STRING);
    if (!kept) {
        kept = made;
        apr_hash_set(issue->kept[kind], apr_pstrdup(ctx->pool, name), APR_HASH_KEY_STRING, made);
        APR_ARRAY_PUSH(issue->pools, apr_pool_t *) = ctx->pool;
    }
    apr_thread_mutex_unlock(issue->rules->lock);
    return kept;
}

static void *look_up(issue_t *issue, int kind, const char *name)
{
    void *kept;

    apr_thread_mutex_lock(issue->rules->lock);
    kept = apr_hash_get(issue->kept[kind], name, APR_HASH_KEY_STRING);
    apr_thread_mutex_unlock(issue->rules->lock);
    return kept;
}

static const void *find(const cm_ctx_t *ctx, int kind, const char *name)
{
    cm_ctx_t own = *ctx;
    issue_t *issue;
    void *found, *made;

    if (!ctx->rules || !ctx->who || !ctx->who->rules) {
        return NULL;
    }
    issue = join(ctx, ctx->who->rules);
    found = look_up(issue, kind, name);
    if (found) {
        return found;
    }
    apr_pool_create(&own.pool, NULL);
    made = read_anew(&own, kind, name);
    found = made ? keep(issue, kind, &own, name, made) : NULL;
    if (!made || found != made) {
        apr_pool_destroy(own.pool);
    }
    return found;
}

const cm_rule_t *cm_rules_profile(const cm_ctx_t *ctx, const char *name)
{
    return find(ctx, PROFILES, name);
}

const cm_lineage_t *cm_rules_lineage(const cm_ctx_t *ctx, const char *ca)
{
    return find(ctx, LINES, ca);
}
