/* SPDX-License-Identifier: Apache-2.0 */
#include "store/certificates.h"

#include <apr_strings.h>

#include "base/json.h"
#include "base/text.h"
#include "store/read.h"

static cm_error_t *san_of(const apr_array_header_t **san, const char *text, apr_pool_t *pool)
{
    apr_array_header_t *names = apr_array_make(pool, 2, sizeof(const char *));
    json_t *array;
    json_t *name;
    size_t i;
    cm_error_t *error = cm_json_parse(&array, cm_bytes_of_text(text), pool);

    if (error) {
        return cm_error_wrap(
            cm_error_make(pool, CM_E_INTEGRITY, "the names of a certificate can't be read"), error);
    }
    json_array_foreach(array, i, name)
    {
        APR_ARRAY_PUSH(names, const char *) = json_string_value(name);
    }
    *san = names;
    return NULL;
}

static const char *san_text(const apr_array_header_t *san, apr_pool_t *pool)
{
    json_t *array = cm_json_array(pool);
    cm_bytes_t text;

    for (int i = 0; san && i < san->nelts; i++) {
        json_array_append_new(array, json_string(APR_ARRAY_IDX(san, i, const char *)));
    }
    text = cm_json_dump(array, pool);
    return apr_pstrmemdup(pool, (const char *)text.data, text.len);
}

cm_error_t *cm_certificate_of_row(cm_certificate_t **certificate, const cm_rows_t *rows, int row,
                                  apr_pool_t *pool)
{
    enum {
        ID,
        CA,
        SERIAL,
        SUBJECT,
        ISSUER,
        CN,
        SAN,
        NOT_BEFORE,
        NOT_AFTER,
        SHA256,
        SPKI_SHA256,
        DER,
        OWNER,
        PROFILE,
        PROFILE_VERSION,
        REQUEST,
        STATUS,
        REASON,
        REVOKED_AT,
        INVALIDITY_DATE,
        REPLACES,
        REPLACED_BY,
        CREATED,
        GROUP
    };
    const char *status = cm_row_text(rows, row, STATUS);
    cm_certificate_t *made = apr_pcalloc(pool, sizeof *made);
    int code = 0;
    cm_error_t *error = cm_read_word(&code, cm_status_of(status), status, pool);

    made->status = (cm_status_t)code;
    made->id = cm_row_text(rows, row, ID);
    made->ca = cm_row_text(rows, row, CA);
    made->serial = cm_row_text(rows, row, SERIAL);
    made->subject = cm_row_text(rows, row, SUBJECT);
    made->issuer = cm_row_text(rows, row, ISSUER);
    made->cn = cm_row_text(rows, row, CN);
    made->not_before = cm_row_time(rows, row, NOT_BEFORE);
    made->not_after = cm_row_time(rows, row, NOT_AFTER);
    made->sha256 = cm_row_text(rows, row, SHA256);
    made->spki_sha256 = cm_row_text(rows, row, SPKI_SHA256);
    made->der = cm_row_blob(rows, row, DER);
    made->owner = cm_row_text(rows, row, OWNER);
    made->profile = cm_row_text(rows, row, PROFILE);
    made->profile_version = cm_row_integer(rows, row, PROFILE_VERSION);
    made->request = cm_row_text(rows, row, REQUEST);
    made->reason = (int)cm_row_integer(rows, row, REASON);
    made->revoked_at = cm_row_time(rows, row, REVOKED_AT);
    made->invalidity_date = cm_row_time(rows, row, INVALIDITY_DATE);
    made->replaces = cm_row_text(rows, row, REPLACES);
    made->replaced_by = cm_row_text(rows, row, REPLACED_BY);
    made->created = cm_row_time(rows, row, CREATED);
    made->group = cm_row_text(rows, row, GROUP);
    *certificate = made;
    return error ? error : san_of(&made->san, cm_row_text(rows, row, SAN), pool);
}

static cm_error_t *read_certificate(cm_certificate_t **certificate, cm_store_t *store,
                                    cm_statement_id_t id, const cm_value_t *args, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(id), args, pool);

    return error ? error : cm_certificate_of_row(certificate, rows, 0, pool);
}

