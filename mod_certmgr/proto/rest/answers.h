/* SPDX-License-Identifier: Apache-2.0
 *
 * What the API answers: the tables of fields, the handlers, and the few things they share.
 */
#ifndef CERTMGR_PROTO_REST_ANSWERS_H
#define CERTMGR_PROTO_REST_ANSWERS_H

#include "flow/requests.h"
#include "proto/proto.h"
#include "proto/rest/schema.h"

extern const cm_schema_t cm_schema_certificate, cm_schema_revocation;
extern const cm_schema_t cm_schema_request, cm_schema_item;
extern const cm_schema_t cm_schema_certificates, cm_schema_requests;
extern const cm_schema_t cm_schema_profile, cm_schema_profiles, cm_schema_profile_validity;
extern const cm_schema_t cm_schema_profile_name, cm_schema_profile_item,
    cm_schema_profile_operation;
extern const cm_schema_t cm_schema_me, cm_schema_health;

/* The record that cm_schema_certificate and cm_schema_request render. NULL gives NULL. */
const void *cm_answer_of_certificate(const cm_certificate_t *certificate, const cm_ctx_t *ctx);
const void *cm_answer_of_request(const cm_request_view_t *view, const cm_ctx_t *ctx);

/* The operation whose collection the path belongs to, or -1. */
int cm_rest_operation(const char *path);

/* Parameters of lists, and the members of the body of an event. */
extern const cm_json_member_t cm_request_list_members[], cm_certificate_list_members[];
const cm_json_member_t *cm_rest_submission_members(const char *path);
const cm_json_member_t *cm_rest_action_members(const char *path);

/* Handlers, as cm_route_t.run. */
cm_error_t *cm_rest_me(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_health(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_openapi(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_submit(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_act(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_request(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_requests(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_certificate(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_certificates(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_profiles(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_profile(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_profile_schema(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_cer(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_pem(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_p7b(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);
cm_error_t *cm_rest_chain(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call);

#endif
