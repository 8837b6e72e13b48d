/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/ready.h"

#include <apr_strings.h>
#include <errno.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { PLACE_WORDS = 384, HEAD_WORDS = 3, NAME = 64, PATIENCE = 1 };

/* Everything in it may be wrong and is checked: nothing here is an address. */
typedef struct {
    int64_t authority, counter;
    int64_t this_update, next_update, modified;
    uint64_t id_len, serial_len, der_len;
    unsigned char sha256[SHA256_DIGEST_LENGTH];
} note_t;

enum {
    NOTE_WORDS = sizeof(note_t) / sizeof(uint64_t),
    ROOM = (PLACE_WORDS - HEAD_WORDS - NOTE_WORDS) * sizeof(uint64_t)
};

/* What is behind the note: CertID, whose last octets are the serial, then the OCSPResponse. */
typedef struct {
    note_t note;
    unsigned char bytes[ROOM];
} content_t;

typedef struct {
    uint64_t key;  /* of the CertID; 0: nothing is kept here */
    uint64_t used; /* when it was given last, seconds; 0: never */
    uint64_t sum;  /* of the content */
    uint64_t words[PLACE_WORDS - HEAD_WORDS];
} place_t;

_Static_assert(sizeof(content_t) == sizeof(((place_t *)0)->words), "a place holds its content");

typedef struct {
    char name[NAME];
    unsigned char fingerprint[SHA256_DIGEST_LENGTH];
    int64_t swept, known;
    int64_t raised; /* when `known` went beyond what was committed */
} authority_t;

/* What readers use too is read and written as a whole; all else is for who has the lock. */
typedef struct {
    pthread_mutex_t lock; /* of those who write */
    uint64_t broken;
    int64_t began, ended; /* of the last look for revocations */
    uint64_t away;        /* the database was, at the last look */
    uint64_t given, made, dropped;
    uint64_t authorities;
    authority_t authority[CM_READY_AUTHORITIES];
} shared_t;

struct cm_ready_t {
    shared_t *shared;
    place_t *places;
    apr_size_t sets; /* not in the shared memory: no corruption leads outside of it */
};

#define GET(place)        __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define SET(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)

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

enum { HEAD = (sizeof(shared_t) / sizeof(place_t) + 1) * sizeof(place_t) };

static apr_size_t sets_of(apr_int64_t places)
{
    return (apr_size_t)(places + CM_READY_WAYS - 1) / CM_READY_WAYS;
}

apr_size_t cm_ready_size(apr_int64_t places)
{
    return HEAD + sets_of(places) * CM_READY_WAYS * sizeof(place_t);
}

cm_error_t *cm_ready_make(cm_ready_t **ready, void *memory, apr_int64_t places, apr_pool_t *pool)
{
    cm_ready_t *made = apr_pcalloc(pool, sizeof *made);

    made->sets = sets_of(places);
    made->shared = memory;
    made->places = (place_t *)(void *)((char *)memory + HEAD);
    *ready = made;
    return make_lock(&made->shared->lock, pool);
}

/* 64-bit FNV-1a, over octets and over words */
static const uint64_t fnv_offset = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

static uint64_t hash(cm_bytes_t bytes)
{
    uint64_t value = fnv_offset;

    for (apr_size_t i = 0; i < bytes.len; i++) {
        value = (value ^ bytes.data[i]) * fnv_prime;
    }
    return value | 1; /* never 0 */
}

static uint64_t sum_of(const uint64_t *words, apr_size_t count)
{
    uint64_t value = fnv_offset;

    for (apr_size_t i = 0; i < count; i++) {
        value = (value ^ words[i]) * fnv_prime;
    }
    return value;
}

static place_t *set_of(const cm_ready_t *ready, cm_bytes_t serial)
{
    return ready->places + (hash(serial) / 2 % ready->sets) * CM_READY_WAYS;
}

static cm_bytes_t id_of(const content_t *content)
{
    return cm_bytes_make(content->bytes, content->note.id_len);
}

static cm_bytes_t serial_of(const content_t *content)
{
    const note_t *note = &content->note;

    return cm_bytes_make(content->bytes + note->id_len - note->serial_len, note->serial_len);
}

