/* SPDX-License-Identifier: Apache-2.0 */
#include "store/link.h"

#include <apr_buckets.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "store/rows.h"

/* What is kept with a connection. The generation makes labels of statements prepared anew differ
 * from those of before, which the server may still know. */
typedef struct {
    apr_hash_t *prepared;
    apr_pool_t *pool; /* of this generation */
    int generation;
    int ready; /* settings are made */
} session_t;

static const char session_key[] = "certmgr-session";

static const char *const sqlite_settings[] = {"PRAGMA foreign_keys=ON", "PRAGMA synchronous=FULL",
                                              "PRAGMA trusted_schema=OFF", NULL};

/* A server that is set to answer before the record is on disk would break our promise. Each
 * statement has an index to go by, and a plan made while a table was small, or of wrong statistics,
 * must not scan it when it has grown; what such a plan would cost must not start a compiler. The
 * rest only makes sure of defaults. The message language needs a privilege, so it may fail. */
static const char *const pgsql_settings[] = {
    "SET client_encoding TO 'UTF8'; SET bytea_output TO 'hex';"
    " SET standard_conforming_strings TO on; SET enable_seqscan TO off; SET jit TO off;"
    " SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'",
    "SET lc_messages TO 'C'", NULL};

typedef struct {
    const char *words; /* in the first line of the driver's text */
    cm_fault_t fault;
    cm_code_t code;
    const char *rule;
    const char *message;
} symptom_t;

/* The first match counts. The texts of SQLite are always English; it says nothing at all about a
 * statement that a change of the schema on its own connection made useless. */
