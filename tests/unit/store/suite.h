/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CERTMGR_TESTS_STORE_SUITE_H
#define CERTMGR_TESTS_STORE_SUITE_H

#include "unit/store/fixture.h"

/* postgres.sh, its first line of output into `output` unless that is NULL; its wait status. */
int run_script(const char *verb, const char *folder, char *output, size_t size);

TCase *values_case(void);
TCase *txn_case(void);
TCase *writers_case(void);
TCase *batch_case(void);
TCase *faults_case(void);
TCase *commit_case(void);
TCase *schema_case(void);
TCase *records_case(void);
TCase *pki_case(void);
TCase *crls_case(void);
TCase *events_case(void);
TCase *search_case(void);

#endif
