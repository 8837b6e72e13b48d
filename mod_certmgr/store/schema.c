/* SPDX-License-Identifier: Apache-2.0 */
#include "store/schema.h"

#include <apr_strings.h>

#include "store/migrations_sql.h"
#include "store/work.h"

const cm_migration_t cm_migrations[] = {
    {1, "initial", 1, migration_0001_initial},
    {2, "approvals", 1, migration_0002_approvals},
    {3, "keys", 1, migration_0003_keys},
    {4, "outside", 1, migration_0004_outside},
    {5, "groups", 1, migration_0005_groups},
    {6, "request_life", 1, migration_0006_request_life},
    {7, "audit", 1, migration_0007_audit},
    {8, "authority_request", 1, migration_0008_authority_request},
    {9, "search", 1, migration_0009_search},
    {10, "asked_again", 1, migration_0010_asked_again},
    {11, "crl", 11, migration_0011_crl},
    {12, "rules", 1, migration_0012_rules},
    {0, NULL, 0, NULL},
};

static const char table_of_migrations[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    " number BIGINT CONSTRAINT uq_schema_migration PRIMARY KEY,"
    " name TEXT NOT NULL, compatible BIGINT NOT NULL, digest TEXT NOT NULL,"
    " applied BIGINT NOT NULL)";

typedef struct {
    const cm_migration_t *migration;
    int applied;
} step_t;

static const char *digest_of(const cm_migration_t *migration, apr_pool_t *pool)
{
    cm_bytes_t text = cm_bytes_of_text(migration->sql);

    return cm_bytes_hex(cm_bytes_sha256(text, pool), pool);
}

static const cm_migration_t *newest(void)
{
    const cm_migration_t *last = cm_migrations;

    while (last[1].name) {
        last++;
    }
    return last;
}

/* The one with this number, or with the next one below; numbers are not without gaps. */
static const cm_migration_t *migration_of(int number)
{
    const cm_migration_t *found = cm_migrations;

    while (found[1].name && found[1].number <= number) {
        found++;
    }
    return found;
}

/* SQLite takes both words as they stand: it goes by the BLOB and the TEXT in them. */
static const char *in_dialect(const char *sql, int pgsql, apr_pool_t *pool)
{
    static const char *const words[][2] = {{"KEYTEXT", "TEXT COLLATE \"C\""}, {"BLOB", "BYTEA"}};

    for (int i = 0; pgsql && i < 2; i++) {
        const char *out = "";
        const char *word;

        while ((word = strstr(sql, words[i][0])) != NULL) {
            out = apr_pstrcat(pool, out, apr_pstrndup(pool, sql, (apr_size_t)(word - sql)),
                              words[i][1], NULL);
            sql = word + strlen(words[i][0]);
        }
        sql = apr_pstrcat(pool, out, sql, NULL);
    }
    return sql;
}

/* A statement for one of the databases begins with its name: the rest of it, or NULL when it is for
 * the other one. */
static const char *for_this(const char *sql, int pgsql)
{
    const char *ours = strstr(sql, pgsql ? "PGSQL: " : "SQLITE: ");

    if (ours) {
        return strchr(ours, ' ');
    }
    return strstr(sql, pgsql ? "SQLITE: " : "PGSQL: ") ? NULL : sql;
}

static cm_error_t *run_statements(cm_txn_t *txn, const char *sql)
{
    cm_error_t *error = NULL;
    const char *end;

    while (!error && (end = strstr(sql, ";\n")) != NULL) {
        const char *one = apr_pstrndup(txn->link.pool, sql, (apr_size_t)(end - sql));

        one = for_this(one, txn->link.pgsql);
        if (one) {
            error = cm_link_run(&txn->link, in_dialect(one, txn->link.pgsql, txn->link.pool));
        }
        sql = end + 2;
    }
    return error;
}

static cm_error_t *check_digest(const cm_migration_t *migration, const char *digest,
                                apr_pool_t *pool)
{
    if (strcmp(digest, digest_of(migration, pool)) == 0) {
        return NULL;
    }
    return cm_error_locate(
        cm_error_make(pool, CM_E_INTEGRITY,
                      "migration %d of the database is not the one this program knows",
                      migration->number),
        NULL, "store.migration");
}

static cm_error_t *step_work(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    step_t *step = baton;
    const cm_migration_t *migration = step->migration;
    apr_pool_t *pool = cm_txn_pool(txn);
    const cm_value_t number[] = {cm_value_integer(migration->number)};
    const cm_value_t row[] = {cm_value_integer(migration->number), cm_value_text(migration->name),
                              cm_value_integer(migration->compatible),
                              cm_value_text(digest_of(migration, pool)),
                              cm_value_time(apr_time_now())};
    cm_rows_t *rows;
    cm_error_t *error = NULL;

    (void)event;
    step->applied = 0;
    if (txn->link.pgsql) {
        error = cm_link_run(&txn->link, "SELECT pg_advisory_xact_lock(hashtext('certmgr schema'))");
    }
    if (!error) {
        error = cm_link_run(&txn->link, table_of_migrations);
    }
    if (!error) {
        error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_MIGRATION_DIGEST), number);
    }
    if (error) {
        return error;
    }
    if (cm_rows_count(rows) > 0) {
        return check_digest(migration, cm_row_text(rows, 0, 0), pool);
    }
    step->applied = 1;
    error = run_statements(txn, migration->sql);
    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_MIGRATION_INSERT), row);
}