static const symptom_t symptoms[] = {
    {"create extension", CM_FAULT_FINAL, CM_E_CONFIG, "store.extension",
     "the database lacks the extension pg_trgm and its owner may not make it"},
    {"extension \"pg_trgm\" is not available", CM_FAULT_FINAL, CM_E_CONFIG, "store.extension",
     "the server has no extension pg_trgm: install PostgreSQL's contrib modules"},
    {"UNIQUE constraint failed", CM_FAULT_FINAL, CM_E_CONFLICT, "store.unique",
     "such a record exists already"},
    {"uq_", CM_FAULT_FINAL, CM_E_CONFLICT, "store.unique", "such a record exists already"},
    {"cm_", CM_FAULT_STALE, CM_E_DATABASE, NULL, "the database connection was reset"},
    {"not an error", CM_FAULT_STALE, CM_E_DATABASE, NULL, "the database was changed"},
    {"database schema has changed", CM_FAULT_STALE, CM_E_DATABASE, NULL,
     "the database was changed"},
    {"deadlock detected", CM_FAULT_CLASH, CM_E_BUSY, NULL, "the database is too busy"},
    {"could not serialize", CM_FAULT_CLASH, CM_E_BUSY, NULL, "the database is too busy"},
    {"lock timeout", CM_FAULT_CLASH, CM_E_BUSY, NULL, "the database is too busy"},
    {"database is locked", CM_FAULT_CLASH, CM_E_BUSY, NULL, "the database is too busy"},
    {"is full", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database can't be written"},
    {"No space left", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database can't be written"},
    {"readonly database", CM_FAULT_READONLY, CM_E_DATABASE, NULL, "the database can't be written"},
    {"read-only transaction", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database can't be written"},
    {"disk I/O error", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database can't be written"},
    {"unable to open", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database can't be reached"},
    {"malformed", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database is damaged"},
    {"not a database", CM_FAULT_FINAL, CM_E_DATABASE, NULL, "the database is damaged"},
    {"", CM_FAULT_UNNAMED, CM_E_INTERNAL, NULL, "the database refused a statement"},
};

/* Only the first line of the text: those after it can quote the record. */
static cm_error_t *take_fault(cm_link_t *link, int status)
{
    const char *text = apr_dbd_error(link->handle.driver, link->handle.conn, status);
    const char *line = text ? apr_pstrndup(link->pool, text, strcspn(text, "\r\n")) : "";
    const symptom_t *symptom = symptoms;

    if (link->error) {
        return link->error;
    }
    while (!strstr(line, symptom->words)) {
        symptom++;
    }
    link->fault = symptom->fault;
    link->error = cm_error_locate(cm_error_make(link->pool, symptom->code, "%s", symptom->message),
                                  NULL, symptom->rule);
    cm_error_explain(link->pool, link->error, "%s", line);
    return link->error;
}

static cm_error_t *mistake(cm_link_t *link, const cm_statement_t *statement, const char *what)
{
    link->fault = CM_FAULT_FINAL;
    link->error = cm_error_explain(
        link->pool, cm_error_make(link->pool, CM_E_INTERNAL, "a database statement is wrong"),
        "%s: %s", statement->name, what);
    return link->error;
}

static session_t *session_of(const cm_link_t *link)
{
    apr_pool_t *pool = link->handle.pool;
    void *session = NULL;

    apr_pool_userdata_get(&session, session_key, pool);
    if (!session) {
        session = apr_pcalloc(pool, sizeof(session_t));
        apr_pool_userdata_setn(session, session_key, NULL, pool);
    }
    return session;
}

static void forget(cm_link_t *link)
{
    session_t *session = session_of(link);

    if (session->pool) {
        apr_pool_destroy(session->pool);
    }
    apr_pool_create(&session->pool, link->handle.pool);
    session->prepared = apr_hash_make(session->pool);
    session->generation++;
    session->ready = 0;
}

static cm_error_t *make_ready(cm_link_t *link)
{
    session_t *session = session_of(link);
    const char *const *setting = link->pgsql ? pgsql_settings : sqlite_settings;
    int affected;

    if (!session->prepared) {
        forget(link);
    }
    if (session->ready) {
        return NULL;
    }
    for (; *setting; setting++) {
        int status = apr_dbd_query(link->handle.driver, link->handle.conn, &affected, *setting);

        if (status != 0 && !strstr(*setting, "lc_messages")) {
            return take_fault(link, status);
        }
    }
    session->ready = 1;
    return NULL;
}

cm_error_t *cm_link_open(cm_link_t *link, const cm_db_source_t *source, const char *driver,
                         apr_pool_t *pool)
{
    memset(link, 0, sizeof *link);
    link->pool = pool;
    link->source = source;
    link->pgsql = strcmp(driver, "pgsql") == 0;
    link->error = source->lease(&link->handle, source, pool);
    if (link->error) {
        link->fault = CM_FAULT_LOST;
        return link->error;
    }
    if (make_ready(link)) {
        cm_link_recover(link);
        cm_link_close(link);
    }
    return link->error;
}

void cm_link_close(cm_link_t *link)
{
    link->source->release(&link->handle, link->source);
}

static const char *sql_of(const cm_link_t *link, const cm_statement_t *statement)
{
    return link->pgsql && statement->pgsql ? statement->pgsql : statement->sql;
}

/* `key` are the statements that it is made of. */
static cm_error_t *prepare_anew(apr_dbd_prepared_t **prepared, cm_link_t *link, const char *sql,
                                const char *name, cm_bytes_t key)
{
    session_t *session = session_of(link);
    const char *label = apr_psprintf(session->pool, "cm_%d_%s", session->generation, name);
    int status = apr_dbd_prepare(link->handle.driver, session->pool, link->handle.conn, sql, label,
                                 prepared);

    if (status != 0) {
        return take_fault(link, status);
    }
    apr_hash_set(session->prepared, apr_pmemdup(session->pool, key.data, key.len),
                 (apr_ssize_t)key.len, *prepared);
    return NULL;
}

static cm_error_t *prepare(apr_dbd_prepared_t **prepared, cm_link_t *link,
                           const cm_statement_t *statement)
{
    *prepared = apr_hash_get(session_of(link)->prepared, &statement, sizeof statement);
    return *prepared ? NULL
                     : prepare_anew(prepared, link, sql_of(link, statement), statement->name,
                                    cm_bytes_make(&statement, sizeof statement));
}

/* WITH step AS (INSERT ...), ... INSERT ... */
static cm_error_t *prepare_steps(apr_dbd_prepared_t **prepared, cm_link_t *link,
                                 const cm_step_t *steps, int count)
{
    apr_hash_t *known = session_of(link)->prepared;
    const cm_statement_t *parts[CM_STEPS_MAX];
    apr_size_t len = (apr_size_t)count * sizeof *parts;
    const char *sql = "";

    for (int i = 0; i < count; i++) {
        parts[i] = steps[i].statement;
    }
    *prepared = apr_hash_get(known, parts, (apr_ssize_t)len);
    if (*prepared) {
        return NULL;
    }
    for (int i = 0; i < count - 1; i++) {
        sql = apr_psprintf(link->pool, "%s%s step%d AS (%s)", sql, i ? "," : "WITH", i,
                           sql_of(link, parts[i]));
    }
    sql = apr_pstrcat(link->pool, sql, " ", sql_of(link, parts[count - 1]), NULL);
    return prepare_anew(prepared, link, sql,
                        apr_psprintf(link->pool, "steps_%u", apr_hash_count(known)),
                        cm_bytes_make(parts, len));
}

/* apr_dbd takes four values for a blob and one for anything else, a blob that is NULL included. */
static cm_error_t *bind_args(const void ***values, cm_link_t *link, const cm_statement_t *statement,
                             const cm_value_t *args)
{
    apr_size_t count = strlen(statement->params);
    const void **next = apr_pcalloc(link->pool, (4 * count + 1) * sizeof *next);

    *values = next;
    for (apr_size_t i = 0; i < count; i++) {
        static const char letters[] = {[CM_TEXT] = 't', [CM_INTEGER] = 'i', [CM_BLOB] = 'b'};
        const cm_value_t *arg = &args[i];

        if (arg->kind != CM_NULL && letters[arg->kind] != statement->params[i]) {
            return mistake(link, statement, "an argument is of the wrong kind");
        }
        if (arg->kind == CM_BLOB) {
            *next++ = arg->blob.data;
            *next++ = &arg->blob.len;
            next += 2; /* table and column, used by other drivers */
        } else if (arg->kind == CM_INTEGER) {
            *next++ = &arg->integer;
        } else {
            *next++ = arg->kind == CM_TEXT ? arg->text : NULL;
        }
    }
    return NULL;
}

cm_error_t *cm_link_execute(int *affected, cm_link_t *link, const cm_statement_t *statement,
                            const cm_value_t *args)
{
    apr_dbd_prepared_t *prepared;
    const void **values;
    int status;

    *affected = 0;
    if (link->error || prepare(&prepared, link, statement) ||
        bind_args(&values, link, statement, args)) {
        return link->error;
    }
    status = apr_dbd_pbquery(link->handle.driver, link->pool, link->handle.conn, affected, prepared,
                             values);
    return status == 0 ? NULL : take_fault(link, status);
}

cm_error_t *cm_link_insert(cm_link_t *link, const cm_step_t *steps, int count)
{
    cm_statement_t all = {.name = "steps", .params = "", .columns = ""};
    apr_array_header_t *args = apr_array_make(link->pool, 64, sizeof(cm_value_t));
    apr_dbd_prepared_t *prepared;
    const void **values;
    int status, affected;

    for (int i = 0; i < count; i++) {
        const char *params = steps[i].statement->params;

        all.params = apr_pstrcat(link->pool, all.params, params, NULL);
        for (apr_size_t k = 0; k < strlen(params); k++) {
            APR_ARRAY_PUSH(args, cm_value_t) = steps[i].args[k];
        }
    }
    if (link->error || prepare_steps(&prepared, link, steps, count) ||
        bind_args(&values, link, &all, (const cm_value_t *)(const void *)args->elts)) {
        return link->error;
    }
    status = apr_dbd_pbquery(link->handle.driver, link->pool, link->handle.conn, &affected,
                             prepared, values);
    return status == 0 ? NULL : take_fault(link, status);
}

static cm_error_t *take_blob(cm_value_t *value, cm_link_t *link, apr_dbd_row_t *row, int column)
{
    const apr_dbd_driver_t *driver = link->handle.driver;
    apr_bucket_brigade *brigade;
    apr_pool_t *scratch;
    apr_size_t len;
    char *data;

    value->kind = CM_BLOB;
    if (link->pgsql) {
        const char *hex = apr_dbd_get_entry(driver, row, column);

        if (strncmp(hex, "\\x", 2) != 0) {
            link->fault = CM_FAULT_STALE; /* the connection lost its settings */
            link->error = cm_error_make(link->pool, CM_E_DATABASE, "the connection was reset");
            return link->error;
        }
        return cm_bytes_unhex(&value->blob, hex + 2, link->pool);
    }
    apr_pool_create(&scratch, link->pool);
    brigade = apr_brigade_create(scratch, apr_bucket_alloc_create(scratch));
    apr_dbd_datum_get(driver, row, column, APR_DBD_TYPE_BLOB, brigade);
    apr_brigade_pflatten(brigade, &data, &len, link->pool);
    value->blob = cm_bytes_make(len ? data : "", len);
    apr_brigade_destroy(brigade);
    apr_pool_destroy(scratch);
    return NULL;
}

static cm_error_t *take_cell(cm_value_t *value, cm_link_t *link, apr_dbd_row_t *row,
                             const cm_statement_t *statement, int column)
{
    const apr_dbd_driver_t *driver = link->handle.driver;
    void *probe;

    *value = (cm_value_t){.kind = CM_NULL};
    if (apr_dbd_datum_get(driver, row, column, APR_DBD_TYPE_NULL, &probe) == APR_ENOENT) {
        return NULL;
    }
    switch (statement->columns[column]) {
    case 'i':
        value->kind = CM_INTEGER;
        apr_dbd_datum_get(driver, row, column, APR_DBD_TYPE_LONGLONG, &value->integer);
        return NULL;
    case 'b':
        return take_blob(value, link, row, column);
    default:
        value->kind = CM_TEXT;
        value->text = apr_pstrdup(link->pool, apr_dbd_get_entry(driver, row, column));
        return NULL;
    }
}

/* With random access both drivers have the whole result here already, so that a failure was seen
 * by the select itself; rows are then taken in order, which is the fast way in both. */
static cm_error_t *drain(cm_rows_t *rows, cm_link_t *link, const cm_statement_t *statement,
                         apr_dbd_results_t *results, apr_pool_t *scratch)
{
    const apr_dbd_driver_t *driver = link->handle.driver;
    apr_dbd_row_t *row = NULL;
    int count = apr_dbd_num_tuples(driver, results);

    if (count > CM_STORE_ROWS_MAX) {
        return mistake(link, statement, "too many rows for one page");
    }
    rows->width = (int)strlen(statement->columns);
    if (count > 0 && apr_dbd_num_cols(driver, results) != rows->width) {
        return mistake(link, statement, "not the columns that are listed");
    }
    rows->cells =
        apr_pcalloc(link->pool, (apr_size_t)(count * rows->width + 1) * sizeof *rows->cells);
    while (rows->count < count && apr_dbd_get_row(driver, scratch, results, &row, -1) == 0) {
        cm_value_t *cells = &rows->cells[rows->count * rows->width];

        for (int column = 0; column < rows->width; column++) {
            cm_error_t *error = take_cell(&cells[column], link, row, statement, column);

            if (error) {
                return error;
            }
        }
        rows->count++;
    }
    return NULL;
}

cm_error_t *cm_link_select(cm_rows_t **rows, cm_link_t *link, const cm_statement_t *statement,
                           const cm_value_t *args)
{
    enum { RANDOM = 1 }; /* sequential: errors look like "no rows", and no rows sleep 0.1 s */
    apr_dbd_prepared_t *prepared;
    apr_dbd_results_t *results = NULL;
    apr_pool_t *scratch;
    const void **values;
    cm_error_t *error;
    int status;

    if (link->error || prepare(&prepared, link, statement) ||
        bind_args(&values, link, statement, args)) {
        return link->error;
    }
    apr_pool_create(&scratch, link->pool);
    status = apr_dbd_pbselect(link->handle.driver, scratch, link->handle.conn, &results, prepared,
                              RANDOM, values);
    *rows = apr_pcalloc(link->pool, sizeof **rows);
    error =
        status == 0 ? drain(*rows, link, statement, results, scratch) : take_fault(link, status);
    apr_pool_destroy(scratch);
    return error;
}

cm_error_t *cm_link_run(cm_link_t *link, const char *sql)
{
    int affected;
    int status;

    if (link->error) {
        return link->error;
    }
    status = apr_dbd_query(link->handle.driver, link->handle.conn, &affected, sql);
    return status == 0 ? NULL : take_fault(link, status);
}

cm_error_t *cm_link_recover(cm_link_t *link)
{
    const apr_dbd_driver_t *driver = link->handle.driver;
    int affected;
    int status = apr_dbd_query(driver, link->handle.conn, &affected, "ROLLBACK");

    /* outside of a transaction PostgreSQL answers with a warning, SQLite with an error */
    if (link->pgsql && status != 0) {
        link->fault = CM_FAULT_LOST;
        link->error = cm_error_explain(
            link->pool, cm_error_make(link->pool, CM_E_DATABASE, "the database went away"), "%s",
            link->error && link->error->log_detail ? link->error->log_detail : "");
        forget(link);
    } else if (link->pgsql && (link->fault == CM_FAULT_STALE || link->fault == CM_FAULT_UNNAMED)) {
        apr_dbd_query(driver, link->handle.conn, &affected, "DEALLOCATE ALL");
        forget(link);
    } else if (link->fault == CM_FAULT_READONLY && link->source->reopen) {
        link->source->reopen(&link->handle, link->source);
        forget(link);
    } else if (!link->pgsql) {
        /* succeeds, so that a fault without a text of its own does not show this one's; no PRAGMA,
         * since most make all prepared statements useless */
        apr_dbd_query(driver, link->handle.conn, &affected, "SELECT 1 WHERE 0");
        if (link->fault == CM_FAULT_STALE) {
            forget(link);
        }
    }
    return link->error;
}
