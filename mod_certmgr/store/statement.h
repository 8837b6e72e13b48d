/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of all SQL statements (statements.def). Kinds of parameters and columns are written as
 * one letter each: t text, i integer (also times: microseconds since 1970 in UTC), b blob.
 *
 * The SQL is portable; where a dialect needs another text, it stands beside. Parameters are
 * apr_dbd's: %s text, %lld integer, %pDb blob; a percent sign is %%.
 */
#ifndef CERTMGR_STORE_STATEMENT_H
#define CERTMGR_STORE_STATEMENT_H

typedef struct {
    const char *name;
    const char *params;
    const char *columns; /* "" for a statement that gives no rows */
    const char *sql;
    const char *pgsql; /* NULL: the same as sql */
} cm_statement_t;

#define CM_STATEMENT(id, name, params, columns, sql, pgsql) id,
typedef enum {
#include "store/statements.def"
    CM_SQL_COUNT
} cm_statement_id_t;
#undef CM_STATEMENT

/* Never NULL for a value of the enumeration. */
const cm_statement_t *cm_statement(cm_statement_id_t id);

#endif
