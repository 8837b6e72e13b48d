/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "base/text.h"
#include "ctl/output.h"
#include "flow/search.h"
#include "pki/cert.h"
#include "proto/rest/answers.h"
#include "store/certificates.h"

enum { PAGE = 200, LIST_DEFAULT = 1000, LIST_MOST = 1000000 };

static const cm_column_t columns[] = {{"id", "ID"},           {"serial", "SERIAL"},
                                      {"status", "STATUS"},   {"subject", "SUBJECT"},
                                      {"san", "SAN"},         {"not_after", "EXPIRES"},
                                      {"profile", "PROFILE"}, {"ca", "CA"},
                                      {"owner", "PERSON"},    {NULL, NULL}};

static const struct {
    const char *option;
    apr_size_t offset;
} criteria[] = {{"serial", offsetof(cm_search_words_t, serial)},
                {"cn", offsetof(cm_search_words_t, cn)},
                {"issuer", offsetof(cm_search_words_t, issuer)},
                {"subscriber", offsetof(cm_search_words_t, subscriber)},
                {"san", offsetof(cm_search_words_t, san)},
                {"sha256", offsetof(cm_search_words_t, sha256)},
                {"profile", offsetof(cm_search_words_t, profile)},
                {"match", offsetof(cm_search_words_t, match)},
                {"status", offsetof(cm_search_words_t, status)},
                {"expires-before", offsetof(cm_search_words_t, expires_before)},
                {"expires-after", offsetof(cm_search_words_t, expires_after)}};

static json_t *render(const cm_certificate_t *certificate, const cm_run_t *run)
{
    return cm_schema_render(&cm_schema_certificate, cm_answer_of_certificate(certificate, run->ctx),
                            run->pool);
}

static cm_error_t *read_limit(apr_int64_t *limit, const cm_run_t *run)
{
    const char *text = cm_run_option(run, "limit");
    cm_error_t *error = NULL;

    *limit = LIST_DEFAULT;
    if (text) {
        error = cm_text_integer(limit, text, 1, LIST_MOST, run->pool);
    }
    return error ? cm_error_locate(error, "--limit", "value.limit") : NULL;
}

cm_error_t *cm_ctl_certificate_list(cm_run_t *run)
{
    json_t *items = cm_json_array(run->pool);
    cm_search_words_t words = {0};
    apr_int64_t left;
    cm_page_t page;
    cm_error_t *error = read_limit(&left, run);

    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        const char **word = (const char **)(void *)((char *)&words + criteria[i].offset);

        *word = cm_run_option(run, criteria[i].option);
    }
    do {
        words.limit = left < PAGE ? left : PAGE;
        if (error || (error = cm_certificate_search(&page, run->ctx, &words))) {
            return error;
        }
        for (int i = 0; i < page.items->nelts; i++) {
            json_array_append(items,
                              render(APR_ARRAY_IDX(page.items, i, const cm_certificate_t *), run));
        }
        left -= page.items->nelts;
        words.before = page.next;
    } while (page.next && left > 0);
    cm_output_list(run, columns, items);
    if (page.next) {
        fflush(stdout);
        fputs("there are more: ask for less, or raise --limit\n", stderr);
    }
    return NULL;
}

static cm_error_t *find(cm_certificate_t **certificate, cm_run_t *run)
{
    cm_search_words_t words = {.serial = cm_run_argument(run, 0), .limit = 2};
    cm_page_t page;
    cm_error_t *error = cm_certificate_read(certificate, run->ctx->store, words.serial, run->pool);

    if (!error || error->code != CM_E_NOT_FOUND) {
        return error;
    }
    error = cm_certificate_search(&page, run->ctx, &words);
    if (!error && page.items->nelts == 1) {
        *certificate = APR_ARRAY_IDX(page.items, 0, cm_certificate_t *);
        return NULL;
    }
    if (!error && page.items->nelts > 1) {
        return cm_error_advise(cm_error_make(run->pool, CM_E_REFUSED,
                                             "several authorities have used this serial number"),
                               "take the id that `certificate list --serial` shows");
    }
    return error && error->code != CM_E_VALUE
               ? error
               : cm_error_make(run->pool, CM_E_NOT_FOUND, "there is no such certificate");
}

cm_error_t *cm_ctl_certificate_show(cm_run_t *run)
{
    cm_certificate_t *certificate;
    cm_error_t *error = find(&certificate, run);
    json_t *object;

    if (error) {
        return error;
    }
    if (cm_run_option(run, "pem")) {
        fputs(cm_cert_pem(certificate->der, run->pool), stdout);
        return NULL;
    }
    object = render(certificate, run);
    if (!run->json) {
        json_object_del(object, "pem");
    }
    cm_output_object(run, object);
    return NULL;
}
