/* SPDX-License-Identifier: Apache-2.0
 *
 * CRLs as files of this node. The database knows which list is the newest and what was signed;
 * each node writes it into CertMgrCRLDirectory, entry by entry, so that no list need fit into
 * memory, and publishes it by renaming. The file of a list has the same bytes, size and time on
 * every node: a list's number is in the microseconds of the file's time, so that stat() tells
 * whether a file is of the newest list.
 */
#ifndef CERTMGR_FLOW_CRL_FILE_H
#define CERTMGR_FLOW_CRL_FILE_H

#include <apr_file_io.h>

#include "base/context.h"
#include "base/digest.h"
#include "store/crls.h"

/* Read head, entries and tail of `crl` in turn: their hash, and unless `file` is NULL their bytes
 * into it. CM_E_INTEGRITY unless the entries are `entries_size` bytes. */
typedef struct {
    const cm_crl_record_t *crl;
    apr_int64_t entries_size;
    cm_digest_t digest;
    apr_file_t *file;
} cm_crl_pass_t;
cm_error_t *cm_crl_pass(cm_bytes_t *hash, const cm_crl_pass_t *pass, const cm_ctx_t *ctx);

/* Write the newest list of that kind (`wanted`: ca, shard, is_delta) unless its file is there.
 * Until the new file is whole, on disk and of the hash that was signed, the old one stays.
 * CM_E_NOT_FOUND: there is no list yet; CM_E_BUSY: the file can't be written. */
cm_error_t *cm_crl_file_write(const cm_ctx_t *ctx, const cm_crl_record_t *wanted);

typedef struct {
    apr_file_t *file; /* closed with the pool */
    apr_int64_t size;
    apr_time_t modified; /* thisUpdate, with the number in its microseconds */
} cm_crl_file_t;

/* The file of a list by the name in its address ("issuing", "issuing-delta", "issuing-2"), without
 * asking the database. A node without the file writes it now when it is short, else CM_E_BUSY: the
 * job is at it. CM_E_NOT_FOUND: there is no such list. `flags` of apr_file_open are added. */
cm_error_t *cm_crl_open(cm_crl_file_t *file, const cm_ctx_t *ctx, const char *name,
                        apr_int32_t flags);

/* Job of every node: write the files of new lists, remove what killed writers left. */
cm_error_t *cm_crl_files_are_due(int *due, cm_ctx_t *ctx);
cm_error_t *cm_crl_files_job(cm_ctx_t *ctx);

#endif
