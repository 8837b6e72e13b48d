/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/crl_file.h"

#include <apr_strings.h>

#include "base/hash.h"
#include "flow/upkeep.h"
#include "pki/sigalg.h"
#include "policy/address.h"
#include "policy/config.h"

/* A list that is not there yet is written for whoever asks up to this size; more would let anybody
 * keep the database busy. Files of writers that were killed are old after an hour. */
enum { SHORT = 1024 * 1024, NUMBERS = 1000000, LEFT = 3600, NAME_MOST = 128 };

static cm_error_t *failed(const char *what, apr_status_t status, apr_pool_t *pool)
{
    return cm_error_apr(pool, CM_E_BUSY, what, status);
}

/* Hash, and write, one part of what is signed. */
static cm_error_t *take(cm_hash_t *hash, const cm_crl_pass_t *pass, cm_bytes_t part,
                        apr_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;

    if (pass->file) {
        status = apr_file_write_full(pass->file, part.data, part.len, NULL);
    }
    return status == APR_SUCCESS ? cm_hash_add(hash, part)
                                 : failed("a CRL can't be written", status, pool);
}

static cm_error_t *take_entries(cm_hash_t *hash, const cm_crl_pass_t *pass, const cm_ctx_t *ctx)
{
    apr_int64_t after = pass->crl->since, size = 0;
    apr_pool_t *scratch;
    cm_error_t *error;
    cm_bytes_t run;

    apr_pool_create(&scratch, ctx->pool);
    do {
        apr_pool_clear(scratch);
        error = cm_crl_entries_next(&run, &after, ctx->store, pass->crl, scratch);
        if (!error && run.len) {
            error = take(hash, pass, run, scratch);
        }
        size += (apr_int64_t)run.len;
    } while (!error && run.len);
    if (!error && size != pass->entries_size) {
        error = cm_error_make(ctx->pool, CM_E_INTEGRITY,
                              "a CRL has other entries than those that were counted");
    }
    return error; /* its pool ends with the context's */
}

cm_error_t *cm_crl_pass(cm_bytes_t *bytes, const cm_crl_pass_t *pass, const cm_ctx_t *ctx)
{
    cm_hash_t *hash;
    cm_error_t *error = cm_hash_make(&hash, pass->digest, ctx->pool);

    if (!error) {
        error = take(hash, pass, pass->crl->head, ctx->pool);
    }
    if (!error) {
        error = take_entries(hash, pass, ctx);
    }
    if (!error) {
        error = take(hash, pass, pass->crl->tail, ctx->pool);
    }
    return error ? error : cm_hash_end(bytes, hash, ctx->pool);
}

static cm_error_t *write_list(apr_file_t *file, const cm_crl_record_t *crl, const cm_ctx_t *ctx)
{
    const cm_sigalg_t *alg = cm_sigalg_for_key(crl->key_algorithm);
    apr_size_t parts = crl->head.len + crl->tail.len, tbs_len;
    cm_bytes_t frame[2], hash;
    cm_crl_pass_t pass = {.crl = crl, .file = file};
    apr_status_t status;
    cm_error_t *error;

    if (!alg) {
        return cm_error_make(ctx->pool, CM_E_INTEGRITY, "a CRL was signed in an unknown way");
    }
    pass.digest = alg->digest;
    error = cm_crl_entries_size(&pass.entries_size, ctx->store, crl, ctx->pool);
    if (error) {
        return error;
    }
    tbs_len = parts + (apr_size_t)pass.entries_size;
    cm_signed_frame(frame, tbs_len, alg, crl->signature, ctx->pool);
    status = apr_file_write_full(file, frame[0].data, frame[0].len, NULL);
    error = status == APR_SUCCESS ? cm_crl_pass(&hash, &pass, ctx)
                                  : failed("a CRL can't be written", status, ctx->pool);
    if (!error && !cm_bytes_equal(hash, crl->hash)) {
        error = cm_error_make(ctx->pool, CM_E_INTEGRITY,
                              "the entries of a CRL are not those that were signed");
    }
    if (error) {
        return error;
    }
    status = apr_file_write_full(file, frame[1].data, frame[1].len, NULL);
    if (status == APR_SUCCESS) {
        status = apr_file_sync(file);
    }
    return status == APR_SUCCESS ? NULL : failed("a CRL can't be written", status, ctx->pool);
}

