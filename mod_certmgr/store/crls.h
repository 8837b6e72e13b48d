/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificate revocation lists. An authority has one list, or one for each of its shards, and for
 * each of those a delta CRL where the authority has deltas. Entries are appended by
 * cm_certificate_move (store/certificates.h) as they are encoded, and never changed, so that the
 * content of a list is told by a few numbers, and is the same wherever and whenever it is read:
 *
 *   full list:  entries up to `through` that none up to `through` has replaced, of certificates
 *               that were alive at `alive_at`
 *   delta CRL:  entries after `since` up to `through` that none up to `through` has replaced,
 *               removeFromCRL among them
 */
#ifndef CERTMGR_STORE_CRLS_H
#define CERTMGR_STORE_CRLS_H

#include "store/store.h"

typedef struct {
    const char *ca;
    apr_int64_t shard; /* 0: of certificates issued while the authority had no shards */
    int is_delta;
    apr_int64_t number;
    apr_int64_t base;    /* number of the full list that deltas build on, 0: none yet */
    apr_int64_t since;   /* `through` of that list: where a delta begins; 0 in a full list */
    apr_int64_t through; /* value of the authority's `revocations` that it shows */
    apr_time_t alive_at; /* certificates that ended before are listed no more; 0 in a delta */
    apr_time_t this_update, next_update;
    apr_int64_t size;          /* bytes, signature and all */
    const char *key_algorithm; /* what signed it: cm_sigalg_for_key */
    cm_bytes_t head, tail;     /* TBSCertList before and behind the entries (cm_crl_frame) */
    cm_bytes_t signature;
    cm_bytes_t hash; /* of the TBSCertList, with the signature's digest */
} cm_crl_record_t;

/* How things stand with one list of an authority. */
typedef struct {
    apr_int64_t shard;
    cm_crl_record_t full, delta; /* the newest; number 0: none yet. No bytes in them. */
    cm_crl_record_t base;        /* the full list that the newest delta builds on */
    apr_int64_t last;            /* sequence of the newest entry, 0: none */
} cm_crl_state_t;

/* Of all lists of `ca` that were ever published, by shard; array of cm_crl_state_t. */
cm_error_t *cm_crl_states(apr_array_header_t **states, cm_store_t *store, const char *ca,
                          apr_pool_t *pool);

/* The newest one, with its bytes; CM_E_NOT_FOUND when there is none yet. */
cm_error_t *cm_crl_newest(cm_crl_record_t **crl, cm_store_t *store, const cm_crl_record_t *wanted,
                          apr_pool_t *pool);

/* How many bytes the entries of a list are, by its numbers. */
cm_error_t *cm_crl_entries_size(apr_int64_t *size, cm_store_t *store, const cm_crl_record_t *crl,
                                apr_pool_t *pool);

/* The next run of them after the sequence *after, which moves on; empty at the end. */
cm_error_t *cm_crl_entries_next(cm_bytes_t *run, apr_int64_t *after, cm_store_t *store,
                                const cm_crl_record_t *crl, apr_pool_t *pool);

/* Within a transaction: store what was signed at one time (`delta` or `full` may be NULL), make it
 * the newest, and forget all lists of this shard but those of cm_crl_state_t. CM_E_CONFLICT when
 * the number is taken. */
cm_error_t *cm_crl_insert(cm_txn_t *txn, const cm_crl_record_t *full, const cm_crl_record_t *delta);

/* Delete up to CM_CRL_PRUNED entries that neither `full` nor `delta` (or NULL), nor any list after
 * them, needs; *count is how many. */
enum { CM_CRL_PRUNED = 1000 };
typedef struct {
    const cm_crl_record_t *full;
    apr_int64_t since; /* where the newest delta begins; `through` of the full list without one */
    int count;
} cm_crl_prune_t;
cm_error_t *cm_crl_prune(cm_txn_t *txn, cm_crl_prune_t *prune);

/* Encode up to CM_CRL_PRUNED entries of `ca` from before lists were made of encoded entries. */
cm_error_t *cm_crl_encode_former(int *count, cm_txn_t *txn, const char *ca);

#endif
