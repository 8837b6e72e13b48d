/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches for certificates. Nothing is ever scanned: ids come out of an index, and the records of
 * those ids are held against the other criteria (store/walk.h bounds the work for a page).
 *
 * Pages are newest first. Of all that is asked for, the first criterion that CM_WALK_KEYS
 * certificates or fewer meet gives the ids. When each is met by more: one whose index is ordered by
 * id within it (equals, authority, profile, status) is followed, newest first; a part of a name is
 * looked for among all certificates, newest first; and a beginning or a window of time follows its
 * index, from the highest value down and newest first among equal ones.
 *
 * What a name contains is read from an index of trigrams, which a job fills a second or so later
 * (search_index.c); the newest thousand certificates are therefore looked at themselves.
 */
#ifndef CERTMGR_STORE_SEARCH_H
#define CERTMGR_STORE_SEARCH_H

#include "model/certificate.h"
#include "store/store.h"

typedef enum { CM_MATCH_EQUAL, CM_MATCH_BEGINS, CM_MATCH_CONTAINS } cm_match_t;

/* What somebody may see: the records of a person, or those of a group. */
typedef struct {
    const char *owner, *group; /* one of them is NULL */
} cm_bound_t;

/* Criteria; NULL, -1 and 0 mean: not asked for. Keys are in lower case where columns are. */
typedef struct {
    cm_match_t match; /* how the next five are meant */
    const char *serial, *sha256, *cn, *subscriber, *san;
    const char *san_kind;                             /* "dns:" ...: only names of this kind */
    const apr_array_header_t *authorities, *profiles; /* names, any of which will do */
    int status;                                       /* cm_status_t, or -1 */
    apr_time_t expires_after, expires_before;         /* both exclusive */
    apr_time_t now;                                   /* for the status */
    const apr_array_header_t *bounds; /* of cm_bound_t: what one of them shows; NULL: everything */
    const char *before; /* where the page begins: `next` of the page before, or NULL */
    int limit;
} cm_search_t;

/* Array of cm_certificate_t *, at most `limit`. `next` is NULL when there are no more; until then a
 * page may be short, or even empty. CM_E_VALUE with rule "value.cursor" for a `before` that is not
 * of this search. */
typedef struct {
    apr_array_header_t *items;
    const char *next;
} cm_page_t;
cm_error_t *cm_certificates_search(cm_page_t *page, cm_store_t *store, const cm_search_t *search,
                                   apr_pool_t *pool);

/* Names of all profiles that certificates were issued under; array of const char *. */
cm_error_t *cm_search_profiles(apr_array_header_t **profiles, cm_store_t *store, apr_pool_t *pool);

/* The job that fills the index of trigrams with what is queued: a first batch of it. *count is the
 * number of certificates taken, 0 when nothing waits. */
cm_error_t *cm_search_waits(int *waits, cm_store_t *store, apr_pool_t *pool);
cm_error_t *cm_search_index(int *count, cm_store_t *store, apr_pool_t *pool);

#endif
