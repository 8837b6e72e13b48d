/* SPDX-License-Identifier: Apache-2.0 */
#include "store/read.h"
#include "store/requests.h"
#include "store/search_filter.h"
#include "store/walk.h"

enum { TEXTS = 4, FILTER = TEXTS + CM_BOUNDS_ARGS };

typedef struct {
    cm_store_t *store;
    cm_statement_id_t statement;
    const char *value;                /* of the statement's criterion, or NULL */
    const apr_array_header_t *bounds; /* in place of the statement, or NULL */
    const char *top;
    cm_value_t args[1 + FILTER];
} finder_t;

static cm_error_t *walk_keys(apr_array_header_t **keys, void *baton, const cm_key_t *after,
                             int most, apr_pool_t *pool)
{
    const finder_t *finder = baton;
    const char *before = after ? after->id : finder->top;
    const cm_bounds_read_t bounds = {finder->store,
                                     CM_SQL_REQUEST_KEYS_REQUESTER,
                                     CM_SQL_REQUEST_KEYS_GROUP,
                                     finder->bounds,
                                     before,
                                     most};
    cm_value_t args[3], *next = args;
    cm_rows_t *rows;
    cm_error_t *error;

    if (finder->bounds) {
        return cm_bounds_keys(keys, &bounds, pool);
    }

    if (finder->value) {
        *next++ = cm_value_text(finder->value);
    }
    *next++ = cm_value_text(before);
    *next = cm_value_integer(most);
    error = cm_store_select(&rows, finder->store, cm_statement(finder->statement), args, pool);
    *keys = apr_array_make(pool, most, sizeof(cm_key_t));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*keys, cm_key_t) = (cm_key_t){cm_row_text(rows, i, 0), NULL};
    }
    return error;
}

static cm_error_t *walk_fetch(apr_hash_t *records, void *baton, const apr_array_header_t *ids,
                              apr_pool_t *pool)
{
    finder_t *finder = baton;
    apr_array_header_t *requests;
    cm_rows_t *rows;
    cm_error_t *error;

    finder->args[0] = cm_value_text(cm_walk_ids(ids, pool));
    error = cm_store_select(&rows, finder->store, cm_statement(CM_SQL_REQUEST_FETCH), finder->args,
                            pool);
    if (!error) {
        error = cm_requests_of_rows(&requests, rows, pool);
    }
    for (int i = 0; !error && i < requests->nelts; i++) {
        cm_request_t *request = APR_ARRAY_IDX(requests, i, cm_request_t *);

        apr_hash_set(records, request->id, APR_HASH_KEY_STRING, request);
    }
    return error;
}

/* The criterion that fewest requests meet, as a rule. Most requests end as completed: these have no
 * index by state. */
static void choose_keys(finder_t *finder, const cm_request_search_t *search)
{
    const struct {
        int given;
        cm_statement_id_t statement;
        const char *value;
    } ways[] = {
        {search->bounds != NULL, CM_SQL_COUNT, NULL},
        {search->requester != NULL, CM_SQL_REQUEST_KEYS_REQUESTER, search->requester},
        {search->state >= 0 && search->state != CM_STATE_COMPLETED, CM_SQL_REQUEST_KEYS_STATE,
         search->state >= 0 ? cm_state_name((cm_state_t)search->state) : NULL},
        {search->profile != NULL, CM_SQL_REQUEST_KEYS_PROFILE, search->profile},
        {search->operation >= 0, CM_SQL_REQUEST_KEYS_OPERATION,
         search->operation >= 0 ? cm_operation_name((cm_operation_t)search->operation) : NULL},
        {1, CM_SQL_REQUEST_KEYS_ALL, NULL}};
    int i = 0;

    while (!ways[i].given) {
        i++;
    }
    finder->bounds = ways[i].statement == CM_SQL_COUNT ? search->bounds : NULL;
    finder->statement = ways[i].statement;
    finder->value = ways[i].value;
}

cm_error_t *cm_requests_search(cm_page_t *page, cm_store_t *store,
                               const cm_request_search_t *search, apr_pool_t *pool)
{
    finder_t finder = {.store = store, .top = search->before ? search->before : CM_ID_LAST};
    cm_walk_t walk = {
        .keys = walk_keys, .fetch = walk_fetch, .baton = &finder, .limit = search->limit};
    cm_walked_t walked = {apr_array_make(pool, search->limit, sizeof(void *)), NULL};
    const char *const texts[TEXTS] = {
        search->operation >= 0 ? cm_operation_name((cm_operation_t)search->operation) : NULL,
        search->state >= 0 ? cm_state_name((cm_state_t)search->state) : NULL, search->profile,
        search->requester};
    cm_error_t *error;

    choose_keys(&finder, search);
    for (int i = 0; i < TEXTS; i++) {
        finder.args[1 + i] = cm_value_text(cm_search_pattern(texts[i], CM_MATCH_EQUAL, pool));
    }
    cm_search_bounds(&finder.args[1 + TEXTS], search->bounds, pool);
    error = cm_walk(&walked, &walk, NULL, CM_WALK_MOST, pool);
    *page = (cm_page_t){walked.items, walked.next ? walked.next->id : NULL};
    return error;
}
