/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <stdio.h>

#include "bench.h"
#include "rows.h"

typedef struct {
    int table;
    sqlite3_value **values;
} row_t;

typedef struct {
    char id[64];
    int rows;
    row_t *row;
} issued_t;

static sqlite3 *source, *target;
static sqlite3_stmt *selects[BENCH_TABLES], *inserts[BENCH_TABLES];
static issued_t *issued;

static void must(int status, int wanted, sqlite3 *db)
{
    if (status != wanted) {
        bench_die("bench-rows: %s", sqlite3_errmsg(db));
    }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;

    must(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, db);
    return statement;
}

static void execute(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, db);
}

static sqlite3_stmt *prepare_insert(int table, sqlite3_stmt *select)
{
    const char *names[64];
    int count = sqlite3_column_count(select);

    for (int i = 0; i < count && i < 64; i++) {
        names[i] = sqlite3_column_name(select, i);
    }
    return prepare(target, bench_insert(&bench_tables[table], names, count));
}

static void open_both(const char *from, const char *to)
{
    must(sqlite3_open(from, &source), SQLITE_OK, source);
    must(sqlite3_open(to, &target), SQLITE_OK, target);
    sqlite3_busy_timeout(source, 10000);
    execute(target, "PRAGMA journal_mode=WAL");
    execute(target, "PRAGMA synchronous=FULL");
    execute(target, "PRAGMA temp_store=MEMORY"); /* else each INSERT with a trigger makes a file */
    for (int i = 0; i < BENCH_TABLES; i++) {
        selects[i] = prepare(source, bench_select(&bench_tables[i]));
        inserts[i] = prepare_insert(i, selects[i]);
    }
}

static void keep_row(issued_t *request, int table, sqlite3_stmt *select)
{
    int count = sqlite3_column_count(select);
    row_t *row;

    request->row = bench_memory(request->row, (size_t)(request->rows + 1) * sizeof *request->row);
    row = &request->row[request->rows++];
    row->table = table;
    row->values = bench_memory(NULL, (size_t)count * sizeof(sqlite3_value *));
    for (int i = 0; i < count; i++) {
        row->values[i] = sqlite3_value_dup(sqlite3_column_value(select, i));
    }
}

static void read_rows(issued_t *request)
{
    for (int table = 0; table < BENCH_TABLES; table++) {
        sqlite3_stmt *select = selects[table];

        sqlite3_bind_text(select, 1, request->id, -1, SQLITE_TRANSIENT);
        while (sqlite3_step(select) == SQLITE_ROW) {
            keep_row(request, table, select);
        }
        sqlite3_reset(select);
    }
}

static int read_requests(const char *after, int most)
{
    sqlite3_stmt *ids = prepare(source, "SELECT id FROM request WHERE operation = 'enroll' AND"
                                        " state = 'completed' AND id > $1 ORDER BY id LIMIT $2");
    int count = 0;

    sqlite3_bind_text(ids, 1, after, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(ids, 2, most);
    while (sqlite3_step(ids) == SQLITE_ROW) {
        issued = bench_memory(issued, (size_t)(count + 1) * sizeof *issued);
        issued[count] = (issued_t){.rows = 0};
        snprintf(issued[count].id, sizeof issued->id, "%s", sqlite3_column_text(ids, 0));
        read_rows(&issued[count++]);
    }
    sqlite3_finalize(ids);
    return count;
}

static void write_rows(int number)
{
    const issued_t *request = &issued[number];

    execute(target, "BEGIN IMMEDIATE");
    for (int i = 0; i < request->rows; i++) {
        const row_t *row = &request->row[i];
        sqlite3_stmt *insert = inserts[row->table];

        for (int k = 0; k < sqlite3_bind_parameter_count(insert); k++) {
            sqlite3_bind_value(insert, k + 1, row->values[k]);
        }
        must(sqlite3_step(insert), SQLITE_DONE, target);
        sqlite3_reset(insert);
    }
    execute(target, "COMMIT");
}

static const char *id_of(int number)
{
    return issued[number].id;
}

const bench_rows_t bench_rows_sqlite = {open_both, read_requests, write_rows, id_of, bench_cpu};
