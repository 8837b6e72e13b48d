/* SPDX-License-Identifier: Apache-2.0
 *
 * OCSP answers kept ready: signed answers in memory that all processes of one server share, so that
 * a request without a nonce needs neither the database nor the token.
 *
 * The table lies in memory that is shared before the processes are forked. It is sets of eight
 * places; the serial chooses the set, so that a revocation finds all answers about a certificate,
 * whatever hash their CertID has. Writers take a lock, readers none: each place has a sum of its
 * content. What does not fit together, be it torn, left half-written by a process that was killed,
 * or corrupted, is no answer, and the next one that is made takes its place.
 *
 * When an answer may be kept is told by the authority's counter of revocations. What the database
 * said of a certificate comes with the value of that counter, read in the same statement. `known`
 * is the highest value that anybody on this server has heard of, or is about to commit; an answer
 * from a reading below it may be outdated, and is not kept. `swept` is the value up to which
 * answers about changed certificates were dropped. So nobody is told "good" after "revoked" by one
 * server.
 */
#ifndef CERTMGR_FLOW_READY_H
#define CERTMGR_FLOW_READY_H

#include <apr_pools.h>
#include <apr_time.h>

#include "base/bytes.h"
#include "pki/ocsp.h"

/* A certificate's answers share a set with those of others. An answer is kept if it, its CertID and
 * what we note about them fit into a place of 3 KiB: RSA-4096 does. Authorities beyond the first 32
 * are answered, but their answers not kept. */
enum { CM_READY_WAYS = 8, CM_READY_AUTHORITIES = 32 };

/* Of what is in the memory: another number for another meaning, since a reload may put another
 * version of us where this one was. */
enum { CM_READY_LAYOUT = 2 };

typedef struct cm_ready_t cm_ready_t;

/* Bytes that a table of `places` (1 and more) takes; they are rounded up to whole sets. */
apr_size_t cm_ready_size(apr_int64_t places);

/* An empty table in memory that is aligned for any type and all zero. */
cm_error_t *cm_ready_make(cm_ready_t **ready, void *memory, apr_int64_t places, apr_pool_t *pool);

/* An answer to a request for one certificate. */
typedef struct {
    cm_bytes_t der;         /* OCSPResponse */
    cm_bytes_t sha256;      /* of it */
    apr_time_t this_update; /* from here */
    apr_time_t next_update; /* until before here it is given */
    apr_time_t modified;    /* for cm_ocsp_answer_t */
} cm_ready_answer_t;

/* The answer kept for a CertID that is valid now; 0: there is none. */
int cm_ready_find(cm_ready_answer_t *answer, cm_ready_t *ready, const cm_ocsp_id_t *id,
                  apr_time_t now, apr_pool_t *pool);

/* Whether what is kept is as new as it can be: the last look for revocations (cm_ready_begin) is no
 * more than CM_READY_BOUND ago, or is under way for no more than CM_READY_LOOK, or failed because
 * the database is away. */
enum { CM_READY_BOUND = 2, CM_READY_LOOK = 10 }; /* seconds */
int cm_ready_is_current(const cm_ready_t *ready, apr_time_t now);

/* As cm_ready_begin, when it is not current and nobody else begins: whether the caller has to look.
 */
int cm_ready_claim(cm_ready_t *ready, apr_time_t now);

/* What the database said of a certificate. */
typedef struct {
    const char *ca;
    cm_bytes_t fingerprint; /* cm_ready_fingerprint of the authority */
    apr_int64_t counter;    /* the authority's `revocations` at that moment */
    apr_time_t at;
} cm_ready_reading_t;

/* After each reading and before anybody is told of it: drop what may be older than it. */
void cm_ready_settle(cm_ready_t *ready, const cm_ready_reading_t *reading, const cm_ocsp_id_t *id);

/* Keep an answer for this CertID, unless something newer than the reading is known. */
void cm_ready_keep(cm_ready_t *ready, const cm_ready_reading_t *reading, const cm_ocsp_id_t *id,
                   const cm_ready_answer_t *answer);

/* Drop the answers about a certificate (serial: its magnitude) that don't know of this change.
 * Called inside of the transaction, before it is committed: until it is, and if it never is,
 * nothing about this authority is kept for CM_READY_RAISED seconds at most. */
enum { CM_READY_RAISED = 60 };
typedef struct {
    const char *ca;
    cm_bytes_t serial;
    apr_int64_t sequence; /* the value of `revocations` from this change on */
    apr_time_t at;
} cm_ready_change_t;
void cm_ready_change(cm_ready_t *ready, const cm_ready_change_t *change);

/* A look for revocations: begin, for each authority meet and sweep, then end, or away when the
 * database is. `now` of an end is that of the begin; 0: it led to nothing, and what is kept is not
 * current. */
void cm_ready_begin(cm_ready_t *ready, apr_time_t now);
void cm_ready_end(cm_ready_t *ready, apr_time_t now);
void cm_ready_away(cm_ready_t *ready);

/* Its certificate and that of its responder: answers of a former responder are dropped. */
cm_bytes_t cm_ready_fingerprint(cm_bytes_t der, cm_bytes_t ocsp_der, apr_pool_t *pool);

/* An authority as it is now. *swept is `reading.counter` unless changes after *swept are to be
 * dropped. A counter that went back is that of a database put back: all answers are dropped. */
void cm_ready_meet(apr_int64_t *swept, cm_ready_t *ready, const cm_ready_reading_t *reading);

/* Drop what does not know of this change, which another server made; then nothing up to it is left
 * to do. */
void cm_ready_sweep(cm_ready_t *ready, const cm_ready_change_t *change);

/* Drop all answers of an authority: which changes there were can't be told. */
void cm_ready_forget(cm_ready_t *ready, const cm_ready_reading_t *reading);

/* The next place from *place on whose answer was given to somebody and has lived three quarters of
 * its time; 0: there is none. *id is its CertID. */
int cm_ready_next_due(cm_bytes_t *id, apr_int64_t *place, const cm_ready_t *ready, apr_time_t now,
                      apr_pool_t *pool);

typedef struct {
    apr_int64_t places, kept; /* kept: valid now */
    apr_int64_t given;        /* times that an answer was found */
    apr_int64_t made;         /* times that one was kept */
    apr_int64_t dropped;      /* by a change */
    int is_broken; /* its lock could not be had: nothing is given for CM_READY_RAISED seconds */
} cm_ready_status_t;
void cm_ready_status(cm_ready_status_t *status, const cm_ready_t *ready, apr_time_t now);

#endif
