/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors as problem documents (RFC 9457).
 */
#ifndef CERTMGR_PROTO_PROBLEM_H
#define CERTMGR_PROTO_PROBLEM_H

#include "proto/proto.h"

/* The document: type, title, status, detail, and where known field, rule and hint. When one check
 * found several violations, `violations` lists all of them. Nothing of log_detail or of the causes
 * gets in. */
json_t *cm_problem_document(const cm_error_t *error, apr_pool_t *pool);

/* The document for an error that the host found by itself. `title` is the reason phrase of the
 * status. Where no code has this status, the type is about:blank (RFC 9457 4.2.1). */
json_t *cm_problem_of_status(int status, const char *title, apr_pool_t *pool);

/* As cm_protocol_t.fail: status, document, Retry-After with 429 and 503 (default 5 seconds), and
 * WWW-Authenticate with 401. Headers that are in the reply already (Allow) stay. */
void cm_problem_reply(cm_reply_t *reply, const cm_error_t *error, cm_ctx_t *ctx);

#endif
