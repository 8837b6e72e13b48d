/* SPDX-License-Identifier: Apache-2.0 */
#include "store/search.h"

#include <apr_strings.h>
#include <stddef.h>

#include "base/text.h"
#include "store/certificates.h"
#include "store/read.h"
#include "store/search_filter.h"
#include "store/walk.h"

enum { SOURCES_MOST = 12, NEWEST = 1000 };

/* Above every UTF-8 text that begins with what stands before. */
#define LAST_CHARACTER "\xf4\x8f\xbf\xbf"

typedef enum { BY_ID, BY_VALUE, BY_PART } order_t;

/* An index to read keys from. */
typedef struct {
    char letter; /* in cursors */
    order_t order;
    cm_statement_id_t statement;
    const char *low, *high;           /* BY_ID, BY_PART: low is the value or pattern; NULL: none */
    apr_time_t from, to;              /* a window of time, in place of low and high */
    const apr_array_header_t *bounds; /* BY_ID: what is visible, in place of a statement */
    apr_array_header_t *first;        /* keys from the start on, when they were read already */
} source_t;

typedef struct {
    cm_store_t *store;
    const cm_search_t *search;
    source_t sources[SOURCES_MOST];
    int count;
    source_t all;    /* every certificate, newest first */
    const char *top; /* the page has ids below only */
    source_t *source;
    int most;                      /* keys of a read */
    apr_array_header_t *collected; /* all keys there are, in place of the source */
    cm_value_t args[1 + CM_SEARCH_ARGS];
} finder_t;

/* The text criteria, those first that fewest certificates share. */
static const struct {
    char letter;
    cm_statement_id_t equal, range, part;
    apr_size_t offset;
} criteria[] = {
    {'f', CM_SQL_COUNT, CM_SQL_RANGE_SHA256, CM_SQL_TEXT_SHA256, offsetof(cm_search_t, sha256)},
    {'s', CM_SQL_COUNT, CM_SQL_RANGE_SERIAL, CM_SQL_TEXT_SERIAL, offsetof(cm_search_t, serial)},
    {'n', CM_SQL_KEYS_NAME, CM_SQL_RANGE_NAME, CM_SQL_TEXT_SAN, offsetof(cm_search_t, san)},
    {'c', CM_SQL_KEYS_CN, CM_SQL_RANGE_CN, CM_SQL_TEXT_CN, offsetof(cm_search_t, cn)},
    {'o', CM_SQL_KEYS_OWNER, CM_SQL_RANGE_OWNER, CM_SQL_TEXT_OWNER,
     offsetof(cm_search_t, subscriber)}};

static void add_source(finder_t *finder, source_t source)
{
    finder->sources[finder->count++] = source;
}

static void add_texts(finder_t *finder, apr_pool_t *pool)
{
    const cm_search_t *search = finder->search;

    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        const char *text =
            *(const char *const *)(const void *)((const char *)search + criteria[i].offset);
        source_t source = {.letter = criteria[i].letter, .low = text};

        if (!text) {
            continue;
        }
        if (search->match == CM_MATCH_CONTAINS) {
            source.order = BY_PART;
            source.statement = criteria[i].part;
            source.low = cm_search_parts(text, pool);
        } else if (search->match == CM_MATCH_EQUAL && criteria[i].equal != CM_SQL_COUNT) {
            source.order = BY_ID;
            source.statement = criteria[i].equal;
        } else {
            source.order = BY_VALUE;
            source.statement = criteria[i].range;
            source.high = search->match == CM_MATCH_EQUAL
                              ? text
                              : apr_pstrcat(pool, text, LAST_CHARACTER, NULL);
        }
        add_source(finder, source);
    }
}

static void add_one_of(finder_t *finder, cm_statement_id_t statement,
                       const apr_array_header_t *names)
{
    if (names && names->nelts == 1) {
        add_source(finder, (source_t){.statement = statement,
                                      .low = APR_ARRAY_IDX(names, 0, const char *)});
    }
}

