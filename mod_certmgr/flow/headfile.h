/* SPDX-License-Identifier: Apache-2.0
 *
 * The file of CertMgrAuditHeads: one signed head a line, appended by the server and by certmgrctl,
 * whoever comes first.
 */
#ifndef CERTMGR_FLOW_HEADFILE_H
#define CERTMGR_FLOW_HEADFILE_H

#include "base/error.h"

/* Append a line (without its line feed), never through a link. What root appends to, and only root
 * owns, is given to the owner of the folder, so that the server can go on with it. A line that was
 * cut by a crash stays a line of its own. CM_E_CONFIG, with the path in log_detail. */
cm_error_t *cm_headfile_append(const char *path, const char *line, apr_pool_t *pool);

#endif
