/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting with a deadline. A deadline is a time of the monotonic clock: a step of the wall clock
 * neither shortens nor prolongs it. pthread's own primitives, because APR's timed wait is bound to
 * the wall clock.
 */
#ifndef CERTMGR_KEYS_WAIT_H
#define CERTMGR_KEYS_WAIT_H

#include <apr_time.h>
#include <pthread.h>

typedef struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} cm_wait_t;

void cm_wait_init(cm_wait_t *wait);

/* Microseconds of the monotonic clock. */
apr_time_t cm_wait_now(void);

void cm_wait_lock(cm_wait_t *wait);
void cm_wait_unlock(cm_wait_t *wait);

/* Tell all who wait that something changed; the mutex is held. */
void cm_wait_wake(cm_wait_t *wait);

/* Wait, with the mutex held, for a change until `deadline`; false when it has passed. */
int cm_wait_until(cm_wait_t *wait, apr_time_t deadline);

#endif
