/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statement.h"

#define CM_STATEMENT(id, name, params, columns, sql, pgsql) {name, params, columns, sql, pgsql},
static const cm_statement_t statements[] = {
#include "store/statements.def"
};
#undef CM_STATEMENT

const cm_statement_t *cm_statement(cm_statement_id_t id)
{
    return &statements[id];
}
