/* SPDX-License-Identifier: Apache-2.0
 *
 * change: governed changes, under dual control. A change is a request like any other; what it
 * changes is a row in the table of kinds. To add a kind, add a row.
 *
 *     {"kind": "role.give", "change": {"person": "01J...", "role": "officer"}}
 *
 * It is decided when it is asked for, so that what can't be is refused at once, and anew when the
 * checklist is complete, since what it rests on may be another by then.
 */
#ifndef CERTMGR_FLOW_CHANGE_H
#define CERTMGR_FLOW_CHANGE_H

#include "flow/operations.h"
#include "model/authority.h"
#include "model/person.h"
#include "policy/identity.h"
#include "store/people.h"

typedef struct cm_change_kind_t cm_change_kind_t;

/* What is asked for; the members that belong to other kinds stay empty. */
typedef struct cm_change_t {
    const cm_change_kind_t *kind;
    const char *person; /* id: whom it is about */
    const char *name, *mail;
    const apr_array_header_t *roles; /* of const char * */
    const char *role;
    const char *group;
    const char *value; /* name of a profile, or a domain, of a group */
    cm_login_t login;
    const json_t *profile; /* a profile as JSON */
    apr_int64_t base;      /* the version that the profile was made from; 0: none */
    const char *authority, *parent;
    const char *key, *ocsp_key, *algorithm; /* RFC 7512 URIs; what key is made */
    const char *subject;                    /* RFC 4514 */
    apr_int64_t path_length;                /* -1: none asked for */
    const char *validity, *crl_validity;    /* cm_text_duration */
    const char *pem, *chain;                /* PEM: a certificate or key, certificates above it */
    const char *csr;
    const apr_array_header_t *names; /* of const char *: DNS names */
    const char *certificate;         /* id */
    const char *reason;
    apr_time_t invalidity_date;
    apr_int64_t crl_shards;
    const char *crl_delta; /* a duration */
    apr_int64_t crl_delta_seconds;
    /* what was found when it was decided */
    const struct cm_profile_change_t *decided;  /* flow/profiles.h */
    const struct cm_outside_import_t *imported; /* flow/outside.h */
    cm_authority_t *authority_made;             /* to be stored with work->made */
    const cm_pubkey_t *public;
} cm_change_t;

struct cm_change_kind_t {
    const char *name; /* "role.give" */
    const char *about;
    cm_permission_t permission; /* to ask for it */
    const char *role;           /* of those who approve it */
    const cm_json_member_t *members;
    const cm_json_member_t *results; /* that cm_change_show adds; NULL: none */
    int verb;                        /* for kinds that share their functions */
    /* Refuse what can't be; pointers are those of the change's own members ("/person"). */
    cm_error_t *(*decide)(cm_work_t *work);
    /* Outside of any transaction: make the keys and signatures that `change` stores; NULL: none. */
    cm_error_t *(*make)(cm_work_t *work);
    cm_error_t *(*change)(cm_txn_t *txn, cm_work_t *work);
    /* After the transaction: what a job would do as well; NULL: nothing. */
    cm_error_t *(*finish)(cm_work_t *work);
    /* Members of the audit event: what is personal goes to its personal part. */
    void (*record)(cm_audit_draft_t *draft, const cm_work_t *work);
};

/* Ended by NULL. */
const cm_change_kind_t *const *cm_change_kinds(void);

/* What a request of this operation asks for: the members of the change and "kind", and "csr" (PEM)
 * once it made one. NULL for other operations. */
const json_t *cm_change_show(const cm_request_t *request, apr_pool_t *pool);

/* Set a member of the change where it was left out, so that the request keeps it. */
cm_error_t *cm_change_keep_integer(cm_work_t *work, const char *name, apr_int64_t value);

/* What kinds share: a refusal at a member of the change. */
cm_error_t *cm_change_refuse(const cm_work_t *work, cm_code_t code, const char *field,
                             const char *rule, const char *message);

/* Pointers of what was refused, as those of members below `member`. */
cm_error_t *cm_change_move_below(cm_error_t *error, const char *member, apr_pool_t *pool);

extern const cm_change_kind_t cm_change_person_add, cm_change_person_deactivate,
    cm_change_person_activate, cm_change_role_give, cm_change_role_take, cm_change_identity_tie,
    cm_change_identity_untie; /* change_people.c */
extern const cm_change_kind_t cm_change_group_add, cm_change_group_remove,
    cm_change_group_profile_add, cm_change_group_profile_remove, cm_change_group_domain_add,
    cm_change_group_domain_remove, cm_change_group_seat,
    cm_change_group_unseat;                            /* change_groups.c */
extern const cm_change_kind_t cm_change_profile_store; /* change_profile.c */
extern const cm_change_kind_t cm_change_authority_crl; /* change_crl.c */
extern const cm_change_kind_t cm_change_authority_csr,
    cm_change_authority_import; /* change_outside.c */
extern const cm_change_kind_t cm_change_authority_create, cm_change_authority_revoke,
    cm_change_authority_server, cm_change_key_compromised; /* change_authorities.c */

/* The kind of this name, or NULL. */
const cm_change_kind_t *cm_change_kind(const char *name);

#endif
