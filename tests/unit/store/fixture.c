/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/store/fixture.h"

#include <apr_strings.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/schema.h"
#include "unit/store/suite.h"

const char *db_server;

static pid_t server_owner; /* the process that started the server and stops it */
static char server_folder[200];

const cm_statement_t item_insert = {"item_insert", "titb", "",
                                    "INSERT INTO item (id, amount, note, data)"
                                    " VALUES (%s, %lld, %s, %pDb)",
                                    NULL};
const cm_statement_t item_read = {"item_read", "t", "itb",
                                  "SELECT amount, note, data FROM item WHERE id = %s", NULL};
const cm_statement_t item_set = {"item_set", "it", "",
                                 "UPDATE item SET amount = %lld WHERE id = %s", NULL};
const cm_statement_t item_add = {"item_add", "it", "",
                                 "UPDATE item SET amount = amount + %lld WHERE id = %s", NULL};

/* Also run when no test is: so nothing is asserted here. */
int run_script(const char *verb, const char *folder, char *output, size_t size)
{
    const char *top = getenv("srcdir") ? getenv("srcdir") : ".";
    char path[500];
    int pipes[2];
    int status = -1;
    ssize_t len;
    pid_t child;

    snprintf(path, sizeof path, "%s/tests/unit/store/postgres.sh", top);
    if (pipe(pipes) != 0 || (child = fork()) < 0) {
        return -1;
    }
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execl("/bin/sh", "sh", path, verb, folder, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    len = output ? read(pipes[0], output, size - 1) : 0;
    if (output) {
        output[len > 0 ? len : 0] = '\0';
        output[strcspn(output, "\n")] = '\0';
    }
    waitpid(child, &status, 0);
    close(pipes[0]);
    return status;
}

/* Tests run in children of their own, which must leave the server alone. */
static void stop_server(void)
{
    if (getpid() == server_owner) {
        run_script("stop", server_folder, NULL, 0);
    }
}

static void start_server(void)
{
    if (!server_owner) {
        ck_assert_msg(run_script("start", NULL, server_folder, sizeof server_folder) == 0,
                      "PostgreSQL can't be started");
        db_server = server_folder;
        server_owner = getpid();
        atexit(stop_server);
    }
}

TCase *db_case(const char *name)
{
    TCase *tcase = unit_case(name);

    tcase_add_unchecked_fixture(tcase, start_server, NULL);
    return tcase;
}

static apr_status_t remove_folder(void *data)
{
    static const char *const names[] = {"", "-wal", "-shm", "-writer"};
    const db_t *db = data;
    char path[300];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/db%s", db->folder, names[i]);
        unlink(path);
    }
    rmdir(db->folder);
    return APR_SUCCESS;
}

static void make_params(db_t *db)
{
    if (db->which == ON_SQLITE) {
        char *folder = apr_pstrdup(pool, "/tmp/certmgr-store-XXXXXX");

        ck_assert_ptr_nonnull(mkdtemp(folder));
        db->folder = folder;
        /* before the connections are closed with the pool */
        apr_pool_cleanup_register(pool, db, remove_folder, apr_pool_cleanup_null);
        db->config.driver = "sqlite3";
        db->config.params = apr_psprintf(pool, "%s/db", folder);
    } else {
        db_t server = {.which = ON_POSTGRES};

        server.config.driver = "pgsql";
        server.config.params =
            apr_psprintf(pool, "host=%s user=postgres dbname=postgres", db_server);
        db->name = apr_psprintf(pool, "t%d_%" APR_TIME_T_FMT, (int)getpid(), apr_time_now());
        db_sql(&server, apr_psprintf(pool, "CREATE DATABASE %s", db->name));
        db->config.driver = "pgsql";
        db->config.params =
            apr_psprintf(pool, "host=%s user=postgres dbname=%s", db_server, db->name);
    }
}

cm_store_t *db_another_store(const db_t *db)
{
    const cm_db_source_t *source;
    cm_store_t *store;

    assert_done(cm_source_make(&source, &db->config, 4, pool));
    assert_done(cm_store_make(&store, source, &db->config, pool));
    return store;
}

