/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/wait.h"

void cm_wait_init(cm_wait_t *wait)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&wait->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&wait->changed, &attributes);
    pthread_condattr_destroy(&attributes);
}

apr_time_t cm_wait_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return apr_time_from_sec(now.tv_sec) + now.tv_nsec / 1000;
}

void cm_wait_lock(cm_wait_t *wait)
{
    pthread_mutex_lock(&wait->mutex);
}

void cm_wait_unlock(cm_wait_t *wait)
{
    pthread_mutex_unlock(&wait->mutex);
}

void cm_wait_wake(cm_wait_t *wait)
{
    pthread_cond_broadcast(&wait->changed);
}

int cm_wait_until(cm_wait_t *wait, apr_time_t deadline)
{
    struct timespec at = {.tv_sec = apr_time_sec(deadline),
                          .tv_nsec = (long)apr_time_usec(deadline) * 1000};

    return pthread_cond_timedwait(&wait->changed, &wait->mutex, &at) == 0;
}
