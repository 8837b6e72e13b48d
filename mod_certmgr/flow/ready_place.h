/* SPDX-License-Identifier: Apache-2.0
 *
 * One place of the table of OCSP answers (flow/ready.h): a note, CertID and OCSPResponse, with a
 * sum of them. Readers take no lock; what they copy while it is written has no sum that fits.
 */
#ifndef CERTMGR_FLOW_READY_PLACE_H
#define CERTMGR_FLOW_READY_PLACE_H

#include <openssl/sha.h>
#include <stdint.h>

#include "flow/ready.h"

enum { CM_PLACE_WORDS = 384, CM_PLACE_HEAD = 3 };

/* Everything in it may be wrong and is checked: nothing here is an address. */
typedef struct {
    int64_t authority; /* its number in the table */
    int64_t counter;   /* of the reading */
    int64_t this_update, next_update, modified;
    uint64_t id_len, serial_len, der_len;
    unsigned char sha256[SHA256_DIGEST_LENGTH];
} cm_place_note_t;

enum {
    CM_PLACE_NOTE = sizeof(cm_place_note_t) / sizeof(uint64_t),
    CM_PLACE_ROOM = (CM_PLACE_WORDS - CM_PLACE_HEAD - CM_PLACE_NOTE) * sizeof(uint64_t)
};

/* What is behind the note: CertID, whose last octets are the serial, then the OCSPResponse. */
typedef struct {
    cm_place_note_t note;
    unsigned char bytes[CM_PLACE_ROOM];
} cm_place_content_t;

typedef struct {
    uint64_t key;  /* of the CertID; 0: nothing is kept here */
    uint64_t used; /* when it was given last, seconds; 0: never */
    uint64_t sum;  /* of the content */
    uint64_t words[CM_PLACE_WORDS - CM_PLACE_HEAD];
} cm_place_t;

_Static_assert(sizeof(cm_place_content_t) == sizeof(((cm_place_t *)0)->words),
               "a place holds its content");

/* What readers use too is read and written as a whole; all else is for who has the lock. */
#define CM_PLACE_GET(place)        __atomic_load_n(&(place), __ATOMIC_RELAXED)
#define CM_PLACE_SET(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)

/* The key of a CertID; of a serial it chooses the set. Never 0. */
uint64_t cm_place_key(cm_bytes_t bytes);

/* Parts of the content; they lie in it. */
cm_bytes_t cm_place_id(const cm_place_content_t *content);
cm_bytes_t cm_place_serial(const cm_place_content_t *content);

/* Make the content of an answer, all but `authority` and `counter`; 0: it is too long. */
int cm_place_fill(cm_place_content_t *content, const cm_ocsp_id_t *id,
                  const cm_ready_answer_t *answer);

/* A copy of what a place holds; 0: nothing, or nothing whole. */
int cm_place_read(cm_place_content_t *content, const cm_place_t *place);

/* With the lock. */
void cm_place_write(cm_place_t *place, uint64_t key, const cm_place_content_t *content);
void cm_place_clear(cm_place_t *place);

#endif
