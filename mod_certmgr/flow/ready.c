/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ready.h"

#include <apr_strings.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "flow/ready_place.h"

enum { NAME = 64, PATIENCE = 1000, IMPATIENCE = 20 /* milliseconds */ };

typedef struct {
    char name[NAME];
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    int64_t swept, known;
    int64_t raised; /* when `known` went beyond what was committed */
} authority_t;

/* What readers use too is read and written as a whole; all else is for who has the lock. */
typedef struct {
    pthread_mutex_t lock; /* of those who write */
    uint64_t broken;      /* when it could not be had last, microseconds; 0: nobody remembers */
    int64_t began, ended; /* of the last look for revocations */
    uint64_t away;        /* the database was, at the last look */
    uint64_t given, made, dropped;
    uint64_t authorities;
    authority_t authority[CM_READY_AUTHORITIES];
} shared_t;

struct cm_ready_t {
    shared_t *shared;
    cm_place_t *places;
    apr_size_t sets; /* not in the shared memory: no corruption leads outside of it */
};

static cm_error_t *make_lock(pthread_mutex_t *lock, apr_pool_t *pool)
{
    pthread_mutexattr_t attributes;
    int status = pthread_mutexattr_init(&attributes);

    if (!status) {
        status = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    }
    if (!status) {
        status = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (!status) {
        status = pthread_mutex_init(lock, &attributes);
    }
    return status ? cm_error_apr(pool, CM_E_INTERNAL, "no lock for OCSP answers", status) : NULL;
}

enum { HEAD = (sizeof(shared_t) / sizeof(cm_place_t) + 1) * sizeof(cm_place_t) };

static apr_size_t sets_of(apr_int64_t places)
{
    return (apr_size_t)(places + CM_READY_WAYS - 1) / CM_READY_WAYS;
}

apr_size_t cm_ready_size(apr_int64_t places)
{
    return HEAD + sets_of(places) * CM_READY_WAYS * sizeof(cm_place_t);
}

cm_error_t *cm_ready_make(cm_ready_t **ready, void *memory, apr_int64_t places, apr_pool_t *pool)
{
    cm_ready_t *made = apr_pcalloc(pool, sizeof *made);

    made->sets = sets_of(places);
    made->shared = memory;
    made->places = (cm_place_t *)(void *)((char *)memory + HEAD);
    *ready = made;
    return make_lock(&made->shared->lock, pool);
}

static cm_place_t *set_of(const cm_ready_t *ready, cm_bytes_t serial)
{
    return ready->places + (cm_place_key(serial) / 2 % ready->sets) * CM_READY_WAYS;
}

static uint64_t microseconds(struct timespec at)
{
    return (uint64_t)at.tv_sec * APR_USEC_PER_SEC + (uint64_t)at.tv_nsec / 1000;
}

/* With the lock. Whoever could not have it did not drop an answer, nor tell which readings are too
 * old; that long after, there is no such reading any more. */
static void recover(cm_ready_t *ready, uint64_t broken, uint64_t now)
{
    if (now - broken < CM_READY_RAISED * (uint64_t)APR_USEC_PER_SEC) {
        return;
    }
    for (apr_size_t i = 0; i < ready->sets * CM_READY_WAYS; i++) {
        cm_place_clear(&ready->places[i]);
    }
    /* unless it could not be had again */
    __atomic_compare_exchange_n(&ready->shared->broken, &broken, 0, 0, __ATOMIC_SEQ_CST,
                                __ATOMIC_SEQ_CST);
}

static struct timespec later(struct timespec at, int milliseconds)
{
    long nanoseconds = at.tv_nsec + milliseconds % 1000 * 1000000L;

    return (struct timespec){at.tv_sec + milliseconds / 1000 + nanoseconds / 1000000000L,
                             nanoseconds % 1000000000L};
}

/* Who held it may have been killed: the sums tell what is whole. Who can't have it can't drop an
 * answer, so none is given for CM_READY_RAISED seconds. Meanwhile nobody waits for longer than
 * those who have it need: others that come at the same time must not begin the minute anew. */
static int lock(cm_ready_t *ready)
{
    uint64_t broken = CM_PLACE_GET(ready->shared->broken);
    struct timespec now, until;
    int status;

    clock_gettime(CLOCK_MONOTONIC, &now);
    until = later(now, broken ? IMPATIENCE : PATIENCE);
    status = pthread_mutex_clocklock(&ready->shared->lock, CLOCK_MONOTONIC, &until);
    if (status == EOWNERDEAD) {
        status = pthread_mutex_consistent(&ready->shared->lock);
    }
    if (status) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        CM_PLACE_SET(ready->shared->broken, microseconds(now));
    } else if (broken) {
        recover(ready, broken, microseconds(now));
    }
    return status == 0;
}

