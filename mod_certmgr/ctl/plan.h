/* SPDX-License-Identifier: Apache-2.0
 *
 * What `certmgrctl init` is to make: by default a root, an issuing authority below it, and the keys
 * for OCSP, escrow and the audit log; or what a plan file (JSON) says.
 *
 *     {"authorities": [{"name": "root", "key": "pkcs11:token=a;object=root",
 *                       "algorithm": "P-256", "subject": "CN=Example Root CA,O=Example",
 *                       "validity": "7300d", "pathlen": 1, "crl_validity": "90d"},
 *                      {"name": "issuing", "parent": "root", ..., "ocsp_key": "pkcs11:..."}],
 *      "keys": [{"key": "pkcs11:token=a;object=escrow", "algorithm": "RSA-3072",
 *               "use": "decrypt"}]}
 *
 * "use" is sign, decrypt (RSA) or derive (EC).
 */
#ifndef CERTMGR_CTL_PLAN_H
#define CERTMGR_CTL_PLAN_H

#include "ctl/command.h"
#include "flow/setup.h"
#include "keys/keyring.h"

typedef struct {
    apr_array_header_t *keys;        /* of cm_key_request_t; made first */
    apr_array_header_t *authorities; /* of cm_authority_plan_t; parents first */
} cm_plan_t;

/* The default plan. The root has no OCSP responder: its key would be needed for ever again to renew
 * the responder's certificate. Keys are put into the token whose CertMgrToken line has the key's
 * name ("root", "issuing", "ocsp", "escrow", "audit"), else into the token of the first line. */
cm_error_t *cm_plan_default(cm_plan_t **plan, const cm_run_t *run, const char *organization);

cm_error_t *cm_plan_read(cm_plan_t **plan, const cm_run_t *run, const char *path);

#endif
