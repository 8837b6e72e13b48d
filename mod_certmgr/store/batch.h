/* SPDX-License-Identifier: Apache-2.0
 *
 * Writers that wait for the same turn go together. Whoever comes first waits for the turn on behalf
 * of all who come meanwhile, runs what all of them want while they sleep, and commits once.
 */
#ifndef CERTMGR_STORE_BATCH_H
#define CERTMGR_STORE_BATCH_H

#include "store/turn.h"

typedef struct cm_batch_t cm_batch_t;

/* One writer, on its own stack. */
typedef struct cm_member_t cm_member_t;
struct cm_member_t {
    cm_member_t *next; /* of those that go together; NULL ends the list */
    void *self;        /* the writer's own */
    int state;         /* of batch.c */
};

cm_error_t *cm_batch_make(cm_batch_t **batch, cm_turn_t *turn, apr_pool_t *pool);

/* *members is the list of those to be run, oneself among them, in the order they came: the turn is
 * ours until cm_batch_finish. NULL: somebody else has run it and finished. CM_E_BUSY when neither
 * has begun by `deadline`; then nobody will. */
cm_error_t *cm_batch_join(cm_member_t **members, cm_batch_t *batch, cm_member_t *member,
                          apr_time_t deadline, apr_pool_t *pool);

/* Gives the turn and wakes the others, who return to their callers: not before all is durable. */
void cm_batch_finish(cm_batch_t *batch, cm_member_t *members);

/* How many wait now. */
int cm_batch_waiting(cm_batch_t *batch);

#endif