static void unlock(cm_ready_t *ready)
{
    pthread_mutex_unlock(&ready->shared->lock);
}

static void count(uint64_t *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* With the lock. */
static authority_t *find_authority(const cm_ready_t *ready, const char *ca)
{
    shared_t *shared = ready->shared;

    for (uint64_t i = 0; i < shared->authorities && i < CM_READY_AUTHORITIES; i++) {
        if (strcmp(shared->authority[i].name, ca) == 0) {
            return &shared->authority[i];
        }
    }
    return NULL;
}

static authority_t *add_authority(cm_ready_t *ready, const cm_ready_reading_t *reading)
{
    shared_t *shared = ready->shared;
    authority_t *authority = &shared->authority[shared->authorities % CM_READY_AUTHORITIES];

    if (shared->authorities >= CM_READY_AUTHORITIES || strlen(reading->ca) >= NAME) {
        return NULL;
    }
    apr_cpystrn(authority->name, reading->ca, NAME);
    memcpy(authority->fingerprint, reading->fingerprint.data, sizeof authority->fingerprint);
    authority->swept = authority->known = reading->counter;
    authority->raised = reading->at;
    shared->authorities++;
    return authority;
}

static int is_same(const authority_t *authority, const cm_ready_reading_t *reading)
{
    return cm_bytes_equal(cm_bytes_make(authority->fingerprint, sizeof authority->fingerprint),
                          reading->fingerprint);
}

int cm_ready_find(cm_ready_answer_t *answer, cm_ready_t *ready, const cm_ocsp_id_t *id,
                  apr_time_t now, apr_pool_t *pool)
{
    cm_place_t *set = set_of(ready, id->serial);
    uint64_t key = cm_place_key(id->der), second = (uint64_t)apr_time_sec(now);
    cm_place_content_t content;

    for (int i = 0; i < CM_READY_WAYS && !CM_PLACE_GET(ready->shared->broken); i++) {
        const cm_place_note_t *note = &content.note;

        if (CM_PLACE_GET(set[i].key) != key || !cm_place_read(&content, &set[i]) ||
            !cm_bytes_equal(cm_place_id(&content), id->der) || now < note->this_update ||
            now >= note->next_update) {
            continue;
        }
        if (CM_PLACE_GET(set[i].used) != second) {
            CM_PLACE_SET(set[i].used, second);
        }
        count(&ready->shared->given);
        *answer = (cm_ready_answer_t){
            .der = cm_bytes_copy(cm_bytes_make(content.bytes + note->id_len, note->der_len), pool),
            .sha256 = cm_bytes_copy(cm_bytes_make(note->sha256, sizeof note->sha256), pool),
            .this_update = note->this_update,
            .next_update = note->next_update,
            .modified = note->modified};
        return 1;
    }
    return 0;
}

int cm_ready_is_current(const cm_ready_t *ready, apr_time_t now)
{
    apr_time_t began = CM_PLACE_GET(ready->shared->began);
    int is_under_way =
        began != CM_PLACE_GET(ready->shared->ended) && !CM_PLACE_GET(ready->shared->away);

    return CM_PLACE_GET(ready->shared->away) ||
           (began <= now &&
            now <= began + apr_time_from_sec(is_under_way ? CM_READY_LOOK : CM_READY_BOUND));
}

int cm_ready_claim(cm_ready_t *ready, apr_time_t now)
{
    apr_time_t before = CM_PLACE_GET(ready->shared->began);

    return !cm_ready_is_current(ready, now) &&
           __atomic_compare_exchange_n(&ready->shared->began, &before, now, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

/* With the lock: answers about one certificate from readings below `counter`. */
static void drop(cm_ready_t *ready, const authority_t *authority, cm_bytes_t serial,
                 apr_int64_t counter)
{
    cm_place_t *set = set_of(ready, serial);
    cm_place_content_t content;

    for (int i = 0; i < CM_READY_WAYS; i++) {
        if (cm_place_read(&content, &set[i]) &&
            content.note.authority == authority - ready->shared->authority &&
            content.note.counter < counter && cm_bytes_equal(cm_place_serial(&content), serial)) {
            cm_place_clear(&set[i]);
            count(&ready->shared->dropped);
        }
    }
}

static void drop_all(cm_ready_t *ready, const authority_t *authority)
{
    cm_place_content_t content;

    for (apr_size_t i = 0; i < ready->sets * CM_READY_WAYS; i++) {
        if (cm_place_read(&content, &ready->places[i]) &&
            content.note.authority == authority - ready->shared->authority) {
            cm_place_clear(&ready->places[i]);
            count(&ready->shared->dropped);
        }
    }
}

static void note_counter(authority_t *authority, apr_int64_t counter, apr_time_t at)
{
    if (counter > authority->known) {
        authority->known = counter;
        authority->raised = at;
    }
}

void cm_ready_settle(cm_ready_t *ready, const cm_ready_reading_t *reading, const cm_ocsp_id_t *id)
{
    authority_t *authority;

    if (!lock(ready)) {
        return;
    }
    authority = find_authority(ready, reading->ca);
    if (!authority) {
        authority = add_authority(ready, reading);
    }
    if (authority && reading->counter > authority->swept) {
        drop(ready, authority, id->serial, reading->counter);
    }
    if (authority) {
        note_counter(authority, reading->counter, reading->at);
    }
    unlock(ready);
}

/* With the lock: the place of the same CertID, else one with nothing valid, else the one that was
 * of use longest ago. */
static cm_place_t *choose(const cm_ready_t *ready, const cm_ocsp_id_t *id, apr_time_t now)
{
    cm_place_t *set = set_of(ready, id->serial), *chosen = NULL;
    uint64_t key = cm_place_key(id->der), oldest = UINT64_MAX;
    cm_place_content_t content;

    for (int i = 0; i < CM_READY_WAYS; i++) {
        uint64_t used = 0;

        if (cm_place_read(&content, &set[i]) && content.note.next_update > now) {
            uint64_t made = (uint64_t)apr_time_sec(content.note.this_update);

            used = CM_PLACE_GET(set[i].used) > made ? CM_PLACE_GET(set[i].used) : made;
            if (CM_PLACE_GET(set[i].key) == key && cm_bytes_equal(cm_place_id(&content), id->der)) {
                return &set[i];
            }
        }
        if (used < oldest) {
            oldest = used;
            chosen = &set[i];
        }
    }
    return chosen;
}

void cm_ready_keep(cm_ready_t *ready, const cm_ready_reading_t *reading, const cm_ocsp_id_t *id,
                   const cm_ready_answer_t *answer)
{
    cm_place_content_t content;
    const authority_t *authority;

    if (!cm_place_fill(&content, id, answer) || !lock(ready)) {
        return;
    }
    authority = find_authority(ready, reading->ca);
    if (authority && reading->counter >= authority->known && is_same(authority, reading)) {
        content.note.authority = authority - ready->shared->authority;
        content.note.counter = reading->counter;
        cm_place_write(choose(ready, id, answer->this_update), cm_place_key(id->der), &content);
        count(&ready->shared->made);
    }
    unlock(ready);
}

void cm_ready_change(cm_ready_t *ready, const cm_ready_change_t *change)
{
    /* of an authority that nobody has asked about only what is under way is to be kept out */
    static const unsigned char unknown[SHA256_DIGEST_LENGTH] = {0};
    const cm_ready_reading_t first = {change->ca, cm_bytes_make(unknown, sizeof unknown),
                                      change->sequence, change->at};
    authority_t *authority;

    if (!lock(ready)) {
        return;
    }
    authority = find_authority(ready, change->ca);
    if (authority) {
        drop(ready, authority, change->serial, change->sequence);
        note_counter(authority, change->sequence, change->at);
    } else {
        add_authority(ready, &first);
    }
    unlock(ready);
}

void cm_ready_begin(cm_ready_t *ready, apr_time_t now)
{
    CM_PLACE_SET(ready->shared->began, now);
}

void cm_ready_end(cm_ready_t *ready, apr_time_t now)
{
    CM_PLACE_SET(ready->shared->away, 0);
    CM_PLACE_SET(ready->shared->began, now);
    CM_PLACE_SET(ready->shared->ended, now);
}

void cm_ready_away(cm_ready_t *ready)
{
    CM_PLACE_SET(ready->shared->away, 1);
}

cm_bytes_t cm_ready_fingerprint(cm_bytes_t der, cm_bytes_t ocsp_der, apr_pool_t *pool)
{
    const cm_bytes_t parts[] = {cm_bytes_sha256(der, pool), cm_bytes_sha256(ocsp_der, pool)};

    return cm_bytes_sha256(cm_bytes_concat(parts, 2, pool), pool);
}

/* A change that was announced and never committed. */
static int is_given_up(const authority_t *authority, apr_time_t now)
{
    apr_interval_time_t since = now - authority->raised;

    /* a look that began before the change was announced can't know of it; clocks that were set back
     * by more count as given up */
    return since > apr_time_from_sec(CM_READY_RAISED) ||
           since < -apr_time_from_sec(CM_READY_RAISED);
}

static void forget(cm_ready_t *ready, authority_t *authority, const cm_ready_reading_t *reading)
{
    drop_all(ready, authority);
    memcpy(authority->fingerprint, reading->fingerprint.data, sizeof authority->fingerprint);
    authority->swept = reading->counter;
}

static void meet(cm_ready_t *ready, authority_t *authority, const cm_ready_reading_t *reading)
{
    if (!is_same(authority, reading) || reading->counter < authority->swept) {
        forget(ready, authority, reading);
    }
    if (reading->counter > authority->known ||
        (reading->counter < authority->known && is_given_up(authority, reading->at))) {
        authority->known = reading->counter;
    }
}

void cm_ready_meet(apr_int64_t *swept, cm_ready_t *ready, const cm_ready_reading_t *reading)
{
    authority_t *authority;

    *swept = reading->counter;
    if (!lock(ready)) {
        return;
    }
    authority = find_authority(ready, reading->ca);
    if (authority) {
        meet(ready, authority, reading);
        *swept = authority->swept;
    } else {
        add_authority(ready, reading);
    }
    unlock(ready);
}

void cm_ready_sweep(cm_ready_t *ready, const cm_ready_change_t *change)
{
    authority_t *authority;

    if (!lock(ready)) {
        return;
    }
    authority = find_authority(ready, change->ca);
    if (authority && change->sequence > authority->swept) {
        drop(ready, authority, change->serial, change->sequence);
        authority->swept = change->sequence;
    }
    unlock(ready);
}

void cm_ready_forget(cm_ready_t *ready, const cm_ready_reading_t *reading)
{
    authority_t *authority;

    if (!lock(ready)) {
        return;
    }
    authority = find_authority(ready, reading->ca);
    if (authority) {
        forget(ready, authority, reading);
    }
    unlock(ready);
}

int cm_ready_next_due(cm_bytes_t *id, apr_int64_t *place, const cm_ready_t *ready, apr_time_t now,
                      apr_pool_t *pool)
{
    cm_place_content_t content;

    for (; *place < (apr_int64_t)(ready->sets * CM_READY_WAYS); ++*place) {
        const cm_place_t *here = &ready->places[*place];
        const cm_place_note_t *note = &content.note;

        if (CM_PLACE_GET(here->key) && CM_PLACE_GET(here->used) && cm_place_read(&content, here) &&
            now >= note->next_update - (note->next_update - note->this_update) / 4 &&
            now < note->next_update) {
            *id = cm_bytes_copy(cm_place_id(&content), pool);
            ++*place;
            return 1;
        }
    }
    return 0;
}

void cm_ready_status(cm_ready_status_t *status, const cm_ready_t *ready, apr_time_t now)
{
    const shared_t *shared = ready->shared;
    cm_place_content_t content;

    *status = (cm_ready_status_t){.places = (apr_int64_t)(ready->sets * CM_READY_WAYS),
                                  .given = (apr_int64_t)CM_PLACE_GET(shared->given),
                                  .made = (apr_int64_t)CM_PLACE_GET(shared->made),
                                  .dropped = (apr_int64_t)CM_PLACE_GET(shared->dropped),
                                  .is_broken = CM_PLACE_GET(shared->broken) != 0};
    for (apr_int64_t i = 0; i < status->places; i++) {
        status->kept += cm_place_read(&content, &ready->places[i]) &&
                        content.note.this_update <= now && now < content.note.next_update;
    }
}
