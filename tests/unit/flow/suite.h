/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_FLOW_SUITE_H
#define CERTMGR_TESTS_FLOW_SUITE_H

#include <openssl/asn1.h>

#include "unit/unit.h"

TCase *merkle_case(void);
TCase *keycheck_case(void);
TCase *lifecycle_case(void);
TCase *audit_case(void);
TCase *audit_read_case(void);
TCase *request_case(void);
TCase *perform_case(void);
TCase *perform_postgres_case(void);
TCase *status_case(void);
TCase *ready_case(void);
TCase *answers_case(void);
TCase *answers_postgres_case(void);
TCase *approval_case(void);
TCase *successor_case(void);
TCase *retry_case(void);
TCase *approval_postgres_case(void);
TCase *retry_postgres_case(void);
TCase *jobs_case(void);
TCase *authority_case(void);
TCase *authority_postgres_case(void);
TCase *publish_case(void);
TCase *publish_postgres_case(void);
TCase *crl_case(void);
TCase *change_case(void);
TCase *change_postgres_case(void);
TCase *rights_postgres_case(void);
TCase *entitle_case(void);
TCase *entitle_postgres_case(void);
TCase *login_case(void);
TCase *login_postgres_case(void);
TCase *rules_case(void);
TCase *rules_postgres_case(void);
TCase *expire_case(void);
TCase *expire_postgres_case(void);

/* Of status_case: a request to the authority "ca" about a serial. */
cm_bytes_t ocsp_request(ASN1_INTEGER *serial, int nonce);

#endif
