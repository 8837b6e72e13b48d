/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of certmgrctl: one table that drives dispatch, help, the manual page and its check.
 *
 * A command gets a run: its words are parsed, and what it needs (configuration, database, tokens)
 * is open. It prints its result to standard output, and returns an error for all else; the error's
 * code decides the exit status (cm_exit_status).
 */
#ifndef CERTMGR_CTL_COMMAND_H
#define CERTMGR_CTL_COMMAND_H

#include <apr_tables.h>

#include "base/context.h"
#include "policy/config.h"

enum {
    CM_EXIT_DONE = 0,
    CM_EXIT_REFUSED = 1,     /* refused or failed */
    CM_EXIT_USAGE = 2,       /* the command line is wrong */
    CM_EXIT_UNREACHABLE = 3, /* token or database */
    CM_EXIT_INTEGRITY = 4    /* stored data are not as they were written */
};

/* What is opened before a command runs (bits). */
enum {
    CM_OPEN_CONFIG = 1,
    CM_OPEN_STORE = 2, /* the database, which may be empty */
    CM_OPEN_CHECK = 4, /* it must be reachable, with a schema we can work with */
    CM_OPEN_KEYS = 8,  /* the PINs are read; a token is reached when its first key is used */

    CM_NEEDS_NOTHING = 0,
    CM_NEEDS_CONFIG = CM_OPEN_CONFIG,
    CM_NEEDS_STORE = CM_OPEN_CONFIG | CM_OPEN_STORE,
    CM_NEEDS_DATABASE = CM_OPEN_CONFIG | CM_OPEN_STORE | CM_OPEN_CHECK,
    CM_NEEDS_SETUP = CM_OPEN_CONFIG | CM_OPEN_STORE | CM_OPEN_KEYS,
    CM_NEEDS_ALL = CM_OPEN_CONFIG | CM_OPEN_STORE | CM_OPEN_CHECK | CM_OPEN_KEYS
};

typedef struct cm_command_t cm_command_t;

typedef struct {
    apr_pool_t *pool;
    const cm_command_t *command;
    const char *conf;         /* httpd's configuration file (-f) */
    int json;                 /* --json */
    int yes;                  /* --yes */
    apr_array_header_t *args; /* of const char *: words after the command */
    apr_table_t *options;     /* "mail" -> value; an option given twice is there twice */
    cm_config_t *config;      /* from here on: what the command needs, else NULL */
    cm_ctx_t *ctx;
} cm_run_t;

typedef struct {
    const char *name;  /* without dashes; NULL ends the list */
    const char *value; /* name of its value in the help, or NULL for a flag */
    const char *about;
} cm_option_t;

struct cm_command_t {
    const char *words;          /* "ca show"; NULL ends the table */
    const char *arguments;      /* "NAME", "[NAME]", "ID ROLE", "FILE...", or "" */
    const cm_option_t *options; /* or NULL */
    int needs;                  /* CM_NEEDS_... */
    cm_error_t *(*run)(cm_run_t *run);
    const char *summary; /* one line */
    const char *help;    /* paragraphs, separated by an empty line */
};

const cm_command_t *cm_commands(void);

/* The n-th argument, or NULL. */
const char *cm_run_argument(const cm_run_t *run, int n);

/* The value of an option, or NULL; "" for a flag that was given. */
const char *cm_run_option(const cm_run_t *run, const char *name);

/* All values of an option; array of const char *. */
apr_array_header_t *cm_run_options(const cm_run_t *run, const char *name);

/* Ask "QUESTION [yes/no]" unless --yes was given; anything but "yes" is CM_E_REFUSED. */
cm_error_t *cm_run_confirm(const cm_run_t *run, const char *question);

/* The content of a file, at most 16 MiB; "-" is standard input. CM_E_NOT_FOUND, CM_E_VALUE. The
 * bytes are followed by a NUL that is not counted. */
cm_error_t *cm_run_file(cm_bytes_t *content, const cm_run_t *run, const char *path);

/* Parse the command line into the run. *help is set when --help was asked for. An error here is a
 * mistake in usage. */
cm_error_t *cm_run_parse(cm_run_t *run, int *help, int argc, const char *const *argv);

/* Open what the command needs. */
cm_error_t *cm_run_open(cm_run_t *run);

