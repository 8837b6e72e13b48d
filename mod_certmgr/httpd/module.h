/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the module share.
 *
 * A process has one service: one configuration, one database, one keyring. The CertMgr* directives
 * of the server therefore stand in one place, the main server or one virtual host; any number of
 * <Location>s in any virtual host may mount it. The service is made at the end of each reading of
 * the configuration. When that fails at the first start, httpd does not start; at a reload httpd
 * goes on, and what we serve answers 503 until the configuration is mended.
 */
#ifndef CERTMGR_HTTPD_MODULE_H
#define CERTMGR_HTTPD_MODULE_H

#include <httpd.h>
#include <http_config.h>

#include "base/context.h"
#include "flow/ready.h"
#include "flow/rules.h"
#include "flow/strangers.h"
#include "keys/keyring.h"
#include "policy/config.h"
#include "proto/proto.h"
#include "store/store.h"

/* The one symbol that httpd looks for; the build hides all others. */
extern __attribute__((visibility("default"))) module AP_MODULE_DECLARE_DATA certmgr_module;

/* One directive as it was written. Lines are kept until all are read, because an error told by the
 * directive itself would end httpd at a reload. */
typedef struct {
    const char *name;
    int count;
    const char *const *words;
    const char *file;
    int number;
} cm_line_t;

/* CertMgrRole, CertMgrGroup and CertMgrRegister with their expressions parsed. */
typedef struct cm_claims_t cm_claims_t;

typedef struct {
    const cm_config_t *config;
    const cm_claims_t *claims;
    const cm_error_t *error;    /* why nothing can be served, or NULL */
    server_rec *server;         /* where the directives stand: its database is ours */
    apr_array_header_t *tokens; /* of cm_token_config_t, with their PINs */
    void *counts;               /* the watchdog's own */
    cm_ready_t *ready;          /* OCSP answers of all processes; NULL: none are kept */
    /* made in each child */
    cm_store_t *store;
    cm_keyring_t *keys;
    cm_strangers_t *strangers;
    cm_rules_t *rules;
    const char *holder; /* of leases: unique among processes and nodes */
} cm_service_t;

/* Of a server. */
typedef struct {
    apr_array_header_t *lines; /* of cm_line_t */
    int mounted;               /* a <Location> of this server has CertMgr on */
    cm_service_t *service;     /* the same for all servers; NULL: the module is not used */
} cm_server_t;

/* Of a <Location>. */
typedef struct {
    const char *mount; /* without a closing slash, "" for the root; NULL: not ours */
    int is_set;
} cm_place_t;

extern const command_rec cm_directives[];

/* The service that the lines of all servers ask for; NULL when nobody asks. An error names file and
 * line; then *service is there all the same, with that error in it. No secrets are read yet. */
cm_error_t *cm_service_make(cm_service_t **service, server_rec *main_server, apr_pool_t *pool);

/* Read the PINs: as root, before children exist. */
cm_error_t *cm_service_read_secrets(cm_service_t *service, apr_pool_t *pool);

/* Make the folder for the files of CRLs, unless it is there, for the children's user. */
cm_error_t *cm_service_make_folder(const cm_service_t *service, apr_pool_t *pool);

/* The memory for OCSP answers: before children exist. It outlives reloads that want the same. */
cm_error_t *cm_service_share(cm_service_t *service, server_rec *s);

/* In the child, before its threads: keyring and store, which both wait with their first step until
 * they are needed. What fails is logged and becomes the service's error. */
void cm_service_start(cm_service_t *service, apr_pool_t *pchild);

/* DBDriver and DBDParams as mod_dbd reads them for this server; NULL where there is none. */
void cm_conftree_database(const char **driver, const char **params, const server_rec *server,
                          apr_pool_t *pool);

/* Connections of mod_dbd, of the database of this server. */
const cm_db_source_t *cm_database_source(server_rec *server, const char *params, apr_pool_t *pool);

cm_claims_t *cm_claims_make(apr_pool_t *pool);

/* Parse the expressions that `line` has added to the configuration. CM_E_CONFIG, rule
 * config.expression. */
cm_error_t *cm_claims_read(cm_claims_t *claims, const cm_config_t *config, const cm_line_t *line,
                           apr_pool_t *pool);

/* Let the configuration give roles and groups, and register strangers. */
void cm_claims_attach(cm_evidence_t *evidence, request_rec *r, const cm_service_t *service);

/* What mod_ssl, a trusted proxy and the authentication modules know about the caller. */
void cm_evidence_collect(cm_evidence_t *evidence, request_rec *r, const cm_service_t *service);

/* What work for this request needs; nobody has been identified yet. */
void cm_call_context(cm_ctx_t *ctx, request_rec *r, const cm_service_t *service);

/* "Require certmgr-role": our roles as an authorization provider of httpd. */
void cm_authz_register(apr_pool_t *pool);

/* Serve a request for what is mounted here. */
int cm_call_serve(request_rec *r, const cm_place_t *place, const cm_service_t *service);

/* Before httpd writes an error of its own: have it told as a problem document, and counted when it
 * refuses a stranger. */
void cm_errors_insert(request_rec *r, const cm_service_t *service);
void cm_errors_register(void);

/* Have mod_watchdog run the jobs, each in one process, and write the counts of every process. */
cm_error_t *cm_watchdog_register(cm_service_t *service, apr_pool_t *pool);

/* In the child: have its last counts written when it ends in order. */
void cm_watchdog_start(cm_service_t *service, apr_pool_t *pchild);

/* Hook of mod_status: how the memory for OCSP answers is used. */
int cm_status_show(request_rec *r, int flags, const cm_service_t *service);

/* Logs to the error log of a request, or of a server. */
const cm_host_t *cm_host_of_request(request_rec *r);
const cm_host_t *cm_host_of_server(const server_rec *s, apr_pool_t *pool);

#endif
