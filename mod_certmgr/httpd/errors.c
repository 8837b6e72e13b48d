/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors that httpd itself finds in a request for what is mounted (Require, an encoded NUL, a
 * limit) are told as problem documents too: a filter takes the place of httpd's HTML.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <http_protocol.h>
#include <util_filter.h>

#include "proto/problem.h"

static const char filter_name[] = "CERTMGR_PROBLEM";

static const char *phrase_of(const request_rec *r)
{
    const char *line = ap_get_status_line(r->status); /* "404 Not Found" */

    return strlen(line) > 4 ? line + 4 : line;
}

static void set_headers(request_rec *r, apr_size_t length)
{
    ap_set_content_type(r, "application/problem+json");
    ap_set_content_length(r, (apr_off_t)length);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->err_headers_out, "X-Content-Type-Options", "nosniff");
    if (r->status == HTTP_SERVICE_UNAVAILABLE &&
        !apr_table_get(r->err_headers_out, "Retry-After")) {
        apr_table_setn(r->err_headers_out, "Retry-After", "5");
    }
}

/* The first brigade becomes the document; whatever comes after it is dropped. */
static apr_status_t replace(ap_filter_t *filter, apr_bucket_brigade *brigade)
{
    request_rec *r = filter->r;
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    cm_bytes_t body;

    apr_brigade_cleanup(brigade);
    if (filter->ctx) {
        return APR_SUCCESS;
    }
    filter->ctx = r;
    body = cm_json_dump(cm_problem_of_status(r->status, phrase_of(r), r->pool), r->pool);
    set_headers(r, body.len);
    APR_BRIGADE_INSERT_TAIL(
        brigade, apr_bucket_pool_create((const char *)body.data, body.len, r->pool, alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(alloc));
    return ap_pass_brigade(filter->next, brigade);
}

/* httpd's own authentication and authorization: a wrong password, a "Require" without a user. Who
 * has logged in and may not is no stranger. */
static void count_stranger(const request_rec *r, const cm_service_t *service)
{
    if (r->prev || !service) {
        return;
    }
    if (r->status == HTTP_UNAUTHORIZED) {
        cm_stranger_count(service->strangers, "httpd.authentication");
    } else if (r->status == HTTP_FORBIDDEN && !r->user) {
        cm_stranger_count(service->strangers, "httpd.authorization");
    }
}

void cm_errors_insert(request_rec *r, const cm_service_t *service)
{
    if (ap_is_HTTP_ERROR(r->status)) {
        count_stranger(r, service);
        ap_add_output_filter(filter_name, NULL, r, r->connection);
    }
}

void cm_errors_register(void)
{
    ap_register_output_filter(filter_name, replace, NULL, AP_FTYPE_CONTENT_SET);
}
