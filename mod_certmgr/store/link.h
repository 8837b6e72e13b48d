/* SPDX-License-Identifier: Apache-2.0
 *
 * One leased connection, for the waist only: statements go in, rows and faults come out.
 *
 * apr_dbd tells neither SQLSTATE nor whether a connection is alive. A fault is therefore named by
 * what holds in every language of the server: our own names in the first line of its text (the
 * label of a prepared statement; constraints for uniqueness are named uq_...), and whether a
 * ROLLBACK goes through. What can't be named this way (a deadlock told in Finnish) is treated as
 * worth one more run.
 */
#ifndef CERTMGR_STORE_LINK_H
#define CERTMGR_STORE_LINK_H

#include "store/store.h"

typedef enum {
    CM_FAULT_NONE,
    CM_FAULT_LOST,     /* the connection is gone */
    CM_FAULT_STALE,    /* the server doesn't know our prepared statements any more */
    CM_FAULT_READONLY, /* SQLite could open its file to read only, for as long as it is open */
    CM_FAULT_CLASH,    /* deadlock, serialization failure, lock timeout: run again */
    CM_FAULT_UNNAMED,  /* anything else: once more with everything prepared anew */
    CM_FAULT_FINAL     /* no use in running again: unique violation, disk full, our own mistake */
} cm_fault_t;

typedef struct {
    cm_db_handle_t handle;
    const cm_db_source_t *source;
    int pgsql;
    cm_fault_t fault;  /* of the first statement that failed; nothing runs after it */
    cm_error_t *error; /* what to say about it */
    apr_pool_t *pool;  /* for rows and errors */
} cm_link_t;

/* Lease a connection and make it ours (pragmas). An error leaves nothing to release; the fault is
 * CM_FAULT_LOST. */
cm_error_t *cm_link_open(cm_link_t *link, const cm_db_source_t *source, const char *driver,
                         apr_pool_t *pool);
void cm_link_close(cm_link_t *link);

/* One prepared statement. *affected is the number of rows. */
cm_error_t *cm_link_execute(int *affected, cm_link_t *link, const cm_statement_t *statement,
                            const cm_value_t *args);
cm_error_t *cm_link_select(cm_rows_t **rows, cm_link_t *link, const cm_statement_t *statement,
                           const cm_value_t *args);

/* Several inserts in one statement; PostgreSQL only. */
enum { CM_STEPS_MAX = 6 };
typedef struct {
    const cm_statement_t *statement;
    const cm_value_t *args;
} cm_step_t;
cm_error_t *cm_link_insert(cm_link_t *link, const cm_step_t *steps, int count);

/* SQL text without parameters or rows: BEGIN, COMMIT, migrations. */
cm_error_t *cm_link_run(cm_link_t *link, const char *sql);

/* After a fault: roll back what may be open, and find out whether the connection still lives.
 * Forgets prepared statements where that may help. Returns link->error. */
cm_error_t *cm_link_recover(cm_link_t *link);

#endif
