/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors are values. Every fallible function returns cm_error_t *, and NULL means done.
 *
 * An error speaks to two readers. The client gets code, message, field, rule and hint (an RFC 9457
 * problem document); they never hold secrets, file names of the server or other people's data. The
 * log gets log_detail as well: OpenSSL's queue, the database's text, a PKCS#11 return value.
 *
 *     cm_error_t *e = cm_error_make(pool, CM_E_VALUE, "validity is longer than %d days", max);
 *     return cm_error_locate(e, "/validity", "profile.validity");
 *
 * Several violations found in one check are chained with cm_error_join; the first one leads.
 */
#ifndef CERTMGR_BASE_ERROR_H
#define CERTMGR_BASE_ERROR_H

#include <apr_errno.h>
#include <apr_pools.h>

#define CM_ERROR(code, name, status, title, ocsp) code,
typedef enum {
#include "base/errors.def"
    CM_E_COUNT
} cm_code_t;
#undef CM_ERROR

typedef struct cm_error_t cm_error_t;
struct cm_error_t {
    cm_code_t code;
    const char *message;     /* for the client: one sentence, no full stop */
    const char *field;       /* JSON Pointer (RFC 6901) of the offending member, or NULL */
    const char *rule;        /* stable name of the violated rule, "key.rsa-length", or NULL */
    const char *hint;        /* what the client can do about it, or NULL */
    const char *log_detail;  /* for the log only, or NULL */
    const cm_error_t *cause; /* what lies beneath, or NULL */
    cm_error_t *also;        /* the next violation found in the same check, or NULL */
    apr_int32_t retry_after; /* seconds for Retry-After with a 503 or 429; 0: the default */
};

typedef struct {
    cm_code_t code;
    const char *name;  /* tail of the problem type */
    int status;        /* HTTP status */
    const char *title; /* same for every occurrence (RFC 9457 3.1.3) */
    const char *ocsp;  /* OCSPResponseStatus */
} cm_code_info_t;

/* Never NULL for a value of the enumeration. */
const cm_code_info_t *cm_code_info(cm_code_t code);

cm_error_t *cm_error_make(apr_pool_t *pool, cm_code_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The setters return their argument, so that they can be chained; each keeps the pointers given. */
cm_error_t *cm_error_locate(cm_error_t *error, const char *field, const char *rule);
cm_error_t *cm_error_advise(cm_error_t *error, const char *hint);
cm_error_t *cm_error_explain(apr_pool_t *pool, cm_error_t *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
cm_error_t *cm_error_wrap(cm_error_t *error, const cm_error_t *cause);

/* Append `more` to the violations of `first`; either may be NULL. Returns the chain. A chain that
 * is longer than CM_ERROR_JOINED takes no more: a body can hold thousands of mistakes, and a client
 * mends a few at a time. */
enum { CM_ERROR_JOINED = 20 };
cm_error_t *cm_error_join(cm_error_t *first, cm_error_t *more);

/* An error with APR's text for `status` as log_detail. */
cm_error_t *cm_error_apr(apr_pool_t *pool, cm_code_t code, const char *message,
                         apr_status_t status);

/* An error that takes OpenSSL's error queue of this thread as log_detail and empties the queue. */
cm_error_t *cm_error_openssl(apr_pool_t *pool, cm_code_t code, const char *message);

/* One line for a log or a terminal: message, rule, log_detail and causes; control characters are
 * escaped, so that nothing can start a line of its own. */
const char *cm_error_text(const cm_error_t *error, apr_pool_t *pool);

#endif