static const char *path_of(const cm_ctx_t *ctx, const char *name)
{
    return apr_pstrcat(ctx->pool, ctx->config->crl_directory, "/", name, ".crl", NULL);
}

static const char *name_of(const cm_crl_record_t *crl, apr_pool_t *pool)
{
    return cm_address_list(crl->ca, crl->shard, crl->is_delta, pool);
}

static apr_time_t time_of(const cm_crl_record_t *crl)
{
    return crl->this_update - crl->this_update % APR_USEC_PER_SEC + crl->number % NUMBERS;
}

static int is_there(const cm_crl_record_t *crl, const cm_ctx_t *ctx)
{
    apr_finfo_t info;

    return apr_stat(&info, path_of(ctx, name_of(crl, ctx->pool)), APR_FINFO_MTIME | APR_FINFO_SIZE,
                    ctx->pool) == APR_SUCCESS &&
           info.size == crl->size && info.mtime == time_of(crl);
}

/* Who wrote for long must not put an old list over a newer one. */
static cm_error_t *check_is_newest(const cm_crl_record_t *crl, const cm_ctx_t *ctx)
{
    cm_crl_record_t *newest;
    cm_error_t *error = cm_crl_newest(&newest, ctx->store, crl, ctx->pool);

    return error || newest->number == crl->number
               ? error
               : cm_error_make(ctx->pool, CM_E_CONFLICT, "a newer CRL was made meanwhile");
}

static cm_error_t *publish(const cm_crl_record_t *crl, const cm_ctx_t *ctx)
{
    const char *path = path_of(ctx, name_of(crl, ctx->pool));
    char *draft = apr_pstrcat(ctx->pool, path, ".XXXXXX", NULL);
    apr_file_t *file;
    apr_status_t status = apr_file_mktemp(&file, draft,
                                          APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_READ |
                                              APR_FOPEN_WRITE | APR_FOPEN_BINARY,
                                          ctx->pool);
    cm_error_t *error;

    if (status != APR_SUCCESS) {
        return cm_error_explain(ctx->pool, failed("a CRL can't be written", status, ctx->pool),
                                "%s: %s", path, apr_strerror(status, (char[128]){0}, 128));
    }
    error = write_list(file, crl, ctx);
    status = apr_file_close(file);
    if (!error && status == APR_SUCCESS) {
        status = apr_file_mtime_set(draft, time_of(crl), ctx->pool);
    }
    if (!error) {
        error = check_is_newest(crl, ctx);
    }
    if (!error && status == APR_SUCCESS) {
        status = apr_file_rename(draft, path, ctx->pool);
    }
    if (!error && status != APR_SUCCESS) {
        error = failed("a CRL can't be published", status, ctx->pool);
    }
    if (error) {
        apr_file_remove(draft, ctx->pool);
    }
    return error;
}

cm_error_t *cm_crl_file_write(const cm_ctx_t *ctx, const cm_crl_record_t *wanted)
{
    cm_crl_record_t *crl, *newer;
    cm_error_t *error = cm_crl_newest(&crl, ctx->store, wanted, ctx->pool);

    if (error || is_there(crl, ctx)) {
        return error;
    }
    error = publish(crl, ctx);
    if (error && error->code == CM_E_INTEGRITY &&
        !cm_crl_newest(&newer, ctx->store, wanted, ctx->pool) && newer->number != crl->number) {
        return cm_error_make(ctx->pool, CM_E_CONFLICT, "a newer CRL was made meanwhile");
    }
    return error;
}

/* Which list an address names: an authority's own, then its delta, then one of its shards. */
static cm_error_t *find(cm_crl_record_t **crl, const cm_ctx_t *ctx, const char *name)
{
    cm_crl_record_t wanted = {.ca = name};
    cm_error_t *error = cm_crl_newest(crl, ctx->store, &wanted, ctx->pool);

    if (error && error->code == CM_E_NOT_FOUND && cm_address_strip_delta(&wanted.ca, ctx->pool)) {
        wanted.is_delta = 1;
        error = cm_crl_newest(crl, ctx->store, &wanted, ctx->pool);
    }
    if (error && error->code == CM_E_NOT_FOUND &&
        cm_address_strip_shard(&wanted.ca, &wanted.shard, ctx->pool)) {
        error = cm_crl_newest(crl, ctx->store, &wanted, ctx->pool);
    }
    return error && error->code == CM_E_NOT_FOUND
               ? cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such CRL")
               : error;
}

