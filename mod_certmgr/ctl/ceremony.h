/* SPDX-License-Identifier: Apache-2.0
 *
 * The record of a ceremony, for the file: when, who, where, which keys and certificates there are
 * afterwards, by fingerprint. It holds no secrets.
 */
#ifndef CERTMGR_CTL_CEREMONY_H
#define CERTMGR_CTL_CEREMONY_H

#include "ctl/command.h"

typedef struct cm_ceremony_t cm_ceremony_t;

/* `path` NULL: certmgr-ceremony-TIME.log in the folder of CertMgrAuditHeads, or in the working
 * directory. The file must not be there yet; nothing is written before cm_ceremony_open. */
cm_error_t *cm_ceremony_begin(cm_ceremony_t **ceremony, const cm_run_t *run, const char *path);

/* Make the file, before the first step: nothing is made that can't be recorded. */
cm_error_t *cm_ceremony_open(cm_ceremony_t *ceremony);

typedef enum { CM_STEP_WAS_THERE, CM_STEP_MADE, CM_STEP_ASKED_FOR } cm_step_t;

/* One step: on the terminal, and as a line of the record. */
cm_error_t *cm_ceremony_step(cm_ceremony_t *ceremony, const char *what, cm_step_t step);

/* What is not made, and why, in the same places. */
cm_error_t *cm_ceremony_leave(cm_ceremony_t *ceremony, const char *what, const char *why);

/* A key that is there now: URI, algorithm, SHA-256 of its SubjectPublicKeyInfo. */
cm_error_t *cm_ceremony_key(cm_ceremony_t *ceremony, const char *uri);

/* An authority that is there now, with the fingerprints of certificate and key. */
cm_error_t *cm_ceremony_authority(cm_ceremony_t *ceremony, const char *name);

const char *cm_ceremony_path(const cm_ceremony_t *ceremony);

#endif
