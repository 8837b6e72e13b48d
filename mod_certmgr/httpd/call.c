/* SPDX-License-Identifier: Apache-2.0
 *
 * request_rec to cm_call_t, cm_reply_t to an answer of httpd.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <arpa/inet.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>

static const char *header(const cm_call_t *call, const char *name)
{
    const request_rec *r = call->self;

    return apr_table_get(r->headers_in, name);
}

static cm_error_t *too_large(apr_size_t max, apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_TOO_LARGE,
                                         "the body is longer than %" APR_SIZE_T_FMT " bytes", max),
                           NULL, "body.size");
}

/* Read to the end, but never more than one byte beyond `max`. */
static cm_error_t *read_blocks(cm_bytes_t *body, request_rec *r, apr_size_t max, apr_pool_t *pool)
{
    apr_size_t room = r->remaining > 0 ? (apr_size_t)r->remaining : 4096;
    char *data = apr_palloc(pool, room + 1);
    apr_size_t len = 0;
    long got;

    while ((got = ap_get_client_block(r, data + len, room + 1 - len)) > 0) {
        len += (apr_size_t)got;
        if (len > max) {
            return too_large(max, pool);
        }
        if (len >= room) {
            char *larger = apr_palloc(pool, 2 * room + 1);

            memcpy(larger, data, len);
            data = larger;
            room *= 2;
        }
    }
    *body = cm_bytes_make(data, len);
    return got < 0 ? cm_error_make(pool, CM_E_SYNTAX, "the body broke off") : NULL;
}

static cm_error_t *read_body(cm_bytes_t *body, const cm_call_t *call, apr_size_t max,
                             apr_pool_t *pool)
{
    request_rec *r = call->self;

    *body = cm_bytes_make("", 0);
    if (ap_setup_client_block(r, REQUEST_CHUNKED_DECHUNK) != OK) {
        return cm_error_make(pool, CM_E_SYNTAX, "the length of the body is not told");
    }
    if (r->remaining > (apr_off_t)max) {
        return too_large(max, pool);
    }
    return ap_should_client_block(r) ? read_blocks(body, r, max, pool) : NULL;
}

/* The path as it was sent, below the mount. A client that wrote the mount itself in another way
 * gets the decoded path. */
static const char *raw_path(const request_rec *r, const char *mount, const char *path)
{
    const char *raw = r->unparsed_uri ? r->unparsed_uri : "";
    apr_size_t len = strlen(mount);

    if (*raw != '/') { /* absolute-form, RFC 9112 3.2.2 */
        const char *authority = strstr(raw, "://");

        raw = authority ? authority + 3 + strcspn(authority + 3, "/?") : raw;
    }
    if (strncmp(raw, mount, len) != 0 || raw[len] != '/') {
        return path;
    }
    return apr_pstrmemdup(r->pool, raw + len, strcspn(raw + len, "?#"));
}

static int lists_name(const apr_array_header_t *names, const char *name)
{
    for (int i = 0; names && i < names->nelts; i++) {
        if (ap_strcasecmp_match(name, APR_ARRAY_IDX(names, i, const char *)) == 0) {
            return 1;
        }
    }
    return 0;
}

/* The origin of pages of this virtual host, as the client names it. Whoever calls chooses the Host,
 * so only ServerName, a ServerAlias or an address is believed. */
static const char *own_origin(request_rec *r)
{
    const server_rec *s = r->server;
    const char *host = r->hostname ? r->hostname : s->server_hostname;
    unsigned char address[16];
    int is_ours = host && ((s->server_hostname && strcasecmp(host, s->server_hostname) == 0) ||
                           lists_name(s->names, host) || lists_name(s->wild_names, host) ||
                           inet_pton(AF_INET, host, address) == 1 ||
                           inet_pton(AF_INET6, host, address) == 1 || *host == '[');

    return is_ours ? ap_construct_url(r->pool, "", r) : NULL;
}

static apr_int32_t sendfile_flag(const request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);

    return AP_SENDFILE_ENABLED(core->enable_sendfile);
}

