/* SPDX-License-Identifier: Apache-2.0
 *
 * What typed reads and writes of this folder share.
 */
#ifndef CERTMGR_STORE_READ_H
#define CERTMGR_STORE_READ_H

#include "store/store.h"

/* In keyset paging: above every id, and below every one. */
#define CM_ID_LAST  "~"
#define CM_ID_FIRST ""

/* As cm_store_select; CM_E_NOT_FOUND when there are no rows. */
cm_error_t *cm_read_one(cm_rows_t **rows, cm_store_t *store, const cm_statement_t *statement,
                        const cm_value_t *args, apr_pool_t *pool);

/* A write that must meet a row: otherwise `code` with `message`. */
typedef struct {
    cm_code_t code;
    const char *message;
} cm_miss_t;
cm_error_t *cm_write_one(cm_txn_t *txn, const cm_statement_t *statement, const cm_value_t *args,
                         cm_miss_t miss);

/* A word of the database that is not in our list: CM_E_INTEGRITY. Otherwise *number = code. */
cm_error_t *cm_read_word(int *number, int code, const char *word, apr_pool_t *pool);

#endif
