/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/certificates.h"
#include "pki/pem.h"
#include "proto/accept.h"
#include "proto/certfile.h"
#include "proto/reply.h"
#include "proto/rest/answers.h"

typedef struct {
    const char *reason;
    apr_time_t time;
} revocation_t;

typedef struct {
    const char *id, *serial, *subject, *issuer, *ca, *status;
    apr_time_t not_before, not_after;
    const char *sha256;
    const apr_array_header_t *san;
    const char *owner, *profile;
    apr_int64_t profile_version;
    const revocation_t *revocation;
    const char *replaces, *replaced_by, *pem;
} answer_t;

#define CM_REASON(number, name, is_free) name " "
static const char reasons[] =
#include "model/reasons.def"
    ;
#undef CM_REASON

static const cm_field_t revocation_fields[] = {
    {"reason", CM_FIELD_TEXT, 0, offsetof(revocation_t, reason), NULL, reasons,
     "CRLReason (RFC 5280 5.3.1); certificateHold while suspended."},
    {"time", CM_FIELD_TIME, 0, offsetof(revocation_t, time), NULL, NULL,
     "When it was revoked or suspended."},
    {.name = NULL}};
const cm_schema_t cm_schema_revocation = {"Revocation", "Why and when a certificate ended.",
                                          revocation_fields};

static const cm_field_t fields[] = {
    {"id", CM_FIELD_TEXT, 0, offsetof(answer_t, id), NULL, NULL, "Opaque id."},
    {"serial", CM_FIELD_TEXT, 0, offsetof(answer_t, serial), NULL, NULL,
     "Serial number, lower-case hex without separators."},
    {"subject", CM_FIELD_TEXT, 0, offsetof(answer_t, subject), NULL, NULL, "Subject, RFC 4514."},
    {"issuer", CM_FIELD_TEXT, 0, offsetof(answer_t, issuer), NULL, NULL, "Issuer, RFC 4514."},
    {"ca", CM_FIELD_TEXT, 0, offsetof(answer_t, ca), NULL, NULL,
     "Name of the authority that issued it."},
    {"status", CM_FIELD_TEXT, 0, offsetof(answer_t, status), NULL,
     "active suspended revoked expired ", "What became of it."},
    {"not_before", CM_FIELD_TIME, 0, offsetof(answer_t, not_before), NULL, NULL,
     "Start of validity."},
    {"not_after", CM_FIELD_TIME, 0, offsetof(answer_t, not_after), NULL, NULL, "End of validity."},
    {"sha256", CM_FIELD_TEXT, 0, offsetof(answer_t, sha256), NULL, NULL,
     "SHA-256 of the DER encoding, lower-case hex."},
    {"san", CM_FIELD_TEXTS, 0, offsetof(answer_t, san), NULL, NULL,
     "Subject alternative names, each with its kind: email:, dns:, ip:, uri:."},
    {"owner", CM_FIELD_TEXT, 1, offsetof(answer_t, owner), NULL, NULL,
     "Id of the person it belongs to."},
    {"profile", CM_FIELD_TEXT, 1, offsetof(answer_t, profile), NULL, NULL,
     "Profile it was issued under."},
    {"profile_version", CM_FIELD_INTEGER, 0, offsetof(answer_t, profile_version), NULL, NULL,
     "Version of the profile."},
    {"revocation", CM_FIELD_RECORD, 1, offsetof(answer_t, revocation), &cm_schema_revocation, NULL,
     "Set while revoked or suspended."},
    {"replaces", CM_FIELD_TEXT, 1, offsetof(answer_t, replaces), NULL, NULL,
     "Id of the certificate this one follows."},
    {"replaced_by", CM_FIELD_TEXT, 1, offsetof(answer_t, replaced_by), NULL, NULL,
     "Id of the certificate that follows this one."},
    {"pem", CM_FIELD_TEXT, 0, offsetof(answer_t, pem), NULL, NULL, "The certificate, PEM."},
    {.name = NULL}};
const cm_schema_t cm_schema_certificate = {"Certificate", "A certificate and what became of it.",
                                           fields};

static const revocation_t *revocation_of(const cm_certificate_t *stored, apr_pool_t *pool)
{
    revocation_t *revocation;

    if (stored->status != CM_CERT_REVOKED && stored->status != CM_CERT_SUSPENDED) {
        return NULL;
    }
    revocation = apr_pcalloc(pool, sizeof *revocation);
    revocation->reason = cm_reason_name(stored->reason);
    revocation->time = stored->revoked_at;
    return revocation;
}

