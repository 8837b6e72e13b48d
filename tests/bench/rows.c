/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-rows sqlite3|pgsql SOURCE TARGET SECONDS AFTER: how fast a bare loop stores what issuances
 * stored in SOURCE after the request AFTER ("": from the first on), each in a transaction of its
 * own and durable, into TARGET, which has the same tables. It ends early when no rows are left.
 * Prints
 * {"rate": transactions a second, "cpu": seconds each, the server's among them, "last": id}.
 */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "bench.h"

enum { MOST_A_SECOND = 10000, TEXT = 2000 };

/* leaf is the sealing's, later */
const bench_table_t bench_tables[BENCH_TABLES] = {
    {"request", "*", "id = $1"},
    {"checklist_item", "*", "request = $1"},
    {"certificate", "*", "id = (SELECT certificate FROM request WHERE id = $1)"},
    {"certificate_name", "*", "certificate = (SELECT certificate FROM request WHERE id = $1)"},
    {"audit_event", "id, happened, action, outcome, actor, object, trace, detail, personal, salt",
     "object = $1"},
};

const char *bench_select(const bench_table_t *table)
{
    static char text[TEXT];

    snprintf(text, sizeof text, "SELECT %s FROM %s WHERE %s", table->columns, table->name,
             table->where);
    return text;
}

const char *bench_insert(const bench_table_t *table, const char *const *columns, int count)
{
    static char text[TEXT];
    size_t len = (size_t)snprintf(text, sizeof text, "INSERT INTO %s (", table->name);

    for (int i = 0; i < count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? ", " : "", columns[i]);
    }
    len += (size_t)snprintf(text + len, sizeof text - len, ") VALUES (");
    for (int i = 1; i <= count; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s$%d", i > 1 ? ", " : "", i);
    }
    snprintf(text + len, sizeof text - len, ")");
    return text;
}

int main(int argc, char **argv)
{
    const bench_rows_t *rows = &bench_rows_pgsql;
    int seconds, there, done = 0;
    double start, cpu, took;

    if (argc != 6) {
        fputs("bench-rows sqlite3|pgsql SOURCE TARGET SECONDS AFTER\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "sqlite3") == 0) {
        rows = &bench_rows_sqlite;
    }
    seconds = bench_number(argv[4]);
    rows->open(argv[2], argv[3]);
    there = rows->read(argv[5], seconds * MOST_A_SECOND);
    if (!there) {
        bench_die("bench-rows: nothing was issued after %s", argv[5]);
    }
    start = bench_now();
    cpu = rows->cpu();
    while (done < there && bench_now() < start + seconds) {
        rows->write(done++);
    }
    took = bench_now() - start;
    printf("{\"rate\": %.3f, \"cpu\": %.9f, \"last\": \"%s\"}\n", done / took,
           (rows->cpu() - cpu) / done, rows->id(done - 1));
    return 0;
}
