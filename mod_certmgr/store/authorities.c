/* SPDX-License-Identifier: Apache-2.0 */
#include "store/authorities.h"

#include <apr_strings.h>

#include "store/read.h"

enum { CHUNK = 256 * 1024, CHUNKS_A_READ = 8 };

static cm_authority_t *authority_of(const cm_rows_t *rows, int row, apr_pool_t *pool)
{
    enum {
        NAME,
        PARENT,
        STATE,
        KEY,
        CERTIFICATE,
        DER,
        OCSP_KEY,
        OCSP_DER,
        OCSP_NOT_AFTER,
        CRL_PERIOD,
        CRL_NUMBER,
        REVOCATIONS,
        CRL_THROUGH,
        CRL_NEXT,
        CREATED,
        OUTSIDE
    };
    cm_authority_t *authority = apr_pcalloc(pool, sizeof *authority);

    authority->name = cm_row_text(rows, row, NAME);
    authority->parent = cm_row_text(rows, row, PARENT);
    authority->state = cm_row_text(rows, row, STATE);
    authority->key = cm_row_text(rows, row, KEY);
    authority->certificate = cm_row_text(rows, row, CERTIFICATE);
    authority->der = cm_row_blob(rows, row, DER);
    authority->ocsp_key = cm_row_text(rows, row, OCSP_KEY);
    authority->ocsp_der = cm_row_blob(rows, row, OCSP_DER);
    authority->ocsp_not_after = cm_row_time(rows, row, OCSP_NOT_AFTER);
    authority->crl_period = cm_row_integer(rows, row, CRL_PERIOD);
    authority->crl_number = cm_row_integer(rows, row, CRL_NUMBER);
    authority->revocations = cm_row_integer(rows, row, REVOCATIONS);
    authority->crl_through = cm_row_integer(rows, row, CRL_THROUGH);
    authority->crl_next = cm_row_time(rows, row, CRL_NEXT);
    authority->created = cm_row_time(rows, row, CREATED);
    authority->outside = cm_row_blob(rows, row, OUTSIDE);
    return authority;
}

cm_error_t *cm_authority_read(cm_authority_t **authority, cm_store_t *store, const char *name,
                              apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(name)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_AUTHORITY_READ), args, pool);

    if (!error) {
        *authority = authority_of(rows, 0, pool);
    }
    return error;
}

static apr_array_header_t *authorities_of(const cm_rows_t *rows, apr_pool_t *pool)
{
    apr_array_header_t *list = apr_array_make(pool, cm_rows_count(rows), sizeof(cm_authority_t *));

    for (int i = 0; i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(list, cm_authority_t *) = authority_of(rows, i, pool);
    }
    return list;
}

cm_error_t *cm_authorities_list(apr_array_header_t **authorities, cm_store_t *store,
                                apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_AUTHORITY_LIST), NULL, pool);

    if (!error) {
        *authorities = authorities_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_authority_line(apr_array_header_t **line, cm_store_t *store, const char *name,
                              apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(name)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_AUTHORITY_LINE), args, pool);

    if (!error) {
        *line = authorities_of(rows, pool);
    }
    return error;
}

cm_error_t *cm_authority_insert(cm_txn_t *txn, const cm_authority_t *authority)
{
    const cm_value_t args[] = {
        cm_value_text(authority->name),           cm_value_text(authority->parent),
        cm_value_text(authority->state),          cm_value_text(authority->key),
        cm_value_text(authority->certificate),    cm_value_blob(authority->der),
        cm_value_text(authority->ocsp_key),       cm_value_blob(authority->ocsp_der),
        cm_value_time(authority->ocsp_not_after), cm_value_integer(authority->crl_period),
        cm_value_integer(authority->crl_number),  cm_value_integer(authority->revocations),
        cm_value_integer(authority->crl_through), cm_value_time(authority->crl_next),
        cm_value_time(authority->created),        cm_value_blob(authority->outside)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_AUTHORITY_INSERT), args);
}

cm_error_t *cm_authority_set_ocsp(cm_txn_t *txn, const cm_authority_t *authority)
{
    const cm_value_t args[] = {
        cm_value_text(authority->ocsp_key), cm_value_blob(authority->ocsp_der),
        cm_value_time(authority->ocsp_not_after), cm_value_text(authority->name)};

    return cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_SET_OCSP), args,
                        (cm_miss_t){CM_E_NOT_FOUND, "there is no such authority"});
}

cm_error_t *cm_authority_request_read(cm_authority_request_t **request, cm_store_t *store,
                                      const char *name, apr_pool_t *pool)
{
    enum { NAME, KEY, CSR, CREATED };
    const cm_value_t args[] = {cm_value_text(name)};
    cm_rows_t *rows;
    cm_error_t *error =
        cm_read_one(&rows, store, cm_statement(CM_SQL_AUTHORITY_REQUEST_READ), args, pool);

    if (error) {
        return error;
    }
    *request = apr_pcalloc(pool, sizeof **request);
    (*request)->name = cm_row_text(rows, 0, NAME);
    (*request)->key = cm_row_text(rows, 0, KEY);
    (*request)->csr = cm_row_blob(rows, 0, CSR);
    (*request)->created = cm_row_time(rows, 0, CREATED);
    return NULL;
}