static void fill_call(cm_call_t *call, request_rec *r, const cm_place_t *place,
                      const cm_service_t *service)
{
    apr_size_t len = strlen(place->mount);
    const char *path = strncmp(r->uri, place->mount, len) == 0 ? r->uri + len : r->uri;

    memset(call, 0, sizeof *call);
    call->method = r->method;
    call->path = *path ? path : "/";
    call->raw_path = raw_path(r, place->mount, call->path);
    call->query = r->args;
    call->mount = place->mount;
    call->origin = own_origin(r);
    call->header = header;
    call->read = read_body;
    call->file_flags = sendfile_flag(r);
    call->self = r;
    cm_evidence_collect(&call->evidence, r, service);
}

void cm_call_context(cm_ctx_t *ctx, request_rec *r, const cm_service_t *service)
{
    memset(ctx, 0, sizeof *ctx);
    ctx->pool = r->pool;
    ctx->host = cm_host_of_request(r);
    ctx->now = ctx->host->now(ctx->host);
    ctx->address = r->useragent_ip;
    ctx->config = service->config;
    ctx->store = service->store;
    ctx->keys = service->keys;
    ctx->strangers = service->strangers;
    ctx->ready = service->ready;
    ctx->rules = service->rules;
    ctx->trace_id = apr_table_get(r->subprocess_env, "UNIQUE_ID");
    if (!ctx->trace_id) {
        ctx->trace_id = cm_ctx_id(ctx);
    }
}

static int copy_header(void *into, const char *name, const char *value)
{
    apr_table_set(into, name, value);
    return 1;
}

/* A short rest of the body is read, so that the connection can be used again; a long one is not
 * worth it. */
static void drop_body(request_rec *r)
{
    enum { WORTH_READING = 65536 };
    const char *length = apr_table_get(r->headers_in, "Content-Length");
    int is_long = apr_table_get(r->headers_in, "Transfer-Encoding") ||
                  (length && apr_atoi64(length) > WORTH_READING);

    if (!r->eos_sent && !r->read_length && is_long) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    ap_discard_request_body(r);
}

/* The client must not take what it has for the whole: httpd ends a chunked body without its last
 * chunk when it meets this bucket, as it does when a backend breaks off. */
static void break_off(request_rec *r, apr_bucket_brigade *brigade)
{
    r->connection->keepalive = AP_CONN_CLOSE;
    APR_BRIGADE_INSERT_TAIL(brigade, ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, r->pool,
                                                            r->connection->bucket_alloc));
}

/* Run by run, each on its way before the next is made, until the end or until nobody listens. */
static void send_more(request_rec *r, const cm_reply_t *reply, const cm_ctx_t *ctx,
                      apr_bucket_brigade *brigade)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *scratch;
    cm_bytes_t run;

    apr_pool_create(&scratch, r->pool);
    do {
        cm_error_t *error;

        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_flush_create(alloc));
        status = ap_pass_brigade(r->output_filters, brigade);
        apr_brigade_cleanup(brigade);
        apr_pool_clear(scratch);
        run = cm_bytes_make("", 0);
        error = reply->more(&run, reply, scratch);
        if (error) {
            cm_ctx_log_error(ctx, CM_LOG_ERROR, error);
            break_off(r, brigade);
            run.len = 0;
        }
        APR_BRIGADE_INSERT_TAIL(
            brigade, apr_bucket_transient_create((const char *)run.data, run.len, alloc));
    } while (run.len && status == APR_SUCCESS && !r->connection->aborted);
}

/* As httpd decides when it sends the header. A body without chunks and length ends where the
 * connection does: one that was cut looks whole. */
static int ends_visibly(const request_rec *r)
{
    return r->proto_num >= HTTP_VERSION(1, 1) && r->connection->keepalive != AP_CONN_CLOSE &&
           !r->expecting_100 && !apr_table_get(r->subprocess_env, "force-response-1.0");
}

/* A file that nobody else can find, and that goes when it is closed. */
static cm_error_t *open_nameless(apr_file_t **file, apr_pool_t *pool)
{
    const char *folder;
    char *path;
    apr_status_t status = apr_temp_dir_get(&folder, pool);

    if (status == APR_SUCCESS) {
        path = apr_pstrcat(pool, folder, "/certmgr-XXXXXX", NULL);
        status = apr_file_mktemp(
            file, path, APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ | APR_FOPEN_WRITE, pool);
    }
    if (status == APR_SUCCESS) {
        status = apr_file_remove(path, pool);
    }
    return status == APR_SUCCESS
               ? NULL
               : cm_error_apr(pool, CM_E_INTERNAL, "a temporary file can't be made", status);
}

