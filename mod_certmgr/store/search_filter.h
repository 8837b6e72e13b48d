/* SPDX-License-Identifier: Apache-2.0
 *
 * The criteria of a search as arguments of statements.
 */
#ifndef CERTMGR_STORE_SEARCH_FILTER_H
#define CERTMGR_STORE_SEARCH_FILTER_H

#include "store/search.h"

enum { CM_SEARCH_ARGS = 19 }; /* of CM_SEARCH_FILTER, statement.c */

/* Those of CM_SEARCH_FILTER, in its order. */
void cm_search_filter(cm_value_t *args, const cm_search_t *search, apr_pool_t *pool);

/* The window of not_after that dates and status leave, inclusive. */
void cm_search_window(apr_time_t *from, apr_time_t *to, const cm_search_t *search);

/* `text` as a pattern of LIKE with ESCAPE '!' that matches so; NULL: anything. */
const char *cm_search_pattern(const char *text, cm_match_t match, apr_pool_t *pool);

/* A pattern for the index of trigrams, whose LIKE has no escape: it may match more than asked. */
const char *cm_search_parts(const char *text, apr_pool_t *pool);

#endif
