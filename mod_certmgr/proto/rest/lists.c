/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists and searches: keyset-paged, newest first.
 */
#include "flow/search.h"
#include "proto/query.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"
#include "proto/rest/page.h"
#include "proto/rest/rest.h"

/* A cursor can hold a name, in hex. */
enum { CURSOR_MAX = 6000, ID_MAX = 64, WORD_MAX = 100 };

/* clang-format off */
const cm_json_member_t cm_request_list_members[] = {
    CM_LIST_MEMBERS(cm_request_words_t, ID_MAX),
    {"state", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_request_words_t, state), WORD_MAX,
     "Only requests in this state: pending, approved, ..."},
    {"profile", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_request_words_t, profile), WORD_MAX,
     "Only requests under this profile."},
    {"requester", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_request_words_t, requester), ID_MAX,
     "Only requests of the person with this id."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

#define WORD(name, most, about)                                                                    \
    {#name, CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_search_words_t, name), most, about}

const cm_json_member_t cm_certificate_list_members[] = {
    CM_LIST_MEMBERS(cm_search_words_t, CURSOR_MAX),
    WORD(match, WORD_MAX,
         "How the seven texts are meant: equal (unless given), begins or contains. The last takes "
         "at least three letters or digits in a row."),
    WORD(serial, WORD_MAX, "Serial number, hex of either case; colons and blanks are left out."),
    WORD(cn, 512, "The subject's first common name; A to Z without regard to case."),
    WORD(issuer, 1024,
         "Name of the issuing authority or its subject (RFC 4514); A to Z without regard to case."),
    WORD(subscriber, ID_MAX, "Id of the person it belongs to."),
    WORD(san, 2100,
         "A subject alternative name, with its kind before it (dns:, email:, ip:, uri:) or of any "
         "kind; A to Z without regard to case."),
    WORD(sha256, 200,
         "SHA-256 of the DER encoding, hex of either case; colons and blanks are left out."),
    WORD(profile, WORD_MAX, "Profile it was issued under."),
    WORD(status, WORD_MAX, "active, suspended, revoked or expired."),
    WORD(expires_before, WORD_MAX, "Valid until a time before this one (RFC 3339, UTC)."),
    WORD(expires_after, WORD_MAX, "Valid until a time after this one (RFC 3339, UTC)."),
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};
/* clang-format on */

static const cm_field_t request_fields[] = {
    CM_LIST_FIELDS(cm_schema_request, "Requests, newest first.")};
const cm_schema_t cm_schema_requests = {"RequestList", "A page of requests.", request_fields};

static const cm_field_t certificate_fields[] = {
    CM_LIST_FIELDS(cm_schema_certificate, "Certificates, newest first.")};
const cm_schema_t cm_schema_certificates = {"CertificateList", "A page of certificates.",
                                            certificate_fields};

static void reply_page(cm_reply_t *reply, const cm_ctx_t *ctx, const cm_schema_t *schema,
                       const cm_list_t *answer)
{
    cm_reply_json(reply, 200, cm_schema_render(schema, answer, ctx->pool), ctx->pool);
}

cm_error_t *cm_rest_requests(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_request_words_t words = {.limit = CM_LIST_LIMIT_DEFAULT};
    apr_array_header_t *items = apr_array_make(ctx->pool, 8, sizeof(const void *));
    cm_list_t answer = {.items = items};
    cm_page_t page;
    cm_error_t *error = cm_query_read(&words, cm_request_list_members, call->query, ctx->pool);

    error = cm_error_join(error, cm_list_check_limit(words.limit, ctx->pool));
    if (!error) {
        error = cm_request_search(&page, ctx, cm_rest_operation(call->path), &words);
    }
    if (error) {
        return error;
    }
    for (int i = 0; i < page.items->nelts; i++) {
        APR_ARRAY_PUSH(items, const void *) =
            cm_answer_of_request(APR_ARRAY_IDX(page.items, i, const cm_request_view_t *), ctx);
    }
    answer.next = cm_list_next(call, &words, page.next, ctx->pool);
    reply_page(reply, ctx, &cm_schema_requests, &answer);
    return NULL;
}

cm_error_t *cm_rest_certificates(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_search_words_t words = {.limit = CM_LIST_LIMIT_DEFAULT};
    apr_array_header_t *items = apr_array_make(ctx->pool, 8, sizeof(const void *));
    cm_list_t answer = {.items = items};
    cm_search_t search = {.limit = 0};
    cm_page_t page;
    cm_error_t *error = cm_query_read(&words, cm_certificate_list_members, call->query, ctx->pool);

    error = cm_error_join(error, cm_list_check_limit(words.limit, ctx->pool));
    if (error) { /* what else is wrong is told as well */
        return cm_error_join(error, cm_search_parse(&search, &words, ctx->pool));
    }
    error = cm_certificate_search(&page, ctx, &words);
    if (error) {
        return error;
    }
    for (int i = 0; i < page.items->nelts; i++) {
        APR_ARRAY_PUSH(items, const void *) =
            cm_answer_of_certificate(APR_ARRAY_IDX(page.items, i, const cm_certificate_t *), ctx);
    }
    answer.next = cm_list_next(call, &words, page.next, ctx->pool);
    reply_page(reply, ctx, &cm_schema_certificates, &answer);
    return NULL;
}
