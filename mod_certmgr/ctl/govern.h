/* SPDX-License-Identifier: Apache-2.0
 *
 * What commands share that ask for something which people may have to approve.
 */
#ifndef CERTMGR_CTL_GOVERN_H
#define CERTMGR_CTL_GOVERN_H

#include "base/json.h"
#include "ctl/command.h"
#include "flow/requests.h"

/* In the options of each such command. */
#define CM_BREAK_GLASS                                                                             \
    {                                                                                              \
        "break-glass", "REASON",                                                                   \
            "do it at once, whoever would have to approve it; recorded, and shown to "             \
            "administrators"                                                                       \
    }

/* The reason given, or NULL. CM_E_VALUE for an empty one. */
cm_error_t *cm_break_glass_reason(const char **reason, const cm_run_t *run);

/* Ask for a governed change (flow/change.h). *view is NULL when it waits, and the command has said
 * so. */
cm_error_t *cm_ctl_change(cm_request_view_t **view, cm_run_t *run, const char *kind,
                          const json_t *change);

/* Set members of a change from options that were given; "crl-validity" is the member crl_validity.
 * NULL ends the names. */
void cm_options_set(json_t *change, const cm_run_t *run, const char *const *names);

/* A request as certmgrctl shows it. */
json_t *cm_request_object(const cm_request_t *request, apr_pool_t *pool);

/* Say that a request waits, and for what. */
void cm_say_it_waits(const cm_run_t *run, const cm_request_t *request);

/* More commands. */
cm_error_t *cm_ctl_ca_revoke(cm_run_t *run);         /* authorities.c */
cm_error_t *cm_ctl_person_activate(cm_run_t *run);   /* people.c */
cm_error_t *cm_ctl_person_deactivate(cm_run_t *run); /* people.c */
cm_error_t *cm_ctl_issue(cm_run_t *run);             /* requests.c */
cm_error_t *cm_ctl_revoke(cm_run_t *run);            /* requests.c */
cm_error_t *cm_ctl_request_list(cm_run_t *run);      /* requests.c */
cm_error_t *cm_ctl_request_show(cm_run_t *run);      /* requests.c */

#endif