db_t *db_make(int which, int upgraded)
{
    db_t *db = apr_pcalloc(pool, sizeof *db);
    int applied;

    apr_dbd_init(pool);
    db->which = which;
    db->config.deadline = apr_time_from_sec(10);
    make_params(db);
    apr_pool_create(&db->connections, pool);
    assert_done(cm_source_make(&db->source, &db->config, 4, db->connections));
    assert_done(cm_store_make(&db->store, db->source, &db->config, pool));
    if (upgraded) {
        assert_done(cm_store_upgrade(&applied, db->store, pool));
    }
    db_sql(db, apr_psprintf(pool,
                            "CREATE TABLE item (id TEXT CONSTRAINT uq_item PRIMARY KEY,"
                            " amount BIGINT, note TEXT, data %s)",
                            which == ON_SQLITE ? "BLOB" : "BYTEA"));
    return db;
}

void db_close(db_t *db)
{
    apr_pool_destroy(db->connections);
    db->store = NULL;
}

/* What PostgreSQL says while it ends all sessions, because one was killed, and recovers. */
static int is_recovering(const char *text)
{
    static const char *const words[] = {"the database system is", "terminating connection",
                                        "server closed the connection", "Connection re"};

    for (apr_size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strstr(text, words[i])) {
            return 1;
        }
    }
    return 0;
}

/* Once; 0: later. */
static int try_sql(const char **value, const db_t *db, const char *sql)
{
    const apr_dbd_driver_t *driver;
    apr_dbd_results_t *results = NULL;
    apr_dbd_row_t *row = NULL;
    apr_dbd_t *conn;
    const char *text = "";
    int is_done;

    ck_assert_int_eq(apr_dbd_get_driver(pool, db->config.driver, &driver), APR_SUCCESS);
    if (apr_dbd_open_ex(driver, pool, db->config.params, &conn, &text) != APR_SUCCESS) {
        ck_assert_msg(is_recovering(text), "%s", text);
        return 0;
    }
    is_done = apr_dbd_select(driver, pool, conn, &results, sql, 1) == 0;
    text = is_done ? "" : apr_pstrdup(pool, apr_dbd_error(driver, conn, 0));
    if (is_done && apr_dbd_num_tuples(driver, results) > 0 &&
        apr_dbd_get_row(driver, pool, results, &row, -1) == 0) {
        *value = apr_pstrdup(pool, apr_dbd_get_entry(driver, row, 0));
    }
    apr_dbd_close(driver, conn);
    ck_assert_msg(is_done || is_recovering(text), "%s: %s", sql, text);
    return is_done;
}

const char *db_sql(const db_t *db, const char *sql)
{
    const char *value = NULL;

    while (!try_sql(&value, db, sql)) {
        apr_sleep(10000);
    }
    return value;
}

int db_sql_behind(const db_t *db, const char *sql)
{
    cm_db_handle_t handle;
    int affected;
    int status;

    assert_done(db->source->lease(&handle, db->source, pool));
    status = apr_dbd_query(handle.driver, handle.conn, &affected, sql);
    db->source->release(&handle, db->source);
    return status;
}

cm_audit_event_t *db_event(const char *id)
{
    cm_audit_event_t *event = apr_pcalloc(pool, sizeof *event);

    event->id = id;
    event->time = apr_time_now();
    event->action = "test";
    event->outcome = "done";
    event->position = -1;
    return event;
}

int db_items(const db_t *db)
{
    return (int)strtol(db_sql(db, "SELECT COUNT(*) FROM item"), NULL, 10);
}

int db_events(const db_t *db)
{
    return (int)strtol(db_sql(db, "SELECT COUNT(*) FROM audit_event"), NULL, 10);
}

cm_error_t *insert_item(cm_txn_t *txn, cm_audit_event_t *event, void *baton)
{
    item_baton_t *item = baton;
    const cm_value_t args[] = {cm_value_text(item->id), cm_value_integer(1), cm_value_text(NULL),
                               cm_value_text(NULL)};

    (void)event;
    item->runs++;
    return cm_txn_execute(NULL, txn, &item_insert, args);
}