static int is_sound(const note_t *note)
{
    return note->id_len <= ROOM && note->der_len <= ROOM && note->id_len + note->der_len <= ROOM &&
           note->serial_len <= note->id_len && note->authority >= 0 &&
           note->authority < CM_READY_AUTHORITIES;
}

static apr_size_t words_of(const note_t *note)
{
    return NOTE_WORDS + (note->id_len + note->der_len + sizeof(uint64_t) - 1) / sizeof(uint64_t);
}

static void copy(uint64_t *words, const uint64_t *from, apr_size_t count)
{
    for (apr_size_t i = 0; i < count; i++) {
        words[i] = GET(from[i]);
    }
}

/* A copy of what a place holds, if it is whole: a place that is written meanwhile gives no sum that
 * fits. */
static int read_place(content_t *content, const place_t *place)
{
    uint64_t *words = (uint64_t *)(void *)content;
    apr_size_t count;

    if (!GET(place->key)) {
        return 0;
    }
    copy(words, place->words, NOTE_WORDS);
    if (!is_sound(&content->note)) {
        return 0;
    }
    count = words_of(&content->note);
    copy(words + NOTE_WORDS, place->words + NOTE_WORDS, count - NOTE_WORDS);
    return GET(place->sum) == sum_of(words, count);
}

static void clear_place(place_t *place)
{
    SET(place->key, 0);
}

/* With the lock. */
static void write_place(place_t *place, uint64_t key, const content_t *content)
{
    const uint64_t *words = (const uint64_t *)(const void *)content;
    apr_size_t count = words_of(&content->note);

    clear_place(place);
    for (apr_size_t i = 0; i < count; i++) {
        SET(place->words[i], words[i]);
    }
    SET(place->sum, sum_of(words, count));
    SET(place->used, 0);
    SET(place->key, key);
}

/* Who held it may have been killed: the sums tell what is whole. What can't be
 * had for so long is lost, and with it the way to drop an answer: so none is given any more. */
