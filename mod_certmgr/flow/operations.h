/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations: what each does with a request whose checklist is complete. One row per operation; its
 * file holds what is particular to it.
 */
#ifndef CERTMGR_FLOW_OPERATIONS_H
#define CERTMGR_FLOW_OPERATIONS_H

#include "base/json.h"
#include "model/person.h"
#include "flow/audit.h"
#include "flow/requests.h"
#include "flow/sign.h"
#include "pki/csr.h"
#include "policy/profile.h"
#include "store/store.h"

/* A request on its way, made anew from the stored request whenever it is worked on. */
typedef struct {
    cm_ctx_t *ctx;
    cm_request_t *request;
    const cm_profile_t *profile;
    cm_certificate_t *target;   /* the certificate acted upon, or NULL */
    cm_status_t target_was;     /* its stored status when it was read */
    const cm_csr_t *csr;        /* or NULL */
    cm_issuer_t *issuer;        /* or NULL: nothing to sign */
    cm_cert_spec_t *spec;       /* what to sign, or NULL */
    cm_certificate_t *made;     /* the certificate made, or NULL */
    struct cm_change_t *change; /* flow/change.h, or NULL */
    cm_profile_item_t more;     /* an approval beyond the profile's checklist; count 0: none */
    int overrides;              /* a command breaks the glass */
} cm_work_t;

typedef struct {
    cm_operation_t operation;
    const cm_json_member_t *members; /* of the body; NULL ends the table */
    /* Turn the submission into the request's wish, csr and profile name. */
    cm_error_t *(*take)(cm_work_t *work, const cm_submission_t *submission);
    /* Decide: everything that can be refused is refused here. Reads only. */
    cm_error_t *(*decide)(cm_work_t *work);
    /* Before something that waited happens, after `decide`: refuse a requester who may not have it
     * any more (flow/entitle.h). NULL: nobody is asked again. */
    cm_error_t *(*entitle)(const cm_work_t *work, const struct cm_identity_t *who);
    /* Outside of any transaction: make what `change` stores; NULL: cm_work_sign. It may be called
     * again when a process died, so what it left behind has to do. */
    cm_error_t *(*make)(cm_work_t *work);
    /* Inside the transaction: make the change, after signing. */
    cm_error_t *(*change)(cm_txn_t *txn, cm_work_t *work);
    /* After the transaction, once the operation has happened; NULL: nothing. */
    void (*finish)(cm_work_t *work);
    /* Members of the audit event. */
    void (*record)(cm_audit_draft_t *draft, const cm_work_t *work);
    /* Whether the request is about this person, who then decides on it as little as the requester;
     * NULL: about nobody else. */
    int (*concerns)(const cm_request_t *request, const char *person, apr_pool_t *pool);
} cm_operation_row_t;

/* NULL when the operation is not offered. */
const cm_operation_row_t *cm_operation_row(cm_operation_t operation);

extern const cm_operation_row_t cm_operation_enroll;
extern const cm_operation_row_t cm_operation_renew;
extern const cm_operation_row_t cm_operation_rekey;
extern const cm_operation_row_t cm_operation_suspend;
extern const cm_operation_row_t cm_operation_reinstate;
extern const cm_operation_row_t cm_operation_revoke;
extern const cm_operation_row_t cm_operation_change;

/* Keep the CSR of a submission as DER; then, whenever it is decided, read it into work->csr and
 * verify its signature. Every error points at /csr, the member it came in. */
cm_error_t *cm_work_take_csr(cm_work_t *work, const char *text);
cm_error_t *cm_work_read_csr(cm_work_t *work);

/* cm_key_check for the certificate's future owner, the refusals at /csr, or at /certificate where
 * the operation takes no CSR. */
cm_error_t *cm_work_check_key(const cm_work_t *work, const cm_pubkey_t *key, const char *owner);

/* Read the person a certificate is to be for. CM_E_REFUSED (person.state) when deactivated. */
cm_error_t *cm_work_person(cm_person_t **person, const cm_work_t *work, const char *id);

/* What the row makes. Outside of any transaction. */
cm_error_t *cm_work_make(cm_work_t *work);

/* Sign work->spec, if there is one. */
cm_error_t *cm_work_sign(cm_work_t *work);

/* Parse the profile `name` in force (version 0) or a certain version; CM_E_VALUE at /profile when
 * there is none. */
cm_error_t *cm_work_profile(cm_work_t *work, const char *name, apr_int64_t version);

/* Set the request's group: the one it has, where the caller is in it and it lists the profile, else
 * the first of the caller's that lists it, or none where no group does. CM_E_REFUSED at /profile
 * with rule "profile.group" when groups list the profile and the caller is in none of them; who
 * sees nothing of those groups, nor has asked under the profile before, gets CM_E_VALUE as for a
 * profile that is not there. */
cm_error_t *cm_work_group(cm_work_t *work);

#endif