static apr_status_t open_file(cm_crl_file_t *file, const char *path, apr_int32_t flags,
                              apr_pool_t *pool)
{
    apr_finfo_t info;
    apr_status_t status = apr_file_open(
        &file->file, path, APR_FOPEN_READ | APR_FOPEN_BINARY | flags, APR_FPROT_OS_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_file_info_get(&info, APR_FINFO_MTIME | APR_FINFO_SIZE, file->file);
        file->size = info.size;
        file->modified = info.mtime;
    }
    return status;
}

cm_error_t *cm_crl_open(cm_crl_file_t *file, const cm_ctx_t *ctx, const char *name,
                        apr_int32_t flags)
{
    cm_crl_record_t *crl;
    apr_status_t status;
    const char *path;
    cm_error_t *error;

    if (strlen(name) > NAME_MOST || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")]) {
        return cm_error_make(ctx->pool, CM_E_NOT_FOUND, "there is no such CRL");
    }
    path = path_of(ctx, name);
    status = open_file(file, path, flags, ctx->pool);
    if (APR_STATUS_IS_ENOENT(status)) {
        error = find(&crl, ctx, name);
        if (!error && crl->size > SHORT) {
            error = cm_error_make(ctx->pool, CM_E_BUSY, "the CRL is being written");
        }
        if (!error) {
            error = cm_crl_file_write(ctx, crl);
        }
        if (error) {
            return error;
        }
        status = open_file(file, path, flags, ctx->pool);
    }
    return status == APR_SUCCESS ? NULL : failed("a CRL can't be read", status, ctx->pool);
}

static cm_error_t *authority_is_due(int *due, const cm_authority_t *authority, const cm_ctx_t *ctx)
{
    apr_array_header_t *states;
    cm_error_t *error = cm_crl_states(&states, ctx->store, authority->name, ctx->pool);

    *due = 0;
    for (int i = 0; !error && !*due && i < states->nelts; i++) {
        const cm_crl_state_t *state = &APR_ARRAY_IDX(states, i, cm_crl_state_t);

        *due = (state->full.number && !is_there(&state->full, ctx)) ||
               (state->delta.number && !is_there(&state->delta, ctx));
    }
    return error;
}

/* Of an authority that publishes delta CRLs no more. */
static void remove_delta(const cm_ctx_t *ctx, const cm_crl_record_t *full)
{
    const cm_crl_record_t delta = {.ca = full->ca, .shard = full->shard, .is_delta = 1};

    apr_file_remove(path_of(ctx, name_of(&delta, ctx->pool)), ctx->pool);
}

static cm_error_t *write_newest(const cm_ctx_t *ctx, const char *ca)
{
    apr_array_header_t *states;
    cm_error_t *errors = NULL;
    cm_error_t *error = cm_crl_states(&states, ctx->store, ca, ctx->pool);

    for (int i = 0; !error && i < states->nelts; i++) {
        const cm_crl_state_t *state = &APR_ARRAY_IDX(states, i, cm_crl_state_t);

        errors = cm_error_join(errors, cm_crl_file_write(ctx, &state->full));
        if (state->delta.number) {
            errors = cm_error_join(errors, cm_crl_file_write(ctx, &state->delta));
        } else {
            remove_delta(ctx, &state->full);
        }
    }
    return error ? error : errors;
}

/* A writer that was killed left its draft. */
static void remove_left(const cm_ctx_t *ctx)
{
    apr_finfo_t info;
    apr_dir_t *dir;

    if (apr_dir_open(&dir, ctx->config->crl_directory, ctx->pool) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME | APR_FINFO_MTIME, dir) == APR_SUCCESS) {
        if (strstr(info.name, ".crl.") && info.mtime < apr_time_now() - apr_time_from_sec(LEFT)) {
            apr_file_remove(
                apr_pstrcat(ctx->pool, ctx->config->crl_directory, "/", info.name, NULL),
                ctx->pool);
        }
    }
    apr_dir_close(dir);
}

static const cm_upkeep_t upkeep = {authority_is_due, write_newest};

cm_error_t *cm_crl_files_are_due(int *due, cm_ctx_t *ctx)
{
    *due = 0;
    return ctx->config->crl_directory ? cm_upkeep_is_due(due, &upkeep, ctx) : NULL;
}

cm_error_t *cm_crl_files_job(cm_ctx_t *ctx)
{
    remove_left(ctx);
    return cm_upkeep_run(&upkeep, ctx);
}
