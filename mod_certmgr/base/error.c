/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <apr_lib.h>
#include <apr_strings.h>
#include <openssl/err.h>

#include "base/text.h"

#define CM_ERROR(code, name, status, title, ocsp) {code, name, status, title, ocsp},
static const cm_code_info_t codes[] = {
#include "base/errors.def"
};
#undef CM_ERROR

const cm_code_info_t *cm_code_info(cm_code_t code)
{
    return &codes[code];
}

cm_error_t *cm_error_make(apr_pool_t *pool, cm_code_t code, const char *format, ...)
{
    cm_error_t *error = apr_pcalloc(pool, sizeof *error);
    va_list args;

    error->code = code;
    va_start(args, format);
    error->message = apr_pvsprintf(pool, format, args);
    va_end(args);
    return error;
}

cm_error_t *cm_error_locate(cm_error_t *error, const char *field, const char *rule)
{
    error->field = field;
    error->rule = rule;
    return error;
}

cm_error_t *cm_error_advise(cm_error_t *error, const char *hint)
{
    error->hint = hint;
    return error;
}

cm_error_t *cm_error_explain(apr_pool_t *pool, cm_error_t *error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    error->log_detail = apr_pvsprintf(pool, format, args);
    va_end(args);
    return error;
}

cm_error_t *cm_error_wrap(cm_error_t *error, const cm_error_t *cause)
{
    error->cause = cause;
    return error;
}

cm_error_t *cm_error_join(cm_error_t *first, cm_error_t *more)
{
    cm_error_t *last = first;

    if (!first) {
        return more;
    }
    for (int count = 1; last->also; count++) {
        if (count == CM_ERROR_JOINED) {
            return first;
        }
        last = last->also;
    }
    last->also = more;
    return first;
}

cm_error_t *cm_error_apr(apr_pool_t *pool, cm_code_t code, const char *message, apr_status_t status)
{
    char text[200];

    return cm_error_explain(pool, cm_error_make(pool, code, "%s", message), "%s",
                            apr_strerror(status, text, sizeof text));
}

cm_error_t *cm_error_openssl(apr_pool_t *pool, cm_code_t code, const char *message)
{
    cm_error_t *error = cm_error_make(pool, code, "%s", message);
    const char *data;
    unsigned long number;
    int flags;

    while ((number = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        char text[256];

        ERR_error_string_n(number, text, sizeof text);
        error->log_detail = apr_pstrcat(
            pool, error->log_detail ? error->log_detail : "", error->log_detail ? "; " : "", text,
            (flags & ERR_TXT_STRING) ? ": " : "", (flags & ERR_TXT_STRING) ? data : "", NULL);
    }
    return error;
}

const char *cm_error_text(const cm_error_t *error, apr_pool_t *pool)
{
    const char *text = "";

    for (const cm_error_t *e = error; e; e = e->cause) {
        text = apr_pstrcat(pool, text, *text ? " < " : "", e->message, e->rule ? " [" : "",
                           e->rule ? e->rule : "", e->rule ? "]" : "", e->log_detail ? " (" : "",
                           e->log_detail ? e->log_detail : "", e->log_detail ? ")" : "", NULL);
    }
    if (error && error->also) {
        text = apr_pstrcat(pool, text, "; ", cm_error_text(error->also, pool), NULL);
    }
    return cm_text_escape(text, pool);
}
