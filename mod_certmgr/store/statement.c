/* SPDX-License-Identifier: Apache-2.0 */
#include "store/statement.h"

/* One condition a criterion: patterns, then "any, or one of a list" with \x1f around each. Columns
 * are wrapped so that no planner takes them for a way in: the keys are found already. */
#define CM_SEARCH_FILTER                                                                           \
    "COALESCE(c.cn_key, '') LIKE %s ESCAPE '!' AND COALESCE(c.serial, '') LIKE %s ESCAPE '!' AND"  \
    " COALESCE(c.sha256, '') LIKE %s ESCAPE '!' AND COALESCE(c.owner, '') LIKE %s ESCAPE '!' AND"  \
    " (%s = '' OR EXISTS (SELECT 1 FROM certificate_name n WHERE n.certificate = c.id AND"         \
    " COALESCE(n.name_key, '') LIKE %s ESCAPE '!' AND COALESCE(n.name, '') LIKE %s ESCAPE '!'))"   \
    " AND (%s = '' OR replace(%s, '\x1f' || COALESCE(c.ca, '') || '\x1f', '') <> %s)"              \
    " AND (%s = '' OR replace(%s, '\x1f' || COALESCE(c.profile, '') || '\x1f', '') <> %s)"         \
    " AND COALESCE(c.status, '') LIKE %s AND COALESCE(c.status, '') <> %s"                         \
    " AND COALESCE(c.not_after, 0) BETWEEN %lld AND %lld"                                          \
    " AND (%s = '' OR COALESCE(c.owner, '') = %s OR"                                               \
    " replace(%s, '\x1f' || COALESCE(c.group_name, '') || '\x1f', '') <> %s)"
#define CM_SEARCH_KINDS "tttttttttttttttiitttt"

#define CM_REQUEST_FILTER                                                                          \
    "r.operation LIKE %s ESCAPE '!' AND r.state LIKE %s ESCAPE '!' AND r.profile LIKE %s"          \
    " ESCAPE '!' AND r.requester LIKE %s ESCAPE '!' AND (%s = '' OR r.requester = %s OR"           \
    " replace(%s, '\x1f' || COALESCE(r.group_name, '') || '\x1f', '') <> %s)"                      \
    " ORDER BY r.id DESC, i.place"
#define CM_REQUEST_KINDS "tttttttt"

#define CM_STATEMENT(id, name, params, columns, sql, pgsql) {name, params, columns, sql, pgsql},
static const cm_statement_t statements[] = {
#include "store/statements.def"
};
#undef CM_STATEMENT

const cm_statement_t *cm_statement(cm_statement_id_t id)
{
    return &statements[id];
}