static void list_sources(finder_t *finder, apr_pool_t *pool)
{
    const cm_search_t *search = finder->search;
    source_t window = {
        .letter = 't', .order = BY_VALUE, .statement = CM_SQL_RANGE_NOT_AFTER, .from = 0};

    if (search->bounds) { /* first, so that no place is told of what can't be seen */
        add_source(finder, (source_t){.bounds = search->bounds});
    }
    add_texts(finder, pool);
    if (search->status == CM_CERT_REVOKED || search->status == CM_CERT_SUSPENDED) {
        add_source(finder, (source_t){.statement = CM_SQL_KEYS_STATUS,
                                      .low = cm_status_name((cm_status_t)search->status)});
    }
    add_one_of(finder, CM_SQL_KEYS_CA, search->authorities);
    add_one_of(finder, CM_SQL_KEYS_PROFILE, search->profiles);
    if (search->expires_after || search->expires_before || search->status == CM_CERT_EXPIRED) {
        cm_search_window(&window.from, &window.to, search);
        add_source(finder, window);
    }
}

/* Adds to `keys`. */
static cm_error_t *read_rows(apr_array_header_t *keys, const finder_t *finder,
                             const source_t *source, const cm_key_t *after)
{
    const char *id = after ? after->id : finder->top;
    const char *high = after ? after->value : source->high;
    apr_pool_t *pool = keys->pool;
    cm_value_t args[4], *next = args;
    cm_rows_t *rows;
    cm_error_t *error;

    if (source->order == BY_VALUE && source->high) {
        *next++ = cm_value_text(source->low);
        *next++ = cm_value_text(high);
    } else if (source->order == BY_VALUE) {
        *next++ = cm_value_integer(source->from);
        *next++ = cm_value_integer(after ? apr_strtoi64(after->value, NULL, 10) : source->to);
    } else if (source->low) {
        *next++ = cm_value_text(source->low);
    }
    if (source->order != BY_PART) {
        *next++ = cm_value_text(source->order == BY_VALUE && !after ? CM_ID_LAST : id);
    }
    *next = cm_value_integer(finder->most);
    error = cm_store_select(&rows, finder->store, cm_statement(source->statement), args, pool);
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        cm_key_t *key = apr_array_push(keys);

        key->id = cm_row_text(rows, i, 0);
        if (source->order == BY_VALUE) {
            key->value = source->high
                             ? cm_row_text(rows, i, 1)
                             : apr_psprintf(pool, "%" APR_INT64_T_FMT, cm_row_integer(rows, i, 1));
        }
    }
    return error;
}

/* Array of cm_key_t. */
static cm_error_t *read_keys(apr_array_header_t **keys, const finder_t *finder,
                             const source_t *source, const cm_key_t *after, apr_pool_t *pool)
{
    const cm_bounds_read_t bounds = {finder->store,
                                     CM_SQL_KEYS_OWNER,
                                     CM_SQL_KEYS_GROUP,
                                     source->bounds,
                                     after ? after->id : finder->top,
                                     finder->most};

    if (source->bounds) {
        return cm_bounds_keys(keys, &bounds, pool);
    }
    *keys = apr_array_make(pool, finder->most, sizeof(cm_key_t));
    return read_rows(*keys, finder, source, after);
}

static cm_error_t *walk_keys(apr_array_header_t **keys, void *baton, const cm_key_t *after,
                             int most, apr_pool_t *pool)
{
    finder_t *finder = baton;

    if (finder->collected) {
        *keys = after ? apr_array_make(pool, 1, sizeof(cm_key_t)) : finder->collected;
        return NULL;
    }
    if (!after && finder->source->first) {
        *keys = finder->source->first;
        return NULL;
    }
    finder->most = most;
    return read_keys(keys, finder, finder->source, after, pool);
}

static cm_error_t *walk_fetch(apr_hash_t *records, void *baton, const apr_array_header_t *ids,
                              apr_pool_t *pool)
{
    finder_t *finder = baton;
    apr_array_header_t *below = apr_array_make(pool, ids->nelts, sizeof(const char *));
    cm_rows_t *rows;
    cm_error_t *error;

    for (int i = 0; i < ids->nelts; i++) {
        const char *id = APR_ARRAY_IDX(ids, i, const char *);

        if (strcmp(id, finder->top) < 0) {
            APR_ARRAY_PUSH(below, const char *) = id;
        }
    }
    finder->args[0] = cm_value_text(cm_walk_ids(below, pool));
    error = cm_store_select(&rows, finder->store, cm_statement(CM_SQL_SEARCH_FETCH), finder->args,
                            pool);
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        cm_certificate_t *certificate;

        error = cm_certificate_of_row(&certificate, rows, i, pool);
        if (!error) {
            apr_hash_set(records, certificate->id, APR_HASH_KEY_STRING, certificate);
        }
    }
    return error;
}

