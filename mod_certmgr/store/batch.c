/* SPDX-License-Identifier: Apache-2.0 */
#include "store/batch.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>

enum { WAITING, TAKEN, DONE };

struct cm_batch_t {
    cm_turn_t *turn;
    apr_thread_mutex_t *mutex; /* of all below, and of the members' states */
    apr_thread_cond_t *changed;
    cm_member_t *first; /* those that wait */
    cm_member_t **end;
    int is_led; /* one of them waits for the turn */
};

cm_error_t *cm_batch_make(cm_batch_t **batch, cm_turn_t *turn, apr_pool_t *pool)
{
    cm_batch_t *made = apr_pcalloc(pool, sizeof *made);
    apr_status_t status = apr_thread_mutex_create(&made->mutex, APR_THREAD_MUTEX_DEFAULT, pool);

    if (status == APR_SUCCESS) {
        status = apr_thread_cond_create(&made->changed, pool);
    }
    if (status != APR_SUCCESS) {
        return cm_error_apr(pool, CM_E_INTERNAL, "no lock for writers", status);
    }
    made->turn = turn;
    made->end = &made->first;
    *batch = made;
    return NULL;
}

static void append(cm_batch_t *batch, cm_member_t *member)
{
    member->next = NULL;
    member->state = WAITING;
    *batch->end = member;
    batch->end = &member->next;
}

static void withdraw(cm_batch_t *batch, const cm_member_t *member)
{
    cm_member_t **at = &batch->first;

    while (*at != member) {
        at = &(*at)->next;
    }
    *at = member->next;
    if (!member->next) {
        batch->end = at;
    }
}

static cm_member_t *take_all(cm_batch_t *batch)
{
    cm_member_t *members = batch->first;

    for (cm_member_t *member = members; member; member = member->next) {
        member->state = TAKEN;
    }
    batch->first = NULL;
    batch->end = &batch->first;
    return members;
}

/* With the mutex held: until somebody has run it, or nobody leads, or it is too late. */
static void follow(cm_batch_t *batch, const cm_member_t *member, apr_time_t deadline)
{
    apr_interval_time_t left;

    while (member->state == WAITING && batch->is_led && (left = deadline - apr_time_now()) > 0) {
        apr_thread_cond_timedwait(batch->changed, batch->mutex, left);
    }
    while (member->state == TAKEN) {
        apr_thread_cond_wait(batch->changed, batch->mutex);
    }
}

/* With the mutex held, but not while waiting: others join meanwhile. */
static cm_error_t *lead(cm_batch_t *batch, apr_time_t deadline, apr_pool_t *pool)
{
    cm_error_t *error;

    batch->is_led = 1;
    apr_thread_mutex_unlock(batch->mutex);
    error = cm_turn_take(batch->turn, deadline, pool);
    apr_thread_mutex_lock(batch->mutex);
    batch->is_led = 0;
    return error;
}

cm_error_t *cm_batch_join(cm_member_t **members, cm_batch_t *batch, cm_member_t *member,
                          apr_time_t deadline, apr_pool_t *pool)
{
    cm_error_t *error = NULL;

    *members = NULL;
    apr_thread_mutex_lock(batch->mutex);
    append(batch, member);
    follow(batch, member, deadline);
    if (member->state == WAITING) {
        error = batch->is_led ? cm_error_make(pool, CM_E_BUSY,
                                              "too many writers are waiting for the database")
                              : lead(batch, deadline, pool);
        if (error) {
            withdraw(batch, member);
            apr_thread_cond_broadcast(batch->changed); /* another one leads */
        } else {
            *members = take_all(batch);
        }
    }
    apr_thread_mutex_unlock(batch->mutex);
    return error;
}

void cm_batch_finish(cm_batch_t *batch, cm_member_t *members)
{
    cm_turn_give(batch->turn);
    apr_thread_mutex_lock(batch->mutex);
    for (cm_member_t *member = members; member; member = member->next) {
        member->state = DONE;
    }
    apr_thread_cond_broadcast(batch->changed);
    apr_thread_mutex_unlock(batch->mutex);
}

int cm_batch_waiting(cm_batch_t *batch)
{
    int count = 0;

    apr_thread_mutex_lock(batch->mutex);
    for (const cm_member_t *member = batch->first; member; member = member->next) {
        count++;
    }
    apr_thread_mutex_unlock(batch->mutex);
    return count;
}
