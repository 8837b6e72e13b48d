/* SPDX-License-Identifier: Apache-2.0
 *
 * What one piece of work needs to know. A context is made in four places only: an HTTP call, a job,
 * a certmgrctl command, a test. Time and randomness come through it, so that tests can fix them.
 */
#ifndef CERTMGR_BASE_CONTEXT_H
#define CERTMGR_BASE_CONTEXT_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "base/error.h"

typedef enum { CM_LOG_ERROR, CM_LOG_WARNING, CM_LOG_NOTICE, CM_LOG_INFO, CM_LOG_DEBUG } cm_log_t;

/* The host: what the process around us offers (httpd, certmgrctl, a test). */
typedef struct cm_host_t cm_host_t;
struct cm_host_t {
    /* One line, already free of control characters. */
    void (*log)(const cm_host_t *host, cm_log_t level, const char *line);
    apr_time_t (*now)(const cm_host_t *host);
    /* Fill `len` bytes from a CSPRNG; a failure ends the process. */
    void (*random)(const cm_host_t *host, unsigned char *bytes, apr_size_t len);
    void *self;
};

typedef struct cm_ctx_t {
    apr_pool_t *pool;
    apr_time_t now;       /* when the work began; one time for all its records */
    const char *trace_id; /* in every log line and audit event of this work */
    const char *address;  /* of the client; "local:USER" for a command; NULL for a job */
    const struct cm_config_t *config; /* policy/config.h */
    const struct cm_identity_t *who;  /* policy/identity.h; NULL: nobody */
    struct cm_store_t *store;         /* store/store.h */
    struct cm_keyring_t *keys;        /* keys/keyring.h */
    struct cm_strangers_t *strangers; /* flow/strangers.h; NULL: refusals are not counted */
    struct cm_ready_t *ready;         /* flow/ready.h; NULL: no OCSP answer is kept */
    const cm_host_t *host;
} cm_ctx_t;

/* A host with the system's clock and OpenSSL's CSPRNG that logs to standard error. */
const cm_host_t *cm_host_plain(void);

/* Log with the context's trace id. */
void cm_ctx_log(const cm_ctx_t *ctx, cm_log_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Log an error with all that only the log may see. */
void cm_ctx_log_error(const cm_ctx_t *ctx, cm_log_t level, const cm_error_t *error);

/* A new id: 26 characters of Crockford's base32, 48 bits of milliseconds first, so that ids sort by
 * time, then 80 random bits. */
const char *cm_ctx_id(const cm_ctx_t *ctx);

/* `len` random bytes. */
cm_bytes_t cm_ctx_random(const cm_ctx_t *ctx, apr_size_t len);

#endif