/* In the order of names, a certificate stands at the highest one of those that were asked for. */
static int counts(void *baton, const cm_key_t *key, const void *record)
{
    const finder_t *finder = baton;
    const cm_certificate_t *certificate = record;
    apr_pool_t *pool = certificate->san->pool;

    if (finder->collected || finder->source->statement != CM_SQL_RANGE_NAME) {
        return 1;
    }
    for (int i = 0; i < certificate->san->nelts; i++) {
        const char *name =
            cm_certificate_name_key(APR_ARRAY_IDX(certificate->san, i, const char *), pool);

        if (strcmp(name, finder->source->high) <= 0 && strcmp(name, key->value) > 0) {
            return 0;
        }
    }
    return 1;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const cm_key_t *)b)->id, ((const cm_key_t *)a)->id);
}

/* Reads the first keys of a source. When these are all of it, they become what is walked. */
static cm_error_t *try_source(int *few, finder_t *finder, source_t *source, apr_pool_t *pool)
{
    apr_array_header_t *keys;
    cm_error_t *error;

    finder->most = CM_WALK_KEYS;
    error = read_keys(&keys, finder, source, NULL, pool);
    *few = !error && keys->nelts < CM_WALK_KEYS;
    if (*few) {
        qsort(keys->elts, (size_t)keys->nelts, sizeof(cm_key_t), newest_first);
        finder->collected = keys;
    }
    source->first = error ? NULL : keys;
    return error;
}

static cm_error_t *try_sources(int *few, finder_t *finder, int parts, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    *few = 0;
    for (int i = 0; !error && !*few && i < finder->count; i++) {
        if ((finder->sources[i].order == BY_PART) == parts) {
            error = try_source(few, finder, &finder->sources[i], pool);
        }
    }
    return error;
}

static source_t *source_of(finder_t *finder, order_t order)
{
    for (int i = 0; i < finder->count; i++) {
        if (finder->sources[i].order == order) {
            return &finder->sources[i];
        }
    }
    return NULL;
}

/* The newest are looked at themselves: a part that many have is found there, and the index may not
 * know them yet. */
static cm_error_t *find_part(cm_walked_t *walked, finder_t *finder, const cm_walk_t *walk,
                             apr_pool_t *pool)
{
    const cm_key_t *floor;
    int few;
    cm_error_t *error = cm_walk(walked, walk, NULL, NEWEST, pool);

    floor = walked->next;
    if (error || !floor || walked->items->nelts == walk->limit) {
        return error;
    }
    finder->top = floor->id;
    error = try_sources(&few, finder, 1, pool);
    if (error) {
        return error;
    }
    return cm_walk(walked, walk, few ? NULL : floor, CM_WALK_MOST, pool);
}

/* One index answers all of it, in order: no more is read than the page needs. */
static int is_decided(const finder_t *finder)
{
    const cm_search_t *search = finder->search;

    return (finder->count == 0 || (finder->count == 1 && finder->sources[0].order == BY_ID)) &&
           (search->status < 0 || search->status == CM_CERT_REVOKED) && !search->san_kind &&
           (!search->authorities || search->authorities->nelts == 1) &&
           (!search->profiles || search->profiles->nelts == 1);
}

static cm_error_t *find(cm_walked_t *walked, finder_t *finder, cm_walk_t *walk, apr_pool_t *pool)
{
    source_t *by_value = source_of(finder, BY_VALUE);
    int parts = source_of(finder, BY_PART) != NULL;
    int few = 0;
    cm_error_t *error = NULL;

    finder->source = source_of(finder, BY_ID);
    walk->passing = is_decided(finder);
    if (!walk->passing) {
        error = try_sources(&few, finder, 0, pool);
    }
    if (!finder->source) {
        finder->source = by_value && !parts ? by_value : &finder->all;
    }
    if (error) {
        return error;
    }
    return parts && !few ? find_part(walked, finder, walk, pool)
                         : cm_walk(walked, walk, NULL, CM_WALK_MOST, pool);
}

