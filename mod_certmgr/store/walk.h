/* SPDX-License-Identifier: Apache-2.0
 *
 * A page out of an ordered set of keys, of whose records only some pass a filter. Keys are read
 * from an index, a few thousand at a time, and their records in batches; after CM_WALK_MOST keys
 * the page is handed out as it is, perhaps short or empty, with the place to go on from. So the
 * work for a page is bounded whatever is asked for.
 */
#ifndef CERTMGR_STORE_WALK_H
#define CERTMGR_STORE_WALK_H

#include <apr_hash.h>
#include <apr_tables.h>

#include "base/error.h"

enum { CM_WALK_KEYS = 2000, CM_WALK_MOST = 10000 };

typedef struct {
    const char *id;
    const char *value; /* by which keys are ordered before the id; NULL: by the id only */
} cm_key_t;

typedef struct {
    /* The keys after `after` (NULL: from the start), at most `most`; fewer when there are no more.
     * Array of cm_key_t. */
    cm_error_t *(*keys)(apr_array_header_t **keys, void *baton, const cm_key_t *after, int most,
                        apr_pool_t *pool);
    /* Put the records of these ids (array of const char *) that pass the filter into `records`. */
    cm_error_t *(*fetch)(apr_hash_t *records, void *baton, const apr_array_header_t *ids,
                         apr_pool_t *pool);
    /* Whether a record counts at this key; NULL: always. For records with several keys. */
    int (*counts)(void *baton, const cm_key_t *key, const void *record);
    void *baton;
    int limit;   /* records of a page */
    int passing; /* every record passes: no more keys are read than the page needs */
} cm_walk_t;

typedef struct {
    apr_array_header_t *items; /* of void *; starts empty, or with what was found before */
    const cm_key_t *next;      /* the next page begins after this key; NULL: that was all */
} cm_walked_t;

/* Start after `after` (NULL: from the start), look at `most` keys or a few more, and add to
 * walked->items. A key that comes twice in a row counts once. */
cm_error_t *cm_walk(cm_walked_t *walked, const cm_walk_t *walk, const cm_key_t *after, int most,
                    apr_pool_t *pool);

/* The ids as a JSON array, which is how statements take them. */
const char *cm_walk_ids(const apr_array_header_t *ids, apr_pool_t *pool);

#endif
