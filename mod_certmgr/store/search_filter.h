/* SPDX-License-Identifier: Apache-2.0
 *
 * The criteria of a search as arguments of statements.
 */
#ifndef CERTMGR_STORE_SEARCH_FILTER_H
#define CERTMGR_STORE_SEARCH_FILTER_H

#include "store/search.h"

enum { CM_SEARCH_ARGS = 21, CM_BOUNDS_ARGS = 4 }; /* of CM_SEARCH_FILTER, statement.c */

/* Those of CM_SEARCH_FILTER, in its order. */
void cm_search_filter(cm_value_t *args, const cm_search_t *search, apr_pool_t *pool);

/* The window of not_after that dates and status leave, inclusive. */
void cm_search_window(apr_time_t *from, apr_time_t *to, const cm_search_t *search);

/* The last CM_BOUNDS_ARGS of a filter: what is visible. */
void cm_search_bounds(cm_value_t *args, const apr_array_header_t *bounds, apr_pool_t *pool);

/* Keys of what the bounds show, newest first without repetitions. Array of cm_key_t (store/walk.h).
 */
typedef struct {
    cm_store_t *store;
    cm_statement_id_t owner, group;
    const apr_array_header_t *bounds;
    const char *before;
    int most;
} cm_bounds_read_t;
cm_error_t *cm_bounds_keys(apr_array_header_t **keys, const cm_bounds_read_t *read,
                           apr_pool_t *pool);

/* `text` as a pattern of LIKE with ESCAPE '!' that matches so; NULL: anything. */
const char *cm_search_pattern(const char *text, cm_match_t match, apr_pool_t *pool);

/* A pattern for the index of trigrams, whose LIKE has no escape: it may match more than asked. */
const char *cm_search_parts(const char *text, apr_pool_t *pool);

#endif
