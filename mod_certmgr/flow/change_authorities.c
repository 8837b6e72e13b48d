/* SPDX-License-Identifier: Apache-2.0
 *
 * Governed changes about what is the installation's own: the end of an authority, the certificate
 * of a server; and the report of a compromised key, which nobody takes back.
 */
#include "flow/change.h"
#include "flow/govern.h"
#include "flow/keycheck.h"
#include "flow/lineage.h"
#include "flow/server.h"
#include "flow/setup.h"
#include "flow/target.h"
#include "store/authorities.h"
#include "store/certificates.h"
#include "store/keys.h"

enum {
    AUTHORITY_MAX = 64,
    ID_MAX = 64,
    WORD_MAX = 32,
    URI_MAX = 1024,
    DN_MAX = 1024,
    DNS_NAMES = 100,
    PEM_MAX = 65536,
    PATH_LENGTH_MAX = 16
};

static const cm_json_member_t create_members[] = {
    {"authority", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, authority), AUTHORITY_MAX,
     "Name of the authority to be: a-z, 0-9, -."},
    {"parent", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, parent), AUTHORITY_MAX,
     "The authority of ours that signs it; it signs itself where this is left out."},
    {"key", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, key), URI_MAX,
     "Its key, made when it is not there: RFC 7512, with token= and object=."},
    {"algorithm", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, algorithm), WORD_MAX,
     "Of a key that is made: P-256 (the default), P-384, P-521, RSA-2048, RSA-3072, RSA-4096."},
    {"subject", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, subject), DN_MAX,
     "Its subject (RFC 4514)."},
    {"validity", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, validity), WORD_MAX,
     "Its life, such as 3650d, not beyond its parent's."},
    {"path_length", CM_JSON_INTEGER, CM_JSON_OPTIONAL, offsetof(cm_change_t, path_length),
     PATH_LENGTH_MAX, "How many authorities may stand below it (RFC 5280 4.2.1.9)."},
    {"crl_validity", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, crl_validity), WORD_MAX,
     "Life of its CRLs, such as 30d; CertMgrCRLValidity unless given."},
    {"ocsp_key", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, ocsp_key), URI_MAX,
     "Key of its OCSP responder (RFC 7512), made when it is not there; no OCSP where it is left "
     "out."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t revoke_members[] = {
    {"authority", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, authority), AUTHORITY_MAX,
     "Name of an authority of ours below another one of ours; or else certificate is given."},
    {"certificate", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, certificate), ID_MAX,
     "Id of a subordinate authority's certificate, or of one that is nobody's."},
    {"reason", CM_JSON_TEXT, CM_JSON_REQUIRED, offsetof(cm_change_t, reason), WORD_MAX,
     "Reason of RFC 5280 5.3.1; for authorities cACompromise in place of keyCompromise."},
    {"invalidity_date", CM_JSON_TIME, CM_JSON_OPTIONAL, offsetof(cm_change_t, invalidity_date), 0,
     "When the key is thought to have been compromised (RFC 5280 5.3.2), not in the future."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t server_members[] = {
    {"csr", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_change_t, csr), PEM_MAX,
     "Certification request of the server (RFC 2986, PEM); its names are ignored."},
    {"dns", CM_JSON_TEXTS, CM_JSON_REQUIRED, offsetof(cm_change_t, names), DNS_NAMES,
     "DNS names of the server; the first is the common name as well."},
    {"ca", CM_JSON_TEXT, CM_JSON_OPTIONAL, offsetof(cm_change_t, authority), AUTHORITY_MAX,
     "Name of the issuing authority; issuing unless given."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static const cm_json_member_t key_members[] = {
    {"key", CM_JSON_LINES, CM_JSON_REQUIRED, offsetof(cm_change_t, pem), PEM_MAX,
     "A certificate, a certification request or a public key that has it (PEM)."},
    {NULL, CM_JSON_TEXT, 0, 0, 0, NULL}};

static cm_authority_plan_t plan_of(const cm_change_t *change)
{
    return (cm_authority_plan_t){.name = change->authority,
                                 .parent = change->parent,
                                 .key = change->key,
                                 .algorithm = change->algorithm ? change->algorithm : "P-256",
                                 .subject = change->subject,
                                 .validity = change->validity,
                                 .pathlen = (int)change->path_length,
                                 .crl_validity = change->crl_validity,
                                 .ocsp_key = change->ocsp_key};
}

static cm_error_t *decide_create(cm_work_t *work)
{
    const cm_authority_plan_t plan = plan_of(work->change);

    return cm_authority_plan_check(work->ctx, &plan);
}

/* A certificate that is nobody's; the request shows it. */
static void keep_made(cm_work_t *work, cm_certificate_t *made)
{
    made->request = work->request->id;
    work->request->certificate = made->id;
    work->made = made;
}

static cm_error_t *make_authority(cm_work_t *work)
{
    const cm_authority_plan_t plan = plan_of(work->change);
    cm_authority_made_t made;
    cm_error_t *error = cm_authority_make(&made, work->ctx, &plan);

    if (!error) {
        keep_made(work, made.certificate);
        work->change->authority_made = made.authority;
    }
    return error;
}

static cm_error_t *store_authority(cm_txn_t *txn, cm_work_t *work)
{
    const cm_authority_made_t made = {work->change->authority_made, work->made};

    return cm_authority_store(txn, &made);
}

static cm_error_t *finish_authority(cm_work_t *work)
{
    return cm_authority_provide(work->ctx, work->change->authority);
}

static cm_error_t *unknown(const cm_work_t *work, cm_error_t *error, const char *field,
                           const char *rule)
{
    return error && error->code == CM_E_NOT_FOUND
               ? cm_change_refuse(work, CM_E_VALUE, field, rule, "there is none of this name or id")
               : error;
}

/* Who could revoke it. */
static cm_error_t *check_above(const cm_work_t *work, const char *field,
                               const cm_authority_t *authority)
{
    if (cm_authority_is_root(authority)) {
        return cm_change_refuse(work, CM_E_REFUSED, field, "authority.root",
                                "nobody stands above a root: it ends where it is trusted");
    }
    if (!authority->parent) {
        return cm_change_refuse(work, CM_E_REFUSED, field, "authority.outside",
                                "its parent is not one of ours, and has to revoke it");
    }
    return NULL;
}

static cm_error_t *find_by_name(cm_work_t *work, const char *name)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_authority_t *authority;
    cm_error_t *error = cm_authority_read(&authority, ctx->store, name, ctx->pool);

    error = unknown(work, error, "/authority", "authority.unknown");
    if (!error) {
        error = check_above(work, "/authority", authority);
    }
    return error
               ? error
               : cm_certificate_read(&work->target, ctx->store, authority->certificate, ctx->pool);
}

/* Certificates of people end by `revoke`, under their profile. */
static cm_error_t *check_kind(const cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_authority_t *issuer;
    cm_cert_t *cert;
    cm_error_t *error = cm_cert_parse(&cert, work->target->der, ctx->pool);

    if (!error && work->target->owner && !cert->is_ca) {
        error = cm_change_refuse(work, CM_E_REFUSED, "/certificate", "authority.ca",
                                 "this is somebody's certificate, and not an authority's");
    }
    if (!error) {
        error = cm_authority_read(&issuer, ctx->store, work->target->ca, ctx->pool);
    }
    if (!error && strcmp(issuer->certificate, work->target->id) == 0) {
        error = check_above(work, "/certificate", issuer); /* it has signed itself */
    }
    return error;
}

static cm_error_t *find_by_id(cm_work_t *work, const char *id)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_error_t *error = cm_certificate_read(&work->target, ctx->store, id, ctx->pool);

    error = unknown(work, error, "/certificate", "certificate.unknown");
    return error ? error : check_kind(work);
}

