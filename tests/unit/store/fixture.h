/* SPDX-License-Identifier: Apache-2.0
 *
 * A database for each test: looped tests run on SQLite (_i == 0) and on PostgreSQL (_i == 1). The
 * PostgreSQL server is started by the first test case and stopped when the program ends.
 */
#ifndef CERTMGR_TESTS_STORE_FIXTURE_H
#define CERTMGR_TESTS_STORE_FIXTURE_H

#include "store/source.h"
#include "store/store.h"
#include "unit/unit.h"

enum { ON_SQLITE = 0, ON_POSTGRES = 1 };

/* The folder (and Unix socket) of the PostgreSQL server. */
extern const char *db_server;

typedef struct {
    int which;
    const char *folder; /* of the SQLite database */
    const char *name;   /* of the PostgreSQL database */
    cm_store_config_t config;
    const cm_db_source_t *source;
    cm_store_t *store;
    apr_pool_t *connections; /* of source */
} db_t;

/* A test case with the server running. */
TCase *db_case(const char *name);

/* A fresh database, with the schema when `upgraded`, and the table
 * item (id KEYTEXT unique, amount BIGINT, note TEXT, data BLOB). */
db_t *db_make(int which, int upgraded);

/* Close all connections of `store`, which is not to be used again: SQLite must not be forked. */
void db_close(db_t *db);

/* Another store on the same database, as another process would have. */
cm_store_t *db_another_store(const db_t *db);

/* SQL on a connection of its own, past the store. The value of the first column of the first row,
 * or NULL. */
const char *db_sql(const db_t *db, const char *sql);

/* Runs SQL on the connection that the store will lease next, without telling it; the result. */
int db_sql_behind(const db_t *db, const char *sql);

cm_audit_event_t *db_event(const char *id);

/* Number of rows of `item` and of events. */
int db_items(const db_t *db);
int db_events(const db_t *db);

/* Statements on `item`. */
extern const cm_statement_t item_insert; /* id, amount, note, data */
extern const cm_statement_t item_read;   /* id -> amount, note, data */
extern const cm_statement_t item_set;    /* amount, id */
extern const cm_statement_t item_add;    /* amount, id */

/* Work that inserts an item with the id that the baton begins with, and counts its runs. */
typedef struct {
    const char *id;
    int runs;
} item_baton_t;
cm_error_t *insert_item(cm_txn_t *txn, cm_audit_event_t *event, void *baton);

#endif
