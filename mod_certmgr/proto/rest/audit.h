/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit log over the API, and what certmgrctl shares with it.
 */
#ifndef CERTMGR_PROTO_REST_AUDIT_H
#define CERTMGR_PROTO_REST_AUDIT_H

#include "model/event.h"
#include "proto/proto.h"
#include "proto/rest/schema.h"

/* Parameters of the list: limit and before, then the filters, with which the others begin. */
extern const cm_json_member_t cm_audit_members[];
extern const cm_json_member_t cm_stranger_members[];
enum { CM_AUDIT_FILTERS = 2 };

/* Read a URL's query into a search. Errors as cm_query_read's; "query.cursor" for a `before` that
 * is not of a `next`. */
cm_error_t *cm_audit_query_read(cm_event_query_t *query, const cm_json_member_t *members,
                                const char *text, apr_pool_t *pool);

/* An event as the API shows it in lists: the record that cm_schema_event renders, and rendered. */
const void *cm_answer_of_event(const cm_audit_event_t *event, apr_pool_t *pool);
json_t *cm_event_render(const cm_audit_event_t *event, apr_pool_t *pool);

extern const cm_schema_t cm_schema_event, cm_schema_events, cm_schema_proven_event;
extern const cm_schema_t cm_schema_proof, cm_schema_head, cm_schema_strangers, cm_schema_stranger;

/* Handlers, as cm_route_t.run. */
cm_error_t *cm_rest_events(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_events_csv(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_event(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_head(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_strangers(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);

#endif