const void *cm_answer_of_certificate(const cm_certificate_t *stored, const cm_ctx_t *ctx)
{
    answer_t *answer;

    if (!stored) {
        return NULL;
    }
    answer = apr_pcalloc(ctx->pool, sizeof *answer);
    *answer = (answer_t){
        .id = stored->id,
        .serial = stored->serial,
        .subject = stored->subject,
        .issuer = stored->issuer,
        .ca = stored->ca,
        .status = cm_status_name(cm_certificate_status(stored, ctx->now)),
        .not_before = stored->not_before,
        .not_after = stored->not_after,
        .sha256 = stored->sha256,
        .san = stored->san,
        .owner = stored->owner,
        .profile = stored->profile,
        .profile_version = stored->profile_version,
        .revocation = revocation_of(stored, ctx->pool),
        .replaces = stored->replaces,
        .replaced_by = stored->replaced_by,
        .pem = cm_pem_encode("CERTIFICATE", stored->der, ctx->pool),
    };
    return answer;
}

/* The certificate as a file; those that need it get the chain of its issuers too. */
static cm_error_t *reply_file(cm_reply_t *reply, cm_ctx_t *ctx, const cm_certificate_t *stored,
                              cm_certfile_t kind)
{
    apr_array_header_t *certs = apr_array_make(ctx->pool, 3, sizeof(cm_bytes_t));

    APR_ARRAY_PUSH(certs, cm_bytes_t) = stored->der;
    if (kind == CM_FILE_P7B || kind == CM_FILE_CHAIN) {
        apr_array_header_t *chain;
        cm_error_t *error = cm_authority_chain(&chain, ctx, stored->ca);

        if (error) {
            return error;
        }
        apr_array_cat(certs, chain);
    }
    cm_certfile_reply(reply, kind, certs, ctx->pool);
    return NULL;
}

cm_error_t *cm_rest_certificate(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    const char *const offers[] = {"application/json",
                                  cm_certfile_type(CM_FILE_CER),
                                  cm_certfile_type(CM_FILE_PEM),
                                  cm_certfile_type(CM_FILE_P7B),
                                  cm_certfile_type(CM_FILE_CHAIN),
                                  NULL};
    static const cm_certfile_t kinds[] = {CM_FILE_COUNT, CM_FILE_CER, CM_FILE_PEM, CM_FILE_P7B,
                                          CM_FILE_CHAIN};
    int chosen = cm_accept_choose(call->header(call, "Accept"), offers);
    cm_certificate_t *stored;
    cm_error_t *error = cm_certificate_show(&stored, ctx, apr_table_get(call->words, "id"));

    if (error) {
        return error;
    }
    cm_reply_header(reply, "Vary", "Accept");
    if (chosen < 0) {
        return cm_error_advise(
            cm_error_make(ctx->pool, CM_E_NOT_ACCEPTABLE, "there is no such form of a certificate"),
            "accept application/json, application/pkix-cert, application/x-pem-file, "
            "application/pkcs7-mime or application/pem-certificate-chain");
    }
    if (chosen > 0) {
        return reply_file(reply, ctx, stored, kinds[chosen]);
    }
    cm_reply_json(
        reply, 200,
        cm_schema_render(&cm_schema_certificate, cm_answer_of_certificate(stored, ctx), ctx->pool),
        ctx->pool);
    return NULL;
}

static cm_error_t *show_file(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call,
                             cm_certfile_t kind)
{
    cm_certificate_t *stored;
    cm_error_t *error = cm_certificate_show(&stored, ctx, apr_table_get(call->words, "id"));

    return error ? error : reply_file(reply, ctx, stored, kind);
}

cm_error_t *cm_rest_cer(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return show_file(reply, ctx, call, CM_FILE_CER);
}

cm_error_t *cm_rest_pem(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return show_file(reply, ctx, call, CM_FILE_PEM);
}

cm_error_t *cm_rest_p7b(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return show_file(reply, ctx, call, CM_FILE_P7B);
}

cm_error_t *cm_rest_chain(cm_reply_t *reply, cm_ctx_t *ctx, const cm_call_t *call)
{
    return show_file(reply, ctx, call, CM_FILE_CHAIN);
}
