/* SPDX-License-Identifier: Apache-2.0
 *
 * Hooks.
 */
#include "httpd/module.h"

#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_status.h>
#include <sys/prctl.h>

APLOG_USE_MODULE(certmgr);

static const char mounted_note[] = "certmgr-mounted";

static void *make_server(apr_pool_t *pool, server_rec *s)
{
    cm_server_t *server = apr_pcalloc(pool, sizeof *server);

    (void)s;
    server->lines = apr_array_make(pool, 8, sizeof(cm_line_t));
    return server;
}

static void *make_place(apr_pool_t *pool, char *path)
{
    (void)path;
    return apr_pcalloc(pool, sizeof(cm_place_t));
}

static void *merge_places(apr_pool_t *pool, void *outer, void *inner)
{
    const cm_place_t *place = inner;

    (void)pool;
    return place->is_set ? inner : outer;
}

static cm_server_t *server_of(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &certmgr_module);
}

static const cm_place_t *place_of(const request_rec *r)
{
    const cm_place_t *place = ap_get_module_config(r->per_dir_config, &certmgr_module);

    return place && place->mount ? place : NULL;
}

/* Generation 1 is the first start (0 its trial run); from then on others are being served. */
static int is_reload(void)
{
    return ap_state_query(AP_SQ_CONFIG_GEN) > 1;
}

static int report(const cm_error_t *error, apr_pool_t *pool, const server_rec *s)
{
    ap_log_error(APLOG_MARK, is_reload() ? APLOG_ERR : APLOG_EMERG, 0, s, "%s",
                 cm_error_text(error, pool));
    return is_reload() ? OK : HTTP_INTERNAL_SERVER_ERROR;
}

static int check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    cm_service_t *service;
    cm_error_t *error;

    (void)plog;
    if (is_reload()) {
        return OK; /* post_config says it */
    }
    error = cm_service_make(&service, s, pconf);
    return error ? report(error, ptemp, s) : OK;
}

static int post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    cm_service_t *service;
    cm_error_t *error;

    (void)plog;
    error = cm_service_make(&service, s, pconf);
    if (!error && service) {
        error = cm_service_read_secrets(service, pconf);
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return error ? report(error, ptemp, s) : OK; /* a trial: who starts httpd still looks on */
    }
    if (!error && service) {
        error = cm_service_make_folder(service, ptemp);
    }
    if (!error && service) {
        error = cm_service_share(service, s);
    }
    if (!error && service) {
        error = cm_watchdog_register(service, pconf);
    }
    if (service) {
        service->error = error;
    }
    for (server_rec *one = s; one; one = one->next) {
        server_of(one)->service = service;
    }
    return error ? report(error, ptemp, s) : OK;
}

/* Libraries copy the PIN, so a child must leave no core and let no debugger in. OpenSSL notices the
 * fork by itself and seeds its generator anew. */
static void child_init(apr_pool_t *pchild, server_rec *s)
{
    cm_service_t *service = server_of(s)->service;

    if (!service) {
        return;
    }
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s, "PR_SET_DUMPABLE was refused");
    }
    if (!service->error) {
        cm_service_start(service, pchild);
        cm_watchdog_start(service, pchild);
    }
}

/* httpd decodes a path and answers 404 to an encoded slash, but an OCSP request in the address is
 * base64 with such slashes (RFC 6960 A.1). Whoever wants it reads the path as it was sent. */
static int pre_translate_name(request_rec *r)
{
    const cm_place_t *place = place_of(r);
    apr_size_t len = place ? strlen(place->mount) : 0;

    if (place) { /* httpd forgets the sections again until the path is decoded */
        apr_table_setn(r->notes, mounted_note, "1");
    }
    return place && strncmp(r->uri, place->mount, len) == 0 && cm_dispatch_is_raw(r->uri + len)
               ? DONE
               : DECLINED;
}

/* What is mounted is no file: access rules of the <Location> hold, those of directories do not. The
 * sections are known here and at the end, but not when the storage is looked for. */
static int translate_name(request_rec *r)
{
    const cm_place_t *place = place_of(r);

    if (!place) {
        return DECLINED;
    }
    ap_set_module_config(r->request_config, &certmgr_module, (void *)(apr_uintptr_t)place);
    r->filename = apr_pstrdup(r->pool, "certmgr:");
    return OK;
}

static int map_to_storage(request_rec *r)
{
    return ap_get_module_config(r->request_config, &certmgr_module) ? OK : DECLINED;
}

static int handle(request_rec *r)
{
    const cm_place_t *place = place_of(r);

    return place ? cm_call_serve(r, place, server_of(r->server)->service) : DECLINED;
}

static int show_status(request_rec *r, int flags)
{
    return cm_status_show(r, flags, server_of(r->server)->service);
}

static void insert_error_filter(request_rec *r)
{
    if (place_of(r) || apr_table_get(r->notes, mounted_note)) {
        cm_errors_insert(r, server_of(r->server)->service);
    }
}

static void register_hooks(apr_pool_t *pool)
{
    static const char *const databases[] = {"mod_dbd.c", NULL};
    static const char *const rewriters[] = {"mod_rewrite.c", NULL};
    static const char *const watchdogs[] = {"mod_watchdog.c", NULL};

    cm_authz_register(pool);
    ap_hook_check_config(check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(post_config, databases, watchdogs, APR_HOOK_MIDDLE);
    ap_hook_child_init(child_init, databases, watchdogs, APR_HOOK_MIDDLE);
    ap_hook_pre_translate_name(pre_translate_name, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_translate_name(translate_name, rewriters, NULL, APR_HOOK_FIRST);
    ap_hook_map_to_storage(map_to_storage, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_insert_error_filter(insert_error_filter, NULL, NULL, APR_HOOK_MIDDLE);
    cm_errors_register();
    APR_OPTIONAL_HOOK(ap, status_hook, show_status, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA certmgr_module = {
    STANDARD20_MODULE_STUFF, make_place,     merge_places,        make_server, NULL,
    cm_directives,           register_hooks, AP_MODULE_FLAG_NONE,
};
