/* SPDX-License-Identifier: Apache-2.0 */
#include <libpq-fe.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "rows.h"

enum { COLUMNS = 64 };

typedef struct {
    char id[64];
    PGresult *rows[BENCH_TABLES];
} issued_t;

static PGconn *source, *target;
static issued_t *issued;

static PGconn *connect_to(const char *params)
{
    PGconn *connection = PQconnectdb(params);

    if (PQstatus(connection) != CONNECTION_OK) {
        bench_die("bench-rows: %s", PQerrorMessage(connection));
    }
    return connection;
}

static PGresult *must(PGresult *result, const PGconn *connection)
{
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        bench_die("bench-rows: %s", PQerrorMessage(connection));
    }
    return result;
}

static void execute(PGconn *connection, const char *sql)
{
    PQclear(must(PQexec(connection, sql), connection));
}

static PGresult *select_rows(const char *sql, int count, const char *const *values)
{
    return must(PQexecParams(source, sql, count, NULL, values, NULL, NULL, 1), source);
}

static void prepare_insert(int table)
{
    const char *none[] = {""}, *names[COLUMNS];
    PGresult *rows = select_rows(bench_select(&bench_tables[table]), 1, none);
    int count = PQnfields(rows);
    char name[16];

    for (int i = 0; i < count && i < COLUMNS; i++) {
        names[i] = PQfname(rows, i);
    }
    snprintf(name, sizeof name, "insert%d", table);
    PQclear(
        must(PQprepare(target, name, bench_insert(&bench_tables[table], names, count), count, NULL),
             target));
    PQclear(rows);
}

static void open_both(const char *from, const char *to)
{
    source = connect_to(from);
    target = connect_to(to);
    for (int i = 0; i < BENCH_TABLES; i++) {
        prepare_insert(i);
    }
}

static int read_requests(const char *after, int most)
{
    char limit[16];
    const char *values[] = {after, limit};
    PGresult *ids;
    int count;

    snprintf(limit, sizeof limit, "%d", most);
    ids = select_rows("SELECT id FROM request WHERE operation = 'enroll' AND state = 'completed'"
                      " AND id > $1 ORDER BY id LIMIT $2::bigint",
                      2, values);
    count = PQntuples(ids);
    issued = bench_memory(NULL, (size_t)count * sizeof *issued);
    for (int i = 0; i < count; i++) {
        const char *id = issued[i].id;

        snprintf(issued[i].id, sizeof issued[i].id, "%s", PQgetvalue(ids, i, 0));
        for (int table = 0; table < BENCH_TABLES; table++) {
            issued[i].rows[table] = select_rows(bench_select(&bench_tables[table]), 1, &id);
        }
    }
    PQclear(ids);
    return count;
}

static void write_row(int table, const PGresult *rows, int row)
{
    const char *values[COLUMNS];
    int lengths[COLUMNS], formats[COLUMNS], count = PQnfields(rows);
    char name[16];

    for (int i = 0; i < count && i < COLUMNS; i++) {
        values[i] = PQgetisnull(rows, row, i) ? NULL : PQgetvalue(rows, row, i);
        lengths[i] = PQgetlength(rows, row, i);
        formats[i] = 1;
    }
    snprintf(name, sizeof name, "insert%d", table);
    PQclear(must(PQexecPrepared(target, name, count, values, lengths, formats, 0), target));
}

static void write_rows(int number)
{
    execute(target, "BEGIN");
    for (int table = 0; table < BENCH_TABLES; table++) {
        const PGresult *rows = issued[number].rows[table];

        for (int row = 0; row < PQntuples(rows); row++) {
            write_row(table, rows, row);
        }
    }
    execute(target, "COMMIT");
}

static const char *id_of(int number)
{
    return issued[number].id;
}

/* This process and the server's one that works for it; of proc(5), fields 14 and 15. */
static double cpu(void)
{
    char path[64];
    unsigned long user = 0, system = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", PQbackendPID(target));
    file = fopen(path, "r");
    if (!file || fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                        &user, &system) != 2) {
        bench_die("bench-rows: %s can't be read", path);
    }
    fclose(file);
    return bench_cpu() + (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

const bench_rows_t bench_rows_pgsql = {open_both, read_requests, write_rows, id_of, cpu};