/* The whole of a long body in a file, so that its length is known. */
static cm_error_t *gather(apr_bucket_brigade *brigade, request_rec *r, const cm_reply_t *reply)
{
    apr_off_t length = 0;
    apr_file_t *file;
    apr_pool_t *scratch;
    cm_bytes_t run;
    cm_error_t *error = open_nameless(&file, r->pool);

    apr_pool_create(&scratch, r->pool);
    while (!error && !(error = reply->more(&run, reply, scratch)) && run.len) {
        apr_status_t status = apr_file_write_full(file, run.data, run.len, NULL);

        if (status != APR_SUCCESS) {
            error =
                cm_error_apr(r->pool, CM_E_INTERNAL, "a temporary file can't be written", status);
        }
        length += (apr_off_t)run.len;
        apr_pool_clear(scratch);
    }
    if (!error && length) {
        apr_brigade_insert_file(brigade, file, 0, length, r->pool);
    }
    return error;
}

static void append_body(apr_bucket_brigade *brigade, const cm_reply_t *reply)
{
    if (reply->body.len > 0) {
        APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create((const char *)reply->body.data,
                                                                reply->body.len, brigade->p,
                                                                brigade->bucket_alloc));
    }
}

/* As httpd sends a file of its own: with conditions, ranges, and sendfile where it is enabled. */
static int send_file(request_rec *r, const cm_reply_t *reply)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int status;

    apr_table_do(copy_header, r->headers_out, reply->headers, NULL);
    drop_body(r);
    ap_set_content_type(r, reply->media_type);
    ap_update_mtime(r, reply->modified);
    ap_set_last_modified(r);
    ap_set_accept_ranges(r);
    ap_set_content_length(r, reply->file_size);
    status = ap_meets_conditions(r);
    if (status == HTTP_NOT_MODIFIED) {
        r->status = status;
    } else if (status != OK) {
        return status;
    } else {
        apr_brigade_insert_file(brigade, reply->file, 0, reply->file_size, r->pool);
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(r->connection->bucket_alloc));
    ap_pass_brigade(r->output_filters, brigade); /* the client may be gone: nobody to tell */
    return OK;
}

static int send_reply(request_rec *r, cm_reply_t *reply, cm_ctx_t *ctx)
{
    apr_bucket_brigade *brigade = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_off_t length;

    if (reply->file) {
        return send_file(r, reply);
    }
    drop_body(r);
    append_body(brigade, reply);
    if (reply->more && !r->header_only && !ends_visibly(r)) {
        cm_error_t *error = gather(brigade, r, reply);

        reply->more = NULL;
        if (error) {
            cm_ctx_log_error(ctx, CM_LOG_ERROR, error);
            cm_dispatch_refuse(reply, ctx, error);
            apr_brigade_cleanup(brigade);
            append_body(brigade, reply);
        }
    }
    r->status = reply->status;
    apr_table_do(copy_header, r->err_headers_out, reply->headers, NULL);
    if (reply->media_type) {
        ap_set_content_type(r, reply->media_type);
    }
    if (reply->media_type && !reply->more) {
        apr_brigade_length(brigade, 1, &length);
        ap_set_content_length(r, length);
    }
    if (reply->more && !r->header_only) {
        send_more(r, reply, ctx, brigade);
    }
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(r->connection->bucket_alloc));
    ap_pass_brigade(r->output_filters, brigade); /* the client may be gone: nobody to tell */
    return OK;
}

int cm_call_serve(request_rec *r, const cm_place_t *place, const cm_service_t *service)
{
    cm_reply_t reply;
    cm_call_t call;
    cm_ctx_t ctx;

    cm_call_context(&ctx, r, service);
    if (service->error) {
        cm_dispatch_refuse(&reply, &ctx,
                           cm_error_make(r->pool, CM_E_CONFIG,
                                         "the certificate manager is not configured rightly"));
    } else {
        fill_call(&call, r, place, service);
        cm_dispatch(&reply, &ctx, &call);
    }
    apr_table_setn(r->err_headers_out, "X-Request-Id", ctx.trace_id);
    return send_reply(r, &reply, &ctx);
}