cm_error_t *cm_certificate_read(cm_certificate_t **certificate, cm_store_t *store, const char *id,
                                apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(id)};

    return read_certificate(certificate, store, CM_SQL_CERTIFICATE_READ, args, pool);
}

cm_error_t *cm_certificate_by_serial(cm_certificate_t **certificate, cm_store_t *store,
                                     const char *ca, const char *serial, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(ca), cm_value_text(serial)};

    return read_certificate(certificate, store, CM_SQL_CERTIFICATE_BY_SERIAL, args, pool);
}

cm_error_t *cm_certificate_by_sha256(cm_certificate_t **certificate, cm_store_t *store,
                                     const char *sha256, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(sha256)};

    return read_certificate(certificate, store, CM_SQL_CERTIFICATE_BY_SHA256, args, pool);
}

cm_error_t *cm_certificate_state(cm_revocation_state_t *state, cm_store_t *store, const char *ca,
                                 const char *serial, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(ca), cm_value_text(serial)};
    const char *status;
    int code = 0;
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_CERTIFICATE_STATE), args, pool);

    *state = (cm_revocation_state_t){.found = 0};
    if (error || cm_rows_count(rows) == 0) {
        return error;
    }
    status = cm_row_text(rows, 0, 0);
    error = cm_read_word(&code, cm_status_of(status), status, pool);
    *state = (cm_revocation_state_t){.found = 1,
                                     .status = (cm_status_t)code,
                                     .reason = (int)cm_row_integer(rows, 0, 1),
                                     .revoked_at = cm_row_time(rows, 0, 2),
                                     .revocations = cm_row_integer(rows, 0, 3)};
    return error;
}

const char *cm_certificate_name_key(const char *name, apr_pool_t *pool)
{
    const char *colon = strchr(name, ':');

    return cm_text_lower(colon ? colon + 1 : name, pool);
}

static const char *key_of(const char *cn, apr_pool_t *pool)
{
    return cn ? cm_text_lower(cn, pool) : NULL;
}

cm_error_t *cm_certificate_insert(cm_txn_t *txn, const cm_certificate_t *certificate)
{
    const cm_value_t args[] = {cm_value_text(certificate->id),
                               cm_value_text(certificate->ca),
                               cm_value_text(certificate->serial),
                               cm_value_text(certificate->subject),
                               cm_value_text(certificate->issuer),
                               cm_value_text(certificate->cn),
                               cm_value_text(san_text(certificate->san, cm_txn_pool(txn))),
                               cm_value_time(certificate->not_before),
                               cm_value_time(certificate->not_after),
                               cm_value_text(certificate->sha256),
                               cm_value_text(certificate->spki_sha256),
                               cm_value_blob(certificate->der),
                               cm_value_text(certificate->owner),
                               cm_value_text(certificate->profile),
                               cm_value_integer(certificate->profile_version),
                               cm_value_text(certificate->request),
                               cm_value_text(cm_status_name(certificate->status)),
                               cm_value_integer(certificate->reason),
                               cm_value_time(certificate->revoked_at),
                               cm_value_time(certificate->invalidity_date),
                               cm_value_text(certificate->replaces),
                               cm_value_text(certificate->replaced_by),
                               cm_value_time(certificate->created),
                               cm_value_text(certificate->group),
                               cm_value_text(key_of(certificate->cn, cm_txn_pool(txn)))};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CERTIFICATE_INSERT), args);

    for (int i = 0; !error && certificate->san && i < certificate->san->nelts; i++) {
        const char *name = APR_ARRAY_IDX(certificate->san, i, const char *);
        const cm_value_t row[] = {cm_value_text(certificate->id), cm_value_integer(i),
                                  cm_value_text(name),
                                  cm_value_text(cm_certificate_name_key(name, cm_txn_pool(txn)))};

        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CERTIFICATE_NAME_INSERT), row);
    }
    return error;
}

cm_error_t *cm_certificate_replace(cm_txn_t *txn, const char *id, const char *by)
{
    const cm_value_t args[] = {cm_value_text(by), cm_value_text(id)};

    return cm_write_one(
        txn, cm_statement(CM_SQL_CERTIFICATE_REPLACE), args,
        (cm_miss_t){CM_E_CONFLICT, "the certificate is not active any more, or has a successor"});
}
