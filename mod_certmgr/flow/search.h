/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches as people and programs ask for them: words in, pages out. Only what the caller may see
 * is found.
 *
 * cn, san and issuer are compared without regard to the case of the letters A to Z; serial and
 * sha256 are hexadecimal digits of either case, colons and blanks between them left out; subscriber
 * (a person id) and profile are exact. A san may begin with its kind ("dns:"); without it names of
 * each kind are found. issuer is the name of an authority or its subject (RFC 4514).
 */
#ifndef CERTMGR_FLOW_SEARCH_H
#define CERTMGR_FLOW_SEARCH_H

#include "base/context.h"
#include "base/json.h"
#include "store/requests.h"
#include "store/search.h"

/* What is asked for, as text; NULL: not asked for. */
typedef struct {
    const char *serial, *cn, *issuer, *subscriber, *san, *sha256, *profile;
    const char *match;  /* equal, begins, contains; how the seven above are meant */
    const char *status; /* active, suspended, revoked, expired */
    const char *expires_before, *expires_after; /* RFC 3339 */
    const char *before;                         /* cm_page_t.next */
    apr_int64_t limit;
} cm_search_words_t;

/* Check and fold the words; issuer and profile are left to cm_certificate_search. All violations
 * are joined: CM_E_VALUE with the word's name as field and rule search.empty, search.hex,
 * search.length, search.part (contains takes three letters or digits in a row), search.match,
 * search.status, search.time, search.window. */
cm_error_t *cm_search_parse(cm_search_t *search, const cm_search_words_t *words, apr_pool_t *pool);

cm_error_t *cm_certificate_search(cm_page_t *page, cm_ctx_t *ctx, const cm_search_words_t *words);

/* Whether a text is what was asked for: `wanted` in lower case. */
int cm_search_matches(const char *text, const char *wanted, cm_match_t match, apr_pool_t *pool);

/* The job that keeps the index of parts of names. */
cm_error_t *cm_search_is_due(int *due, cm_ctx_t *ctx);
cm_error_t *cm_search_job(cm_ctx_t *ctx);

#endif