static cm_error_t *decide_revoke(cm_work_t *work)
{
    const cm_change_t *change = work->change;
    cm_error_t *error;

    if (!change->authority == !change->certificate) {
        return cm_change_refuse(work, CM_E_VALUE, "/authority", "authority.which",
                                "either an authority or a certificate is named");
    }
    error = change->authority ? find_by_name(work, change->authority)
                              : find_by_id(work, change->certificate);
    return error ? error
                 : cm_target_end(work, &(cm_ending_t){change->reason, change->invalidity_date});
}

static void record_revoke(cm_audit_draft_t *draft, const cm_work_t *work)
{
    const cm_certificate_t *target = work->target;

    cm_json_set_text(draft->detail, "authority", work->change->authority);
    cm_json_set_text(draft->detail, "reason", work->change->reason);
    if (target) {
        cm_json_set_text(draft->detail, "certificate", target->id);
        cm_json_set_text(draft->detail, "ca", target->ca);
        cm_json_set_text(draft->detail, "serial", target->serial);
    }
}

static cm_error_t *decide_server(cm_work_t *work)
{
    const cm_change_t *change = work->change;
    const cm_server_plan_t plan = {change->authority ? change->authority : "issuing",
                                   cm_bytes_of_text(change->csr), change->names};

    return cm_server_describe(&work->spec, &work->issuer, work->ctx, &plan);
}

