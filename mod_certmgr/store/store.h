/* SPDX-License-Identifier: Apache-2.0
 *
 * The database, through a narrow waist over apr_dbd. Everything that is SQL goes through these few
 * calls, so that the traps of apr_dbd and of its drivers are dealt with in one place:
 *
 *   - statements are prepared, lazily, per connection, and anew when the server forgot them;
 *   - rows are drained into memory before a caller sees them, NULL kept apart from "";
 *   - the first error of a transaction is kept, and nothing is committed after it;
 *   - a connection that breaks is replaced and the work is run again; a COMMIT whose answer was
 *     lost is read back before anyone is told;
 *   - on SQLite writers take turns before BEGIN, because SQLite's own waiting happens inside a
 *     mutex of the whole process; readers never wait for them.
 *
 * A change that somebody asked for is a function of type cm_txn_fn given to cm_store_transact
 * together with its audit event: there is no way to commit the one without the other.
 *
 * The module uses one store object per database in a process: the lock between processes is a
 * POSIX record lock, which knows processes only.
 *
 * Errors: CM_E_CONFLICT with rule "store.unique" for a record that exists already, CM_E_DATABASE
 * when the database can't be reached, is full or is read-only, CM_E_BUSY when it was not our turn
 * in time, CM_E_CONFIG for a schema out of range, CM_E_INTERNAL for all else. What the database
 * said is in log_detail only.
 */
#ifndef CERTMGR_STORE_STORE_H
#define CERTMGR_STORE_STORE_H

#include <apr_dbd.h>
#include <apr_tables.h>
#include <apr_time.h>

#include "base/value.h"
#include "model/event.h"
#include "store/statement.h"

typedef struct cm_store_t cm_store_t;
typedef struct cm_txn_t cm_txn_t;
typedef struct cm_rows_t cm_rows_t;

/* A connection, for as long as it is leased. */
typedef struct {
    const apr_dbd_driver_t *driver;
    apr_dbd_t *conn;
    apr_pool_t *pool; /* lives as long as the connection: prepared statements are kept here */
    void *token;      /* of the source */
} cm_db_handle_t;

/* Where connections come from: mod_dbd in httpd, store/source.h elsewhere. */
typedef struct cm_db_source_t cm_db_source_t;
struct cm_db_source_t {
    /* A connection that nobody else uses until it is given back. One that broke is replaced or
     * reset here (apr_dbd_check_conn) and nowhere else. Called from several threads. */
    cm_error_t *(*lease)(cm_db_handle_t *handle, const cm_db_source_t *source, apr_pool_t *pool);
    void (*release)(cm_db_handle_t *handle, const cm_db_source_t *source);
    void *self;
    /* Opens a leased connection to SQLite anew, in place; NULL: it can't. */
    void (*reopen)(cm_db_handle_t *handle, const cm_db_source_t *source);
};

typedef struct {
    const char *driver;           /* "sqlite3" or "pgsql" */
    const char *params;           /* apr_dbd_open's; for SQLite the path of the database file */
    apr_interval_time_t deadline; /* for the writers' turn, and for a database that went away in
                                     mid-work to come back; 0: 5 seconds */
} cm_store_config_t;

/* Opens no connection yet. Not before a fork: in httpd this belongs into child_init. `source` and
 * `config` live as long as the pool. */
cm_error_t *cm_store_make(cm_store_t **store, const cm_db_source_t *source,
                          const cm_store_config_t *config, apr_pool_t *pool);

/* Reachable, with a schema that this program can work with. CM_E_CONFIG says which command to
 * run, CM_E_INTEGRITY that an applied migration is not the one we know. */
cm_error_t *cm_store_check(cm_store_t *store, apr_pool_t *pool);

/* One statement outside of a transaction. `args` are as many values as the statement has
 * parameters, each of the parameter's kind or CM_NULL. At most CM_STORE_ROWS_MAX rows: page. */
enum { CM_STORE_ROWS_MAX = 10000 };
cm_error_t *cm_store_select(cm_rows_t **rows, cm_store_t *store, const cm_statement_t *statement,
                            const cm_value_t *args, apr_pool_t *pool);

/* The work of a transaction. It may run more than once (a connection that broke, a deadlock) and
 * therefore has no effects but through `txn` and on what `baton` points to, which it sets anew in
 * each run. It may fill in the event, but not change its id. An error of its own rolls back. */
typedef cm_error_t *cm_txn_fn(cm_txn_t *txn, cm_audit_event_t *event, void *baton);

/* Run `work` between BEGIN and COMMIT and insert the event before COMMIT. The event's id makes it
 * happen exactly once, even when the answer to COMMIT is lost; then the baton holds what the last
 * run left. Only when the database stays away as well: CM_E_DATABASE with rule "store.outcome",
 * and the change may or may not be stored. */
cm_error_t *cm_store_transact(cm_store_t *store, cm_txn_fn *work, void *baton,
                              cm_audit_event_t *event, apr_pool_t *pool);

/* The same without an event (NULL is given to `work`): for derived data only (CRLs, sealing,
 * leases), where running the work a second time after it was committed does no harm. */
cm_error_t *cm_store_maintain(cm_store_t *store, cm_txn_fn *work, void *baton, apr_pool_t *pool);

/* Within a transaction. `affected` may be NULL. */
cm_error_t *cm_txn_execute(int *affected, cm_txn_t *txn, const cm_statement_t *statement,
                           const cm_value_t *args);
cm_error_t *cm_txn_select(cm_rows_t **rows, cm_txn_t *txn, const cm_statement_t *statement,
                          const cm_value_t *args);

/* An insert, also one that updates on a conflict, whose outcome shows at COMMIT or with the next of
 * the calls above at the latest: on PostgreSQL those that follow each other go to the server in one
 * statement, in no certain order and without seeing each other. What `args` point to lives as long
 * as the transaction; the array itself need not. */
cm_error_t *cm_txn_insert(cm_txn_t *txn, const cm_statement_t *statement, const cm_value_t *args);

/* For results and errors; lives as long as the call of cm_store_transact's pool. */
apr_pool_t *cm_txn_pool(const cm_txn_t *txn);

/* Rows, and columns in them, count from 0. NULL reads as NULL text, 0, and a blob without data;
 * an empty blob has data. */
int cm_rows_count(const cm_rows_t *rows);
int cm_row_is_null(const cm_rows_t *rows, int row, int column);
const char *cm_row_text(const cm_rows_t *rows, int row, int column);
apr_int64_t cm_row_integer(const cm_rows_t *rows, int row, int column);
apr_time_t cm_row_time(const cm_rows_t *rows, int row, int column);
cm_bytes_t cm_row_blob(const cm_rows_t *rows, int row, int column);

#endif
