/* SPDX-License-Identifier: Apache-2.0
 *
 * Refusals of strangers: callers that are nobody we know. They are counted by rule and hour and not
 * recorded one by one, so that nobody can make us write. A process counts in memory; every few
 * seconds it writes what has changed, one small row a rule. When an hour is over, a job makes its
 * counts an event of the audit log, "stranger.refuse", which is sealed as all others are.
 *
 * A count belongs to the hour in which it is written. What a process has not written when it is
 * killed is lost: no more than CM_STRANGERS_FLUSH seconds, unless the database was away.
 */
#ifndef CERTMGR_FLOW_STRANGERS_H
#define CERTMGR_FLOW_STRANGERS_H

#include <apr_tables.h>

#include "base/context.h"
#include "store/strangers.h"

enum { CM_STRANGERS_FLUSH = 3 };

typedef struct cm_strangers_t cm_strangers_t;

/* The counts of this process, which is called `holder` among all processes and nodes. */
cm_error_t *cm_strangers_make(cm_strangers_t **strangers, const char *holder, apr_pool_t *pool);

/* Count one refusal, from any thread; writes nothing. Rules are the program's own words; those past
 * the first few dozen are counted as "other". NULL counts nowhere. */
void cm_stranger_count(cm_strangers_t *strangers, const char *rule);

/* Write what has changed, if anything has; from any thread. */
cm_error_t *cm_strangers_flush(cm_strangers_t *strangers, cm_ctx_t *ctx);

/* Job: make hours that are over events of the audit log. */
cm_error_t *cm_strangers_is_due(int *due, cm_ctx_t *ctx);
cm_error_t *cm_strangers_job(cm_ctx_t *ctx);

#endif
