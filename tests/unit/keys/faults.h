/* SPDX-License-Identifier: Apache-2.0
 *
 * What the test module (faulty_module.c) does wrong. The test maps a file of this structure, named
 * by the environment variable CERTMGR_TEST_FAULTS, and changes it while the module is in use.
 * CertMgr::Token of the HTTP tests reads the members from here, one a line.
 */
#ifndef CERTMGR_TESTS_KEYS_FAULTS_H
#define CERTMGR_TESTS_KEYS_FAULTS_H

#include <stdatomic.h>

typedef struct {
    /* faults: 0 is none */
    atomic_ulong open_rv; /* C_OpenSession answers this */
    atomic_ulong sign_rv; /* the next `sign_times` C_Sign answer this */
    atomic_int sign_times;
    atomic_int drop_sessions;  /* before the next C_SignInit all sessions are closed for real */
    atomic_int drop_login;     /* before the next C_SignInit or C_FindObjectsInit: logged out */
    atomic_int gone;           /* the token is out of the slot */
    atomic_int sticky;         /* having been gone, it is back only after C_Initialize */
    atomic_int stuck_sessions; /* having been gone, sessions open but fail until C_Initialize */
    atomic_int slow_ms;        /* C_Sign takes so much longer */
    atomic_int short_by;       /* C_Sign returns so many bytes less */
    atomic_int cant_lock;      /* CKR_CANT_LOCK, and threads that meet inside are counted */
    atomic_int max_sessions;   /* ulMaxSessionCount, enforced */
    atomic_ulong login_rv;     /* C_Login answers this */
    atomic_int rival;          /* C_Login comes too late: somebody has just logged in */
    atomic_int no_login;       /* a token that wants no log-in */
    atomic_int pin_pad;        /* a token with a PIN pad: C_Login without a PIN */
    atomic_int final_try;      /* CKF_USER_PIN_FINAL_TRY */
    atomic_int bare_point;     /* CKA_EC_POINT without its OCTET STRING */
    atomic_int hide_public;    /* public key objects are not found */
    atomic_int extractable;    /* CKA_NEVER_EXTRACTABLE is false after generation */
    atomic_int empty_slots;    /* the slot list begins with slots that have no token */
    atomic_int twice;          /* the slot list has each token twice */
    /* counters */
    atomic_int initializes;
    atomic_int finalizes;
    atomic_int logins; /* C_Login calls that carried a PIN to the token */
    atomic_int opens;
    atomic_int sessions;      /* open now */
    atomic_int most_sessions; /* open at once */
    atomic_int signs;
    atomic_int sign_inits;
    atomic_int inside;
    atomic_int meetings; /* two threads inside while cant_lock, or one during C_Finalize */
    /* inside */
    atomic_int was_gone;
} faults_t;

#endif
