/* SPDX-License-Identifier: Apache-2.0
 *
 * Ways to fill in a reply.
 */
#ifndef CERTMGR_PROTO_REPLY_H
#define CERTMGR_PROTO_REPLY_H

#include "proto/proto.h"

/* Empty, with a table of headers. */
void cm_reply_clear(cm_reply_t *reply, apr_pool_t *pool);

/* Copies neither media type nor body. */
void cm_reply_bytes(cm_reply_t *reply, int status, const char *media_type, cm_bytes_t body);

void cm_reply_json(cm_reply_t *reply, int status, const json_t *value, apr_pool_t *pool);

/* Copies the value. */
void cm_reply_header(cm_reply_t *reply, const char *name, const char *value);

/* IMF-fixdate of RFC 9110 5.6.7. */
const char *cm_reply_date(apr_time_t time, apr_pool_t *pool);

/* Set ETag to `tag` in quotes and, unless 0, Last-Modified, which is in whole seconds: with a
 * fraction, another version may have that second too, and only a later one counts as this. When the
 * caller has this version already (If-None-Match, RFC 9110 13.1.2; without one
 * If-Modified-Since, 13.1.3) the reply becomes 304 without a body. Call last. */
void cm_reply_validate(cm_reply_t *reply, const cm_call_t *call, const char *tag,
                       apr_time_t modified);

#endif