/* Readers go on while a writer commits. It is a property of the file, set once: the statement can't
 * be run a second time on the same connection. */
static cm_error_t *set_wal(cm_store_t *store, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_SQLITE_JOURNAL), NULL, pool);

    if (error || strcmp(cm_row_text(rows, 0, 0), "wal") == 0) {
        return error;
    }
    return cm_store_select(&rows, store, cm_statement(CM_SQL_SQLITE_WAL), NULL, pool);
}

cm_error_t *cm_store_upgrade(int *applied, cm_store_t *store, apr_pool_t *pool)
{
    cm_error_t *error = store->pgsql ? NULL : set_wal(store, pool);

    *applied = 0;
    for (const cm_migration_t *migration = cm_migrations; !error && migration->name; migration++) {
        step_t step = {.migration = migration};

        error = cm_store_maintain(store, step_work, &step, pool);
        *applied += step.applied;
    }
    return error;
}

static cm_error_t *applied_migrations(cm_rows_t **rows, cm_store_t *store, apr_pool_t *pool)
{
    cm_error_t *error =
        cm_store_select(rows, store, cm_statement(CM_SQL_MIGRATION_TABLE), NULL, pool);

    if (error || cm_rows_count(*rows) == 0) {
        return error;
    }
    return cm_store_select(rows, store, cm_statement(CM_SQL_MIGRATION_LIST), NULL, pool);
}

cm_error_t *cm_store_schema(int *version, cm_store_t *store, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error = applied_migrations(&rows, store, pool);

    *version = 0;
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        *version = (int)cm_row_integer(rows, i, 0);
    }
    return error;
}

cm_error_t *cm_store_check(cm_store_t *store, apr_pool_t *pool)
{
    const cm_migration_t *known = newest();
    int version = 0;
    cm_rows_t *rows;
    cm_error_t *error = applied_migrations(&rows, store, pool);

    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        version = (int)cm_row_integer(rows, i, 0);
        if (version >= 1 && version <= known->number) {
            error = check_digest(migration_of(version), cm_row_text(rows, i, 2), pool);
        } else if (cm_row_integer(rows, i, 1) > known->number) {
            error =
                cm_error_advise(cm_error_make(pool, CM_E_CONFIG,
                                              "the database's schema is newer than this program"),
                                "install the newer mod_certmgr on this node");
        }
    }
    if (!error && version < CM_SCHEMA_OLDEST) {
        error = cm_error_advise(
            cm_error_make(pool, CM_E_CONFIG, "the database's schema is older than this program"),
            "run: certmgrctl db upgrade");
    }
    return error;
}
