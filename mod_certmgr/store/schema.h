/* SPDX-License-Identifier: Apache-2.0
 *
 * The schema of the database: numbered migrations (store/migrations/NNNN_name.sql, one statement
 * up to each line that ends with a semicolon), applied in order, each in a transaction of its own,
 * with the SHA-256 of its text recorded.
 *
 * In these files BLOB stands for the database's type of byte strings, KEYTEXT for text that is
 * compared byte by byte whatever the database's collation, and constraints that make a record
 * unique have names that begin with uq_.
 */
#ifndef CERTMGR_STORE_SCHEMA_H
#define CERTMGR_STORE_SCHEMA_H

#include "store/store.h"

typedef struct {
    int number;
    const char *name;
    int compatible; /* a program that knows the schema up to this number works with it as well */
    const char *sql;
} cm_migration_t;

/* By number, ended by a row without a name. */
extern const cm_migration_t cm_migrations[];

/* The oldest schema this program serves on; the newest is that of the last migration. */
enum { CM_SCHEMA_OLDEST = 12 };

/* Number of the newest migration applied; 0 for an empty database. */
cm_error_t *cm_store_schema(int *version, cm_store_t *store, apr_pool_t *pool);

/* Apply what is missing; *applied is the number of migrations run now. Several programs may do so
 * at a time. CM_E_INTEGRITY when a migration that was applied is not the one we know. */
cm_error_t *cm_store_upgrade(int *applied, cm_store_t *store, apr_pool_t *pool);

#endif
