/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists: keyset-paged, newest first. One record more than the page is read, to know whether there
 * is a next page.
 */
#include <apr_escape.h>
#include <apr_strings.h>

#include "flow/certificates.h"
#include "proto/query.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"
#include "proto/rest/rest.h"

enum { LIMIT_MAX = 200, LIMIT_DEFAULT = 50, CURSOR_MAX = 64 };

typedef struct {
    apr_int64_t limit;
    const char *before;
} page_t;

const cm_json_member_t cm_list_members[] = {
    {"limit", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(page_t, limit), LIMIT_MAX,
     "Most items of a page, at least 1; 50 unless given."},
    {"before", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(page_t, before), CURSOR_MAX,
     "Where the page begins: only as found in `next`."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

typedef struct {
    const apr_array_header_t *items; /* of const void * */
    const char *next;
} answer_t;

static const cm_field_t request_fields[] = {
    {"items", CM_FIELD_RECORDS, 0, offsetof(answer_t, items), &cm_schema_request, NULL,
     "Requests, newest first."},
    {"next", CM_FIELD_TEXT, 1, offsetof(answer_t, next), NULL, NULL, "Address of the next page."},
    {.name = NULL}};
const cm_schema_t cm_schema_requests = {"RequestList", "A page of requests.", request_fields};

static const cm_field_t certificate_fields[] = {
    {"items", CM_FIELD_RECORDS, 0, offsetof(answer_t, items), &cm_schema_certificate, NULL,
     "Certificates, newest first."},
    {"next", CM_FIELD_TEXT, 1, offsetof(answer_t, next), NULL, NULL, "Address of the next page."},
    {.name = NULL}};
const cm_schema_t cm_schema_certificates = {"CertificateList", "A page of certificates.",
                                            certificate_fields};

static cm_error_t *read_page(page_t *page, const cm_call_t *call, apr_pool_t *pool)
{
    cm_error_t *error;

    *page = (page_t){.limit = LIMIT_DEFAULT};
    error = cm_query_read(page, cm_list_members, call->query, pool);
    if (!error && page->limit < 1) {
        error = cm_error_locate(cm_error_make(pool, CM_E_VALUE, "a page has at least 1 item"),
                                "/limit", "value.limit");
    }
    return error;
}

static void reply_page(cm_reply_t *reply, const cm_ctx_t *ctx, const cm_schema_t *schema,
                       const answer_t *answer)
{
    cm_reply_json(reply, 200, cm_schema_render(schema, answer, ctx->pool), ctx->pool);
}

/* An absolute path. */
static const char *next_of(const cm_call_t *call, const page_t *page, const char *last,
                           apr_pool_t *pool)
{
    return apr_psprintf(pool, "%s%s?limit=%" APR_INT64_T_FMT "&before=%s", call->mount, call->path,
                        page->limit, apr_pescape_urlencoded(pool, last));
}

cm_error_t *cm_rest_requests(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    apr_array_header_t *views, *items;
    answer_t answer = {0};
    page_t page;
    cm_error_t *error = read_page(&page, call, ctx->pool);

    if (!error) {
        error = cm_request_page(&views, ctx, cm_rest_operation(call->path), page.before,
                                (int)page.limit + 1);
    }
    if (error) {
        return error;
    }
    items = apr_array_make(ctx->pool, views->nelts, sizeof(const void *));
    for (int i = 0; i < views->nelts && i < page.limit; i++) {
        const cm_request_view_t *view = APR_ARRAY_IDX(views, i, cm_request_view_t *);

        APR_ARRAY_PUSH(items, const void *) = cm_answer_of_request(view, ctx);
        if (i + 1 == page.limit && views->nelts > page.limit) {
            answer.next = next_of(call, &page, view->request->id, ctx->pool);
        }
    }
    answer.items = items;
    reply_page(reply, ctx, &cm_schema_requests, &answer);
    return NULL;
}

cm_error_t *cm_rest_certificates(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    apr_array_header_t *found, *items;
    answer_t answer = {0};
    page_t page;
    cm_error_t *error = read_page(&page, call, ctx->pool);

    if (!error) {
        error = cm_certificate_page(&found, ctx, page.before, (int)page.limit + 1);
    }
    if (error) {
        return error;
    }
    items = apr_array_make(ctx->pool, found->nelts, sizeof(const void *));
    for (int i = 0; i < found->nelts && i < page.limit; i++) {
        const cm_certificate_t *one = APR_ARRAY_IDX(found, i, cm_certificate_t *);

        APR_ARRAY_PUSH(items, const void *) = cm_answer_of_certificate(one, ctx);
        if (i + 1 == page.limit && found->nelts > page.limit) {
            answer.next = next_of(call, &page, one->id, ctx->pool);
        }
    }
    answer.items = items;
    reply_page(reply, ctx, &cm_schema_certificates, &answer);
    return NULL;
}