/* "ID" where the order is by id; "TOP.LETTER.ID.VALUE", the value in hex, where it is by value
 * among the ids below TOP. */
static const char *cursor_of(const cm_key_t *key, const finder_t *finder, apr_pool_t *pool)
{
    if (!key || !key->value || finder->collected) {
        return key ? key->id : NULL;
    }
    return apr_psprintf(pool, "%s.%c.%s.%s", finder->top, finder->source->letter, key->id,
                        cm_bytes_hex(cm_bytes_of_text(key->value), pool));
}

static cm_error_t *wrong_cursor(apr_pool_t *pool)
{
    return cm_error_locate(cm_error_make(pool, CM_E_VALUE, "a page of another search"), "/before",
                           "value.cursor");
}

/* *after stays NULL when the order is by id. */
static cm_error_t *read_cursor(const cm_key_t **after, finder_t *finder, apr_pool_t *pool)
{
    char *rest = NULL, *text = apr_pstrdup(pool, finder->search->before);
    const char *top = apr_strtok(text, ".", &rest), *letter = apr_strtok(NULL, ".", &rest);
    cm_key_t *key = apr_pcalloc(pool, sizeof *key);
    const char *hex;
    cm_bytes_t value;

    finder->top = top ? top : "";
    if (!letter) {
        return NULL;
    }
    if (finder->search->bounds) {
        return wrong_cursor(pool); /* it would lead through what can't be seen */
    }
    key->id = apr_strtok(NULL, ".", &rest);
    hex = key->id ? apr_strtok(NULL, ".", &rest) : NULL;
    if (!hex || cm_bytes_unhex(&value, hex, pool) || !cm_text_is_utf8(value)) {
        return wrong_cursor(pool);
    }
    key->value = apr_pstrmemdup(pool, (const char *)value.data, value.len);
    for (int i = 0; i < finder->count; i++) {
        if (finder->sources[i].letter == *letter && finder->sources[i].order == BY_VALUE) {
            finder->source = &finder->sources[i];
        }
    }
    *after = key;
    return finder->source ? NULL : wrong_cursor(pool);
}

static int is_hopeless(const cm_search_t *search)
{
    return (search->authorities && search->authorities->nelts == 0) ||
           (search->profiles && search->profiles->nelts == 0);
}

cm_error_t *cm_certificates_search(cm_page_t *page, cm_store_t *store, const cm_search_t *search,
                                   apr_pool_t *pool)
{
    finder_t finder = {.store = store,
                       .search = search,
                       .all = {.order = BY_ID, .statement = CM_SQL_KEYS_ALL},
                       .top = CM_ID_LAST};
    cm_walk_t walk = {.keys = walk_keys,
                      .fetch = walk_fetch,
                      .counts = counts,
                      .baton = &finder,
                      .limit = search->limit};
    cm_walked_t walked = {apr_array_make(pool, search->limit, sizeof(void *)), NULL};
    const cm_key_t *after = NULL;
    cm_error_t *error = NULL;

    *page = (cm_page_t){walked.items, NULL};
    list_sources(&finder, pool);
    cm_search_filter(&finder.args[1], search, pool);
    if (search->before) {
        error = read_cursor(&after, &finder, pool);
    }
    if (error || is_hopeless(search)) {
        return error;
    }
    error = after ? cm_walk(&walked, &walk, after, CM_WALK_MOST, pool)
                  : find(&walked, &finder, &walk, pool);
    if (!error) {
        page->next = cursor_of(walked.next, &finder, pool);
    }
    return error;
}

cm_error_t *cm_search_profiles(apr_array_header_t **profiles, cm_store_t *store, apr_pool_t *pool)
{
    cm_rows_t *rows;
    cm_error_t *error =
        cm_store_select(&rows, store, cm_statement(CM_SQL_SEARCH_PROFILES), NULL, pool);

    *profiles = apr_array_make(pool, 8, sizeof(const char *));
    for (int i = 0; !error && i < cm_rows_count(rows); i++) {
        APR_ARRAY_PUSH(*profiles, const char *) = cm_row_text(rows, i, 0);
    }
    return error;
}