cm_error_t *cm_authority_request_insert(cm_txn_t *txn, const cm_authority_request_t *request)
{
    const cm_value_t args[] = {cm_value_text(request->name), cm_value_text(request->key),
                               cm_value_blob(request->csr), cm_value_time(request->created)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_AUTHORITY_REQUEST_INSERT), args);
}

cm_error_t *cm_authority_request_delete(cm_txn_t *txn, const char *name)
{
    const cm_value_t args[] = {cm_value_text(name)};

    return cm_txn_execute(NULL, txn, cm_statement(CM_SQL_AUTHORITY_REQUEST_DELETE), args);
}

static cm_error_t *insert_chunks(cm_txn_t *txn, const cm_crl_record_t *crl, cm_bytes_t der)
{
    cm_error_t *error = NULL;
    apr_int64_t place = 0;

    for (apr_size_t at = 0; !error && at < der.len; at += CHUNK, place++) {
        apr_size_t left = der.len - at;
        const cm_value_t args[] = {
            cm_value_text(crl->ca), cm_value_integer(crl->number), cm_value_integer(place),
            cm_value_blob(cm_bytes_make(der.data + at, left < CHUNK ? left : CHUNK))};

        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_CHUNK_INSERT), args);
    }
    return error;
}

cm_error_t *cm_crl_insert(cm_txn_t *txn, const cm_crl_record_t *crl, cm_bytes_t der)
{
    const cm_value_t row[] = {cm_value_text(crl->ca),
                              cm_value_integer(crl->number),
                              cm_value_integer(crl->through),
                              cm_value_time(crl->this_update),
                              cm_value_time(crl->next_update),
                              cm_value_text(crl->sha256),
                              cm_value_integer((apr_int64_t)der.len)};
    const cm_value_t newest[] = {row[1], row[2], row[4], row[0], row[1]};
    const cm_value_t ca_twice[] = {row[0], row[0]};
    cm_error_t *error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_INSERT), row);

    if (!error) {
        error = insert_chunks(txn, crl, der);
    }
    if (!error) {
        error = cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_SET_CRL), newest,
                             (cm_miss_t){CM_E_CONFLICT, "a newer CRL is stored already"});
    }
    if (!error) {
        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_PRUNE), ca_twice);
    }
    if (!error) {
        error = cm_txn_execute(NULL, txn, cm_statement(CM_SQL_CRL_CHUNK_PRUNE), ca_twice);
    }
    return error;
}

cm_error_t *cm_crl_newest(cm_crl_record_t **crl, cm_store_t *store, const char *ca,
                          apr_pool_t *pool)
{
    enum { CA, NUMBER, THROUGH, THIS_UPDATE, NEXT_UPDATE, SHA256, SIZE };
    const cm_value_t args[] = {cm_value_text(ca)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_CRL_NEWEST), args, pool);

    if (error) {
        return error;
    }
    *crl = apr_pcalloc(pool, sizeof **crl);
    (*crl)->ca = cm_row_text(rows, 0, CA);
    (*crl)->number = cm_row_integer(rows, 0, NUMBER);
    (*crl)->through = cm_row_integer(rows, 0, THROUGH);
    (*crl)->this_update = cm_row_time(rows, 0, THIS_UPDATE);
    (*crl)->next_update = cm_row_time(rows, 0, NEXT_UPDATE);
    (*crl)->sha256 = cm_row_text(rows, 0, SHA256);
    (*crl)->size = cm_row_integer(rows, 0, SIZE);
    return NULL;
}

/* A few chunks into their place; *filled grows by what they hold. */
static cm_error_t *read_chunks(unsigned char *data, apr_size_t *filled, cm_store_t *store,
                               const cm_crl_record_t *crl, apr_pool_t *pool)
{
    const cm_value_t args[] = {cm_value_text(crl->ca), cm_value_integer(crl->number),
                               cm_value_integer((apr_int64_t)(*filled / CHUNK)),
                               cm_value_integer(CHUNKS_A_READ)};
    cm_rows_t *rows;
    cm_error_t *error = cm_read_one(&rows, store, cm_statement(CM_SQL_CRL_CHUNKS), args, pool);

    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        cm_bytes_t chunk = cm_row_blob(rows, i, 0);

        if (chunk.len > (apr_size_t)crl->size - *filled) {
            return cm_error_make(pool, CM_E_INTEGRITY, "a stored CRL is longer than it was");
        }
        memcpy(data + *filled, chunk.data, chunk.len);
        *filled += chunk.len;
    }
    return error;
}

cm_error_t *cm_crl_content(cm_bytes_t *der, cm_store_t *store, const cm_crl_record_t *crl,
                           apr_pool_t *pool)
{
    unsigned char *data = apr_palloc(pool, (apr_size_t)crl->size);
    apr_size_t filled = 0;

    while (filled < (apr_size_t)crl->size) {
        apr_pool_t *scratch;
        cm_error_t *error;

        apr_pool_create(&scratch, pool);
        error = read_chunks(data, &filled, store, crl, scratch);
        if (error) {
            return error; /* it lives in the scratch pool, which lives as long as pool */
        }
        apr_pool_destroy(scratch);
    }
    *der = cm_bytes_make(data, filled);
    return NULL;
}
