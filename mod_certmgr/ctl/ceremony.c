/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/ceremony.h"

#include <apr_file_io.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "base/text.h"
#include "ctl/output.h"
#include "keys/key.h"
#include "keys/keyring.h"
#include "pki/cert.h"
#include "store/authorities.h"

struct cm_ceremony_t {
    const cm_run_t *run;
    const char *path;
    apr_file_t *file; /* NULL until it is opened */
};

static const char *default_path(const cm_run_t *run)
{
    const char *heads = run->config->audit_heads;
    const char *slash = heads ? strrchr(heads, '/') : NULL;
    const char *folder =
        slash ? apr_pstrmemdup(run->pool, heads, (apr_size_t)(slash - heads)) : ".";
    apr_time_exp_t at;
    char stamp[32];
    apr_size_t len;

    apr_time_exp_gmt(&at, run->ctx->now);
    apr_strftime(stamp, &len, sizeof(stamp), "%Y%m%dT%H%M%SZ", &at);
    return apr_psprintf(run->pool, "%s/certmgr-ceremony-%s.log", folder, stamp);
}

cm_error_t *cm_ceremony_begin(cm_ceremony_t **ceremony, const cm_run_t *run, const char *path)
{
    apr_finfo_t info;

    *ceremony = apr_pcalloc(run->pool, sizeof(**ceremony));
    (*ceremony)->run = run;
    (*ceremony)->path = path ? path : default_path(run);
    if (apr_stat(&info, (*ceremony)->path, APR_FINFO_TYPE, run->pool) == APR_SUCCESS) {
        return cm_error_make(run->pool, CM_E_CONFLICT, "%s is there already", (*ceremony)->path);
    }
    return NULL;
}

cm_error_t *cm_ceremony_open(cm_ceremony_t *c)
{
    apr_pool_t *pool = c->run->pool;
    char host[APRMAXHOSTLEN + 1] = "unknown";
    apr_status_t status = apr_file_open(&c->file, c->path, APR_WRITE | APR_CREATE | APR_EXCL,
                                        APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_GREAD, pool);

    if (status != APR_SUCCESS) {
        return cm_error_advise(cm_error_apr(pool, CM_E_REFUSED,
                                            apr_pstrcat(pool, c->path, " can't be written", NULL),
                                            status),
                               "--log names another file");
    }
    apr_gethostname(host, sizeof(host), pool);
    apr_file_printf(c->file, "mod_certmgr ceremony\ntime %s\nwho %s\nhost %s\nconfiguration %s\n",
                    cm_text_time(c->run->ctx->now, pool), c->run->ctx->address, host, c->run->conf);
    return NULL;
}

/* A line of the record, on disk before the next step begins. */
static cm_error_t *note(cm_ceremony_t *c, const char *line)
{
    apr_pool_t *pool = c->run->pool;
    apr_status_t status;

    line = apr_pstrcat(pool, cm_text_escape(line, pool), "\n", NULL);
    status = apr_file_write_full(c->file, line, strlen(line), NULL);
    if (status == APR_SUCCESS) {
        status = apr_file_sync(c->file);
    }
    return status == APR_SUCCESS
               ? NULL
               : cm_error_apr(pool, CM_E_REFUSED, "the record of the ceremony can't be written",
                              status);
}

static cm_error_t *show(cm_ceremony_t *ceremony, const char *what, const char *result)
{
    apr_pool_t *pool = ceremony->run->pool;

    cm_output_step(ceremony->run, what, result);
    return note(ceremony, apr_psprintf(pool, "%s step %s: %s", cm_text_time(apr_time_now(), pool),
                                       what, result));
}

cm_error_t *cm_ceremony_step(cm_ceremony_t *ceremony, const char *what, cm_step_t step)
{
    static const char *const results[] = {"was there", "made", "asked for"};

    return show(ceremony, what, results[step]);
}

cm_error_t *cm_ceremony_leave(cm_ceremony_t *ceremony, const char *what, const char *why)
{
    return show(ceremony, what, apr_pstrcat(ceremony->run->pool, "left out, ", why, NULL));
}

cm_error_t *cm_ceremony_key(cm_ceremony_t *ceremony, const char *uri)
{
    apr_pool_t *pool = ceremony->run->pool;
    cm_key_t *key;
    cm_error_t *error = cm_keyring_find(&key, ceremony->run->ctx->keys, uri, pool);

    if (error) {
        return error;
    }
    return note(ceremony,
                apr_psprintf(pool, "key %s %s sha256 %s", uri, cm_key_algorithm(key),
                             cm_bytes_hex(cm_bytes_sha256(cm_key_spki(key), pool), pool)));
}

cm_error_t *cm_ceremony_authority(cm_ceremony_t *ceremony, const char *name)
{
    apr_pool_t *pool = ceremony->run->pool;
    cm_authority_t *authority;
    cm_cert_t *cert;
    cm_error_t *error = cm_authority_read(&authority, ceremony->run->ctx->store, name, pool);

    if (!error) {
        error = cm_cert_parse(&cert, authority->der, pool);
    }
    if (!error) {
        error =
            note(ceremony, apr_psprintf(pool, "certificate %s \"%s\" serial %s until %s sha256 %s",
                                        name, cert->subject_text, cert->serial_hex,
                                        cm_text_time(cert->not_after, pool), cert->sha256));
    }
    if (!error) {
        error = cm_ceremony_key(ceremony, authority->key);
    }
    if (!error && authority->ocsp_key) {
        error = cm_ceremony_key(ceremony, authority->ocsp_key);
    }
    return error;
}

const char *cm_ceremony_path(const cm_ceremony_t *ceremony)
{
    return ceremony->path;
}
