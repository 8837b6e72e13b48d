/* SPDX-License-Identifier: Apache-2.0 */
#include "store/authorities.h"

#include <apr_strings.h>

#include "policy/address.h"
#include "store/read.h"

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
        OUTSIDE,
        CRL_SHARDS,
        CRL_DELTA
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
    authority->crl_shards = cm_row_integer(rows, row, CRL_SHARDS);
    authority->crl_delta = cm_row_integer(rows, row, CRL_DELTA);
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

/* "issuing-2" and "issuing-delta" are lists of "issuing". */
static cm_error_t *check_name(cm_txn_t *txn, const char *name)
{
    apr_pool_t *pool = cm_txn_pool(txn);
    const char *stem = name;
    apr_int64_t shard;
    int is_list = cm_address_strip_delta(&stem, pool);
    cm_value_t args[1];
    cm_rows_t *rows;
    cm_error_t *error;

    is_list |= cm_address_strip_shard(&stem, &shard, pool);
    if (!is_list) {
        return NULL;
    }
    args[0] = cm_value_text(stem);
    error = cm_txn_select(&rows, txn, cm_statement(CM_SQL_AUTHORITY_COUNTER), args);
    if (!error && cm_rows_count(rows) > 0) {
        error = cm_error_make(pool, CM_E_CONFLICT, "this is the name of a CRL of \"%s\"", stem);
        cm_error_locate(error, "/name", "authority.name");
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
        cm_value_time(authority->created),        cm_value_blob(authority->outside),
        cm_value_integer(authority->crl_shards),  cm_value_integer(authority->crl_delta)};
    cm_error_t *error = check_name(txn, authority->name);

    return error ? error : cm_txn_execute(NULL, txn, cm_statement(CM_SQL_AUTHORITY_INSERT), args);
}

cm_error_t *cm_authority_set_ocsp(cm_txn_t *txn, const cm_authority_t *authority)
{
    const cm_value_t args[] = {
        cm_value_text(authority->ocsp_key), cm_value_blob(authority->ocsp_der),
        cm_value_time(authority->ocsp_not_after), cm_value_text(authority->name)};

    return cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_SET_OCSP), args,
                        (cm_miss_t){CM_E_NOT_FOUND, "there is no such authority"});
}

cm_error_t *cm_authority_set_crl_plan(cm_txn_t *txn, const cm_authority_t *authority)
{
    const cm_value_t args[] = {cm_value_integer(authority->crl_shards),
                               cm_value_integer(authority->crl_delta),
                               cm_value_text(authority->name)};

    return cm_write_one(txn, cm_statement(CM_SQL_AUTHORITY_SET_CRL_PLAN), args,
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