static int lock(cm_ready_t *ready)
{
    struct timespec until;
    int status;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += PATIENCE;
    status = pthread_mutex_clocklock(&ready->shared->lock, CLOCK_MONOTONIC, &until);
    if (status == EOWNERDEAD) {
        status = pthread_mutex_consistent(&ready->shared->lock);
    }
    if (status) {
        SET(ready->shared->broken, 1);
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
    place_t *set = set_of(ready, id->serial);
    uint64_t key = hash(id->der), second = (uint64_t)apr_time_sec(now);
    content_t content;

    for (int i = 0; i < CM_READY_WAYS && !GET(ready->shared->broken); i++) {
        const note_t *note = &content.note;

        if (GET(set[i].key) != key || !read_place(&content, &set[i]) ||
            !cm_bytes_equal(id_of(&content), id->der) || now < note->this_update ||
            now >= note->next_update) {
            continue;
        }
        if (GET(set[i].used) != second) {
            SET(set[i].used, second);
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
    apr_time_t began = GET(ready->shared->began);
    int is_under_way = began != GET(ready->shared->ended) && !GET(ready->shared->away);

    return GET(ready->shared->away) ||
           (began <= now &&
            now <= began + apr_time_from_sec(is_under_way ? CM_READY_LOOK : CM_READY_BOUND));
}

int cm_ready_claim(cm_ready_t *ready, apr_time_t now)
{
    apr_time_t before = GET(ready->shared->began);

    return !cm_ready_is_current(ready, now) &&
           __atomic_compare_exchange_n(&ready->shared->began, &before, now, 0, __ATOMIC_RELAXED,
                                       __ATOMIC_RELAXED);
}

/* With the lock: answers about one certificate from readings below `counter`. */
static void drop(cm_ready_t *ready, const authority_t *authority, cm_bytes_t serial,
                 apr_int64_t counter)
{
    place_t *set = set_of(ready, serial);
    content_t content;

    for (int i = 0; i < CM_READY_WAYS; i++) {
        if (read_place(&content, &set[i]) &&
            content.note.authority == authority - ready->shared->authority &&
            content.note.counter < counter && cm_bytes_equal(serial_of(&content), serial)) {
            clear_place(&set[i]);
            count(&ready->shared->dropped);
        }
    }
}

static void drop_all(cm_ready_t *ready, const authority_t *authority)
{
    content_t content;

    for (apr_size_t i = 0; i < ready->sets * CM_READY_WAYS; i++) {
        if (read_place(&content, &ready->places[i]) &&
            content.note.authority == authority - ready->shared->authority) {
            clear_place(&ready->places[i]);
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
static place_t *choose(const cm_ready_t *ready, const cm_ocsp_id_t *id, apr_time_t now)
{
    place_t *set = set_of(ready, id->serial), *chosen = NULL;
    uint64_t key = hash(id->der), oldest = UINT64_MAX;
    content_t content;

    for (int i = 0; i < CM_READY_WAYS; i++) {
        uint64_t used = 0;

        if (read_place(&content, &set[i]) && content.note.next_update > now) {
            uint64_t made = (uint64_t)apr_time_sec(content.note.this_update);

            used = GET(set[i].used) > made ? GET(set[i].used) : made;
            if (GET(set[i].key) == key && cm_bytes_equal(id_of(&content), id->der)) {
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

static int fill(content_t *content, const cm_ocsp_id_t *id, const cm_ready_answer_t *answer)
{
    if (id->der.len + answer->der.len > ROOM || id->serial.len > id->der.len ||
        answer->sha256.len != SHA256_DIGEST_LENGTH) {
        return 0;
    }
    memset(content, 0, sizeof *content);
    content->note = (note_t){.this_update = answer->this_update,
                             .next_update = answer->next_update,
                             .modified = answer->modified,
                             .id_len = id->der.len,
                             .serial_len = id->serial.len,
                             .der_len = answer->der.len};
    memcpy(content->note.sha256, answer->sha256.data, answer->sha256.len);
    memcpy(content->bytes, id->der.data, id->der.len);
    memcpy(content->bytes + id->der.len, answer->der.data, answer->der.len);
    return 1;
}

void cm_ready_keep(cm_ready_t *ready, const cm_ready_reading_t *reading, const cm_ocsp_id_t *id,
                   const cm_ready_answer_t *answer)
{
    content_t content;
    const authority_t *authority;

    if (!fill(&content, id, answer) || !lock(ready)) {
        return;
    }
    authority = find_authority(ready, reading->ca);
    if (authority && reading->counter >= authority->known && is_same(authority, reading)) {
        content.note.authority = authority - ready->shared->authority;
        content.note.counter = reading->counter;
        write_place(choose(ready, id, answer->this_update), hash(id->der), &content);
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
    SET(ready->shared->began, now);
}

void cm_ready_end(cm_ready_t *ready, apr_time_t now)
{
    SET(ready->shared->away, 0);
    SET(ready->shared->began, now);
    SET(ready->shared->ended, now);
}

void cm_ready_away(cm_ready_t *ready)
{
    SET(ready->shared->away, 1);
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
    content_t content;

    for (; *place < (apr_int64_t)(ready->sets * CM_READY_WAYS); ++*place) {
        const place_t *here = &ready->places[*place];
        const note_t *note = &content.note;

        if (GET(here->key) && GET(here->used) && read_place(&content, here) &&
            now >= note->next_update - (note->next_update - note->this_update) / 4 &&
            now < note->next_update) {
            *id = cm_bytes_copy(id_of(&content), pool);
            ++*place;
            return 1;
        }
    }
    return 0;
}

void cm_ready_status(cm_ready_status_t *status, const cm_ready_t *ready, apr_time_t now)
{
    const shared_t *shared = ready->shared;
    content_t content;

    *status = (cm_ready_status_t){.places = (apr_int64_t)(ready->sets * CM_READY_WAYS),
                                  .given = (apr_int64_t)GET(shared->given),
                                  .made = (apr_int64_t)GET(shared->made),
                                  .dropped = (apr_int64_t)GET(shared->dropped),
                                  .is_broken = GET(shared->broken) != 0};
    for (apr_int64_t i = 0; i < status->places; i++) {
        status->kept += read_place(&content, &ready->places[i]) &&
                        content.note.this_update <= now && now < content.note.next_update;
    }
}
