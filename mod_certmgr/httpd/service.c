/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/module.h"

#include <apr_file_io.h>
#include <apr_network_io.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_log.h>
#include <unistd.h>
#include <unixd.h>

APLOG_USE_MODULE(certmgr);

static cm_server_t *server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &certmgr_module);
}

/* The one server with our directives. Virtual hosts without any share the record of the main
 * server. */
static cm_error_t *find_server(server_rec **found, int *used, server_rec *main_server,
                               apr_pool_t *pool)
{
    *found = main_server;
    *used = 0;
    for (server_rec *s = main_server; s; s = s->next) {
        const cm_server_t *server = server_of(s);
        int has_lines = server->lines->nelts > 0;

        *used |= has_lines || server->mounted;
        if (has_lines && server_of(*found)->lines->nelts > 0 && server_of(*found) != server) {
            return cm_error_make(pool, CM_E_CONFIG,
                                 "CertMgr directives stand in two servers (%s:%d and %s:%d): keep "
                                 "them in the main server, or in one virtual host",
                                 APR_ARRAY_IDX(server_of(*found)->lines, 0, cm_line_t).file,
                                 APR_ARRAY_IDX(server_of(*found)->lines, 0, cm_line_t).number,
                                 APR_ARRAY_IDX(server->lines, 0, cm_line_t).file,
                                 APR_ARRAY_IDX(server->lines, 0, cm_line_t).number);
        }
        if (has_lines && server_of(*found) != server) {
            *found = s;
        }
    }
    return NULL;
}

static cm_error_t *apply_lines(cm_config_t *config, cm_claims_t *claims,
                               const apr_array_header_t *lines, apr_pool_t *pool)
{
    for (int i = 0; i < lines->nelts; i++) {
        const cm_line_t *line = &APR_ARRAY_IDX(lines, i, cm_line_t);
        cm_error_t *error = cm_config_set(config, line->name, line->count, line->words, pool);

        if (!error) {
            error = cm_claims_read(claims, config, line, pool);
        }
        if (error) {
            error->message =
                apr_psprintf(pool, "%s:%d: %s", line->file, line->number, error->message);
            return error;
        }
    }
    return NULL;
}

static cm_error_t *check_database(const cm_config_t *config, apr_pool_t *pool)
{
    if (config->driver && config->params) {
        return NULL;
    }
    return cm_error_make(pool, CM_E_CONFIG,
                         "%s is missing: mod_dbd provides the database of the certificate manager",
                         config->driver ? "DBDParams" : "DBDriver");
}

cm_error_t *cm_service_make(cm_service_t **service, server_rec *main_server, apr_pool_t *pool)
{
    cm_claims_t *claims = cm_claims_make(pool);
    cm_config_t *config;
    cm_error_t *error;
    server_rec *server;
    int used;

    *service = NULL;
    error = find_server(&server, &used, main_server, pool);
    if (!used) {
        return error;
    }
    *service = apr_pcalloc(pool, sizeof **service);
    (*service)->server = server;
    if (!error) {
        error = cm_config_make(&config, pool);
    }
    if (!error) {
        (*service)->config = config;
        (*service)->claims = claims;
        error = apply_lines(config, claims, server_of(server)->lines, pool);
    }
    if (!error) {
        cm_conftree_database(&config->driver, &config->params, server, pool);
        error = cm_error_join(cm_config_check(config, pool), check_database(config, pool));
    }
    if (!error && !config->crl_directory) {
        config->crl_directory = ap_runtime_dir_relative(pool, "certmgr-crl");
    }
    (*service)->error = error;
    return error;
}

