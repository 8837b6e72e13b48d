/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/crl/crl.h"

#include <apr_strings.h>

#include "flow/certificates.h"
#include "flow/crl_file.h"
#include "proto/certfile.h"
#include "proto/reply.h"

/* A revocation must be seen within seconds: caches may keep a copy, but ask each time. */
static void let_revalidate(cm_reply_t *reply)
{
    cm_reply_header(reply, "Cache-Control", "public, no-cache");
}

/* The tag is of size and time, which are the same on every node. */
static cm_error_t *get_crl(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    cm_crl_file_t file;
    cm_error_t *error =
        cm_crl_open(&file, ctx, apr_table_get(call->words, "name"), call->file_flags);

    if (error) {
        return error;
    }
    reply->status = 200;
    reply->media_type = "application/pkix-crl";
    reply->file = file.file;
    reply->file_size = file.size;
    reply->modified = file.modified;
    let_revalidate(reply);
    cm_reply_header(reply, "ETag",
                    apr_psprintf(ctx->pool,
                                 "\"%" APR_UINT64_T_HEX_FMT "-%" APR_UINT64_T_HEX_FMT "\"",
                                 (apr_uint64_t)file.modified, (apr_uint64_t)file.size));
    return NULL;
}

static cm_error_t *get_authority(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call,
                                 cm_certfile_t kind)
{
    apr_array_header_t *chain;
    cm_error_t *error = cm_authority_chain(&chain, ctx, apr_table_get(call->words, "name"));

    if (error) {
        return error;
    }
    cm_certfile_reply(reply, kind, chain, ctx->pool);
    let_revalidate(reply);
    cm_reply_validate(reply, call, cm_bytes_hex(cm_bytes_sha256(reply->body, ctx->pool), ctx->pool),
                      0);
    return NULL;
}

static cm_error_t *get_cer(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return get_authority(reply, ctx, call, CM_FILE_CER);
}

static cm_error_t *get_pem(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return get_authority(reply, ctx, call, CM_FILE_PEM);
}

static cm_error_t *get_p7b(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return get_authority(reply, ctx, call, CM_FILE_P7B);
}

const cm_route_t *cm_crl_routes(void)
{
    static const cm_route_t routes[] = {
        {.method = "GET",
         .path = "/crl/{name}.crl",
         .permission = CM_MAY_ANYONE,
         .flags = CM_ROUTE_PUBLIC_CACHE,
         .run = get_crl,
         .answers = "application/pkix-crl",
         .summary =
             "The newest CRL of an authority; NAME-delta: its delta CRL; NAME-1, NAME-1-delta: of "
             "a shard"},
        {.method = "GET",
         .path = "/ca/{name}.cer",
         .permission = CM_MAY_ANYONE,
         .flags = CM_ROUTE_PUBLIC_CACHE,
         .run = get_cer,
         .answers = "application/pkix-cert",
         .summary = "Certificate of an authority, DER"},
        {.method = "GET",
         .path = "/ca/{name}.pem",
         .permission = CM_MAY_ANYONE,
         .flags = CM_ROUTE_PUBLIC_CACHE,
         .run = get_pem,
         .answers = "application/x-pem-file",
         .summary = "Certificate of an authority, PEM"},
        {.method = "GET",
         .path = "/ca/{name}.p7b",
         .permission = CM_MAY_ANYONE,
         .flags = CM_ROUTE_PUBLIC_CACHE,
         .run = get_p7b,
         .answers = "application/pkcs7-mime",
         .summary = "Certificates of an authority and of those above it, PKCS #7"},
        {.method = NULL}};

    return routes;
}
