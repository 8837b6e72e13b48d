/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/store/suite.h"

const char unit_name[] = "store";
const unit_case_fn unit_cases[] = {values_case, txn_case,    writers_case, batch_case, faults_case,
                                   commit_case, schema_case, records_case, pki_case,   crls_case,
                                   events_case, search_case, NULL};