cm_error_t *cm_service_make_folder(const cm_service_t *service, apr_pool_t *pool)
{
    const char *path = service->config->crl_directory;
    apr_status_t status = apr_dir_make(path, APR_FPROT_OS_DEFAULT, pool);

    if (status == APR_SUCCESS && geteuid() == 0 &&
        chown(path, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        status = errno;
    }
    if (status == APR_SUCCESS || APR_STATUS_IS_EEXIST(status)) {
        return NULL;
    }
    return cm_error_apr(
        pool, CM_E_CONFIG,
        apr_psprintf(pool, "the folder for CRLs can't be made (CertMgrCRLDirectory): %s", path),
        status);
}

cm_error_t *cm_service_read_secrets(cm_service_t *service, apr_pool_t *pool)
{
    cm_config_environment(service->config, pool);
    return cm_config_tokens(&service->tokens, service->config, pool);
}

/* Lives as long as httpd, so that a reload begins with all answers, and so that children of before
 * and after it see the same revocations. */
typedef struct {
    cm_ready_t *ready;
    apr_pool_t *pool;
    char *wanted; /* what it was made for */
} shared_t;

static const char *describe_table(const cm_config_t *config, apr_pool_t *pool)
{
    return apr_psprintf(pool, "%d %" APR_INT64_T_FMT " %s %s", CM_READY_LAYOUT,
                        config->ocsp_answers, config->driver, config->params);
}

static cm_error_t *make_table(shared_t *shared, const cm_config_t *config)
{
    apr_shm_t *memory;
    apr_status_t status =
        apr_shm_create(&memory, cm_ready_size(config->ocsp_answers), NULL, shared->pool);

    if (status != APR_SUCCESS) {
        return cm_error_apr(shared->pool, CM_E_CONFIG, "no shared memory for OCSP answers", status);
    }
    return cm_ready_make(&shared->ready, apr_shm_baseaddr_get(memory), config->ocsp_answers,
                         shared->pool);
}

cm_error_t *cm_service_share(cm_service_t *service, server_rec *s)
{
    static const char key[] = "certmgr-ready";
    shared_t *shared = ap_retained_data_get(key);
    const char *wanted = describe_table(service->config, s->process->pconf);
    cm_error_t *error = NULL;

    if (!shared) {
        shared = ap_retained_data_create(key, sizeof *shared);
    }
    if (shared->pool && strcmp(shared->wanted, wanted) != 0) {
        apr_pool_destroy(shared->pool); /* children that run keep it until they end */
        *shared = (shared_t){.ready = NULL};
    }
    if (!shared->pool && service->config->ocsp_answers) {
        apr_pool_create(&shared->pool, s->process->pool);
        shared->wanted = apr_pstrdup(shared->pool, wanted);
        error = make_table(shared, service->config);
    }
    service->ready = error ? NULL : shared->ready;
    return error;
}

static const char *make_holder(const cm_host_t *host, apr_pool_t *pool)
{
    char name[APRMAXHOSTLEN + 1];
    unsigned char bytes[8];

    if (apr_gethostname(name, sizeof name, pool) != APR_SUCCESS) {
        apr_cpystrn(name, "unknown", sizeof name);
    }
    host->random(host, bytes, sizeof bytes);
    return apr_psprintf(pool, "%s/%" APR_PID_T_FMT "/%s", name, getpid(),
                        cm_bytes_hex(cm_bytes_make(bytes, sizeof bytes), pool));
}

void cm_service_start(cm_service_t *service, apr_pool_t *pchild)
{
    const cm_config_t *config = service->config;
    cm_store_config_t *store = apr_pcalloc(pchild, sizeof *store);
    cm_error_t *error =
        cm_keyring_make(&service->keys, (const cm_token_config_t *)(void *)service->tokens->elts,
                        service->tokens->nelts, pchild);

    if (!error) {
        store->driver = config->driver;
        store->params = config->params;
        store->deadline = apr_time_from_sec(config->database_deadline);
        error = cm_store_make(&service->store,
                              cm_database_source(service->server, config->params, pchild), store,
                              pchild);
    }
    service->holder = make_holder(cm_host_of_server(service->server, pchild), pchild);
    if (!error) {
        error = cm_strangers_make(&service->strangers, service->holder, pchild);
    }
    if (!error) {
        error = cm_rules_make(&service->rules, pchild);
    }
    if (error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, service->server, "%s", cm_error_text(error, pchild));
    }
    service->error = error;
}
