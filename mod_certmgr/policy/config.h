/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands in Apache's configuration. The module and certmgrctl read the same lines through the
 * same table (settings.def).
 */
#ifndef CERTMGR_POLICY_CONFIG_H
#define CERTMGR_POLICY_CONFIG_H

#include <apr_network_io.h>
#include <apr_tables.h>

#include "base/error.h"

typedef struct {
    const char *name, *module, *uri;
    const char *pin; /* source for cm_secret_read, or NULL for a token without log-in */
} cm_config_token_t;

typedef struct {
    const char *name, *value;
} cm_config_pair_t;

/* Who has a role or is in a group; the expressions are Apache's, and parsed by the host. */
typedef struct {
    unsigned role;     /* a bit of cm_role_t, or 0: the group's members */
    const char *group; /* or NULL: the role holds everywhere */
    const char *condition;
} cm_config_claim_t;

/* Which strangers become people, and how they are called then. */
typedef struct {
    const char *name, *mail; /* string expressions; mail may be NULL: none */
    const char *condition;   /* or NULL: always */
} cm_config_registration_t;

typedef struct cm_config_t {
    const char *url;
    const char *public_url;                /* or NULL: as url */
    apr_array_header_t *tokens;            /* of cm_config_token_t */
    apr_array_header_t *token_environment; /* of cm_config_pair_t */
    apr_int64_t token_sessions;
    apr_int64_t token_deadline; /* seconds, as all durations here */
    apr_int64_t database_deadline;
    apr_array_header_t *proxies;       /* of apr_ipsubnet_t *: reverse proxies that are believed */
    apr_array_header_t *role_claims;   /* of cm_config_claim_t */
    apr_array_header_t *memberships;   /* of cm_config_claim_t without a role */
    apr_array_header_t *registrations; /* of cm_config_registration_t, in order */
    const char *audit_key;
    const char *audit_heads;
    const char *weak_keys;
    apr_int64_t audit_interval;
    apr_int64_t request_life; /* 0: without end */
    apr_int64_t crl_gather, crl_validity;
    const char *crl_directory; /* or NULL: the host says, or none is written */
    apr_int64_t ocsp_validity, ocsp_certificate_validity;
    apr_int64_t ocsp_answers;    /* kept ready; 0: none */
    const char *driver, *params; /* DBDriver and DBDParams, which mod_dbd reads too */
} cm_config_t;

typedef enum {
    CM_SETTING_PATH,     /* const char *, absolute */
    CM_SETTING_URL,      /* const char *, http: or https:, no query, no closing slash */
    CM_SETTING_KEY,      /* const char *, a PKCS#11 URI; keys/ reads it */
    CM_SETTING_COUNT,    /* apr_int64_t */
    CM_SETTING_DURATION, /* apr_int64_t, seconds, written as cm_text_duration reads it */
    CM_SETTING_NETWORK,  /* address or address/bits; adds to an array of apr_ipsubnet_t * */
    CM_SETTING_PAIR,     /* two words, a name and its value; adds to an array */
    CM_SETTING_ROLE,     /* role, expression, group=NAME or nothing; adds to an array of claims */
    CM_SETTING_GROUP,    /* name of a group, expression; adds to an array of claims */
    CM_SETTING_REGISTER, /* up to two string expressions and an expression; adds to an array */
    CM_SETTING_TOKEN     /* four words, one more element in an array of cm_config_token_t */
} cm_setting_kind_t;

typedef struct {
    const char *name; /* NULL ends the table */
    cm_setting_kind_t kind;
    apr_size_t offset;    /* of the member in cm_config_t */
    apr_int64_t min, max; /* value; bytes of a text; max: elements of an array */
    const char *initial;  /* as it would be written, "" for none */
    const char *about;
} cm_setting_t;

/* All settings, ended by a NULL name. */
const cm_setting_t *cm_settings(void);

/* A configuration with every default in place. */
cm_error_t *cm_config_make(cm_config_t **config, apr_pool_t *pool);

/* Take one directive with its words; names are compared without case, as httpd does. A directive
 * given again replaces the value, tokens are added. CM_E_CONFIG names the directive, what is wrong
 * and what is accepted; CM_E_NOT_FOUND: there is no such directive. Rules: config.unknown,
 * config.words (how many), config.value, config.token-duplicate. The words are copied. */
cm_error_t *cm_config_set(cm_config_t *config, const char *name, int count,
                          const char *const *words, apr_pool_t *pool);

/* What must be there and is not (CM_E_CONFIG, rule config.missing, all of it joined), once all
 * lines are read: the URL, a token, the audit key. The database is looked for by who opens it. */
cm_error_t *cm_config_check(const cm_config_t *config, apr_pool_t *pool);

/* Whether `peer`, the other end of a connection, is a CertMgrTrustedProxy. */
int cm_config_is_proxy(const cm_config_t *config, apr_sockaddr_t *peer);

/* Set the variables of CertMgrTokenEnvironment, where no other thread runs yet. */
void cm_config_environment(const cm_config_t *config, apr_pool_t *pool);

/* What cm_keyring_make takes, array of cm_token_config_t: the tokens with their PINs read.
 * CM_E_CONFIG when a PIN can't be. */
cm_error_t *cm_config_tokens(apr_array_header_t **tokens, const cm_config_t *config,
                             apr_pool_t *pool);

#endif