/* Exit status for an error; NULL is CM_EXIT_DONE. */
int cm_exit_status(const cm_error_t *error);

/* Help for all commands (command NULL) or for one, to standard output. */
void cm_help_print(const cm_command_t *command, apr_pool_t *pool);

/* The commands, one function each; grouped by file. */
cm_error_t *cm_ctl_init(cm_run_t *run);                  /* init.c */
cm_error_t *cm_ctl_db_upgrade(cm_run_t *run);            /* database.c */
cm_error_t *cm_ctl_db_status(cm_run_t *run);             /* database.c */
cm_error_t *cm_ctl_ca_list(cm_run_t *run);               /* authorities.c */
cm_error_t *cm_ctl_ca_show(cm_run_t *run);               /* authorities.c */
cm_error_t *cm_ctl_ca_crl(cm_run_t *run);                /* authorities.c */
cm_error_t *cm_ctl_ca_server_certificate(cm_run_t *run); /* authorities.c */
cm_error_t *cm_ctl_ca_csr(cm_run_t *run);                /* outside.c */
cm_error_t *cm_ctl_ca_import(cm_run_t *run);             /* outside.c */
cm_error_t *cm_ctl_certificate_list(cm_run_t *run);      /* certificates.c */
cm_error_t *cm_ctl_certificate_show(cm_run_t *run);      /* certificates.c */
cm_error_t *cm_ctl_crl_publish(cm_run_t *run);           /* authorities.c */
cm_error_t *cm_ctl_profile_list(cm_run_t *run);          /* profiles.c */
cm_error_t *cm_ctl_profile_show(cm_run_t *run);          /* profiles.c */
cm_error_t *cm_ctl_profile_export(cm_run_t *run);        /* profiles.c */
cm_error_t *cm_ctl_profile_diff(cm_run_t *run);          /* profiles.c */
cm_error_t *cm_ctl_profile_check(cm_run_t *run);         /* profiles.c */
cm_error_t *cm_ctl_profile_import(cm_run_t *run);        /* profiles.c */
cm_error_t *cm_ctl_person_add(cm_run_t *run);            /* people.c */
cm_error_t *cm_ctl_person_list(cm_run_t *run);           /* people.c */
cm_error_t *cm_ctl_person_role_add(cm_run_t *run);       /* people.c */
cm_error_t *cm_ctl_person_role_remove(cm_run_t *run);    /* people.c */
cm_error_t *cm_ctl_person_login_add(cm_run_t *run);      /* people.c */
cm_error_t *cm_ctl_person_login_remove(cm_run_t *run);   /* people.c */
cm_error_t *cm_ctl_person_login_list(cm_run_t *run);     /* people.c */
cm_error_t *cm_ctl_person_certificate(cm_run_t *run);    /* requests.c */
cm_error_t *cm_ctl_group_change(cm_run_t *run);          /* groups.c */
cm_error_t *cm_ctl_group_list(cm_run_t *run);            /* groups.c */
cm_error_t *cm_ctl_group_show(cm_run_t *run);            /* groups.c */
cm_error_t *cm_ctl_key_compromised(cm_run_t *run);       /* keys.c */
cm_error_t *cm_ctl_audit_verify(cm_run_t *run);          /* audit.c */
cm_error_t *cm_ctl_audit_head(cm_run_t *run);            /* audit.c */
cm_error_t *cm_ctl_audit_list(cm_run_t *run);            /* events.c */
cm_error_t *cm_ctl_audit_export(cm_run_t *run);          /* events.c */
cm_error_t *cm_ctl_audit_refusals(cm_run_t *run);        /* events.c */
cm_error_t *cm_ctl_jobs_list(cm_run_t *run);             /* jobs.c */
cm_error_t *cm_ctl_jobs_run(cm_run_t *run);              /* jobs.c */
cm_error_t *cm_ctl_token_list(cm_run_t *run);            /* tokens.c */
cm_error_t *cm_ctl_routes(cm_run_t *run);                /* tables.c */
cm_error_t *cm_ctl_lifecycle(cm_run_t *run);             /* tables.c */
cm_error_t *cm_ctl_directives(cm_run_t *run);            /* tables.c */
cm_error_t *cm_ctl_problems(cm_run_t *run);              /* tables.c */
cm_error_t *cm_ctl_manual(cm_run_t *run);                /* manual.c */

#endif