static cm_error_t *make_server(cm_work_t *work)
{
    cm_certificate_t *made;
    cm_error_t *error = cm_issuer_sign(&made, work->issuer, work->spec, work->ctx);

    if (!error) {
        keep_made(work, made);
    }
    return error;
}

static cm_error_t *store_server(cm_txn_t *txn, cm_work_t *work)
{
    return cm_certificate_insert(txn, work->made);
}

static void record_made(cm_audit_draft_t *draft, const cm_work_t *work)
{
    if (work->made) {
        cm_json_set_text(draft->detail, "certificate", work->made->id);
        cm_json_set_text(draft->detail, "ca", work->made->ca);
        cm_json_set_text(draft->detail, "serial", work->made->serial);
        cm_json_set_text(draft->detail, "sha256", work->made->sha256);
        cm_json_set_text(draft->detail, "subject", work->made->subject);
    }
}

static void record_create(cm_audit_draft_t *draft, const cm_work_t *work)
{
    cm_json_set_text(draft->detail, "authority", work->change->authority);
    cm_json_set_text(draft->detail, "key", work->change->key);
    record_made(draft, work);
}

static const char *key_hash(const cm_work_t *work)
{
    return cm_bytes_hex(work->change->public->spki_sha256, work->ctx->pool);
}

static cm_error_t *decide_key(cm_work_t *work)
{
    const cm_ctx_t *ctx = work->ctx;
    cm_pubkey_t *public;
    cm_key_state_t state;
    cm_error_t *error = cm_key_of_file(&public, cm_bytes_of_text(work->change->pem), ctx->pool);

    if (error) {
        return cm_error_locate(error, "/key", error->rule);
    }
    work->change->public = public;
    error = cm_key_state(&state, ctx->store, key_hash(work), NULL, ctx->pool);
    if (!error && state.is_compromised) {
        error = cm_change_refuse(work, CM_E_CONFLICT, "/key", "key.reported",
                                 "this key was reported before");
    }
    return error;
}

static cm_error_t *store_key(cm_txn_t *txn, cm_work_t *work)
{
    return cm_key_report(NULL, txn, key_hash(work), work->ctx->now);
}

static void record_key(cm_audit_draft_t *draft, const cm_work_t *work)
{
    if (work->change->public) {
        cm_json_set_text(draft->detail, "spki_sha256", key_hash(work));
    }
}

const cm_change_kind_t cm_change_authority_create = {
    .name = "authority.create",
    .about = "Make an authority, its key in the token, below another one or as a root",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = create_members,
    .decide = decide_create,
    .make = make_authority,
    .change = store_authority,
    .finish = finish_authority,
    .record = record_create};

const cm_change_kind_t cm_change_authority_revoke = {
    .name = "authority.revoke",
    .about = "Revoke an authority's certificate, or another one of the installation's own",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = revoke_members,
    .decide = decide_revoke,
    .change = cm_target_revoke,
    .record = record_revoke};

const cm_change_kind_t cm_change_authority_server = {
    .name = "authority.server-certificate",
    .about = "Issue a certificate for a TLS server of this installation",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = server_members,
    .decide = decide_server,
    .make = make_server,
    .change = store_server,
    .record = record_made};

const cm_change_kind_t cm_change_key_compromised = {
    .name = "key.compromised",
    .about = "Report that a private key is known to others",
    .permission = CM_MAY_GOVERN_CAS,
    .role = CM_CA_GOVERNOR,
    .members = key_members,
    .decide = decide_key,
    .change = store_key,
    .record = record_key};
