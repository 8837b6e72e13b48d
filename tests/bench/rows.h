/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows that issuances have stored, read from one database and written to another past all of
 * our code. One of the two databases at a time; rows are kept in memory between the two steps.
 */
#ifndef CERTMGR_BENCH_ROWS_H
#define CERTMGR_BENCH_ROWS_H

/* What one issuance leaves in a table; $1 in `where` is the id of its request. */
typedef struct {
    const char *name, *columns, *where;
} bench_table_t;

enum { BENCH_TABLES = 5 };
extern const bench_table_t bench_tables[BENCH_TABLES];

typedef struct {
    /* Parameters of both databases: a path, or libpq's. */
    void (*open)(const char *source, const char *target);
    /* At most so many requests after the one of this id, with all their rows; their number. */
    int (*read)(const char *after, int most);
    /* All rows of one of them, counted from 0, in one transaction. */
    void (*write)(int number);
    const char *(*id)(int number);
    /* CPU seconds spent so far, also in a server. */
    double (*cpu)(void);
} bench_rows_t;

extern const bench_rows_t bench_rows_sqlite, bench_rows_pgsql;

/* "SELECT columns FROM table WHERE ..." */
const char *bench_select(const bench_table_t *table);

/* "INSERT INTO table (columns) VALUES ($1, ...)" */
const char *bench_insert(const bench_table_t *table, const char *const *columns, int count);

#endif
